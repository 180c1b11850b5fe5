"""One update: ask, fetch beside the database, look at what came, put it in place."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

from klink.fetching import Downloaded, Fetcher, FetchError
from klink.geoip.errors import UpdateFailed
from klink.geoip.origin import Origin
from klink.geoip.state import State, after_failure, read_state, write_state
from klink.geoip.unpacking import unpack
from klink.geoip.verifying import Database, look_at, verify

__all__ = ["Outcome", "Updates", "state_file", "update"]

log = logging.getLogger(__name__)

MAX_BYTES = 256 << 20
"""Of what is fetched, packed; countries take 4 to 10 MiB, cities up to 70."""
TIMEOUT_S = 600.0

_HINTS = {
    401: "the account or the licence key is wrong: see geoip.account and geoip.licence_key",
    403: "this account may not have it: see geoip.account and geoip.licence_key",
    404: "there is no such file: see geoip.update_url",
    429: "it was asked too often today",
}
_HOPELESS = (401, 403, 404)
_SHA256 = re.compile(r"\s*([0-9a-fA-F]{64})(?:\s|\Z)")
_DRAFTS = ".klink-geoip-"

Told = Callable[[int], None]
"""Hears how many bytes have come."""


@dataclass(frozen=True, slots=True)
class Updates:
    """What is kept new, from where.

    :ivar file: the database.
    :ivar data_dir: where the state is kept.
    :ivar every_s: how often a clock asks; None for never.
    """

    file: Path
    data_dir: Path
    origin: Origin = field(default_factory=Origin)
    every_s: float | None = None
    fetcher: Fetcher = field(default_factory=lambda: Fetcher("klink"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an update ended.

    :ivar result: ``updated``; ``unchanged``, when the server has nothing newer; ``not_due``.
    :ivar database: what is in use now; None when nothing is.
    """

    result: Literal["updated", "unchanged", "not_due"]
    database: Database | None
    size_bytes: int = 0


def state_file(data_dir: Path) -> Path:
    """Where it is remembered how the last update went."""
    return data_dir / "geoip-update.json"


def update(
    updates: Updates, now: datetime, *, is_asked: bool = True, told: Told = lambda *_: None
) -> Outcome:
    """Fetch the database if there is a newer one; whatever goes wrong, the old one stays.

    :param is_asked: a person asked for it, so it is due, whatever failed before.
    :raises UpdateFailed: with why, once it is remembered.
    """
    with _alone(updates.data_dir):
        path = state_file(updates.data_dir)
        before = read_state(path)
        if not is_asked and not _is_due(updates, before, now):
            return Outcome("not_due", look_at(updates.file))
        try:
            outcome, after = _update(updates, before, now, told)
        except UpdateFailed as error:
            failed = after_failure(
                before, now, str(error), error.retry_after_s, is_hopeless=error.is_hopeless
            )
            write_state(path, failed)
            raise
        write_state(path, after)
    return outcome


def _is_due(updates: Updates, before: State, now: datetime) -> bool:
    if updates.every_s is None:
        return False
    at = now.timestamp()
    if before.failures:
        # A clock that was set back must not put it off for ever.
        return not at < before.retry_at <= at + 8 * 86_400
    return not before.checked_at <= at < before.checked_at + updates.every_s


@contextlib.contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Let no other process update meanwhile."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(data_dir / "geoip-update.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpdateFailed("another process is at it; wait for its end") from None
        yield
    finally:
        os.close(lock)


def _update(updates: Updates, before: State, now: datetime, told: Told) -> tuple[Outcome, State]:
    present = look_at(updates.file)
    with _drafts(updates.file) as folder:
        packed = folder / "packed"
        got, digest, url = _fetch(updates, before, now, packed, told)
        if got.status == 304:
            after = _succeeded(before, now)
            return Outcome("unchanged", present), after
        _check_sum(updates, url, digest)
        plain = folder / "plain"
        unpack(packed, plain)
        found = verify(plain, now, present)
        is_new = present is None or found != present
        if is_new:
            _put_in_place(plain, updates.file)
    size = updates.file.stat()
    after = State(
        asked=_digest(url),
        etag=got.headers.get("etag", "")[:500],
        last_modified=got.headers.get("last-modified", "")[:100],
        size=size.st_size,
        mtime_ns=size.st_mtime_ns,
        checked_at=now.timestamp(),
    )
    if is_new:
        log.info("the GeoIP database of %s is in place", f"{found.built_at:%Y-%m-%d}")
    return Outcome("updated" if is_new else "unchanged", found, size.st_size), after


def _succeeded(before: State, now: datetime) -> State:
    return State(
        before.asked, before.etag, before.last_modified, before.size, before.mtime_ns,
        now.timestamp(),
    )  # fmt: skip


@contextlib.contextmanager
def _drafts(file: Path) -> Iterator[Path]:
    """A folder beside the database, so that the last step is a rename; gone at the end."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in file.parent.glob(f"{_DRAFTS}*"):  # by a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=_DRAFTS, dir=file.parent))
    except OSError as error:
        raise UpdateFailed(f"cannot write to {file.parent}: {error.strerror}") from None
    try:
        yield folder
    except OSError as error:
        raise UpdateFailed(f"cannot write to {file.parent}: {error.strerror}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(
    updates: Updates, before: State, now: datetime, packed: Path, told: Told
) -> tuple[Downloaded, str, str]:
    """Fetch what is newest into a file; the answer, its SHA-256 and what was asked for.

    :raises UpdateFailed: when there is no answer 200 or 304.
    """
    urls = updates.origin.urls(now)
    for url in urls:
        sha256 = hashlib.sha256()
        with packed.open("wb") as file:
            conditions = _conditions(updates, before, url)
            got = _asked(updates, url, conditions, file, sha256.update, told)
        if got.status == 200 or (got.status == 304 and conditions):
            return got, sha256.hexdigest(), url
        if got.status != 404 or url == urls[-1]:
            break
    reason = _HINTS.get(got.status, "see whether geoip.update_url is right")
    raise UpdateFailed(
        f"{got.host} answered {got.status}; {reason}",
        retry_after_s=got.retry_after_s,
        is_hopeless=got.status in _HOPELESS,
    )


def _asked(
    updates: Updates,
    url: str,
    conditions: dict[str, str],
    file: IO[bytes],
    digest: Callable[[bytes], None],
    told: Told,
) -> Downloaded:
    size = 0

    def take(part: bytes) -> None:
        nonlocal size
        file.write(part)
        digest(part)
        size += len(part)
        told(size)

    try:
        return updates.fetcher.download(
            url,
            take,
            max_bytes=MAX_BYTES,
            timeout_s=TIMEOUT_S,
            headers={**updates.origin.headers(), **conditions},
        )
    except FetchError as error:
        raise UpdateFailed(_fetch_words(updates.origin.host, error)) from None


def _fetch_words(host: str, error: FetchError) -> str:
    words = {
        "dns": "its name has no address",
        "tls": "its certificate is not to be trusted",
        "timeout": f"it took longer than {TIMEOUT_S:.0f} seconds",
        "connect": "nobody answers there",
        "protocol": "the answer broke off or is no HTTP",
        "encoding": "the answer is packed in a way that was not asked for",
        "too_large": f"the answer is larger than {MAX_BYTES >> 20} MiB",
        "redirects": "it sends from one address to the next",
        "private": "it leads to an address that is not public (see geoip.allow_private_addresses)",
        "host": "it is a name of the local network (see geoip.allow_private_addresses)",
        "scheme": "it leads from HTTPS to another scheme",
    }.get(error.reason, "geoip.update_url leads where klink does not go")
    return f"{host}: {words}"


def _conditions(updates: Updates, before: State, url: str) -> dict[str, str]:
    """Headers that ask for the file only if it is not the one that is in place already."""
    try:
        found = updates.file.stat()
    except OSError:
        return {}
    if (found.st_size, found.st_mtime_ns) != (before.size, before.mtime_ns):
        return {}
    if before.asked != _digest(url):
        return {}
    asked = {"If-None-Match": before.etag, "If-Modified-Since": before.last_modified}
    return {name: value for name, value in asked.items() if value}


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _check_sum(updates: Updates, url: str, digest: str) -> None:
    """Hold what came against the checksum that the source offers, if it does."""
    at = updates.origin.checksum_url(url)
    if at is None:
        return
    parts: list[bytes] = []
    try:
        got = updates.fetcher.download(
            at, parts.append, max_bytes=4096, timeout_s=60.0, headers=updates.origin.headers()
        )
    except FetchError as error:
        raise UpdateFailed(_fetch_words(updates.origin.host, error)) from None
    found = _SHA256.match(b"".join(parts).decode("ascii", "replace"))
    if got.status != 200 or found is None:
        raise UpdateFailed(f"{got.host} did not tell the checksum of the file")
    if found[1].lower() != digest:
        raise UpdateFailed("what came does not have the checksum that it should have")


def _put_in_place(draft: Path, file: Path) -> None:
    """Let the new database be the one, in a single move; it may be read by whom the old one was."""
    draft.chmod(stat.S_IMODE(file.stat().st_mode) if file.exists() else 0o600)
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
