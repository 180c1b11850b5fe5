"""From what was fetched to one ``.mmdb`` file: whatever it is packed in, never without end.

What comes from outside is looked at by what it is, not by what it calls itself; no name in an
archive becomes the name of a file.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from klink.geoip.errors import UpdateFailed

__all__ = ["MAX_DATABASE_BYTES", "unpack"]

MAX_DATABASE_BYTES = 512 << 20
"""The largest databases of cities have 130 MiB."""

_MAX_MEMBERS = 64
_GZIP = b"\x1f\x8b"
_TAR, _TAR_AT = b"ustar", 257
_PART = 256 * 1024
_MAX_SIP = 1 << 20  # an archive's own words are short; its files are copied in parts


def unpack(packed: Path, to: Path, max_bytes: int = MAX_DATABASE_BYTES) -> None:
    """Write the database that ``packed`` holds to the new file ``to``.

    :raises UpdateFailed: when there is none, more than one, or too much.
    """
    plain = packed
    if _begins(packed, _GZIP):
        plain = packed.with_name(f"{packed.name}.plain")
    try:
        if plain is not packed:
            _copy(_gunzipped(packed), plain, max_bytes)
        if _begins(plain, _TAR, _TAR_AT):
            _take_from_tar(plain, to, max_bytes)
        else:
            plain.replace(to)
    finally:
        if plain is not packed:
            plain.unlink(missing_ok=True)


def _begins(path: Path, mark: bytes, at: int = 0) -> bool:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(len(mark)) == mark


def _copy(parts: Iterator[bytes], to: Path, max_bytes: int) -> None:
    left = max_bytes
    with to.open("xb") as file:
        for part in parts:
            left -= len(part)
            if left < 0:
                raise UpdateFailed("what came is larger, unpacked, than any database of countries")
            file.write(part)


def _gunzipped(path: Path) -> Iterator[bytes]:
    """What one gzip file holds, in parts of a bounded size."""
    inflate = zlib.decompressobj(31)
    try:
        with path.open("rb") as file:
            while not inflate.eof and (data := inflate.unconsumed_tail or file.read(_PART)):
                yield inflate.decompress(data, _PART)
    except zlib.error:
        raise UpdateFailed("what came is damaged (its gzip cannot be unpacked)") from None
    if not inflate.eof:
        raise UpdateFailed("what came breaks off")


class _Sips(io.BufferedReader):
    """A file of which nobody reads much at once: an archive's own words may claim any length."""

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes."""
        if size is None or size < 0 or size > _MAX_SIP:
            raise tarfile.ReadError("an archive's header is too long")
        return super().read(size)


def _take_from_tar(archive: Path, to: Path, max_bytes: int) -> None:
    """Write the one plain file of an archive whose name ends in ``.mmdb``."""
    try:
        with (
            _Sips(io.FileIO(archive)) as file,
            tarfile.open(fileobj=file, mode="r:", errorlevel=2) as tar,
        ):
            found = None
            for number, member in enumerate(tar):
                if number >= _MAX_MEMBERS:
                    raise UpdateFailed("what came holds more files than a database comes with")
                if not member.name.endswith(".mmdb"):
                    continue
                if found is not None or not member.isreg() or member.issparse():
                    raise UpdateFailed("what came does not hold one plain .mmdb file")
                found = member
            inside = None if found is None else tar.extractfile(found)
            if found is None or inside is None:
                raise UpdateFailed("what came holds no .mmdb file")
            with inside:
                _copy(_parts(inside, found.size), to, max_bytes)
    except (tarfile.TarError, OSError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not the archive's
        raise UpdateFailed("what came is damaged (its tar cannot be read)") from None


def _parts(file: IO[bytes], size: int) -> Iterator[bytes]:
    while data := file.read(_PART):
        size -= len(data)
        yield data
    if size:
        raise UpdateFailed("what came breaks off")
