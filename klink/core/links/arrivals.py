"""Links that come from elsewhere: from another product, a file, another klink.

They pass the rules that every link passes. What they meet is told apart: a place that is free, the
same link (it came before: nothing is done), or another one (a conflict, which is reported and, if
that is wished for, settled in favour of what comes). So whatever was interrupted goes on by being
done again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, ParamSpec, Protocol, TypeVar

from klink.core import audit, slugs
from klink.core.context import Context
from klink.core.errors import Conflict, DatabaseBusy, KlinkError, SlugTaken
from klink.core.links.arrived import Imported, Known, differences, patch_of
from klink.core.links.batch import Batch, Placed
from klink.core.links.change import update
from klink.core.links.draft import Draft
from klink.core.links.hosts import OwnHosts, Place
from klink.core.links.make import Maker, Wanted
from klink.core.links.model import NewLink
from klink.core.links.prepare import prepare
from klink.core.links.views import Columns, records, views_of
from klink.core.principal import Principal
from klink.db import rows
from klink.db.connection import lock, read, savepoint, write

P = ParamSpec("P")
T = TypeVar("T")

MAX_CLICKS = 2**53
"""The most clicks that a link may bring: what every reader of JSON can tell exactly."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A link that comes from elsewhere.

    :param new: with a slug.
    :param given: fields of ``new`` that the source speaks of; only they are compared with a link
        that is there already.
    :param created_at: when it was made there; None is now.
    :param clicks: people that it has forwarded until now; None: the source does not say.
    :param is_ours: the clicks are a klink's, and those that this one has counted may be of them.
    """

    new: NewLink
    given: frozenset[str]
    created_at: datetime | None = None
    clicks: int | None = None
    is_ours: bool = False


class Outcome(StrEnum):
    """What became of a link that came."""

    MADE = "made"
    THERE = "there"
    UPDATED = "updated"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Arrived(NamedTuple):
    """What became of one, and why, or how it differs from the one that is there."""

    outcome: Outcome
    reason: str = ""


class Trial(Protocol):
    """What a trial would have made: places, each with what tells two links apart."""

    def __contains__(self, place: object, /) -> bool: ...

    def add(self, place: Place, /) -> None:
        """Add a place."""

    def told(self, place: Place, /) -> str | None:
        """What was said of a place by :meth:`tell`."""

    def tell(self, place: Place, told: str, /) -> None:
        """Say what the link of a place is like."""


class Arrivals:
    """Takes links in, some at a time.

    :param is_updating: what is there and differs becomes like what comes.
    :param trial: nothing is written, and what would be made is kept here.
    """

    def __init__(
        self, ctx: Context, who: Principal, *, is_updating: bool = False, trial: Trial | None = None
    ) -> None:
        who.need("create")
        if is_updating:
            who.need("update")
        self._ctx = ctx
        self._who = who
        self._is_updating = is_updating
        self._trial = trial
        self._active = 0  # what a trial would have made and the plan counts

    def take(self, many: Sequence[Arrival]) -> list[Arrived]:
        """Make them, or find them there; an outcome for each, in order.

        One unit of work makes what is made, so they are to be few enough (some hundreds).

        :raises DatabaseBusy: for those that follow too; what was done by then stays.
        """
        found: dict[int, Arrived] = {}
        for few in self._rounds(many, found):
            self._take(few, found)
        return [found[i] for i in range(len(many))]

    def _rounds(self, many: Sequence[Arrival], found: dict[int, Arrived]) -> Iterator[list[_Guest]]:
        """Those that may be made together: of one place one."""
        own = OwnHosts(self._ctx, self._who.workspace_id)
        left: list[_Guest] = []
        with read():
            for i, each in enumerate(many):
                place = self._guarded(self._place_of, own, each.new)
                if isinstance(place, Arrived):
                    found[i] = place
                else:
                    left.append(_Guest(i, each, place))
        while left:
            now = {guest.place: guest for guest in reversed(left)}
            yield [guest for guest in left if now[guest.place] is guest]
            left = [guest for guest in left if now[guest.place] is not guest]

    def _place_of(self, own: OwnHosts, new: NewLink) -> Place:
        if not new.slug:
            raise Conflict("it has no slug")
        slugs.check_custom(new.slug)  # before a database is asked, which takes no NUL
        workspace_id = self._who.workspace_id
        if new.domain is None:
            return own.default(workspace_id), new.slug
        return own.named(self._ctx, workspace_id, new.domain), new.slug

    def _take(self, guests: Sequence[_Guest], found: dict[int, Arrived]) -> None:
        there = self._there([guest.place for guest in guests])
        coming = []
        for guest in guests:
            told = self._trial.told(guest.place) if self._trial else None
            if told is not None:
                found[guest.i] = self._met_in_trial(guest, told)
            elif (known := there.get(guest.place)) is not None:
                found[guest.i] = self._meet(guest, known)
            else:
                coming.append(guest)
        if coming:
            self._make(coming, found)

    def _there(self, places: Sequence[Place]) -> dict[Place, Known]:
        """The links that have these places."""
        by_domain: dict[int, list[str]] = {}
        for domain_id, slug in places:
            by_domain.setdefault(domain_id, []).append(slug)
        with read():
            found: list[Columns] = []
            for domain_id, asked in by_domain.items():
                condition, value = rows.among("slug", asked)
                found += records(f"WHERE domain_id = ? AND {condition}", domain_id, value)
            if not found:
                return {}
            clicks = _clicks_of([record["id"] for record in found])
            shown = views_of(self._ctx, found)
        return {
            (record["domain"], record["slug"]): Known(
                view, record["password_hash"], clicks.get(view.id, Imported(0, 0))
            )
            for record, view in zip(found, shown, strict=True)
        }

    # --- One that is there -------------------------------------------------------------

    def _meet(self, guest: _Guest, known: Known) -> Arrived:
        if known.view.workspace_id != self._who.workspace_id:
            return Arrived(Outcome.CONFLICT, "another workspace has this slug")
        if known.view.deleted_at is not None:
            return Arrived(
                Outcome.CONFLICT, "a link in the trash has this slug; restore it or purge it"
            )
        came = guest.came
        apart = differences(known, came.new, sorted(came.given))
        more = _more_clicks(came, known.clicks)
        told = list(apart.values())
        if more:
            told.append(f"clicks: {known.clicks.all} here, {came.clicks} there")
        if not told:
            return Arrived(Outcome.THERE)
        if self._is_updating:
            refused = self._guarded(self._update, came, known, list(apart), more)
            if refused is not None:
                return refused
        outcome = Outcome.UPDATED if self._is_updating else Outcome.CONFLICT
        return Arrived(outcome, "; ".join(told))

    def _update(self, came: Arrival, known: Known, apart: list[str], more: int) -> None:
        patch = patch_of(came.new, came.given, apart)
        if self._trial is not None:
            (ready,) = self._drafts([came.new])
            if isinstance(ready, KlinkError):
                raise ready
            return
        with write(), savepoint():
            if apart:
                update(self._ctx, self._who, known.view.uid, patch, allow_past_expiry=True)
            if more:
                self._add_clicks(known, more)

    def _add_clicks(self, known: Known, more: int) -> None:
        rows.run(
            "UPDATE link_totals SET clicks = clicks + ?, views = views + ?, "
            "imported = imported + ?, summed_visits = summed_visits + ? WHERE link_id = ?",
            *[more] * 4,
            known.view.id,
        )
        details: dict[str, object] = {"imported_clicks": known.clicks.imported + more}
        audit.record(self._ctx, self._who, "link.update", f"link:{known.view.uid}", details)

    def _met_in_trial(self, guest: _Guest, told: str) -> Arrived:
        if told == _told(guest.came):
            return Arrived(Outcome.THERE)
        reason = "an earlier row of this source has this slug, and differs"
        return Arrived(Outcome.UPDATED if self._is_updating else Outcome.CONFLICT, reason)

    # --- One that is new ---------------------------------------------------------------

    def _make(self, guests: Sequence[_Guest], found: dict[int, Arrived]) -> None:
        maker = Maker(self._ctx, self._who, allow_past_expiry=True)
        drafts = maker.drafts([prepare(guest.came.new) for guest in guests])
        for guest, ready in zip(guests, drafts, strict=True):
            if isinstance(ready, Draft):
                _settle(self._ctx, ready, guest.came)
        placed = self._try(maker, guests, drafts) if self._trial else _write(maker, drafts)
        for guest, each in zip(guests, placed, strict=True):
            found[guest.i] = _outcome(each)

    def _try(
        self, maker: Maker, guests: Sequence[_Guest], drafts: Sequence[Wanted]
    ) -> list[Placed | KlinkError]:
        assert self._trial is not None
        with read():
            accepted = [each for each in drafts if isinstance(each, Draft)]
            batch = Batch(self._ctx, self._who, accepted, made=self._trial, active=self._active)
            placed = [maker.place(batch, each) for each in drafts]
        self._active = batch.active
        for guest, each in zip(guests, placed, strict=True):
            if isinstance(each, Placed) and not each.existing:
                self._trial.tell(guest.place, _told(guest.came))
        return placed

    def _drafts(self, many: Sequence[NewLink]) -> list[Draft | KlinkError]:
        """The links, checked as they would be if nothing had their place."""
        maker = Maker(self._ctx, self._who, allow_past_expiry=True)
        found = maker.drafts([replace(new, password=None) for new in many])
        return [each if isinstance(each, Draft | KlinkError) else each.error for each in found]

    @staticmethod
    def _guarded(do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Arrived:
        """What ``do`` gives, or its refusal as an outcome."""
        try:
            return do(*args, **kwargs)
        except DatabaseBusy:
            raise
        except KlinkError as error:
            return _outcome(error)


class _Guest(NamedTuple):
    """One of those that came together."""

    i: int
    came: Arrival
    place: Place


def _write(maker: Maker, drafts: Sequence[Wanted]) -> list[Placed | KlinkError]:
    with write():
        lock("klink:bulk")  # as for all who make many
        return [each for part in maker.write(drafts) for each in part.placed]


def _settle(ctx: Context, ready: Draft, came: Arrival) -> None:
    """Give a draft what nobody who makes a link may choose."""
    if came.created_at is not None:
        ready.columns["created_at"] = min(came.created_at, ctx.now)
    ready.imported = min(max(came.clicks or 0, 0), MAX_CLICKS)


def _outcome(each: Placed | KlinkError) -> Arrived:
    match each:
        case Placed(existing=True):
            return Arrived(Outcome.CONFLICT, "its post or page has an active link already")
        case Placed():
            return Arrived(Outcome.MADE)
        case SlugTaken():
            return Arrived(Outcome.CONFLICT, str(each))
        case _:
            return Arrived(Outcome.REFUSED, str(each))


def _more_clicks(came: Arrival, known: Imported) -> int:
    """How many clicks the one that is there lacks; never fewer than none."""
    if came.clicks is None:
        return 0
    most = known.all if came.is_ours else known.imported
    return max(0, min(came.clicks, MAX_CLICKS) - most)


def _clicks_of(ids: Sequence[int]) -> dict[int, Imported]:
    condition, value = rows.among("link_id", ids)
    sql = f"SELECT link_id, clicks, imported FROM link_totals WHERE {condition}"  # noqa: S608 - own
    return {link_id: Imported(*counted) for link_id, *counted in rows.all_of(sql, value)}


def _told(came: Arrival) -> str:
    """What tells a link from another one of its place."""
    new = came.new
    values = [(name, getattr(new, name)) for name in sorted(came.given)]
    return hashlib.sha256(repr((values, came.clicks)).encode("utf-8", "replace")).hexdigest()
