"""Counts a batch of visits inside the database engine, in the caller's transaction.

The visits go in as one JSON text and everything after that is a statement over whole
sets, so a fold hardly holds Python's lock while redirects run beside it. Python is asked
once per distinct User-Agent, network and referrer of a batch.

What counts as what is the contract's ("Counting"). On PostgreSQL several processes fold at
once: the statements always come in the same order, and each takes its rows in the order of
their key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import peewee

from klink.db import fold_statements as sql
from klink.db.connection import Engine, KlinkError, database, engine

MAX_VALUES = 500
"""Values of a dimension that are kept apart per link and day; strangers type referrers."""

OTHER = "other"
"""What stands for the values beyond ``MAX_VALUES``."""

# SQLITE_ERROR (malformed JSON), TOOBIG, CONSTRAINT, MISMATCH, RANGE.
_SQLITE_ABOUT_DATA = frozenset({1, 18, 19, 20, 25})
# Cardinality, data, integrity, syntax or access rule, program limits.
_POSTGRESQL_ABOUT_DATA = frozenset({"21", "22", "23", "42", "54"})


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

    ``agent`` takes a User-Agent and a record's flags, ``country`` a truncated address,
    ``referrer`` the header's text, of which it gives the host.
    """

    agent: Callable[[str, int], AgentFacts]
    country: Callable[[str], str]
    referrer: Callable[[str], str]


class Folded(NamedTuple):
    """How many visits a batch held, and the time (ms) of its latest, 0 when it was empty."""

    visits: int
    latest_at: int


def fold(records_json: str, lookups: Lookups, *, max_values: int = MAX_VALUES) -> Folded:
    """Count visits in every table of counts; part of the current ``write()``.

    Visits of links that are gone are dropped.

    :param records_json: a JSON array of records, each an array of twelve as
        ``klink.clicks.record`` describes it.
    :param max_values: see :data:`MAX_VALUES`.
    :raises peewee.DatabaseError: when a record is none, among others. Then the caller
        must roll back, if only to a savepoint.
    """
    for name, definition in sql.TEMP_TABLES.items():
        _run(sql.CREATE, name=name, definition=_in_words(definition, engine()))
        _run(sql.EMPTY, name=name)
    _run(sql.VISITS, records_json)
    visits, latest_at = _run(sql.COUNT_VISITS).fetchone()
    _look_up(lookups)
    _run(sql.FACTS)
    _run(sql.CLICKS)
    _count_totals(max_values)
    return Folded(visits, latest_at)


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
    agents = [lookups.agent(*pair) for pair in _asked(sql.ASK_AGENTS)]
    _run(sql.TELL_AGENTS, json.dumps(agents))
    countries = [(net, lookups.country(net)) for net in _asked(sql.ASK_NETS)]
    _run(sql.TELL_NETS, json.dumps(countries))
    hosts = [(text, lookups.referrer(text)) for text in _asked(sql.ASK_REFERRERS)]
    _run(sql.TELL_REFERRERS, json.dumps(hosts))


def _asked(question: str) -> list[Any]:  # texts, or pairs of text and number
    (answer,) = _run(question).fetchone()
    return json.loads(answer) if answer else []


def _count_totals(max_values: int) -> None:
    for owner in ("link", "workspace"):
        _run(sql.QUARTERS, owner=owner)
    _find_new_visitors()
    _run(sql.DAYS, owner="link", scope=sql.LINK)
    _run(sql.DAYS, owner="workspace", scope=sql.WORKSPACE)
    _run(sql.VARIANT_DAYS, variant=sql.VARIANT)
    _cap_values(max_values)
    _run(sql.DAYS_BY_VALUE, owner="link", dims=_dims(sql.EVERY_VISIT), condition="true")
    _run(sql.WORKSPACE_DAYS_BY_VALUE)
    for owner in ("link", "workspace"):
        _run(sql.DAYS_BY_VALUE, owner=owner, dims=_dims(sql.SOME_VISITS), condition=sql.HAS_VALUE)
    _run(sql.LINK_TOTALS, ever=sql.EVER)
    _run(sql.VARIANT_TOTALS, variant=sql.VARIANT)


def _dims(numbers: tuple[int, ...]) -> str:
    return ", ".join(f"({number})" for number in numbers)


def _find_new_visitors() -> None:
    """Leave in ``fold_new`` who is new, and remember them."""
    for scope, owner in (
        (sql.LINK, "link"),
        (sql.VARIANT, "variant"),
        (sql.WORKSPACE, "workspace"),
    ):
        _run(sql.CANDIDATES, scope=scope, owner=owner, variant=sql.VARIANT)
    for statement in sql.KEEP_NEW[engine()]:
        _run(statement, **sql.OF_A_DAY)
    _run(sql.CANDIDATES_FOR_EVER, ever=sql.EVER, link=sql.LINK)
    for statement in sql.KEEP_NEW[engine()]:
        _run(statement, **sql.OF_EVER)


def _cap_values(max_values: int) -> None:
    _run(sql.BEYOND, max_values, max_values, OTHER, dims=_dims(sql.CAPPED))
    if _run(sql.COUNT_BEYOND).fetchone() == (0,):
        return
    for dim in sql.CAPPED:
        _run(sql.TAKE_TOGETHER, OTHER, dim=dim, column=sql.DIMENSIONS[dim])


def _run(
    statement: str, /, *parameters: object, **words: object
) -> Any:  # a cursor of either driver
    text = _in_words(statement, engine(), **words)
    return database.execute_sql(text, parameters or None)


@cache
def _in_words(statement: str, bound: Engine, /, **words: object) -> str:
    """The statement in the words of an engine; all of them are constants of ours."""
    return statement.format(**sql.WORDS[bound], **words)
