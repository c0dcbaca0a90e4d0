"""What Qiniu and S3 have in common: objects come over the network, with an end to how much and how long."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from flask_api.providers.outside import OutsideError, calling
from flask_api.providers.storage import ObjectMissing, StorageError, StorageFull

SERVICE = "storage"  # in the metrics
IN_MEMORY = 1024 * 1024  # bytes; what is larger waits on the disk
PIECE = 256 * 1024
TRANSFER_SECONDS = 600  # for all of an object; settings.outside_timeout is for each answer, and each piece


@contextmanager
def asking(*failures: type[Exception]) -> Iterator[None]:
    """Count a call, and tell of what fails as the house does.

    Raises:
        StorageError: the call raised one of ``failures``, or what is outside did not answer as it should.
    """
    expected: tuple[type[Exception], ...] = (OutsideError, *failures)
    try:
        with calling(SERVICE):
            yield
    except (ObjectMissing, StorageFull):
        raise
    except expected as error:
        raise StorageError from error


@contextmanager
def fetched(pieces: Iterable[bytes], largest: int) -> Iterator[BinaryIO]:
    """Gather an object of at most ``largest`` bytes, to be read and sought in.

    Raises:
        OutsideError: it is larger, or takes longer than ``TRANSFER_SECONDS``.
    """
    deadline = time.monotonic() + TRANSFER_SECONDS
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as file:
        size = 0
        for piece in pieces:
            size += len(piece)
            if size > largest:
                raise OutsideError(SERVICE, "too_large", details=f"over {largest} bytes")
            if time.monotonic() > deadline:
                raise OutsideError(SERVICE, "timeout")
            file.write(piece)
        file.seek(0)
        yield file  # type: ignore[misc]
