"""What a backup says of itself: ``manifest.json``, the first member of its file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from klink.core.times import format_rfc3339, parse_rfc3339

__all__ = ["FORMAT", "MANIFEST", "Manifest", "Member", "NotAManifest"]

MANIFEST = "manifest.json"
FORMAT = 1
MAX_BYTES = 16 << 20

_NAME = re.compile(
    r"database\.sqlite\.gz|tables/[a-z][a-z0-9_]{0,62}\.copy\.gz"
    r"|journal/[0-9a-f]{32}/[0-9]{8}\.log\.gz|secret",
    re.ASCII,
)
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_EPOCH = re.compile(r"[0-9a-f]{32}", re.ASCII)
_COLUMN = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


class NotAManifest(ValueError):
    """The bytes are no manifest."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the backup.

    :ivar size: bytes that it takes there.
    :ivar sha256: of these bytes.
    :ivar unpacked: bytes once it is unpacked.
    """

    name: str
    size: int
    sha256: str
    unpacked: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    :ivar version: of the klink that made it.
    :ivar engine: ``sqlite`` or ``postgresql``.
    :ivar schema: of the database.
    :ivar epoch: of the database, in hexadecimal: its journal's segments begin with it.
    :ivar at: when it was begun.
    :ivar rows: rows of each table.
    :ivar columns: of each table, as its member has them; PostgreSQL only, in order of loading.
    :ivar sequences: by name the last number given out; PostgreSQL only.
    :ivar members: in the order of the file.
    """

    version: str
    engine: str
    schema: int
    epoch: str
    at: datetime
    rows: Mapping[str, int]
    columns: Mapping[str, tuple[str, ...]]
    sequences: Mapping[str, int | None]
    members: tuple[Member, ...]

    @property
    def unpacked(self) -> int:
        """Bytes of all members once unpacked."""
        return sum(each.unpacked for each in self.members)

    def to_json(self) -> bytes:
        """As it stands in the file."""
        told = {
            "format": FORMAT,
            "klink": self.version,
            "engine": self.engine,
            "schema": self.schema,
            "epoch": self.epoch,
            "at": format_rfc3339(self.at),
            "rows": dict(self.rows),
            "columns": {name: list(columns) for name, columns in self.columns.items()},
            "sequences": dict(self.sequences),
            "members": [
                {
                    "name": each.name,
                    "size": each.size,
                    "sha256": each.sha256,
                    "unpacked": each.unpacked,
                }
                for each in self.members
            ],
        }
        return json.dumps(told, indent=1).encode()


def read(data: bytes) -> Manifest:
    """The manifest that these bytes are; of a newer format, as much as can be told.

    :raises NotAManifest: when they are none.
    :raises NewerFormat: when a newer klink wrote them.
    """
    try:
        told = json.loads(data)
        if told["format"] > FORMAT:
            raise NewerFormat(str(told["klink"])[:50])
        found = _read(told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, NewerFormat):
            raise
        raise NotAManifest from error
    return found


class NewerFormat(ValueError):
    """A newer klink wrote it; the text is its version."""


def _read(told: Any) -> Manifest:  # what JSON holds is anything
    members = tuple(
        Member(
            _text(each["name"], _NAME),
            _number(each["size"]),
            _text(each["sha256"], _HASH),
            _number(each["unpacked"]),
        )
        for each in told["members"]
    )
    names = [each.name for each in members]
    if len(set(names)) != len(names) or told["engine"] not in ("sqlite", "postgresql"):
        raise NotAManifest
    columns = {
        _text(name, _COLUMN): tuple(_text(each, _COLUMN) for each in these)
        for name, these in told["columns"].items()
    }
    needed = {"database.sqlite.gz"} if told["engine"] == "sqlite" else _table_members(columns)
    if needed != {name for name in names if not name.startswith("journal/") and name != "secret"}:
        raise NotAManifest
    return Manifest(
        version=str(told["klink"])[:50],
        engine=told["engine"],
        schema=_number(told["schema"]),
        epoch=_text(told["epoch"], _EPOCH),
        at=parse_rfc3339(told["at"]),
        rows={str(name): _number(count) for name, count in told["rows"].items()},
        columns=columns,
        sequences={
            _text(name, _COLUMN): None if value is None else _number(value)
            for name, value in told["sequences"].items()
        },
        members=members,
    )


def _table_members(columns: Mapping[str, object]) -> set[str]:
    return {f"tables/{name}.copy.gz" for name in columns}


def _text(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise NotAManifest
    return value


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 62:
        raise NotAManifest
    return value
