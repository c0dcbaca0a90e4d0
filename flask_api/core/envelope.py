"""The envelope of every success: ``{"code", "status", "message", "data"}``."""

from typing import Any

from flask import Response

from flask_api.core import fields
from flask_api.core.response_shapes import ResponseShape, to_json
from flask_api.core.shape import Shape

SUCCESS = "SUCCESS"
HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class JsonResponse(Response):
    """An answer that is whole when it is made. Werkzeug would copy its headers and look for addresses to complete."""

    def get_wsgi_response(self, environ: Any) -> Any:
        body = () if environ["REQUEST_METHOD"] == "HEAD" else self.response
        return body, self.status, self.headers.to_wsgi_list()


def envelope_of(shape: ResponseShape | None, code: int, message: str) -> Shape:
    """Return the documented model of a success that carries ``shape``, or null."""
    data = fields.String(nullable=True, description="null") if shape is None else fields.Nested(shape)
    data.required = True
    suffix = "" if (code, message) == (200, "OK") else "".join(word.title() for word in message.rstrip(".").split())
    return Shape(
        f"{shape.name if shape else 'Empty'}Answer{suffix}",
        {
            "code": fields.Integer(required=True, example=code, description="The HTTP status"),
            "status": fields.Choice([SUCCESS], required=True),
            "message": fields.String(required=True, example=message),
            "data": data,
        },
    )


def succeed(code: int, message: str, data: Any) -> Response:
    """Return the answer of a success."""
    body = to_json({"code": code, "status": SUCCESS, "message": message, "data": data})
    return json_response(body, code)


def json_response(body: bytes, code: int) -> Response:
    """Return a JSON answer. It is of one caller and one moment: nobody may keep it (RFC 9111 §5.2.2.5)."""
    return JsonResponse(body, code, HEADERS)
