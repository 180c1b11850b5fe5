"""Which links a list shows, as its address says it: read, and written again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from urllib.parse import parse_qsl, urlencode

from klink.core.links import LinkQuery
from klink.core.links.filters import is_short, words_of

DEFAULT_SORT = "-created"
_LONGEST = 2_000
"""Characters of an address that a form carries along."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks of the list; '' is nothing.

    :ivar state: one of the core's, or '': all but those in the trash.
    :ivar problem: ``1``: only links with a destination that had a problem.
    """

    q: str = ""
    tag: str = ""
    state: str = ""
    domain: str = ""
    problem: str = ""
    sort: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Asked:
        """What a query says; what it says besides is nothing of ours."""
        return cls(**{name: values.get(name, "").strip() for name in _NAMES})

    @classmethod
    def of_text(cls, text: str) -> Asked:
        """The same, of a query as text: what a form has carried along."""
        return cls.of(dict(parse_qsl(text[:_LONGEST])))

    def query(self, limit: int = 50) -> LinkQuery:
        """The same for the core."""
        return LinkQuery(
            q=self.q,
            tag=self.tag or None,
            state=self.state or None,
            domain=self.domain or None,
            problem=True if self.problem else None,
            sort=self.sort or DEFAULT_SORT,
            cursor=self.cursor or None,
            limit=limit,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether it is not simply the list of all links, or of the trash."""
        return any((self.q, self.tag, self.domain, self.problem, self.state not in ("", "trashed")))

    @property
    def has_short_word(self) -> bool:
        """Whether a word of the search is too short to be looked for everywhere."""
        return any(map(is_short, words_of(self.q)))

    @property
    def is_trash(self) -> bool:
        """Whether it is about the trash."""
        return self.state == "trashed"

    def text(self, **changes: str) -> str:
        """The query of an address, with these changes."""
        asked = replace(self, **changes)
        named = ((name, getattr(asked, name)) for name in _NAMES)
        return urlencode([(name, value) for name, value in named if value])

    def first(self, **changes: str) -> str:
        """The query of the first page with these changes."""
        return self.text(**{"cursor": ""} | changes)

    def sorted_by(self, key: str, down_first: bool) -> str:
        """The query for when the head of a column is clicked: again means the other way."""
        up, down = key, f"-{key}"
        now = self.sort or DEFAULT_SORT
        first, second = (down, up) if down_first else (up, down)
        return self.first(sort=second if now == first else first)

    def way(self, key: str) -> str:
        """How the list is sorted by this: ``ascending``, ``descending``, or ''."""
        now = self.sort or DEFAULT_SORT
        return {key: "ascending", f"-{key}": "descending"}.get(now, "")


_NAMES = tuple(field.name for field in fields(Asked))
