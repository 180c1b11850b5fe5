"""The file of a backup: a tar that any ``tar`` reads, whose last member seals all the rest.

First comes the manifest, which says what follows; last comes ``sha256``, the digest of every
byte before it. Headers are as good as constant and padding is zeros, so that no bit can change
without being noticed. What is read is found by the manifest's sizes; a name in the file never
becomes a path.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from klink.backups import manifest as manifests
from klink.backups.errors import BackupTooNew, BackupUnusable
from klink.backups.manifest import MANIFEST, Manifest, Member

__all__ = ["Progress", "Sealed", "opened", "peek", "write"]

CHUNK_BYTES = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_SEAL = "sha256"
_TAIL_BYTES = _BLOCK * 4  # header, digest, and the two blocks of zeros that end a tar

Progress = Callable[[int, int], None]
"""Told how many bytes are done of how many; what it raises ends the work."""


def write(path: Path, manifest: Manifest, folder: Path, progress: Progress) -> None:
    """Write a backup; durable when this returns.

    :param path: a new file.
    :param folder: holds each member under its name.
    :raises OSError: when it cannot be written.
    """
    told = manifest.to_json()
    mtime = int(manifest.at.timestamp())
    total = sum(each.size for each in manifest.members)
    done = 0
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:

        def put(data: bytes) -> None:
            digest.update(data)
            file.write(data)

        put(_header(MANIFEST, len(told), mtime) + told + _padding(len(told)))
        for member in manifest.members:
            put(_header(member.name, member.size, mtime))
            with (folder / member.name).open("rb") as source:
                for piece in iter(lambda: source.read(CHUNK_BYTES), b""):
                    put(piece)
                    done += len(piece)
                    progress(done, total)
            put(_padding(member.size))
        file.write(_tail(digest.hexdigest(), mtime))
        file.flush()
        os.fsync(file.fileno())


class Sealed(NamedTuple):
    """A backup whose every byte has been looked at."""

    path: Path
    manifest: Manifest
    file: BinaryIO
    offsets: dict[str, int]

    def pieces(self, member: Member) -> Iterator[bytes]:
        """The bytes of a member as they lie in the file.

        :raises BackupUnusable: when they are not what the manifest says.
        """
        digest, left = hashlib.sha256(), member.size
        self.file.seek(self.offsets[member.name])
        while left:
            piece = self.file.read(min(left, CHUNK_BYTES))
            if not piece:
                raise _damaged(self.path)
            left -= len(piece)
            digest.update(piece)
            yield piece
        if digest.hexdigest() != member.sha256:
            raise _damaged(self.path)


def peek(path: Path) -> Manifest:
    """The manifest of a backup, by a look at the beginning and the size of its file.

    :raises BackupUnusable: when it is none, or of another size than it should be.
    """
    with _open(path) as file:
        return _read_manifest(path, file)[0]


class opened:
    """A backup with every byte looked at: ``with opened(path, progress) as sealed``.

    :raises BackupUnusable: when it is none, or damaged, or a newer klink made it.
    """

    def __init__(self, path: Path, progress: Progress) -> None:
        self._path = path
        self._progress = progress

    def __enter__(self) -> Sealed:
        self._file = _open(self._path)
        try:
            return _verified(self._path, self._file, self._progress)
        except BaseException:
            self._file.close()
            raise

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _open(path: Path) -> BinaryIO:
    try:
        # Without waiting: it may be a pipe that nobody writes to.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        raise BackupUnusable(f"cannot read {path}: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise BackupUnusable(f"{path} is no file")
    return file


def _read_manifest(path: Path, file: BinaryIO) -> tuple[Manifest, int, int]:
    """The manifest, its length, and the time that all headers have."""
    try:
        head = tarfile.TarInfo.frombuf(file.read(_BLOCK), "utf-8", "strict")
    except (tarfile.HeaderError, ValueError) as error:
        raise BackupUnusable(f"{path} is no backup of klink's, or is damaged") from error
    if head.name != MANIFEST or not 0 < head.size <= manifests.MAX_BYTES:
        raise BackupUnusable(f"{path} is no backup of klink's")
    told = file.read(head.size)
    try:
        found = manifests.read(told)
    except manifests.NewerFormat as error:
        raise BackupTooNew(path, str(error)) from error
    except manifests.NotAManifest as error:
        raise _damaged(path) from error
    size = _blocks(len(told)) + sum(_blocks(each.size) for each in found.members) + _TAIL_BYTES
    there = os.fstat(file.fileno()).st_size
    if there != size:
        raise BackupUnusable(
            f"{path} has {there} bytes and should have {size}: it is not all there; "
            "take another copy of it, or another backup"
        )
    return found, head.size, int(head.mtime)


def _verified(path: Path, file: BinaryIO, progress: Progress) -> Sealed:
    manifest, length, mtime = _read_manifest(path, file)
    _compare_with_seal(path, file, mtime, progress)
    offsets, at = {}, _blocks(length)
    for member in manifest.members:
        file.seek(at)
        if file.read(_BLOCK) != _header(member.name, member.size, mtime):
            raise _damaged(path)
        offsets[member.name] = at + _BLOCK
        at += _blocks(member.size)
    return Sealed(path, manifest, file, offsets)


def _compare_with_seal(path: Path, file: BinaryIO, mtime: int, progress: Progress) -> None:
    digest = hashlib.sha256()
    total = os.fstat(file.fileno()).st_size - _TAIL_BYTES
    left = total
    file.seek(0)
    while left:
        piece = file.read(min(left, CHUNK_BYTES))
        if not piece:  # somebody shortens it meanwhile
            raise _damaged(path)
        digest.update(piece)
        left -= len(piece)
        progress(total - left, total)
    if file.read() != _tail(digest.hexdigest(), mtime):
        raise _damaged(path)


def _damaged(path: Path) -> BackupUnusable:
    return BackupUnusable(
        f"{path} is damaged: its checksum is wrong; take another copy of it, or another backup"
    )


def _header(name: str, size: int, mtime: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, mtime, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _tail(digest: str, mtime: int) -> bytes:
    text = f"{digest}\n".encode()
    return _header(_SEAL, len(text), mtime) + text + _padding(len(text)) + bytes(2 * _BLOCK)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _blocks(size: int) -> int:
    """What a member takes with its header and padding."""
    return _BLOCK + size + -size % _BLOCK
