"""What Qiniu and S3 have in common: their libraries sign, ``fetch`` carries; objects come and go with an end to how
much and how long.
"""

import tempfile
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from flask_api.providers.outside import OutsideAnswer, OutsideError, fetch
from flask_api.providers.storage import StorageError

SERVICE = "storage"  # in the metrics
IN_MEMORY = 1024 * 1024  # bytes; what is larger waits on the disk
# Bytes a second. A transfer, which a job makes, may take one second for each so many, beyond settings.outside_timeout.
SLOWEST = 128 * 1024
SIGNED_SECONDS = 600  # that an address is good which we make for ourselves; it has to be when a call begins


def ask(method: str, url: str, *, accepted: Container[int], timeout: float, **told: Any) -> OutsideAnswer:
    """Ask the storage; ``told``: see :func:`fetch`.

    Raises:
        StorageError: it did not answer as it should, which is with one of the statuses ``accepted``.
    """
    try:
        return fetch(SERVICE, method, url, accepted=accepted, timeout=timeout, **told)
    except OutsideError as error:
        raise StorageError from error


@contextmanager
def fetched(url: str, *, largest: int, timeout: float) -> Iterator[tuple[int, BinaryIO]]:
    """Fetch an object of at most ``largest`` bytes, to be read and sought in; with the status, 200 or 404.

    Raises:
        StorageError: it is larger, or comes too slowly, or there is another answer.
    """
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        answer = ask("GET", url, accepted=(200, 404), timeout=timeout, into=file, max_bytes=largest, slowest=SLOWEST)
        file.seek(0)
        yield answer.status, file  # type: ignore[misc]
