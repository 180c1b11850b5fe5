"""Texts that are put into a visitor's language when they are shown.

They stand in the code in English, as Babel's extractor finds them: ``text("…")`` and
``counted("… %(num)s second …", "… %(num)s seconds …", n)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from gettext import NullTranslations

__all__ = ["EXTRACTED", "Text", "counted", "text"]

EXTRACTED = {"text": None, "counted": (1, 2)}
"""What makes texts, as Babel wants it: which arguments are their singular and plural."""

_ENGLISH = NullTranslations()


@dataclass(frozen=True, slots=True)
class Text:
    """A text of ours; nothing of a request is in it.

    :ivar many: its plural, '' when it counts nothing.
    """

    one: str
    many: str = ""
    count: int = 0

    def within(self, translations: NullTranslations) -> str:
        """The text in a language."""
        if not self.many:
            return translations.gettext(self.one)
        return translations.ngettext(self.one, self.many, self.count) % {"num": self.count}

    @property
    def english(self) -> str:
        """The text for programs."""
        return self.within(_ENGLISH)


def text(english: str) -> Text:
    """Name a text."""
    return Text(english)


def counted(one: str, many: str, count: int) -> Text:
    """Name a text that counts something, by ``%(num)s``.

    :param one: in English, for one.
    :param many: in English, for any other number.
    """
    return Text(one, many, count)
