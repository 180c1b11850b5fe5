"""Where a person is sent after they have signed in: only ever to a screen of this server."""

from __future__ import annotations

import re

__all__ = ["safe"]

_SCREEN = re.compile(r"/admin(?:/[A-Za-z0-9_.@~-]*)*(?:\?[A-Za-z0-9_.@~%&=+:,/-]*)?")


def safe(path: str) -> str:
    """The path, when it is a screen's; else '', since a link in a mail could name any address.

    To browsers ``//evil.example`` is another server's.
    """
    is_screen = len(path) <= 500 and _SCREEN.fullmatch(path) and "//" not in path
    return path if is_screen and ".." not in path else ""
