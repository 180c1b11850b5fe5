"""The one error of the configuration."""

from __future__ import annotations

import re

MAX_SHOWN = 80
"""Characters of a wrong value that an error repeats."""


class ConfigError(Exception):
    """A setting that klink cannot start with; its text is one line that says what to do.

    :ivar setting: the dotted name, such as ``server.listen``; empty when it is the file itself.
    """

    def __init__(self, message: str, *, setting: str = "") -> None:
        super().__init__(message)
        self.setting = setting


def shown(value: object, *, secret: bool = False) -> str:
    """``value`` as an error may repeat it: quoted, short, without credentials.

    :param secret: the setting may hold a password, so no more than a URL's scheme is shown.
    """
    if secret:
        scheme = re.match(r"[a-z]{1,20}://", value) if isinstance(value, str) else None
        return f"'{scheme.group() if scheme else ''}***'"
    # Greedy, since a password may hold an @ of its own.
    text = re.sub(r"://.*@", "://***@", repr(value), flags=re.DOTALL)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
