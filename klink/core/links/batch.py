"""Links that are made together, each as if it were made alone after those before it.

Every draft meets the links that there are and the earlier ones of the batch; what may be
made is then written at once, each table in one statement.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple, Protocol

from klink.core import slugs
from klink.core.context import Context
from klink.core.errors import SlugTaken
from klink.core.ids import new_uid
from klink.core.links import destination_checks, destinations, site_checks
from klink.core.links.draft import Draft
from klink.core.links.hosts import Place
from klink.core.links.model import LinkView, RuleView, VariantView
from klink.core.links.quota import check_limit, counts_as_active_now
from klink.core.links.same import existing_for
from klink.core.links.views import hosts_of, view
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import rows, search_index
from klink.db.models import Link, LinkTag, LinkTotal, Rule, Variant

log = logging.getLogger(__name__)

_TRIES = 10

Record = dict[str, Any]
"""A row of a table, by the names of the model's fields. Any: each of its own type."""


class Made(Protocol):
    """Places of links that are made, or as good as made; a set is one."""

    def __contains__(self, place: object, /) -> bool: ...

    def add(self, place: Place, /) -> None:
        """Add a place."""


class Placed(NamedTuple):
    """The link that a draft has led to: one of the batch, or one that was there before.

    :ivar at: its place within the batch, when ``row`` is None.
    :ivar row: the record of one that was there before.
    """

    at: int
    row: Link | None = None
    existing: bool = False


class Batch:
    """What has been accepted of one unit of work's drafts, and how it is written.

    :param drafts: all that will be placed, so that their slugs are looked up at once.
    :param made: where places that are as good as taken are kept; by default none are.
    :param active: links that the plan counts besides those that there are.
    :ivar made: the places of the links accepted so far.
    :ivar records: their records.
    :ivar active: of them, how many the plan counts, and ``active`` before them.
    """

    def __init__(
        self,
        ctx: Context,
        who: Principal,
        drafts: Sequence[Draft],
        *,
        made: Made | None = None,
        active: int = 0,
    ) -> None:
        self.made: Made = set() if made is None else made
        self.records: list[Record] = []
        self._ctx = ctx
        self._who = who
        self._drafts: list[Draft] = []
        self.active = active
        self._posts: dict[tuple[str, object], int] = {}
        self._ideas = {id(each): each.slug or slugs.generate() for each in drafts}
        self._taken = _taken((each.domain_id, self._ideas[id(each)]) for each in drafts)

    def place(self, draft: Draft) -> Placed:
        """Accept a draft, or find the link that answers for it.

        :raises LinkLimitReached, SlugTaken: and nothing is accepted.
        """
        found = self._existing(draft)
        if found is not None:
            return found
        if draft.columns["is_active"]:
            check_limit(self._ctx, self._who, self.active)
        place = self._free_place(draft)
        self.made.add(place)
        index = len(self.records)
        self._drafts.append(draft)
        self.records.append({**draft.columns, "slug": place[1], "uid": new_uid(self._ctx.now)})
        if counts_as_active_now(self._ctx, draft.columns):
            self.active += 1
            for key in _posts(draft):
                self._posts.setdefault(key, index)
        return Placed(index)

    def _existing(self, draft: Draft) -> Placed | None:
        """The active link for the draft's post or, if there is none, for its page (U3)."""
        keys = _posts(draft)
        for name, value in keys:
            asked = {"type": "inpage", name: value}
            row = existing_for(self._ctx, self._who.workspace_id, asked)
            if row is not None:
                return Placed(-1, row, existing=True)
            if (name, value) in self._posts:
                return Placed(self._posts[name, value], existing=True)
        return None

    def _free_place(self, draft: Draft) -> Place:
        place = (draft.domain_id, self._ideas[id(draft)])
        for _ in range(_TRIES):
            if place not in self._taken and place not in self.made:
                return place
            if draft.slug is not None:
                raise SlugTaken(draft.slug)
            log.info("a generated slug was taken; trying another")
            place = (draft.domain_id, slugs.generate())
            self._taken |= _taken([place])
        raise RuntimeError(f"no free slug in {_TRIES} tries")

    def write(self) -> None:
        """Insert what was accepted; the records then have their numbers.

        :raises peewee.IntegrityError: another transaction has taken a slug meanwhile.
        """
        many = list(zip(rows.draw(Link, len(self.records)), self._drafts, strict=True))
        for record, (number, _) in zip(self.records, many, strict=True):
            record["id"] = number
        rows.insert(Link, self.records)
        _count_from_now(self.records, [draft.imported for draft in self._drafts])
        if many:
            search_index.add(many[0][0], many[-1][0])
        now_ms = to_ms(self._ctx.now)
        self._variants = [
            row
            for number, draft in many
            if draft.where.variants
            for row in destinations.variant_rows(number, draft.where, now_ms=now_ms)
        ]
        for row, number in zip(
            self._variants, rows.draw(Variant, len(self._variants)), strict=True
        ):
            row["id"] = number
        rows.insert(Variant, self._variants)
        self._rules = [
            row
            for number, draft in many
            if draft.where.rules
            for row in destinations.rule_rows(number, draft.where)
        ]
        rows.insert(Rule, self._rules)
        workspace_id = self._who.workspace_id
        tags = (tag_rows(number, workspace_id, draft.tags) for number, draft in many if draft.tags)
        rows.insert(LinkTag, list(chain.from_iterable(tags)))
        site_checks.plan(self._ctx, self.records)
        destination_checks.plan(self._ctx, self.records, self._variants)

    def views(self) -> list[LinkView]:
        """What was written, as it would be read, in order."""
        variants: dict[int, list[VariantView]] = defaultdict(list)
        for row in self._variants:
            shown = VariantView(row["id"], row["uid"], row["label"], row["url"], row["weight"])
            variants[row["link"]].append(shown)
        rules: dict[int, list[RuleView]] = defaultdict(list)
        for row in self._rules:
            rules[row["link"]].append(RuleView(json.loads(row["conditions"]), row["use"]))
        hosts = hosts_of({record["domain"] for record in self.records})
        return [
            view(
                self._ctx,
                record,
                hosts.get(record["domain"], self._ctx.settings.base_host),
                tags=tuple(sorted(draft.tags)),
                variants=tuple(variants.get(record["id"], ())),
                rules=tuple(rules.get(record["id"], ())),
            )
            for record, draft in zip(self.records, self._drafts, strict=True)
        ]


def _count_from_now(records: Sequence[Record], imported: Sequence[int]) -> None:
    """Begin the totals of new links, so that lists by clicks hold them from the first day.

    :param imported: clicks that each had elsewhere; they count as added up by days already,
        since there are no days of them.
    """
    if not records:
        return
    if any(imported):
        rows.insert(LinkTotal, list(map(_totals, records, imported)))
        return
    condition, value = rows.among("id", [record["id"] for record in records])
    rows.run(
        "INSERT INTO link_totals (link_id, workspace_id, clicks, views, uniques, rest, "  # noqa: S608 - own names
        "conversions, revenue, summed_to_day, summed_visits) "
        f"SELECT id, workspace_id, 0, 0, 0, 0, 0, 0, 0, 0 FROM links WHERE {condition}",
        value,
    )


def _totals(record: Record, imported: int) -> Record:
    counted = {"clicks": imported, "views": imported, "imported": imported}
    none = dict.fromkeys(("uniques", "rest", "conversions", "revenue", "summed_to_day"), 0)
    of = {"link_id": record["id"], "workspace_id": record["workspace"]}
    return of | counted | none | {"summed_visits": imported}


def tag_rows(link_id: int, workspace_id: int, tags: tuple[str, ...]) -> list[Record]:
    """The records of a link's tags."""
    return [{"link": link_id, "tag": tag, "workspace_id": workspace_id} for tag in tags]


def _posts(draft: Draft) -> list[tuple[str, object]]:
    """The post and the page that a draft stands for; the post is asked for first."""
    if draft.columns["type"] != "inpage":
        return []
    named = [(name, draft.columns[name]) for name in ("post_id", "site_url")]
    return [(name, value) for name, value in named if value]


def _taken(places: Iterable[Place]) -> set[Place]:
    """Those of the places that have a link, be it in the trash."""
    wanted: dict[int, list[str]] = defaultdict(list)
    for domain_id, slug in places:
        wanted[domain_id].append(slug)
    found = set()
    for domain_id, asked in wanted.items():
        condition, value = rows.among("slug", asked)
        sql = f"SELECT slug FROM links WHERE domain_id = ? AND {condition}"  # noqa: S608 - own
        found |= {(domain_id, slug) for (slug,) in rows.all_of(sql, domain_id, value)}
    return found
