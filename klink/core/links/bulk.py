"""Making many links at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from klink.core.context import Context
from klink.core.errors import KlinkError, ValidationFailed
from klink.core.links.find import views
from klink.core.links.make import Made, make, record
from klink.core.links.model import Created, NewLink
from klink.core.links.prepare import prepare
from klink.core.principal import Principal
from klink.db.connection import DatabaseBusy, lock, savepoint, write

MAX_PASSWORDS = 50
"""Items of one bulk request that may have a password: hashing one takes about 20 ms."""

MAX_PARTS = 5_000
"""Variants, rules and tags that the links of one request may have together."""

_AT_ONCE = 25
"""Links of one transaction, so that others who write need not wait for all of them."""

Outcome = Made | KlinkError


def create_many(
    ctx: Context, who: Principal, many: Sequence[NewLink | KlinkError], *, atomic: bool
) -> list[Created | KlinkError]:
    """Make many links; each item has its own outcome, in order.

    They commit a few at a time, unless they are ``atomic`` or the caller has opened a unit
    of work for all of them.

    :param many: links, or the refusal that an item met before it came here.
    :param atomic: when one item fails none is made; the outcomes are then what each would
        have met, which the caller turns into words.
    :raises DatabaseBusy: when nothing could be written; later, the items that could not
        have it as their outcome.
    """
    who.need("create")
    wanted = prepare_many(many)
    if atomic:
        return _make_all_or_none(ctx, who, wanted)
    outcomes: list[Created | KlinkError] = []
    for start in range(0, len(wanted), _AT_ONCE):
        few = wanted[start : start + _AT_ONCE]
        try:
            outcomes += _make_few(ctx, who, few)
        except DatabaseBusy as error:
            if start == 0:
                raise
            outcomes += [error] * len(few)
    return outcomes


def prepare_many(many: Sequence[NewLink | KlinkError]) -> list[NewLink | KlinkError]:
    """The same items, as ready as :func:`~klink.core.links.prepare.prepare` makes one.

    :raises ValidationFailed: when they have more parts than one request may have.
    """
    links = [new for new in many if isinstance(new, NewLink)]
    parts = sum(len(new.variants) + len(new.rules) + len(new.tags) for new in links)
    if parts > MAX_PARTS:
        text = f"at most {MAX_PARTS} variants, rules and tags in one request; send several"
        raise ValidationFailed({"body": [text]})
    return [prepare(new) if isinstance(new, NewLink) else new for new in _few_passwords(many)]


def _make_all_or_none(
    ctx: Context, who: Principal, wanted: Sequence[NewLink | KlinkError]
) -> list[Created | KlinkError]:
    with write(), savepoint() as whole:
        outcomes = _make_few(ctx, who, wanted)
        if any(isinstance(outcome, KlinkError) for outcome in outcomes):
            whole.rollback()
    return outcomes


def _make_few(
    ctx: Context, who: Principal, wanted: Sequence[NewLink | KlinkError]
) -> list[Created | KlinkError]:
    with write():
        lock("klink:bulk")  # two of them with the same slugs would wait for each other
        outcomes = [_attempt(ctx, who, new) for new in wanted]
        made = [outcome for outcome in outcomes if isinstance(outcome, Made)]
        record(ctx, who, [each.row for each in made if not each.existing])
        shown = iter(views(ctx, [each.row for each in made]))
        return [
            Created(next(shown), outcome.existing) if isinstance(outcome, Made) else outcome
            for outcome in outcomes
        ]


def _attempt(ctx: Context, who: Principal, new: NewLink | KlinkError) -> Outcome:
    if isinstance(new, KlinkError):
        return new
    try:
        with savepoint():
            return make(ctx, who, new, allow_past_expiry=False)
    except DatabaseBusy:
        raise
    except KlinkError as error:
        return error


def _few_passwords(many: Sequence[NewLink | KlinkError]) -> Iterator[NewLink | KlinkError]:
    seen = 0
    for new in many:
        seen += isinstance(new, NewLink) and new.password is not None
        if isinstance(new, NewLink) and new.password is not None and seen > MAX_PASSWORDS:
            text = f"at most {MAX_PASSWORDS} links of one request may have a password"
            yield ValidationFailed({"password": [text]})
        else:
            yield new
