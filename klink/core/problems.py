"""What is wrong with a request, gathered so that it can be mended in one go."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from klink.core.errors import ValidationFailed


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, by field."""

    errors: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """Note one problem of the field ``name``."""
        self.errors.setdefault(name, []).append(text)

    def raise_if_any(self) -> None:
        """Refuse when something was noted.

        :raises ValidationFailed: with everything noted.
        """
        if self.errors:
            raise ValidationFailed(self.errors)


def text_problem(text: str, most: int, *, least: int = 1, lines: bool = False) -> str | None:
    """What is wrong with a text that people see, or None.

    Refused are lengths outside ``least`` to ``most`` characters, control characters (line
    breaks and tabs pass when ``lines``) and halves of surrogate pairs, which no database
    takes.
    """
    if not least <= len(text) <= most:
        return f"must have {least} to {most} characters" if least else f"at most {most} characters"
    if (_UNTIDY_LINES if lines else _UNTIDY).search(text):
        return "must not contain control characters"
    return None


# Unicode's categories Cc and Cs, which are closed.
_UNTIDY = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNTIDY_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
