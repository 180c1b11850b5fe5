"""Names of hosts in the domain name system, as they travel: ASCII, lower case, no final dot."""

from __future__ import annotations

import re

import ada_url

__all__ = ["MAX_LENGTH", "ascii_name"]

MAX_LENGTH = 253
"""Characters that a name may have as it travels (RFC 1035, 3.1, without length octets)."""

_MAX_SENT = 4 * MAX_LENGTH  # in Unicode it may be longer, not without end

# What the URL standard would take for something else than a name, or would quietly mend.
_NO_NAME = re.compile(r"[\x00-\x20\x7f-\xa0/?#@:\\%\[\]]")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"(?:.*\.)?[0-9]+")


def ascii_name(text: str) -> str | None:
    """The name as it travels, IDNs in punycode (UTS 46, as browsers do); None for no name.

    An address is no name, in whichever way it is written, and neither is a host with a port.
    """
    if not text or len(text) > _MAX_SENT or _NO_NAME.search(text):
        return None
    try:
        name: str = ada_url.parse_url(f"http://{text}/", ("hostname",))["hostname"]
    except (ValueError, UnicodeError):  # the latter: halves of surrogate pairs
        return None
    name = name.removesuffix(".")
    is_name = len(name) <= MAX_LENGTH and _NAME.fullmatch(name) and not _NUMBER.fullmatch(name)
    return name if is_name else None
