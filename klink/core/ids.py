"""Public ids: UUIDs that sort by the time they were made (RFC 9562, version 7)."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from klink.core.times import to_ms

_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def is_uid(text: str) -> bool:
    """Whether a text may be an id; what is not, NUL for one, the database need not see."""
    return _UID.fullmatch(text) is not None


def new_uid(now: datetime) -> str:
    """A version 7 UUID for ``now``, as 36 characters."""
    value = (to_ms(now) & (2**48 - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76  # the version
    value = value & ~(0b11 << 62) | 0b10 << 62  # the variant
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
