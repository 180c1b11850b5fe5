"""A file that is there whole or not at all, and that only its owner reads."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from klink.core.errors import KlinkError


class NotAFile(KlinkError):
    """What is to be written to is there already and is no plain file."""

    code = "not_a_file"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there and is no file; name a file, or - for standard output")


@contextmanager
def whole_file(path: Path) -> Iterator[TextIO]:
    """Text that is at ``path`` when the block has ended well; else what was there stays.

    It is written beside, for its owner alone (0600), and takes the place once it is on the disk.

    :raises NotAFile: a folder, a device or a pipe is there.
    :raises OSError: it cannot be written.
    """
    try:
        found = path.stat()  # through a symbolic link, which stays one
    except FileNotFoundError:
        found = None
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise NotAFile(path)
    descriptor, part = _part(path.resolve())
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path.resolve())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(path.resolve().parent)


def _part(path: Path) -> tuple[int, Path]:
    """A new file beside, open, which nobody else can have made."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    return descriptor, Path(name)


def _sync(folder: Path) -> None:
    """Have the folder's new entry on the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
