"""What is wrong with a request about a link, gathered so that it can be mended in one go."""

from __future__ import annotations

import unicodedata
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
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs") and not (lines and char in "\n\r\t"):
            return "must not contain control characters"
    return None
