"""Holding all links against the lists: what is named goes into quarantine, what is not comes out.

Links in the trash are scanned too, since they may be restored. The rows are read a page at a
time, in no transaction; only what changes is written, a few links at once.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from klink.core import audit, changes
from klink.core.blocking import entries
from klink.core.blocking.gate import Gate
from klink.core.blocking.lists import Finding
from klink.core.context import Changed, Context
from klink.core.errors import InvalidUrl
from klink.core.links import versions
from klink.core.links.blocked import FREE, SCAN, columns
from klink.core.links.change import apply
from klink.core.links.views import views
from klink.core.times import from_ms, to_ms
from klink.core.urls import parse
from klink.db import meta, rows
from klink.db.connection import lock, read, write
from klink.db.models import Link

__all__ = ["RESCAN_AFTER", "Scan", "is_due"]

RESCAN_AFTER = timedelta(days=1)
"""When all is scanned again although no list has changed."""

_AT_ONCE = 100
_WRITTEN_AT_ONCE = 20
_MARK = "scanned"

_COLUMNS = (
    "id, workspace_id, mode, location, expired_location, failover_location, "
    "conversion_redirect_url, quarantined_by, quarantined_at"
)


class _Row(NamedTuple):
    """What a scan reads of a link."""

    id: int
    workspace_id: int
    mode: str
    location: str
    expired_location: str | None
    failover_location: str | None
    conversion_redirect_url: str | None
    quarantined_by: str | None
    quarantined_at: int | None


def is_due(ctx: Context) -> bool:
    """Whether the lists have changed since all links were scanned, or that is a day ago."""
    ctx.settings.blocklists.look()
    with read():
        told = meta.under(_MARK).get("")
        if told is None:
            return True
        mark = json.loads(told)
        is_old = ctx.now - from_ms(mark["at"]) >= RESCAN_AFTER
        return is_old or mark["lists"] != _fingerprint(ctx)


class Scan:
    """One scan of all links.

    :ivar quarantined, released: how many links it has put there and taken out so far.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._gates: dict[int, Gate] = {}
        self.quarantined = self.released = 0

    def steps(self) -> Iterator[int]:
        """Scan, a step at a time; each gives how many links it has looked at.

        When all steps are taken the scan is written down. What changes meanwhile, lists or
        links, is met by the next one.
        """
        ctx = self._ctx
        ctx.settings.blocklists.refresh()
        with read():
            lists = _fingerprint(ctx)
        after = 0
        while page := _page(after):
            after = page[-1].id
            turned = [row for row, finding in self._judged(page) if self._turns(row, finding)]
            yield len(page)
            for start in range(0, len(turned), _WRITTEN_AT_ONCE):
                self._write([row.id for row in turned[start : start + _WRITTEN_AT_ONCE]])
                yield 0
        meta.put(_MARK, json.dumps({"at": to_ms(ctx.now), "lists": lists}))

    def _judged(self, page: Sequence[_Row]) -> list[tuple[_Row, Finding | None]]:
        with read():
            variants = _variants([row.id for row in page if row.mode != "single"])
            return [(row, self._finding(row, variants[row.id])) for row in page]

    def _finding(self, row: _Row, variants: Sequence[str]) -> Finding | None:
        gate = self._gates.get(row.workspace_id)
        if gate is None:
            gate = self._gates[row.workspace_id] = Gate(self._ctx, row.workspace_id)
        locations = [row.location, *variants]
        others = (row.expired_location, row.failover_location)
        locations += [each for each in others if each is not None]
        if row.conversion_redirect_url is not None:  # of this the text is kept as it was sent
            with suppress(InvalidUrl):
                locations.append(parse(row.conversion_redirect_url).location)
        return next((found for each in locations if (found := gate.finding(each))), None)

    def _write(self, ids: Sequence[int]) -> None:
        """Judge links again, which nobody changes now, and write down what becomes of them."""
        with write():
            for number in ids:
                lock(f"klink:link:{number}")
            for row, finding in self._judged(_rows(ids)):
                if self._turns(row, finding):
                    self._turn(row, finding)

    def _turn(self, row: _Row, finding: Finding | None) -> None:
        ctx = self._ctx
        link = Link.get_by_id(row.id)
        action = "link.quarantine" if finding else "link.release"
        (before,) = views(ctx, [link])
        if finding is not None:
            apply(ctx, link, columns(ctx.now, SCAN, finding.words))
            self.quarantined += 1
        else:
            apply(ctx, link, dict(FREE))
            self.released += 1
        (after,) = views(ctx, [Link.get_by_id(row.id)])
        versions.keep(ctx, None, action, [versions.Step(before, after)])
        audit.record(
            ctx,
            None,
            action,
            f"link:{link.uid}",
            {"by": SCAN, "reason": finding.words} if finding else {"by": SCAN},
            workspace_id=row.workspace_id,
        )
        changes.record(ctx, Changed("link", link.id, link.domain_id, link.slug))

    def _turns(self, row: _Row, finding: Finding | None) -> bool:
        """Whether what was found changes anything; what people have decided stays.

        While a list cannot be read nobody knows whom it names, so nobody is let out.
        """
        if finding is not None:
            return row.quarantined_at is None
        return row.quarantined_by == SCAN and self._ctx.settings.blocklists.are_known


def _page(after: int) -> list[_Row]:
    with read():
        sql = f"SELECT {_COLUMNS} FROM links WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - own
        return [_Row(*row) for row in rows.all_of(sql, after, _AT_ONCE)]


def _rows(ids: Sequence[int]) -> list[_Row]:
    condition, value = rows.among("id", ids)
    sql = f"SELECT {_COLUMNS} FROM links WHERE {condition} ORDER BY id"  # noqa: S608 - own
    return [_Row(*row) for row in rows.all_of(sql, value)]


def _variants(ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    if ids:
        condition, value = rows.among("link_id", ids)
        sql = f"SELECT link_id, location FROM variants WHERE {condition}"  # noqa: S608 - own
        for link_id, location in rows.all_of(sql, value):
            found[link_id].append(location)
    return found


def _fingerprint(ctx: Context) -> str:
    """What changes whenever a list does, or a domain that others must not look like."""
    domains = rows.one("SELECT COUNT(*), MAX(id), MAX(verified_at) FROM domains")
    at = ctx.settings
    told = [at.blocklists.fingerprint(), entries.version(), at.base_url, domains]
    return json.dumps(told)
