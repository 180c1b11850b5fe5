"""A week's work for every job: one row a job, with what prepares it.

Whoever adds a job adds a row here; a test fails while one is missing. Work is prepared before
each day of the week, while nothing is measured: what lies in time (expiries, ages) on the first
day for all of them, and day by day what a job does at once whenever it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

from klink.clicks.batch import BatchFolder
from klink.clicks.journal_reader import Position
from klink.core import idempotency, links
from klink.core.anonymous import COUNTED
from klink.core.links import LinkPatch, quota, site_checks
from klink.core.links.erase import TRASH_KEPT
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import read, write
from klink.db.models import AnonymousLink, Change, DomainClaim, Exposure, Idempotent, Usage
from klink.geoip.verifying import KNOWN
from klink.jobs import JobSettings
from scripts.benchmark import history
from scripts.week.outside import COUNTRIES, GONE
from scripts.week.world import BLOCKLIST, World
from tests.mmdb import write_mmdb

__all__ = ["WORK", "Prepare"]

Prepare = Callable[[World, int], None]
"""Prepares a job's work for a day of the week, the first one being 0."""

_T = TypeVar("_T")

_AT_ONCE = 1000  # rows a transaction
_SEED = 7

# How much, in parts of all links.
_OLD_CLICKS, _VISITS, _EXPIRING, _TRASHED, _KEPT_ROWS = 2.0, 1.0, 0.2, 0.1, 0.3
_PURGED_A_DAY, _RUNNING, _DECIDED_A_DAY = 0.003, 0.001, 0.0003

_ON_PAGES, _WATCHED, _BLOCKED_A_DAY = 0.001, 0.001, 0.001
_CLAIMS = 20  # hosts

_SEEN = 300  # visitors of each variant of an experiment that is decided
_CONVERTED = (15, 90)  # of those, by variant


def old_clicks(world: World, day: int) -> None:
    """Clicks that come of age during the week, and visitors of the days around its beginning.

    The first of all: old clicks have the lowest ids, as in a database that has grown.
    """
    if day:
        return
    kept = timedelta(days=JobSettings().keep_clicks_days)
    many = len(world.links)
    _fold(world, int(many * _OLD_CLICKS), world.at(0) - kept, world.at(1) - kept)
    _fold(world, int(many * _VISITS), world.at(0) - timedelta(days=3), world.at(1))


def expiries(world: World, day: int) -> None:
    """Links that expire, one after the other."""
    if day:
        return
    ids = world.take(int(len(world.links) * _EXPIRING))
    sql = "UPDATE links SET expires_at = ? WHERE id = ?"
    ends = zip(ids, world.spread(len(ids)), strict=True)
    _write(lambda each: rows.run(sql, to_ms(each[1]), each[0]), ends)


def trash(world: World, day: int) -> None:
    """Links in the trash whose thirty days are over, one after the other."""
    if day:
        return
    ids = world.take(int(len(world.links) * _TRASHED))
    sql = "UPDATE links SET deleted_at = ? WHERE id = ?"
    ends = zip(ids, world.spread(len(ids)), strict=True)
    _write(lambda each: rows.run(sql, to_ms(each[1] - TRASH_KEPT), each[0]), ends)
    with write():
        quota.count(world.who.workspace_id, living=-len(ids), enabled=-len(ids))


def purges(world: World, day: int) -> None:
    """Links with clicks that somebody purges; those from the trash come besides."""
    ids = world.take(max(1, int(len(world.links) * _PURGED_A_DAY)))
    with read():
        uids = [rows.one("SELECT uid FROM links WHERE id = ?", id_) for id_ in ids]
    ctx = world.on(day)
    for few in _chunks(uids, 50):
        with write():
            for found in few:
                assert found is not None
                links.purge(ctx, world.who, found[0])


def experiments(world: World, day: int) -> None:
    """Experiments that run all week, and some that are decided by the day."""
    if day == 0:
        for id_ in world.take(max(1, int(len(world.links) * _RUNNING))):
            _ask_for_winner(id_)
    for id_ in world.take(max(1, int(len(world.links) * _DECIDED_A_DAY))):
        _ask_for_winner(id_)
        _decide(world, day, id_)


def leftovers(world: World, day: int) -> None:
    """Stored answers, counts, changes and creations without a key, coming of age one by one."""
    if day:
        return
    many = int(len(world.links) * _KEPT_ROWS)
    times = list(world.spread(many))
    answered = (
        {
            "id": f"week-{n}",
            "request_hash": "h" * 64,
            "status": 201,
            "body": '{"id": "a link"}' * 30,
            "created_at": at - idempotency.KEPT,
        }
        for n, at in enumerate(times)
    )
    counted = (
        {
            "scope": f"key:{n + 1_000_000}",
            "window": "hour",
            "start": int((at - timedelta(days=2)).timestamp()),
            "count": 1,
        }
        for n, at in enumerate(times)
    )
    changed = ({"at": at - timedelta(days=1), "kind": "domain"} for at in times)
    made = ({"address": f"week-{n}", "created_at": at - COUNTED} for n, at in enumerate(times))
    for model, found in (
        (Idempotent, answered),
        (Usage, counted),
        (Change, changed),
        (AnonymousLink, made),
    ):
        for few in _chunks(found, _AT_ONCE):
            with write():
                rows.insert(model, few)


def pages(world: World, day: int) -> None:
    """Links with a page: every other one holds its link, the others end after their grace."""
    if day:
        return
    ids = world.take(max(4, int(len(world.links) * _ON_PAGES)))
    sites = world.outside.sites
    for n, (id_, at) in enumerate(zip(ids, world.spread(len(ids) * world.days), strict=False)):
        with write():
            [(slug,)] = rows.all_of("SELECT slug FROM links WHERE id = ?", id_)
            site_url = f"{sites[n % len(sites)]}/{slug if n % 2 else 'nothing'}"
            rows.run("UPDATE links SET site_url = ? WHERE id = ?", site_url, id_)
            site_checks.plan(replace(world.ctx, now=at), [{"id": id_, "site_url": site_url}])


def watched(world: World, day: int) -> None:
    """Links with somewhere else to go; what every other one leads to is not there."""
    if day:
        return
    sites = world.outside.sites
    for n, id_ in enumerate(world.take(max(4, int(len(world.links) * _WATCHED)))):
        with read():
            [(uid,)] = rows.all_of("SELECT uid FROM links WHERE id = ?", id_)
        url = f"{sites[n // 2 % len(sites)]}{GONE if n % 2 else '/'}{n}"
        patch = LinkPatch(variants=(), url=url, failover_url="https://elsewhere.example/")
        links.update(world.ctx, world.who, uid, patch)


def claims(world: World, day: int) -> None:
    """Claims of hosts whose proof is not there."""
    if day:
        return
    claimed = [
        {
            "workspace": world.who.workspace_id,
            "host": f"week-{n}.example.net",
            "token": f"{n:032x}",
            "created_at": at,
            "tries": 0,
            "next_check_at": at,
        }
        for n, at in enumerate(world.spread(_CLAIMS))
    ]
    with write():
        rows.insert(DomainClaim, claimed)


def blocked(world: World, _day: int) -> None:
    """A blocklist that gets longer by the day, with addresses that links lead to."""
    ids = world.take(max(1, int(len(world.links) * _BLOCKED_A_DAY)))
    sql = "SELECT url FROM variants WHERE link_id = ?"
    with read():
        urls = [str(url) for id_ in ids for (url,) in rows.all_of(sql, id_)]
    with (world.data_dir / BLOCKLIST).open("a") as file:
        file.writelines(f"{url}\n" for url in urls)


def copies(_: World, __: int) -> None:
    """A database to back up, which is there; the newest backup gets old by itself."""


def countries(world: World, day: int) -> None:
    """A newer database of countries each day."""
    nets = {f"{net.rpartition('.')[0]}.0/24": {"country_code": code} for net, code in KNOWN.items()}
    path = world.data_dir / "countries-made.mmdb"
    built = int(world.on(day).now.timestamp())
    world.outside.files[COUNTRIES] = write_mmdb(path, nets, build_epoch=built).read_bytes()
    path.unlink()


WORK: Mapping[str, Prepare] = {
    "prune-clicks": old_clicks,  # before the others, see there
    "expire-links": expiries,
    "pick-winners": experiments,
    "scan-links": blocked,
    "verify-sites": pages,
    "check-destinations": watched,
    "verify-domains": claims,
    "sweep-purged": purges,
    "backup": copies,
    "purge-trash": trash,
    "clean-up": leftovers,
    "update-geoip": countries,
}
"""By a job's name what prepares its work."""


def _fold(world: World, many: int, since: datetime, until: datetime) -> None:
    """Count clicks as the ledger does."""
    drawer = history.Drawer(world.data_dir)
    folder = BatchFolder(
        history.enricher(world.data_dir),
        world.data_dir / "set-aside.jsonl",
        lambda: datetime.now(UTC),
    )
    batches = max(1, many // history.BATCH)
    span = (until - since) / batches
    for batch in range(batches):
        begins = since + span * batch
        records = drawer.clicks(_SEED + batch, many // batches, to_ms(begins), to_ms(begins + span))
        folder.fold([b",".join(records)], Position(f"week-{to_ms(since)}", 1, batch + 1))


def _ask_for_winner(link_id: int) -> None:
    with write():
        rows.run("UPDATE links SET auto_winner = ? WHERE id = ?", True, link_id)


def _decide(world: World, day: int, link_id: int) -> None:
    """Have as many visitors seen and converted that one variant has won."""
    at = to_ms(world.on(day).now)
    with write():
        variants = rows.all_of("SELECT id FROM variants WHERE link_id = ? ORDER BY id", link_id)
        seen = [
            {
                "link_id": link_id,
                "run": 1,
                "visitor": f"week-{variant}-{n}",
                "variant_id": variant,
                "at": at,
                "converted": int(n < converted),
                "revenue": 0,
            }
            for (variant,), converted in zip(variants, _CONVERTED, strict=True)
            for n in range(_SEEN)
        ]
        rows.run("DELETE FROM exposures WHERE link_id = ?", link_id)
        rows.insert(Exposure, seen)
        rows.run(_TOTAL, link_id, world.who.workspace_id, len(seen), len(seen), len(seen))


_TOTAL = """
    INSERT INTO link_totals (
        link_id, workspace_id, clicks, views, uniques, rest, conversions, revenue)
    VALUES (?, ?, ?, ?, ?, 0, 0, 0)
    ON CONFLICT (link_id) DO UPDATE SET clicks = link_totals.clicks + excluded.clicks
"""


def _write(change: Callable[[_T], object], each: Iterable[_T]) -> None:
    for few in _chunks(each, _AT_ONCE):
        with write():
            for one in few:
                change(one)


def _chunks(each: Iterable[_T], size: int) -> Iterator[list[_T]]:
    left = iter(each)
    while few := list(islice(left, size)):
        yield few
