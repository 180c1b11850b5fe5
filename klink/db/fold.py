"""Counts a batch of visits inside the database engine.

The visits go in as one JSON text and everything after that is a statement over whole
sets, so a fold hardly holds Python's lock while redirects run beside it. Python is asked
once per distinct User-Agent, network and referrer of a batch.

It has two halves. :func:`load` and :func:`prepare` make facts in tables of this connection's
own: they need no transaction, so that who wants to write need not wait for them.
:func:`count` writes, in the caller's transaction.

What counts as what is the contract's ("Counting"). On PostgreSQL several processes fold at
once: the statements always come in the same order, and each takes its rows in the order of
their key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

import peewee

from klink.db import fold_counts as counts
from klink.db import fold_statements as sql
from klink.db import fortnights
from klink.db.connection import Engine, KlinkError, database, engine

MAX_VALUES = 500
"""Values of a dimension that are kept apart per link and day; strangers type referrers."""

OTHER = "other"
"""What stands for the values beyond ``MAX_VALUES``."""

SUM_FROM = 1_000
"""Visits after which a link's days are added up, so that all time is read from few rows.

Links with fewer are no more rows to read than that, and most links never have as many.
"""

_DAY_MS = 86_400_000
_SUMS_A_FOLD = 4  # links; each is a day or two of one link as a rule

# SQLITE_ERROR (malformed JSON), TOOBIG, CONSTRAINT, MISMATCH, RANGE.
_SQLITE_ABOUT_DATA = frozenset({1, 18, 19, 20, 25})
# Cardinality, data, integrity, syntax or access rule, program limits.
_POSTGRESQL_ABOUT_DATA = frozenset({"21", "22", "23", "42", "54"})


# A commit that copies its pages into the file would do so with the lock held, and that is a
# third of a fold: see `checkpoint`. The pages that a batch touches fit into the cache, or they
# would be written twice.
_SETTINGS: dict[Engine, tuple[str, ...]] = {
    "sqlite": ("PRAGMA wal_autocheckpoint = 0", "PRAGMA cache_size = -32768"),
    "postgresql": (),
}


class AgentFacts(NamedTuple):
    """What a User-Agent and the flags of a visit say about it."""

    user_agent: str
    flags: int
    kind: int
    reason: str
    is_click: int
    is_view: int
    device: str
    browser: str
    os: str


class Lookups(NamedTuple):
    """What the fold asks about the distinct values of a batch.

    ``agent`` takes a User-Agent and those flags of a record that tell its kind
    (:data:`klink.db.fold_statements.KIND_FLAGS`), ``country`` a truncated address,
    ``referrer`` the header's text, of which it gives the host.
    """

    agent: Callable[[str, int], AgentFacts]
    country: Callable[[str], str]
    referrer: Callable[[str], str]


class Folded(NamedTuple):
    """How many visits a batch held, and the time (ms) of its latest, 0 when it was empty."""

    visits: int
    latest_at: int


class Part(NamedTuple):
    """The visits of a batch to links with an id from ``first`` to before ``end``.

    What a link's visits touch, only their part touches; and what neighbours touch lies
    together.
    """

    first: int
    end: int


_MAX_ID = 2**63 - 1

WHOLE = Part(0, _MAX_ID)
"""Every visit to a link that may exist."""


def fold(
    records_json: str,
    lookups: Lookups,
    *,
    max_values: int = MAX_VALUES,
    sum_from: int = SUM_FROM,
) -> Folded:
    """Count visits in every table of counts; part of the current ``write()``.

    :func:`load`, :func:`prepare` and :func:`count` in one, with their parameters and errors.
    """
    folded = load(records_json, lookups)
    prepare(WHOLE)
    count(WHOLE, folded, max_values=max_values, sum_from=sum_from)
    return folded


def load(records_json: str, lookups: Lookups) -> Folded:
    """Take in a batch, on this thread's connection; changes nothing that others see.

    Best outside of ``write()``, so that nobody waits for it.

    :param records_json: a JSON array of records, each an array of twelve as
        ``klink.clicks.record`` describes it.
    :raises peewee.DatabaseError: when a record is none, among others. Inside of ``write()``
        the caller must then roll back, if only to a savepoint.
    """
    if not _is_any(sql.ARE_THERE):
        _begin_connection()
    _empty(sql.VISIT_TABLES)
    _run(sql.VISITS, records_json)
    folded = Folded(*_run(sql.COUNT_VISITS).fetchone())
    _look_up(lookups)
    return folded


def part_from(first: int, visits: int) -> Part:
    """The part of what was loaded last that begins with a link's id.

    :param visits: as many it holds, or fewer if no more are left; but never only some of a
        link's.
    """
    last = _run(sql.LINK_AFTER, first, visits - 1).fetchone()
    return Part(first, _MAX_ID if last is None else min(last[0] + 1, _MAX_ID))


def prepare(part: Part) -> None:
    """Find out what is to be counted of what was loaded last; like :func:`load` otherwise.

    Visits of links that are gone are dropped.
    """
    _empty(sql.FACT_TABLES)
    _run(sql.FACTS, part.first, part.end, mark=sql.MARK, kind_flags=sql.KIND_FLAGS)
    _look_over("fold_facts")
    for statement in (
        sql.TARGETS,
        sql.QUARTERS_OF_FACTS,
        sql.VARIANT_DAYS_OF_FACTS,
        sql.MARKED,
        sql.SEEN,
        sql.SEEN_FIRST,
        sql.WORKSPACE_SEEN,
        sql.HOW_MANY_VALUES,
    ):
        _run(statement)
    _find_workspace_values()


def count(
    part: Part, folded: Folded, *, max_values: int = MAX_VALUES, sum_from: int = SUM_FROM
) -> None:
    """Write down what was prepared last, in every table of counts; part of ``write()``.

    :param part: the one that was prepared.
    :param folded: what :func:`load` gave.
    :param max_values: see :data:`MAX_VALUES`.
    :param sum_from: see :data:`SUM_FROM`.
    :raises peewee.DatabaseError: as for :func:`load`.
    """
    if _is_any(sql.ARE_STALE):  # a link was purged or its variants replaced meanwhile
        prepare(part)
    _find_new_visitors()
    _run(counts.LINK_TOTALS, ever=counts.EVER)  # the first: see fold_counts.LATE
    _run(counts.VARIANT_TOTALS, variant=counts.VARIANT)
    _run(counts.CLICKS)
    if _is_any(sql.ARE_MARKED):
        _run(counts.VISITOR_CLICKS)
        _run(counts.EXPOSURES, exposed=sql.EXPOSED)
    for owner in ("link", "workspace"):
        _run(counts.QUARTERS, owner=owner)
    _run(counts.LATE)
    if is_late := _is_any(counts.ARE_SUMS):
        _run(counts.ADD_UP, sign="-")
    _count_days(max_values)
    if is_late:
        _run(counts.ADD_UP, sign="+")
    _add_up_days(folded, sum_from)


def counted_kinds() -> dict[int, int]:
    """How many visits of each kind the part held that was counted last."""
    return {int(kind): int(many) for kind, many in _run(sql.KINDS).fetchall()}


def clicked_minutes(since_ms: int) -> list[tuple[int, int, int]]:
    """The clicks since a time (ms), of the part that was counted last.

    :returns: workspace, minute since 1970, and how many.
    """
    found: list[tuple[int, int, int]] = _run(sql.CLICKED_MINUTES, since_ms).fetchall()
    return found


def checkpoint() -> None:
    """Copy what folds have written from SQLite's log into its file; waits for nobody.

    Readers and writers go on meanwhile. To be called after ``write()``.
    """
    if engine() == "sqlite":
        _run("PRAGMA wal_checkpoint(PASSIVE)")


def is_about_data(error: BaseException) -> bool:
    """Whether a failed fold is the fault of a record, not of the database's state.

    What the drivers say decides, however deep it lies, and every one of them must say so:
    a full disk ends the transaction, and then the rollback fails as well. Python's own
    errors are about data, but for those of the operating system.
    """
    verdicts: list[bool] = []
    cause: BaseException | None = error
    while cause is not None:
        if code := getattr(cause, "sqlite_errorcode", None):
            verdicts.append(code & 0xFF in _SQLITE_ABOUT_DATA)
        elif state := getattr(cause, "sqlstate", None):
            verdicts.append(state[:2] in _POSTGRESQL_ABOUT_DATA)
        cause = cause.__cause__ or cause.__context__
    if verdicts:
        return all(verdicts)
    if isinstance(error, peewee.DataError):  # the driver refused a value by itself
        return True
    return not isinstance(error, KlinkError | peewee.PeeweeException | OSError)


def _look_up(lookups: Lookups) -> None:
    agents = [lookups.agent(*pair) for pair in _asked(sql.ASK_AGENTS, kind_flags=sql.KIND_FLAGS)]
    _run(sql.TELL_AGENTS, json.dumps(agents))
    countries = [(net, lookups.country(net)) for net in _asked(sql.ASK_NETS)]
    _run(sql.TELL_NETS, json.dumps(countries))
    hosts = [(text, lookups.referrer(text)) for text in _asked(sql.ASK_REFERRERS)]
    _run(sql.TELL_REFERRERS, json.dumps(hosts))


def _asked(question: str, /, **words: object) -> list[Any]:  # texts, or pairs with a number
    (answer,) = _run(question, **words).fetchone()
    return json.loads(answer) if answer else []


def _begin_connection() -> None:
    for setting in _SETTINGS[engine()]:
        _run(setting)
    for name, definition in (sql.VISIT_TABLES | sql.FACT_TABLES).items():
        _run(sql.CREATE, name=name, definition=_in_words(definition, engine()))
    _run(sql.BY_LINK)


def _empty(tables: Iterable[str]) -> None:
    if engine() == "postgresql":  # takes all of them at once
        _run(sql.EMPTY, name=", ".join(tables))
        return
    for name in tables:
        _run(sql.EMPTY, name=name)


def _look_over(table: str) -> None:
    """Let PostgreSQL know how large a table of ours has become.

    Nobody else looks at a temporary one, and it takes what it does not know for small: 20,000
    values beyond the cap were compared with as many visits, each with each, for a minute.
    """
    if engine() == "postgresql":
        _run(sql.LOOK_OVER, name=table)


def _find_workspace_values() -> None:
    _run(sql.WORKSPACE_VALUES)
    _run(sql.WORKSPACE_SOME_VALUES, dims=_dims(sql.SOME_VISITS), condition=sql.HAS_VALUE)


def _find_new_visitors() -> None:
    """Leave in ``fold_new`` how many are new to what, and remember them."""
    keep_new = counts.KEEP_NEW[engine()]
    for statement in keep_new:
        _run(statement, **counts.FOR_EVER)
    _run(counts.AGAIN)
    for found in (counts.ON_A_DAY, counts.IN_A_WORKSPACE):
        for statement in keep_new:
            _run(statement, **found)
    _run(
        counts.NEW,
        link=counts.LINK,
        variant=counts.VARIANT,
        workspace=counts.WORKSPACE,
        ever=counts.EVER,
    )


def _count_days(max_values: int) -> None:
    _run(counts.DAYS, owner="link", scope=counts.LINK)
    _run(counts.DAYS, owner="workspace", scope=counts.WORKSPACE)
    _run(counts.VARIANT_DAYS, variant=counts.VARIANT)
    _cap_values(max_values)
    _run(counts.DAYS_BY_VALUE, dims=_dims(sql.EVERY_VISIT), condition="true")
    _run(counts.DAYS_BY_VALUE, dims=_dims(sql.SOME_VISITS), condition=sql.HAS_VALUE)
    _run(counts.WORKSPACE_DAYS_BY_VALUE)
    _run(counts.FORTNIGHTS, fortnight=fortnights.DAYS)


def _dims(numbers: Iterable[int]) -> str:
    return ", ".join(f"({number})" for number in numbers)


def _cap_values(max_values: int) -> None:
    _run(counts.TIGHT, max_values, OTHER, max_values, max_values)
    _run(counts.BEYOND)
    if not _is_any(counts.ARE_BEYOND):
        return
    _look_over("fold_beyond")
    for dim in sql.CAPPED:
        _run(counts.TAKE_TOGETHER, OTHER, dim=dim, column=sql.DIMENSIONS[dim])
    _run(sql.EMPTY, name="fold_workspace_values")
    _find_workspace_values()


def _add_up_days(folded: Folded, sum_from: int) -> None:
    """Add up the days that are over, all but the last: some clicks come late.

    Those of busy links, and a day of the workspace that is most behind.
    """
    end_day = folded.latest_at // _DAY_MS - 1
    if due := _run(counts.DUE_WORKSPACE, end_day).fetchone():
        workspace_id, summed_to_day = due
        fortnights.add_up(workspace_id, summed_to_day, end_day)
    _run(sql.EMPTY, name="fold_sums")
    _run(counts.DUE, end_day, end_day, sum_from, _SUMS_A_FOLD)
    if _is_any(counts.ARE_SUMS):
        _run(counts.ADD_UP, sign="+")
        _run(counts.SUMMED)


def _is_any(question: str) -> bool:
    return bool(_run(question).fetchone()[0])


def _run(
    statement: str, /, *parameters: object, **words: object
) -> Any:  # a cursor of either driver
    text = _in_words(statement, engine(), **words)
    return database.execute_sql(text, parameters or None)


@cache
def _in_words(statement: str, bound: Engine, /, **words: object) -> str:
    """The statement in the words of an engine; all of them are constants of ours."""
    return statement.format(**sql.WORDS[bound], **words)
