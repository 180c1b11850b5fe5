"""Making links."""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import peewee

from klink.core import audit, changes
from klink.core.context import Changed, Context
from klink.core.errors import DatabaseBusy, KlinkError, SlugTaken, ValidationFailed
from klink.core.links import hosts, quota
from klink.core.links.batch import Batch, Placed, Record
from klink.core.links.draft import Draft, draft
from klink.core.links.hosts import OwnHosts, Place
from klink.core.links.model import Created, NewLink
from klink.core.links.prepare import prepare
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.db.connection import engine, read, savepoint, write
from klink.db.models import BASE_DOMAIN_ID

_TRIES = 10


def create(
    ctx: Context, who: Principal, new: NewLink, *, allow_past_expiry: bool = False
) -> Created:
    """Make a link, or find the one that an ``inpage`` link's post or page has already (U3).

    :raises InsufficientScope: the key may not create.
    :raises ValidationFailed: a field cannot be accepted; SlugReserved is one of these.
    :raises SlugTaken: the domain has the slug already, be it in the trash.
    :raises LinkLimitReached: the plan allows no more active links.
    """
    who.need("create")
    maker = Maker(ctx, who, allow_past_expiry=allow_past_expiry)
    (ready,) = maker.drafts([prepare(new)])
    if isinstance(ready, Refused):
        raise ready.error
    with write():
        (outcome,) = maker.make([ready])
        if isinstance(outcome, KlinkError):
            raise outcome  # and nothing has been written
        return outcome


class Refused(NamedTuple):
    """A link that could not be made as things were when it was checked.

    What is wrong with it may be more by the time it is its turn: it may lead to a link that
    was made just before it.
    """

    new: NewLink
    error: KlinkError


Wanted = Draft | Refused | KlinkError
"""A link that was checked, or the refusal that an item met before it came here."""


class Written(NamedTuple):
    """What became of drafts, in their order, and the batch that they were written with."""

    placed: list[Placed | KlinkError]
    batch: Batch | None

    @property
    def records(self) -> list[Record]:
        """The records of what was made."""
        return self.batch.records if self.batch else []


class Maker:
    """Makes the links of one request."""

    def __init__(self, ctx: Context, who: Principal, *, allow_past_expiry: bool = False) -> None:
        self._ctx = ctx
        self._who = who
        self._own = OwnHosts(ctx, who.workspace_id)
        self._allow_past_expiry = allow_past_expiry

    def drafts(self, wanted: Sequence[NewLink | KlinkError]) -> list[Wanted]:
        """Check links; nothing is written, and no unit of work needs to be open yet.

        Their passwords are hashed already (``prepare``), so that nobody waits for that.
        """
        with read():
            return [self._check(new) if isinstance(new, NewLink) else new for new in wanted]

    def make(self, drafts: Sequence[Wanted]) -> list[Created | KlinkError]:
        """Make what can be made, in the current unit of work; an outcome for each, in order.

        :raises DatabaseBusy: nothing could be written.
        """
        return [outcome for part in self.write(drafts) for outcome in self._shown(part)]

    def write(self, drafts: Sequence[Wanted]) -> list[Written]:
        """The same, with nothing read back; what was written, in order."""
        drafts = _where_domains_are(drafts)
        try:
            with _beside_rivals():
                parts = [self._write(drafts)]
        except peewee.IntegrityError:
            if engine() == "sqlite":
                raise
            # Another transaction has taken a slug since it was looked up.
            parts = [self._write_alone(each) for each in drafts]
        self._record([record for part in parts for record in part.records])
        return parts

    def _write_alone(self, ready: Wanted) -> Written:
        for _ in range(_TRIES):
            try:
                with _beside_rivals():
                    return self._write([ready])
            except peewee.IntegrityError:
                if isinstance(ready, Draft) and ready.slug is not None:
                    return Written([SlugTaken(ready.slug)], None)
        raise RuntimeError(f"no free slug in {_TRIES} tries")

    def _write(self, drafts: Sequence[Wanted]) -> Written:
        batch = Batch(self._ctx, self._who, [each for each in drafts if isinstance(each, Draft)])
        placed = [self.place(batch, each) for each in drafts]
        batch.write()
        return Written(placed, batch)

    def _shown(self, part: Written) -> list[Created | KlinkError]:
        made = part.batch.views() if part.batch else []
        old_rows = [p.row for p in part.placed if isinstance(p, Placed) and p.row]
        old = iter(views(self._ctx, old_rows))
        return [
            Created(next(old) if each.row else made[each.at], each.existing)
            if isinstance(each, Placed)
            else each
            for each in part.placed
        ]

    def place(self, batch: Batch, ready: Wanted) -> Placed | KlinkError:
        """Accept one draft into a batch, or say what it meets; nothing is written."""
        if isinstance(ready, KlinkError):
            return ready
        try:
            # To a slug that is there by now, or made just before it.
            if isinstance(ready, Refused) or ready.leads_home:
                again = self._draft(ready.new, batch.made)
                if isinstance(again, KlinkError):
                    return again
            return ready.error if isinstance(ready, Refused) else batch.place(ready)
        except DatabaseBusy:
            raise
        except KlinkError as error:
            return error

    def _check(self, new: NewLink) -> Wanted:
        ready = self._draft(new, ())
        return Refused(new, ready) if isinstance(ready, KlinkError) else ready

    def _draft(self, new: NewLink, made: Container[Place]) -> Draft | KlinkError:
        try:
            return draft(
                self._ctx,
                self._who,
                new,
                self._own,
                made=made,
                allow_past_expiry=self._allow_past_expiry,
            )
        except DatabaseBusy:
            raise
        except KlinkError as error:
            return error

    def _record(self, records: Sequence[Record]) -> None:
        """Write down that these links were made, and let caches know after the commit."""
        if records:
            details = ((f"link:{r['uid']}", {"slug": r["slug"], "url": r["url"]}) for r in records)
            audit.record_all(self._ctx, self._who, "link.create", details)
            many = [Changed("link", r["id"], r["domain"], r["slug"]) for r in records]
            changes.record_all(self._ctx, many)
            active = sum(r["is_active"] for r in records)
            quota.count(self._who.workspace_id, living=len(records), enabled=active)


def _where_domains_are(drafts: Sequence[Wanted]) -> list[Wanted]:
    """The drafts; a refusal in place of each whose domain was removed since it was checked."""
    ids = {each.domain_id for each in drafts if isinstance(each, Draft)} - {BASE_DOMAIN_ID}
    gone = hosts.gone(ids)
    return [
        ValidationFailed({"domain": [hosts.NOT_YOURS]})
        if isinstance(each, Draft) and each.domain_id in gone
        else each
        for each in drafts
    ]


def _beside_rivals() -> AbstractContextManager[Any]:  # Any: of peewee's own type
    """What can be taken back when another transaction was faster.

    SQLite has one writer, whose look-ups hold, and a savepoint would cost it its FTS cache.
    """
    return nullcontext() if engine() == "sqlite" else savepoint()
