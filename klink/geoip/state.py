"""What is remembered from one update to the next, in a file beside the data."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

__all__ = ["State", "after_failure", "read_state", "write_state"]

_FIRST_PAUSE = timedelta(hours=1)
_LAST_PAUSE = timedelta(days=1)
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class State:
    """How the last update went; times are seconds since 1970.

    :ivar asked: a digest of the address that the next four belong to, since it may hold a key.
    :ivar etag, last_modified: what the server said of the file that was put in place.
    :ivar size, mtime_ns: by which that file is known again.
    :ivar checked_at: when the server was asked last and had an answer that could be used.
    :ivar failures: how many updates have failed since.
    :ivar retry_at: before this a clock asks nobody.
    :ivar error: why the last one failed; '' when it did not.
    """

    asked: str = ""
    etag: str = ""
    last_modified: str = ""
    size: int = -1
    mtime_ns: int = 0
    checked_at: float = 0.0
    failures: int = 0
    retry_at: float = 0.0
    error: str = ""


def after_failure(
    before: State, now: datetime, error: str, retry_after_s: int | None, *, is_hopeless: bool
) -> State:
    """Wait an hour, then twice as long each time, up to a day; longer when the server says so."""
    failures = before.failures + 1
    pause = min(_LAST_PAUSE, _FIRST_PAUSE * 2 ** min(failures - 1, 5))
    if is_hopeless:
        pause = _LAST_PAUSE
    told = timedelta(seconds=min(retry_after_s or 0, 7 * 86_400))
    return State(
        **{
            **asdict(before),
            "failures": failures,
            "retry_at": (now + max(pause, told)).timestamp(),
            "error": error[:_MAX_TEXT],
        }
    )


def read_state(path: Path) -> State:
    """What was remembered; nothing where the file is missing or is not ours."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return State()
    empty = asdict(State())
    if not isinstance(told, dict) or any(
        not isinstance(told.get(name), int | float if type(value) is float else type(value))
        for name, value in empty.items()
    ):
        return State()
    return State(**{name: told[name] for name in empty})


def write_state(path: Path, state: State) -> None:
    """Remember, in one move."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(state), file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def when(seconds: float) -> datetime | None:
    """A time of the state; None when it never was."""
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
