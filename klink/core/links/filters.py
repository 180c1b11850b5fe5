"""What a list asks of links, as SQL; and from which side the links that fit can be reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from klink.core.context import Context
from klink.core.links.model import LinkQuery
from klink.core.times import to_ms
from klink.db import rows, search_index
from klink.db.connection import engine
from klink.db.models import BASE_DOMAIN_ID


@dataclass(frozen=True, slots=True)
class Part:
    """A condition, with a ``?`` for each of its values."""

    sql: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """An index that leads to the links for which one of the filters may hold.

    :ivar table: where it is.
    :ivar key: the column with a link's number.
    :ivar is_ordered: whether it is an index in the order of those numbers.
    :ivar is_followed: whether it can be followed in that order at all; else only whether it leads
        to few links can be asked of it.
    :ivar is_exact: it leads to just those links for which the filter holds, and to ask it about
        one costs less than to read the link.
    :ivar dear_for: it costs much to follow for what many links have, and this is it.
    """

    table: str
    key: str
    where: Part
    is_ordered: bool = True
    is_followed: bool = True
    is_exact: bool = False
    dear_for: Part | None = None

    def numbers(self, many: int, *, down: bool, beyond: int | None) -> list[int]:
        """Numbers of links in their order, at most this many, from ``beyond`` on.

        Of one that is not followed: all of them if they are fewer, else any.
        """
        if not self.is_followed:
            few = f"SELECT {self.key} FROM {self.table} WHERE {self.where.sql} LIMIT ?"  # noqa: S608 - own names
            numbers = [number for (number,) in rows.all_of(few, *self.where.values, many)]
            return sorted(numbers, reverse=down)
        sql, values = self.where.sql, self.where.values
        if beyond is not None:
            sql, values = f"{sql} AND {self.key} {'<' if down else '>'} ?", (*values, beyond)
        # Else the database would rather follow the order and compare link by link.
        order = self.key if self.is_ordered else f"{self.key} + 0"
        found = rows.all_of(
            f"SELECT {self.key} FROM {self.table} WHERE {sql} "  # noqa: S608 - own names
            f"ORDER BY {order} {'DESC' if down else 'ASC'} LIMIT ?",
            *values,
            many,
        )
        return [number for (number,) in found]

    def among(self, numbers: Sequence[int]) -> list[int]:
        """Those of these links that it leads to, in any order."""
        condition, value = rows.among(self.key, numbers)
        sql = f"SELECT {self.key} FROM {self.table} WHERE {self.where.sql} AND {condition}"  # noqa: S608 - own names
        return [number for (number,) in rows.all_of(sql, *self.where.values, value)]


@dataclass(frozen=True, slots=True)
class Filters:
    """All that a list asks.

    :ivar is_trash: whether it is about links in the trash, or all others: every index holds one
        of the two.
    :ivar rest: what else must hold of each link.
    :ivar sources: ways to the links, for lists in whose order too few of them lie.
    """

    workspace_id: int
    is_trash: bool
    rest: tuple[Part, ...]
    sources: tuple[Source, ...]

    @property
    def place(self) -> str:
        """The condition that a link is in the trash, or is not."""
        return f"deleted_at IS {'NOT ' if self.is_trash else ''}NULL"


def filters(ctx: Context, workspace_id: int, query: LinkQuery) -> Filters:
    """The query's filters; it has been checked."""
    rest: list[Part] = []
    sources: list[Source] = []
    # First, as they lead to fewest in most cases.
    _by_words(workspace_id, query, rest, sources)
    _by_state(ctx, workspace_id, query.state, rest, sources)
    if query.tag is not None:
        tagged = "SELECT 1 FROM link_tags t WHERE t.link_id = links.id AND t.tag = ?"
        rest.append(Part(f"EXISTS ({tagged})", (query.tag,)))
        where = Part("workspace_id = ? AND tag = ?", (workspace_id, query.tag))
        sources.append(Source("link_tags", "link_id", where, is_exact=True))
    if query.domain is not None:
        _by_domain(ctx, query.domain.lower(), rest, sources)
    if query.problem is not None:
        _by_problem(workspace_id, rest, sources, wanted=query.problem)
    return Filters(workspace_id, query.state == "trashed", tuple(rest), tuple(sources))


def words_of(q: str) -> list[str]:
    """The different words of a question."""
    return list(dict.fromkeys(q.split()))


def is_short(word: str) -> bool:
    """Whether a word is too short to be looked for but where slugs begin."""
    return len(word) < search_index.WORD


def _by_state(
    ctx: Context, workspace_id: int, state: str | None, rest: list[Part], sources: list[Source]
) -> None:
    now_ms = to_ms(ctx.now)
    if state == "active":
        living = "is_active AND quarantined_at IS NULL"
        rest.append(Part(f"{living} AND (expires_at IS NULL OR expires_at > ?)", (now_ms,)))
        return
    found = {
        "trashed": Part("deleted_at IS NOT NULL"),
        "inactive": Part("deleted_at IS NULL AND NOT is_active"),
        "expired": Part("deleted_at IS NULL AND expires_at <= ?", (now_ms,)),
        "quarantined": Part("deleted_at IS NULL AND quarantined_at IS NOT NULL"),
    }.get(state or "")
    if found is not None:
        rest.append(Part(found.sql.replace("expires_at <=", "expires_at + 0 <="), found.values))
        where = Part(f"workspace_id = ? AND {found.sql}", (workspace_id, *found.values))
        # The index of expiries has them in the order of the expiries.
        sources.append(Source("links", "id", where, is_followed=state != "expired"))


def _by_problem(
    workspace_id: int, rest: list[Part], sources: list[Source], *, wanted: bool
) -> None:
    met = "SELECT 1 FROM destination_checks c WHERE c.link_id = links.id AND c.problem IS NOT NULL"
    rest.append(Part(f"{'' if wanted else 'NOT '}EXISTS ({met})"))
    if wanted:
        where = Part("workspace_id = ? AND problem IS NOT NULL", (workspace_id,))
        sources.append(Source("destination_checks", "link_id", where, is_exact=True))


def _by_domain(ctx: Context, host: str, rest: list[Part], sources: list[Source]) -> None:
    if host == ctx.settings.base_host:
        rest.append(Part(_ON_DOMAIN, (BASE_DOMAIN_ID,)))
        return
    row = rows.one("SELECT id FROM domains WHERE host = ?", host)
    number = None if row is None else row[0]
    rest.append(Part(_ON_DOMAIN, (number,)))
    where = Part("domain_id = ?", (number,))
    sources.append(Source("links", "id", where, is_followed=False))  # its index is one of slugs


# In what else must hold of each link a "+ 0" keeps the database from going through an index of
# that instead of the few links that it is asked about.
_ON_DOMAIN = "domain_id + 0 = ?"


def _by_words(workspace_id: int, query: LinkQuery, rest: list[Part], sources: list[Source]) -> None:
    words = words_of(query.q)
    long = [word for word in words if not is_short(word)]
    short = [word for word in words if is_short(word)]
    like = "LIKE" if engine() == "sqlite" else "ILIKE"
    either = " OR ".join(f"{c} {like} ? ESCAPE '\\'" for c in ("slug", "title", "url"))
    asked = [Part(f"({either})", (f"%{_escaped(word)}%",) * 3) for word in long]
    begins = f"slug {like} ? ESCAPE '\\'"
    asked += [Part(begins, (f"{_escaped(word)}%",)) for word in short]
    rest += asked
    if not words:
        return
    if engine() == "sqlite":
        if short and query.state != "trashed":  # the index of slugs holds none of those
            sources.append(_slugs_from(workspace_id, short[0]))
        if long and search_index.exists():
            where = Part("link_words MATCH ?", (search_index.question(workspace_id, long),))
            sources.append(Source("link_words", "rowid", where))
    elif search_index.exists():
        patterns = [f"%{_escaped(word)}%" for word in long]
        patterns += [f"{_escaped(word)}%" for word in short]  # the text begins with the slug
        each = " AND ".join([f"{search_index.TEXT} ILIKE ?"] * len(patterns))
        where = Part(f"({each})", tuple(patterns))
        # A bitmap of all links that have the words is made before the first is given.
        dear = Part(
            " AND ".join(part.sql for part in asked),
            tuple(value for part in asked for value in part.values),
        )
        sources.append(Source("links", "id", where, is_ordered=False, dear_for=dear))


def _slugs_from(workspace_id: int, word: str) -> Source:
    """The slugs that begin with a short word, in either case: as ranges of their index."""
    spelled = {"".join(chars) for chars in product(*((c.lower(), c.upper()) for c in word))}
    ranges = [(text, text[:-1] + chr(ord(text[-1]) + 1)) for text in sorted(spelled)]
    # Whole in each branch, or SQLite would not take the ranges from the index.
    branch = "(workspace_id = ? AND deleted_at IS NULL AND slug >= ? AND slug < ?)"
    values = [value for start, end in ranges for value in (workspace_id, start, end)]
    where = Part(f"({' OR '.join([branch] * len(ranges))})", tuple(values))
    return Source("links", "id", where, is_followed=False)


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
