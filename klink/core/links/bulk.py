"""Making many links at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from klink.core.context import Context
from klink.core.errors import KlinkError, ValidationFailed
from klink.core.links.make import Maker, Wanted
from klink.core.links.model import Created, NewLink
from klink.core.links.prepare import prepare
from klink.core.principal import Principal
from klink.db.connection import DatabaseBusy, in_write, lock, savepoint, write

MAX_PASSWORDS = 50
"""Items of one bulk request that may have a password: hashing one takes about 20 ms."""

MAX_PARTS = 5_000
"""Variants, rules and tags that the links of one request may have together."""

_AT_ONCE = 250
"""Links of one transaction, so that others who write need not wait for all of them."""


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
    maker = Maker(ctx, who)
    drafts = maker.drafts(prepare_many(many))
    if atomic:
        return _make_all_or_none(maker, drafts)
    outcomes: list[Created | KlinkError] = []
    at_once = len(drafts) if in_write() else _AT_ONCE
    for start in range(0, len(drafts), at_once or 1):
        few = drafts[start : start + at_once]
        try:
            outcomes += _make_few(maker, few)
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


def _make_all_or_none(maker: Maker, drafts: Sequence[Wanted]) -> list[Created | KlinkError]:
    with write(), savepoint() as whole:
        outcomes = _make_few(maker, drafts)
        if any(isinstance(outcome, KlinkError) for outcome in outcomes):
            whole.rollback()
    return outcomes


def _make_few(maker: Maker, drafts: Sequence[Wanted]) -> list[Created | KlinkError]:
    with write():
        lock("klink:bulk")  # two of them with the same slugs would wait for each other
        return maker.make(drafts)


def _few_passwords(many: Sequence[NewLink | KlinkError]) -> Iterator[NewLink | KlinkError]:
    seen = 0
    for new in many:
        seen += isinstance(new, NewLink) and new.password is not None
        if isinstance(new, NewLink) and new.password is not None and seen > MAX_PASSWORDS:
            text = f"at most {MAX_PASSWORDS} links of one request may have a password"
            yield ValidationFailed({"password": [text]})
        else:
            yield new
