"""Logging: logging.ini, a request id on every line and in every answer, and ``@log_record``.

Secrets never reach a line: fields are masked by their name, phones and e-mail addresses in part, and query strings are
not logged at all.
"""

import json
import logging
import logging.config
import re
import time
from collections.abc import Callable
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, TypeVar

import orjson
from flask import Flask, Response, g, has_app_context, request
from pythonjsonlogger.json import JsonFormatter

from flask_api.core.request_ids import HEADER, request_id_for

View = TypeVar("View", bound=Callable[..., Any])

SECRET_NAMES = re.compile(r"password|token|code\Z|secret|authorization|sign\Z|proof\Z|cookie", re.IGNORECASE)
WHEREABOUTS = ("latitude", "longitude")  # where somebody truly is: it is nowhere kept
PHONE = re.compile(r"(?<![\d.])(\+?\d{3,5})\d{4,6}(\d{2})(?![\d.])")
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]{0,63}@(?=\w)")
# JSON lets these stand as they are, but some readers end a line at them, and terminals obey them.
LINE_BREAKERS = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
MASK = "***"
MAX_LOGGED = 2000  # characters of a body

records = logging.getLogger("flask_api.records")


class JsonLines(JsonFormatter):
    """One JSON object a line, with the id of the request, or of that which a job follows from; see logging.ini."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            json_ensure_ascii=False,
        )
        self.converter = time.gmtime
        self.default_time_format = "%Y-%m-%dT%H:%M:%S"
        self.default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).translate(LINE_BREAKERS)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        if has_app_context() and "request_id" in g:
            log_data.setdefault("request_id", g.get("request_id"))
            if "user_id" in g:
                log_data.setdefault("user_id", g.user_id)


class AccessLines(logging.Formatter):
    """One JSON object a line of the access log (``server/access_log.py``): an eighth of the time of ``JsonLines``."""

    def format(self, record: logging.LogRecord) -> str:
        milliseconds = int(record.created * 1000)
        moment = f"{_moment(milliseconds // 1000)}.{milliseconds % 1000:03d}Z"
        line = orjson.dumps({"time": moment, **record.access}).decode()  # type: ignore[attr-defined]
        return line if line.isascii() else line.translate(LINE_BREAKERS)


@lru_cache(4)
def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def configure_logging(ini: Path, log_dir: Path) -> None:
    """Apply logging.ini; ``%(log_dir)s`` in it is the folder of log files, which is made."""
    log_dir.mkdir(parents=True, exist_ok=True)
    logging.config.fileConfig(ini, defaults={"log_dir": str(log_dir)}, disable_existing_loggers=False)


def register_request_ids(app: Flask) -> None:
    """Give every request an id, on ``g`` and in the answer's header."""

    @app.before_request
    def begin() -> None:
        g.request_id = request_id_for(request.environ.get("HTTP_X_REQUEST_ID"))

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = g.request_id
        return response


def log_record(view: View) -> View:
    """Log the request and the answer of a view, secrets masked (features: ``@log_record``)."""

    @wraps(view)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        outcome: dict[str, Any] = {}
        try:
            response = view(*args, **kwargs)
            outcome = {"code": response.status_code, "answer": masked_json(response.get_data())}
            return response
        except Exception as error:
            outcome = {"code": getattr(error, "code", 500), "error": type(error).__name__}
            raise
        finally:
            details = {
                "method": request.method,
                "path": request.path,
                "request": masked(g.get("sent")),
                "milliseconds": round((time.perf_counter() - started) * 1000, 1),
                **outcome,
            }
            records.info("%s %s", request.method, request.path, extra=details)

    return recorded  # type: ignore[return-value]


def masked_json(body: bytes) -> Any:
    """Return what a JSON body holds with secrets masked; of anything else only its size."""
    if not body:
        return None
    try:
        return masked(json.loads(body))
    except (ValueError, RecursionError):
        return f"{len(body)} bytes"


def masked(value: Any, name: str = "") -> Any:
    """Return ``value`` with secrets masked by field name, phones and e-mail addresses in part."""
    if isinstance(value, dict):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, name) for inner in value[:20]]
    if name in WHEREABOUTS or (name and SECRET_NAMES.search(name) and isinstance(value, str)):
        return MASK
    if "phone" in name and isinstance(value, str):
        return f"{value[:4]}****{value[-2:]}" if len(value) > 6 else MASK
    if isinstance(value, str):
        shown = PHONE.sub(r"\1****\2", value)[:MAX_LOGGED]
        return EMAIL.sub(r"\1***@", shown) if "@" in shown else shown
    return value
