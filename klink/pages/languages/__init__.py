"""The languages that visitors are answered in: a file ``XX.po`` here for each, and English.

A language is added by adding its file (docs/pages.md). All are read at the start, so a file
that cannot be read stops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

__all__ = ["ENGLISH", "FOLDER", "LANGUAGES", "Language", "negotiated"]

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the pages.

    :ivar tag: as BCP 47 has it, for ``lang`` and ``Content-Language``.
    :ivar locale: how it writes dates, and in which direction.
    """

    tag: str
    locale: Locale
    translations: NullTranslations

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return self.locale.text_direction


def _read(path: Path) -> Language:
    """A language from its file, which is named for it."""
    locale = Locale.parse(path.stem, sep="-")
    with path.open("rb") as file:
        try:
            catalog = read_po(file, locale, abort_invalid=True)
        except PoFileError as error:
            error.add_note(str(path))
            raise
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Language(path.stem, locale, Translations(compiled))


ENGLISH = Language("en", Locale("en"), NullTranslations())
"""What the texts are written in, and what is spoken when nothing that is asked for is there."""

LANGUAGES: Mapping[str, Language] = {
    language.tag: language for language in [ENGLISH, *map(_read, sorted(FOLDER.glob("*.po")))]
}
"""Every language by its tag."""

_BY_LOWER_TAG = {tag.lower(): language for tag, language in LANGUAGES.items()}


def negotiated(accepted: Iterable[tuple[str, float]]) -> Language:
    """The language that suits somebody best.

    :param accepted: tags and weights of ``Accept-Language``, the preferred first; a weight
        of 0 is a language that is not wanted.
    """
    tags = [tag for tag, weight in accepted if weight > 0]
    found = negotiate_locale(tags, LANGUAGES, sep="-")
    return _BY_LOWER_TAG[found.lower()] if found else ENGLISH
