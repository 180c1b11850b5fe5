"""Clicks as they may have come: drawn, written as records, and folded by klink's own fold.

Batch by batch in the order of time; the number of batches that are folded is kept by the
fold itself, as a position in a journal that never was. So whatever interrupts this, the
next run goes on where it was, and no click is counted twice.
"""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
from array import array
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from klink.clicks.batch import BatchFolder
from klink.clicks.enrich import Enricher, warm_up
from klink.clicks.geoip import CountryDatabase
from klink.clicks.journal_reader import Position
from klink.clicks.record import ClickRecord, Flag, encode
from klink.db.connection import write
from klink.db.models import DayVisitor, WorkspaceVisitor
from scripts.benchmark.inside import inside
from scripts.benchmark.progress import Progress
from scripts.benchmark.traffic import AGENTS, SEED, place
from tests.mmdb import write_mmdb

DAYS = 400
BATCH = 50_000
TOP_SHARE = 0.1
"""What one link has of all clicks; the others share the rest by 1/rank."""

COUNTRIES = (
    *("DE", "US", "FR", "GB", "IT", "ES", "NL", "PL", "SE", "AT", "CH", "BE", "DK", "NO", "FI"),
    *("CZ", "PT", "IE", "GR", "HU", "RO", "BR", "MX", "CA", "AU", "NZ", "IN", "JP", "KR", "ZA"),
)
REFERRERS = 500

_DAY_MS = 86_400_000
_PRUNE_EVERY = 10  # batches
_STREAM = "bench-history"
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "ja", "sv")
_CAMPAIGNS = (None,) * 9 + (("newsletter", "email", "spring", None, None),)
_FLAGS = int(Flag.VIEW | Flag.CLICK)


class Numbers(NamedTuple):
    """What the database calls the links, by the benchmark's own number."""

    links: array[int]
    first_variants: array[int]
    second_variants: array[int]


def numbers(data_dir: Path) -> Numbers:
    """Read what a data folder calls its links."""
    found: list[tuple[int, int, int, int]] = []
    with sqlite3.connect(f"file:{data_dir}/klink.db?mode=ro", uri=True) as database:
        found = database.execute(
            "SELECT CAST(substr(l.slug, 4) AS INTEGER), l.id, min(v.id), max(v.id) "
            "FROM links AS l JOIN variants AS v ON v.link_id = l.id "
            "WHERE l.slug LIKE 'go-%' GROUP BY l.id ORDER BY 1"
        ).fetchall()
    database.close()
    return Numbers(*(array("q", column) for column in list(zip(*found, strict=True))[1:]))


class Drawer:
    """Draws clicks.

    :param data_dir: where the links are.
    """

    def __init__(self, data_dir: Path) -> None:
        self._numbers = numbers(data_dir)
        self.links = len(self._numbers.links)
        weights = [1 / rank for rank in range(1, self.links + 1)]
        weights[0] = TOP_SHARE / (1 - TOP_SHARE) * sum(weights[1:])
        self._chances = list(accumulate(weights))
        self._sites = list(accumulate(1 / rank for rank in range(1, REFERRERS + 1)))

    def clicks(self, seed: int, many: int, from_ms: int, until_ms: int) -> list[bytes]:
        """Records of clicks, in the order of time."""
        draw = random.Random(seed)
        ranks = draw.choices(range(self.links), cum_weights=self._chances, k=many)
        sites = draw.choices(range(REFERRERS), cum_weights=self._sites, k=many)
        times = sorted(draw.randrange(from_ms, until_ms) for _ in range(many))
        per_day = max(many * _DAY_MS // (until_ms - from_ms) * 3 // 5, 1)
        return [
            encode(self._click(draw, at_ms, rank, site, draw.randrange(per_day)))
            for at_ms, rank, site in zip(times, ranks, sites, strict=True)
        ]

    def _click(
        self, draw: random.Random, at_ms: int, rank: int, site: int, person: int
    ) -> ClickRecord:
        number = place(rank, self.links)
        dice = draw.getrandbits(30)
        variants = self._numbers.second_variants if dice & 1 else self._numbers.first_variants
        return ClickRecord(
            at_ms=at_ms,
            link_id=self._numbers.links[number],
            variant_id=variants[number],
            run=1,
            flags=_FLAGS,
            visitor=_visitor(at_ms // _DAY_MS, person),
            net=_net(person),
            country="",
            user_agent=AGENTS[person % len(AGENTS)],
            referrer="" if dice & 6 == 0 else f"https://site-{site}.example.com",
            language=_LANGUAGES[person // 7 % len(_LANGUAGES)],
            utm=_CAMPAIGNS[dice // 8 % len(_CAMPAIGNS)],
        )


def _visitor(day: int, person: int) -> str:
    """An id that is another every day, and lies anywhere among the others."""
    return "v_" + blake2b(f"{day} {person}".encode(), digest_size=8).hexdigest()


def _net(person: int) -> str:
    return f"60.{person % len(COUNTRIES)}.{person // 31 % 256}.0/24"


def countries_file(data_dir: Path) -> Path:
    """The GeoIP database that knows where these clicks come from; made when it is not there."""
    path = data_dir / "geoip.mmdb"
    if not path.exists():
        nets = {f"60.{i}.0.0/16": {"country_code": code} for i, code in enumerate(COUNTRIES)}
        write_mmdb(path, nets)
    return path


def enricher(data_dir: Path) -> Enricher:
    """What the fold looks up in, warm."""
    warm_up()
    return Enricher(CountryDatabase(countries_file(data_dir)).lookup)


def make(links_dir: Path, clicks_dir: Path, many: int, ends_at_ms: int) -> None:
    """Fill a copy of the links with ``many`` clicks; goes on where it was interrupted."""
    if not clicks_dir.exists():
        unfinished = clicks_dir.with_name("clicks.copying")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(links_dir, unfinished)
        unfinished.rename(clicks_dir)
    with inside(clicks_dir):
        folder = BatchFolder(
            enricher(clicks_dir), clicks_dir / "set-aside.jsonl", lambda: datetime.now(UTC)
        )
        batches = -(-many // BATCH)
        there, begun = folder.stored(_STREAM).offset, folder.begun(_STREAM)
        progress = Progress("clicks", many, there * BATCH)
        for batch, payload in _drawn(links_dir, range(there, batches), batches, many, ends_at_ms):
            begin, end = (Position(_STREAM, 1, offset) for offset in (batch, batch + 1))
            folder.fold([payload], end, begin=begin, unfinished=begun)
            begun = None
            if batch % _PRUNE_EVERY == _PRUNE_EVERY - 1 or batch == batches - 1:
                _forget_visitors(ends_at_ms - DAYS * _DAY_MS * (batches - batch - 1) // batches)
            progress.at(min((batch + 1) * BATCH, many))
        progress.end()
        if folder.set_aside:
            raise RuntimeError(f"{folder.set_aside} clicks could not be folded")


def _forget_visitors(now_ms: int) -> None:
    """What klink's job does meanwhile: the visitors of days that are over are forgotten."""
    with write():
        for model in (DayVisitor, WorkspaceVisitor):
            model.delete().where(model.day < now_ms // _DAY_MS - 2).execute()


def _drawn(
    links_dir: Path, wanted: range, batches: int, many: int, ends_at_ms: int
) -> Iterator[tuple[int, bytes]]:
    """Batches and their payloads, drawn by a process of its own while others are folded."""
    if not wanted:
        return
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_begin, initargs=(links_dir,)
    ) as pool:
        under_way: dict[int, Future[bytes]] = {}
        for batch in wanted:
            for ahead in range(batch, min(batch + 3, batches)):
                if ahead not in under_way:
                    under_way[ahead] = pool.submit(_draw, ahead, batches, many, ends_at_ms)
            yield batch, under_way.pop(batch).result()


_drawers: list[Drawer] = []  # the drawing process's own one


def _begin(links_dir: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when its parent does
    _drawers.append(Drawer(links_dir))


def _draw(batch: int, batches: int, many: int, ends_at_ms: int) -> bytes:
    begins_ms = ends_at_ms - DAYS * _DAY_MS
    span_ms = DAYS * _DAY_MS // batches
    count = min(BATCH, many - batch * BATCH)
    from_ms = begins_ms + batch * span_ms
    return b",".join(_drawers[0].clicks(SEED + batch, count, from_ms, from_ms + span_ms))
