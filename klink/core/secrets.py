"""The server's secret: made on first start, kept beside the data, never in the database."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from klink.core.errors import KlinkError

_FILE = "secret"
_BYTES = 32


class BadSecret(KlinkError):
    """The secret cannot be used."""

    code = "bad_secret"


def load(data_dir: Path, env: Mapping[str, str]) -> bytes:
    """The server's 32-byte secret: ``KLINK_SECRET`` (64 hex digits), else ``data_dir/secret``.

    The file is made with mode 0600 when there is none; two processes that start at once
    agree on one.

    :raises BadSecret: when what is there is no such secret.
    """
    given = env.get("KLINK_SECRET", "").strip()
    if given:
        return _parse(given, "KLINK_SECRET")
    path = data_dir / _FILE
    if not path.exists():
        _make(path)
    return _parse(path.read_text("ascii", "replace").strip(), str(path))


def derive(secret: bytes, purpose: str) -> bytes:
    """The 32-byte secret for one purpose; none tells of another."""
    return hashlib.blake2b(purpose.encode(), key=secret, digest_size=32).digest()


def _parse(text: str, where: str) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != _BYTES:
        raise BadSecret(f"{where} must hold {_BYTES * 2} hexadecimal digits")
    return value


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)  # fails when another process was first; then its secret counts
    except FileExistsError:
        pass
    finally:
        draft.unlink()
