"""The links on a bio page: which, in which order, and under which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from klink.core import audit
from klink.core.bio.changing import held_row, store
from klink.core.bio.model import MAX_LABEL, MAX_LINKS, BioPageView, PlacedLink
from klink.core.bio.reading import view_of
from klink.core.context import Context
from klink.core.errors import Gone, NotFound, ValidationFailed
from klink.core.links.find import locked_row, row_of
from klink.core.principal import Principal
from klink.core.problems import Problems, text_problem
from klink.db import rows
from klink.db.connection import write
from klink.db.models import BioLink

__all__ = ["add", "label", "move", "place", "remove"]

_Places = Sequence[PlacedLink]


def place(
    ctx: Context,
    who: Principal,
    name: str,
    wanted: _Places,
    *,
    if_version: int | None = None,
) -> BioPageView:
    """Let these links, and no others, stand on a page, in this order.

    :raises InsufficientScope: who asks may not.
    :raises NotFound: the workspace has no page of this name.
    :raises PreconditionFailed: the page has another version by now.
    :raises ValidationFailed: on ``links``: too many, one twice, one that the workspace does not
        have or that is in the trash, or a label.
    """
    return _change(ctx, who, name, lambda _: wanted, if_version)


def add(ctx: Context, who: Principal, name: str, uid: str, text: str | None = None) -> BioPageView:
    """Put a link at the end of a page.

    :param text: what is read there; None: the link's title.
    :raises InsufficientScope: who asks may not.
    :raises NotFound: the workspace has no such page, or no such link.
    :raises Gone: the link is in the trash.
    :raises ValidationFailed: the page has it already or is full, or the label.
    """

    def added(places: _Places) -> _Places:
        if any(each.link == link.uid for each in places):
            raise ValidationFailed({"link": ["stands on this page already"]})
        if len(places) >= MAX_LINKS:
            raise ValidationFailed({"link": [f"a page may have {MAX_LINKS} links; remove one"]})
        return [*places, PlacedLink(link.uid, text)]

    who.need("update")
    _check_label(text)
    with write():
        link = row_of(who, uid)
        if link.deleted_at is not None:
            raise Gone
        return _change(ctx, who, name, added)


def label(ctx: Context, who: Principal, name: str, uid: str, text: str | None) -> BioPageView:
    """Say what is read on a page in place of a link's title; None: the title again.

    :raises InsufficientScope, NotFound, ValidationFailed: as :func:`add`.
    """

    def labelled(places: _Places) -> _Places:
        at = _index(places, uid)
        return [*places[:at], PlacedLink(places[at].link, text), *places[at + 1 :]]

    _check_label(text)
    return _change(ctx, who, name, labelled)


def move(ctx: Context, who: Principal, name: str, uid: str, by: int) -> BioPageView:
    """Move a link by so many places, down if positive; at either end it stays.

    :raises InsufficientScope, NotFound: as :func:`add`.
    """

    def moved(places: _Places) -> _Places:
        at = _index(places, uid)
        others = [*places[:at], *places[at + 1 :]]
        others.insert(max(0, at + by), places[at])
        return others

    return _change(ctx, who, name, moved)


def remove(ctx: Context, who: Principal, name: str, uid: str) -> BioPageView:
    """Take a link off a page.

    :raises InsufficientScope, NotFound: as :func:`add`.
    """

    def rest(places: _Places) -> _Places:
        at = _index(places, uid)
        return [*places[:at], *places[at + 1 :]]

    return _change(ctx, who, name, rest)


def _check_label(text: str | None) -> None:
    if problem := _label_problem(text):
        raise ValidationFailed({"label": [problem]})


def _label_problem(text: str | None) -> str | None:
    return text_problem((text or "").strip(), MAX_LABEL, least=0)


def _index(places: _Places, uid: str) -> int:
    for at, each in enumerate(places):
        if each.link == uid.lower():
            return at
    raise NotFound("link on this page")


def _change(
    ctx: Context,
    who: Principal,
    name: str,
    make: Callable[[_Places], _Places],
    if_version: int | None = None,
) -> BioPageView:
    who.need("update")
    with write():
        page = held_row(who, name, if_version)
        sql = (
            "SELECT links.id, links.uid, bio_links.label FROM bio_links "
            "JOIN links ON links.id = bio_links.link_id WHERE bio_links.page_id = ? "
            "ORDER BY bio_links.position, bio_links.link_id"
        )
        found = rows.all_of(sql, page.id)
        ids = {uid: number for number, uid, _ in found}
        before = [PlacedLink(uid, text) for _, uid, text in found]
        after = _tidy(make(before))
        if after == before:
            return view_of(ctx, page)
        ids |= _new_ids(who, [each.link for each in after if each.link not in ids])
        _store(page.id, ids, before, after)
        details = {"name": page.name, **_news(before, after)}
        audit.record(ctx, who, "bio.links", f"bio:{page.uid}", details)
        return store(ctx, page, {})


def _tidy(places: _Places) -> list[PlacedLink]:
    """Places as they are kept.

    :raises ValidationFailed: with everything that is wrong.
    """
    problems = Problems()
    if len(places) > MAX_LINKS:
        problems.add("links", f"a page may have {MAX_LINKS} links")
        problems.raise_if_any()
    found: dict[str, PlacedLink] = {}
    for at, each in enumerate(places):
        uid = each.link.lower()
        if uid in found:
            problems.add(f"links.{at}.link", "stands on this page already")
        if problem := _label_problem(each.label):
            problems.add(f"links.{at}.label", problem)
        found[uid] = PlacedLink(uid, (each.label or "").strip() or None)
    problems.raise_if_any()
    return list(found.values())


def _new_ids(who: Principal, uids: Sequence[str]) -> dict[str, int]:
    """The numbers of links that come to a page; none of them is purged before the commit.

    :raises ValidationFailed: there is one that cannot stand there.
    """
    found = {}
    for uid in sorted(uids):  # in one order, or two pages might wait for each other
        try:
            row = locked_row(who, uid)
        except NotFound:
            raise ValidationFailed({"links": [f"there is no link {uid[:40]!r}"]}) from None
        if row.deleted_at is not None:
            raise ValidationFailed({"links": [f"the link {row.slug!r} is in the trash"]})
        found[uid] = int(row.id)
    return found


def _store(
    page_id: int, ids: Mapping[str, int], before: Sequence[PlacedLink], after: Sequence[PlacedLink]
) -> None:
    """Bring the table from one list to the other.

    What stays is changed where it stands: a link that is being purged meanwhile must not be
    written again.
    """
    there = BioLink.page == page_id
    kept = {each.link for each in after}
    gone = [ids[each.link] for each in before if each.link not in kept]
    if gone:
        BioLink.delete().where(there, BioLink.link.in_(gone)).execute()
    was = {each.link: (at, each.label) for at, each in enumerate(before)}
    fresh = []
    for at, each in enumerate(after):
        link_id = ids[each.link]
        if each.link not in was:
            row = {"page": page_id, "link": link_id, "label": each.label, "position": at}
            fresh.append(row)
            continue
        news = {"label": each.label, "position": at}
        BioLink.update(news).where(there, BioLink.link == link_id).execute()
    rows.insert(BioLink, fresh)


def _news(before: Sequence[PlacedLink], after: Sequence[PlacedLink]) -> dict[str, object]:
    """What the audit log keeps: nothing of what stayed as it was."""
    was, now = ({each.link: each.label for each in places} for places in (before, after))
    stayed = [uid for uid in was if uid in now]
    found: dict[str, object] = {
        "added": [uid for uid in now if uid not in was],
        "removed": [uid for uid in was if uid not in now],
        "labels": {uid: [was[uid], now[uid]] for uid in stayed if was[uid] != now[uid]},
        "order": list(now) if stayed != [uid for uid in now if uid in was] else [],
    }
    return {name: value for name, value in found.items() if value}
