"""Reads a dump of MySQL or MariaDB: which rows are inserted into which table.

Not SQL, but the little of it that mysqldump, mariadb-dump, phpMyAdmin and Adminer write: tables
that are made, and rows of plain values that are inserted, as many to a statement as they like.
Strings hold whatever they like, in MySQL's escapes. Everything else is passed over.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_TOKEN = 1 << 24
"""Characters of one value beyond which this is no dump that is read."""

Value = str | None
"""A cell: text, as numbers are told too; None is NULL."""

_STRING = r"""'(?:[^'\\]++|\\.|'')*+' | "(?:[^"\\]++|\\.|"")*+" """
_VALUE = rf"(?:_[a-z0-9]++\s*+)?(?:{_STRING} | [^\s'\"`,();]++)"
_FLAGS = re.VERBOSE | re.DOTALL
_ROW = re.compile(rf"\s*+\(\s*+({_VALUE}(?:\s*+,\s*+{_VALUE})*+)\s*+\)\s*+(?=[,;])", _FLAGS)
_VALUES = re.compile(_VALUE, _FLAGS)
_TOKEN = re.compile(
    rf"""
    (?P<space>\s++ | --[^\n]*+\n | \#[^\n]*+\n | /\*.*?\*/)
    | (?P<string>{_STRING})
    | (?P<name>`(?:[^`]++|``)*+`)
    | (?P<word>(?!--)[\w$.+\-@:\\]++)
    | (?P<mark>(?!--)[^\s'"`\#/\w] | /(?!\*))
    """,
    _FLAGS,
)
_ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
_ESCAPED = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_ESCAPED |= {"%": "\\%", "_": "\\_"}
_NO_COLUMNS = frozenset(
    ("PRIMARY", "KEY", "UNIQUE", "INDEX", "FULLTEXT", "SPATIAL", "CONSTRAINT", "FOREIGN", "CHECK")
)


class DumpError(ValueError):
    """This cannot be read (on) as a dump; the text says why."""


class Inserted(NamedTuple):
    """A row that a dump inserts.

    :ivar columns: as the statement names them; () when it names none.
    :ivar values: None when the row holds something else than plain values.
    :ivar line: of the dump, where the row begins.
    """

    table: str
    columns: tuple[str, ...]
    values: tuple[Value, ...] | None
    line: int


class Made(NamedTuple):
    """A table that a dump makes, with its columns in their order."""

    table: str
    columns: tuple[str, ...]


class _Token(NamedTuple):
    kind: str
    text: str

    @property
    def word(self) -> str:
        """A word in capitals; '' for anything else."""
        return self.text.upper() if self.kind == "word" else ""

    @property
    def mark(self) -> str:
        """A mark; '' for anything else."""
        return self.text if self.kind == "mark" else ""


def read(chunks: Iterable[bytes]) -> Iterator[Inserted | Made]:
    """What a dump makes and inserts, in order.

    :raises DumpError: when it breaks off, or has a value that does not end.
    """
    text = _Text(chunks)
    while (token := text.token()) is not None:
        if token.word in ("INSERT", "REPLACE"):
            yield from _inserted(text)
        elif token.word == "CREATE":
            yield from _made(text)
        elif token.mark != ";":
            _pass_over(text)


def _pass_over(text: _Text) -> None:
    """Go behind the end of the statement."""
    while (token := text.token()) is not None and token.mark != ";":
        pass


def _inserted(text: _Text) -> Iterator[Inserted]:
    """The rows of an ``INSERT``, from behind that word on."""
    table, columns = "", []
    while (token := text.token()) is not None:
        if token.mark == ";":
            return
        if token.word in ("VALUES", "VALUE"):
            break
        if token.word in ("SELECT", "SET"):
            _pass_over(text)
            return
        if token.mark == "(":
            columns = [each for each, _ in _items(text)]
        elif token.kind == "name" or token.word not in ("", "INTO", "IGNORE", "DELAYED"):
            table = _named(token) or table
    for values, line in _rows(text):
        yield Inserted(table, tuple(columns), values, line)


def _rows(text: _Text) -> Iterator[tuple[tuple[Value, ...] | None, int]]:
    """The rows up to the end of the statement."""
    while True:
        found: tuple[tuple[Value, ...] | None, int] | None = text.row()
        if found is None:
            token = text.need()
            if token.mark == ";":
                return
            if token.mark != "(":  # ON DUPLICATE KEY, or what no dump has
                _pass_over(text)
                return
            line = text.line()
            items = _items(text)
            plain = all(is_plain for _, is_plain in items)
            found = (tuple(_value(each) for each, _ in items) if plain else None), line
        yield found
        token = text.need()
        if token.mark != ",":
            if token.mark != ";":
                _pass_over(text)
            return


def _items(text: _Text) -> list[tuple[str, bool]]:
    """What stands up to the closing bracket, as (the last of each, whether it stands alone)."""
    found: list[tuple[str, bool]] = []
    last, many, depth = "", 0, 1
    while True:
        token = text.need()
        if token.mark == "(":
            depth, many = depth + 1, 2
        elif token.mark == ")" and depth > 1:
            depth -= 1
        elif token.mark in (",", ")") and depth == 1:
            found.append((last, many == 1))
            last, many = "", 0
            if token.mark == ")":
                return found
        elif not (token.kind == "word" and token.text.startswith("_") and many == 0):
            last, many = _named(token) if token.kind == "name" else token.text, many + 1


def _made(text: _Text) -> Iterator[Made]:
    """The table of a ``CREATE TABLE``, from behind the first word on."""
    token = text.token()
    while token is not None and token.word == "TEMPORARY":
        token = text.token()
    if token is None or token.word != "TABLE":
        _pass_over(text)
        return
    table, columns = "", []
    while (token := text.token()) is not None and token.mark != "(":
        if token.mark == ";":
            return
        if token.word not in ("IF", "NOT", "EXISTS"):
            table = _named(token) or table
    depth, is_first = 1, True
    while token is not None and depth:
        token = text.need()
        if is_first and (token.kind == "name" or token.word not in ("", *_NO_COLUMNS)):
            columns.append(_named(token))
        depth += {"(": 1, ")": -1}.get(token.mark, 0)
        is_first = depth == 1 and token.mark == ","
    yield Made(table, tuple(columns))
    _pass_over(text)


def _named(token: _Token) -> str:
    """A name of a table or a column, without its database; '' for the mark between."""
    if token.kind == "name":
        return token.text[1:-1].replace("``", "`")
    return token.text.rpartition(".")[2].strip("\"'")


def _value(text: str) -> Value:
    """What a value means."""
    if text.startswith("_") and text[-1] in "'\"":  # the character set of the string that follows
        text = text[min(i for i in (text.find("'"), text.find('"')) if i >= 0) :]
    if text[0] in "'\"":
        inside = text[1:-1]
        if "\\" in inside or text[0] * 2 in inside:
            return _unescaped(inside, text[0])
        return inside
    return None if text.upper() == "NULL" else text


def _unescaped(inside: str, quote: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[1] is None:
            return quote if found[0] == quote * 2 else found[0]
        return _ESCAPED.get(found[1], found[1])

    return _ESCAPE.sub(plain, inside)


class _Text:
    """What is read of a dump and not used yet."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        # What is no UTF-8 becomes what the core takes for no text.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0
        self._is_end = False
        self._line = 1
        self._counted = 0

    def line(self) -> int:
        """The line that is read just now, from 1 on."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def row(self) -> tuple[tuple[Value, ...], int] | None:
        """The values of a row, and its line; None where none can be told at once."""
        found = _ROW.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.start(1)
        line = self.line()
        self._at = found.end()
        return tuple(map(_value, _VALUES.findall(found[1]))), line

    def need(self) -> _Token:
        """The next token.

        :raises DumpError: there is none.
        """
        token = self.token()
        if token is None:
            raise DumpError(f"the dump breaks off in line {self.line()}")
        return token

    def token(self) -> _Token | None:
        """The next token that is no space; None at the end.

        :raises DumpError: it does not end.
        """
        while True:
            found = _TOKEN.match(self._text, self._at)
            if found is not None and (found.end() < len(self._text) or self._is_end):
                self._at = found.end()
                if found.lastgroup != "space":
                    return _Token(found.lastgroup or "", found[0])
            elif not self._is_end:
                self._more()
            elif self._at == len(self._text):
                return None
            elif self._text.startswith(("--", "#"), self._at):
                self._at = len(self._text)  # a comment in the last line
            else:
                raise DumpError(f"the dump breaks off within a value, in line {self.line()}")

    def _more(self) -> None:
        """Read on: at least as much as there is, or a long value would be looked at for ever."""
        self.line()
        left = len(self._text) - self._at
        if left > MAX_TOKEN:
            raise DumpError(f"line {self._line} begins a value that does not end")
        pieces, size = [self._text[self._at :]], 0
        while size <= left:
            raw = next(self._chunks, None)
            if raw is None:
                self._is_end = True
                break
            pieces.append(self._decoder.decode(raw))
            size += len(pieces[-1])
        self._text, self._at, self._counted = "".join(pieces), 0, 0
