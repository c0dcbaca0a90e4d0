"""Files on this machine's disk: each appears whole, or not at all."""

import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from flask_api.core.errors import Conflict
from flask_api.providers.storage import PUBLIC, ObjectMissing, StorageError, StorageFull, check_key

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
COPY_SIZE = 256 * 1024


class AlreadyUploaded(Conflict):
    status = "ALREADY_UPLOADED"
    message = "This file was sent before, or is being sent just now."


class LocalFiles:
    """Public files lie below ``media/``, where the server and nginx find them; all others below ``files/``."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def path_of(self, key: str) -> Path:
        """Return where an object lies.

        Raises:
            ValueError: it is no key.
        """
        check_key(key)
        return self._data_dir / ("media" if key.startswith(PUBLIC) else "files") / key

    def begin(self, key: str, size: int, *, replace: bool = False) -> "PartialFile":
        """Begin a new object, or one that will take the place of what is there.

        Raises:
            AlreadyUploaded: it is there and not to be replaced, or somebody writes it now.
            StorageFull: there is no room for ``size`` bytes.
        """
        target = self.path_of(key)
        if target.exists() and not replace:
            raise AlreadyUploaded
        with telling_of_failures():
            target.parent.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(target.parent).free < size:
                raise StorageFull
            return PartialFile(target, replace=replace)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete objects, and what a server that was killed has left of them."""
        with telling_of_failures():
            for key in keys:
                path = self.path_of(key)
                path.unlink(missing_ok=True)
                _partial(path).unlink(missing_ok=True)

    def open(self, key: str) -> BinaryIO:
        """Open an object.

        Raises:
            ObjectMissing: it is not there.
        """
        try:
            return self.path_of(key).open("rb")
        except FileNotFoundError:
            raise ObjectMissing(key) from None


class PartialFile:
    """A file that is being written. Its methods may be called from several threads.

    It lies beside its place under a name of its own and is locked: of two who send the same object one is refused. The
    lock falls with the process, so what a killed one has left is written anew.
    """

    def __init__(self, target: Path, *, replace: bool = False) -> None:
        self._target, self._replace = target, replace
        self._path = _partial(target)
        self._guard = threading.Lock()
        self._file: BinaryIO | None = _open_locked(self._path)

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            StorageFull: there is no more room.
        """
        with self._guard, telling_of_failures():
            if self._file is None:
                raise StorageError
            view = memoryview(data)
            while view:
                view = view[os.write(self._file.fileno(), view) :]

    def finish(self) -> None:
        """Put it in its place, with all of it on the disk.

        Raises:
            AlreadyUploaded: there is one, and it is not to be replaced.
        """
        with self._guard, telling_of_failures():
            if self._file is None:
                raise StorageError
            os.fsync(self._file.fileno())
            try:
                if self._replace:
                    self._path.replace(self._target)
                else:
                    os.link(self._path, self._target)
            except FileExistsError:
                raise AlreadyUploaded from None
            finally:
                self._close()
            _sync_folder(self._target.parent)

    def abandon(self) -> None:
        """Remove what was written, unless it is finished."""
        with self._guard:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


@contextmanager
def telling_of_failures() -> Iterator[None]:
    """Make of what the disk says what clients are told.

    Raises:
        StorageFull: there is no room.
        StorageError: all else.
    """
    try:
        yield
    except OSError as error:
        raise (StorageFull() if error.errno in _NO_ROOM else StorageError()) from error


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _open_locked(path: Path) -> BinaryIO:
    while True:
        file = path.open("ab", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise AlreadyUploaded from None
        if os.fstat(file.fileno()).st_nlink == 1:  # else whoever had it has removed it in between
            os.ftruncate(file.fileno(), 0)
            return file
        file.close()


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
