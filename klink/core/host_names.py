"""A destination's host as a person can read it, without being taken in by it.

A name in another script travels as ASCII (``xn--bcher-kva.example``), which nobody can read.
Read as Unicode it may be mistaken for another name. So it is read where that is safe, by what
browsers do: the letters of a label come from one script, or from scripts that are written
together (UTS 39, "highly restrictive"), and they are not all such as look like Latin ones.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

import idna

__all__ = ["HostName", "HostWarning", "readable"]

HostWarning = Literal["mixed_scripts", "looks_latin"]
"""``mixed_scripts``: a label mixes scripts that are not written together. ``looks_latin``: a
label in another script, or with rare letters, looks as if it were written in plain Latin."""

_ACE = "xn--"
_MAX_LABEL = 63  # RFC 1035; the URL standard lets longer ones pass, no resolver does

# Scripts in everyday use (UAX 31, table 5), by the first word of their letters' Unicode names.
_SCRIPTS = frozenset({
    "ARABIC", "ARMENIAN", "BENGALI", "BOPOMOFO", "CYRILLIC", "DEVANAGARI", "ETHIOPIC", "GEORGIAN",
    "GREEK", "GUJARATI", "GURMUKHI", "HAN", "HANGUL", "HEBREW", "HIRAGANA", "KANNADA", "KATAKANA",
    "KHMER", "LAO", "LATIN", "MALAYALAM", "MYANMAR", "ORIYA", "SINHALA", "TAMIL", "TELUGU",
    "THAANA", "THAI", "TIBETAN",
})  # fmt: skip
_OTHER_NAMES = {
    "CJK": "HAN",
    "IDEOGRAPHIC": "HAN",
    "ARABIC-INDIC": "ARABIC",
    "EXTENDED": "ARABIC",  # extended Arabic-Indic digits
}
_OF_ALL = frozenset({"DIGIT", "MIDDLE", "COMBINING", "ZERO", "KATAKANA-HIRAGANA"})
_WRITTEN_TOGETHER = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
)

# Letters that may stand in a host name and that fonts draw like an ASCII letter or digit, from
# Unicode's confusables.txt and, for Cyrillic, the letters that Chromium adds.
_LOOKALIKES = frozenset(
    "\u0251\u0261\u0131\u0269\u026a\u01c0\u01bd\u028b\u0263\u028f\u1d04\u1d0f\u1d11"
    "\u1d1c\u1d20\u1d21\u1d22\ua731\u0282\u1d83\u018d\ua7b5"
    "\u0430\u0431\u0433\u0435\u043e\u043f\u0440\u0441\u0443\u0445\u044c\u0455\u0456"
    "\u0458\u0461\u0475\u04af\u04bb\u04bd\u04cf\u0501\u051b\u051d\ua647"
    "\u03b1\u03b3\u03b9\u03bd\u03bf\u03c1\u03c3\u03c5\u03f3"
    "\u0561\u0563\u0566\u0570\u0578\u057c\u057d\u0581\u0584\u0585"
    "\u10e7\u10ff"
)
# These look like the slash that ends a host, if Latin letters stand around them.
_SLASHES = frozenset("\u30ce\u30bd\u30be\u30f3\u4e36\u4e3f")


@dataclass(frozen=True, slots=True)
class HostName:
    """A host, with its port where it has one.

    :ivar shown: in Unicode where that is safe, else as it travels.
    :ivar punycode: as it travels, when it is a name in another script; else ''.
    :ivar warnings: in the order of :data:`HostWarning`; none when it is safe.
    """

    shown: str
    punycode: str = ""
    warnings: tuple[HostWarning, ...] = ()


def readable(host: str) -> HostName:
    """Make a host readable.

    :param host: ASCII, in small letters, as a URL's serialisation has it; a port may follow.
    """
    name, colon, port = host.partition(":")
    labels = name.split(".")
    if not any(label.startswith(_ACE) for label in labels):
        return HostName(host)
    read = [_unicode(label) for label in labels]
    mixed = any(_is_mixed(_scripts(label)) for label in read)
    latin = any(_looks_latin(label, read[-1]) for label in read[:-1])
    warnings: list[HostWarning] = []
    if mixed:
        warnings.append("mixed_scripts")
    if latin:
        warnings.append("looks_latin")
    is_safe = not warnings and all(_scripts(label) <= _SCRIPTS for label in read)
    shown = ".".join(read) + colon + port if is_safe else host
    return HostName(shown, host, tuple(warnings))


def _unicode(label: str) -> str:
    """A label in Unicode; as it came when it is not IDNA's (RFC 5891), as with emoji."""
    if not label.startswith(_ACE) or len(label) > _MAX_LABEL:
        return label
    try:
        read = idna.ulabel(label)
        return read if idna.alabel(read).decode("ascii") == label else label
    except (idna.IDNAError, UnicodeError):
        return label


def _scripts(label: str) -> frozenset[str]:
    """The scripts of a label's letters, by Unicode's names for them."""
    return frozenset(filter(None, map(_script, label)))


def _script(character: str) -> str:
    """A character's script, '' when it belongs to all. Python has no property for it."""
    if character.isascii():
        return "LATIN" if character.isalpha() else ""
    name = unicodedata.name(character, "UNKNOWN")
    word = name.partition(" ")[0]
    if word in _OF_ALL or name.startswith("MODIFIER LETTER"):
        return ""
    return _OTHER_NAMES.get(word, word)


def _is_mixed(scripts: frozenset[str]) -> bool:
    return len(scripts) > 1 and not any(scripts <= allowed for allowed in _WRITTEN_TOGETHER)


def _looks_latin(label: str, top: str) -> bool:
    """Whether a label before the last could be taken for one in ASCII.

    :param top: the last label; one in the same script says what script to expect.
    """
    foreign = {character for character in label if not character.isascii()}
    if not foreign:
        return False
    scripts = _scripts(label)
    if "LATIN" in scripts and foreign & _SLASHES:
        return True
    return foreign <= _LOOKALIKES and not scripts & (_scripts(top) - {"LATIN"})
