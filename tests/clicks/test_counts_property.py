"""Every table of counts equals a count by hand, whatever came in which order."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from klink.clicks.enrich import PERSON, Enricher, kind_of, referrer_host
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.record import ClickRecord, Flag, encode
from klink.db.connection import write
from klink.db.models import (
    Click,
    DayVisitor,
    Exposure,
    LinkDay,
    LinkQuarter,
    LinkTotal,
    LinkValueTotal,
    LinkVisitor,
    VariantTotal,
    VisitorClick,
    WorkspaceDay,
    WorkspaceQuarter,
    WorkspaceVisitor,
)
from tests.clicks.world import (
    BROWSER,
    COUNTRIES,
    LINKS,
    NOW_MS,
    PHONE,
    PURGED_LINK,
    REPLACED_VARIANT,
    SPLIT,
    TRACKED,
    VARIANTS,
    Mortal,
    make_links,
    rows,
    visit,
)

EPOCH = b"e" * 16
DAY_MS, QUARTER_MS = 86_400_000, 900_000
TABLES = (
    Click, LinkQuarter, WorkspaceQuarter, LinkDay, WorkspaceDay, DayVisitor, LinkVisitor,
    WorkspaceVisitor, LinkTotal, LinkValueTotal, VariantTotal, VisitorClick, Exposure,
)  # fmt: skip

# --- The count by hand ------------------------------------------------------------------


class Seen:
    """A visit with all that follows from it."""

    def __init__(self, record: ClickRecord) -> None:
        self.record = record
        self.day, self.quarter = record.at_ms // DAY_MS, record.at_ms // QUARTER_MS
        self.workspace_id = LINKS[record.link_id]
        self.kind, self.reason = kind_of(record.flags, record.user_agent)
        self.view = int(bool(record.flags & Flag.VIEW))
        self.click = int(bool(record.flags & Flag.CLICK) and self.kind == PERSON)
        self.rest = int(self.view and self.kind != PERSON)
        variant = VARIANTS.get(record.variant_id)
        self.label = variant[1] if variant and variant[0] == record.link_id else ""
        agent = Enricher(lambda net: "").agent(record.user_agent)
        self.values = {
            1: record.country or COUNTRIES.get(record.net, ""), 2: agent.device,
            3: agent.browser, 4: agent.os, 5: record.language,
            6: referrer_host(record.referrer),
        }  # fmt: skip
        some = dict(enumerate(record.utm or (), start=8)) | {7: self.label, 13: self.reason}
        self.some_values = {dim: value for dim, value in some.items() if value}


def clicks_by_hand(visits: list[Seen]) -> list[Any]:
    return [
        (
            s.record.at_ms, s.record.link_id, s.workspace_id, s.record.variant_id, 1, s.kind,
            s.reason, s.click, s.view, s.record.visitor, s.record.net, *s.values.values(),
            None if s.record.utm is None else list(s.record.utm),
        )
        for s in visits
    ]  # fmt: skip


def quarters_by_hand(visits: list[Seen], owner: str) -> list[Any]:
    counts: dict[tuple[int, int], list[int]] = {}
    for s in visits:
        if s.click or s.view:
            row = counts.setdefault((owner_of(s, owner), s.quarter), [0] * 5)
            of_kind = [s.kind == kind and s.view for kind in (1, 2, 3)]
            row[:] = map(sum, zip(row, (s.click, s.view, *of_kind), strict=True))
    return [(*key, *row) for key, row in counts.items()]


def days_by_hand(visits: list[Seen], owner: str) -> list[Any]:
    counts: dict[tuple[int, int, int, str], list[int]] = {}
    for s in visits:
        if not (s.click or s.rest):
            continue
        for dim, value in {0: "", **s.values, **s.some_values}.items():
            if (owner, dim) != ("workspace", 7):
                row = counts.setdefault((owner_of(s, owner), s.day, dim, value), [0, 0, 0])
                row[0] += s.click
                row[1] += s.rest
    for (owner_id, day, dim, value), row in counts.items():
        if dim in (0, 7):
            of_row = [
                s for s in visits
                if (owner_of(s, owner), s.day) == (owner_id, day) and (dim == 0 or s.label == value)
            ]  # fmt: skip
            row[2] = uniques(of_row)
    return [(*key, *row) for key, row in counts.items()]


def owner_of(seen: Seen, owner: str) -> int:
    return seen.workspace_id if owner == "workspace" else seen.record.link_id


def uniques(visits: Iterable[Seen]) -> int:
    """Distinct visitors among clicks; each private one is a visitor."""
    visitors = [s.record.visitor for s in visits if s.click]
    return len({v for v in visitors if v}) + visitors.count("")


def check_visitors(visits: list[Seen]) -> None:
    """Who clicked what on which day is known, each fact in one place only."""
    clicks = [s for s in visits if s.click and s.record.visitor]
    of_links = {(s.record.link_id, s.record.visitor, s.day) for s in clicks}
    of_variants = {
        (s.record.link_id, s.record.visitor, s.day, s.record.variant_id) for s in clicks if s.label
    }
    first = rows(LinkVisitor, "link_id", "visitor", "day", "variant_id")
    again = rows(DayVisitor, "link_id", "visitor", "day", "variant_id")
    assert same([row[:2] for row in first], {row[:2] for row in of_links})
    assert same([row[:3] for row in first] + [row[:3] for row in again if not row[3]], of_links)
    assert same([row for row in first + again if row[3]], of_variants)
    assert same(
        rows(WorkspaceVisitor, "workspace_id", "day", "visitor"),
        {(s.workspace_id, s.day, s.record.visitor) for s in clicks},
    )


def value_totals_by_hand(visits: list[Seen]) -> list[Any]:
    """The days that a link's row says are added up, as the link's days hold them."""
    summed_to = dict(rows(LinkTotal, "link_id", "summed_to_day"))
    sums: dict[tuple[int, int, str], list[int]] = {}
    for link_id, day, dim, value, *row in days_by_hand(visits, "link"):
        if day < summed_to[link_id]:
            mine = sums.setdefault((link_id, dim, value), [0, 0, 0])
            mine[:] = map(sum, zip(mine, row, strict=True))
    return [(*key, *row) for key, row in sums.items()]


def link_totals_by_hand(visits: list[Seen]) -> Iterator[Any]:
    for link_id in LINKS:
        mine = [s for s in visits if s.record.link_id == link_id and (s.click or s.view)]
        if mine:
            last = max((s.record.at_ms for s in mine if s.click), default=None)
            sums = [sum(getattr(s, name) for s in mine) for name in ("click", "view", "rest")]
            first, rest = (*sums[:2], uniques(mine)), (sums[2], last, 0, 0, LINKS[link_id])
            yield (link_id, *first, *rest)


def variant_totals_by_hand(visits: list[Seen]) -> Iterator[Any]:
    for variant_id, (link_id, label) in VARIANTS.items():
        mine = [s for s in visits if s.click and s.record.variant_id == variant_id and s.label]
        by_day = itertools.groupby(sorted(mine, key=lambda s: s.day), key=lambda s: s.day)
        if mine:
            assert {s.label for s in mine} == {label}
            yield (variant_id, link_id, len(mine), sum(uniques(day) for _, day in by_day), 0, 0)


def check_attributable(visits: list[Seen]) -> None:
    """The clicks that events may be attributed to, and who was first shown which variant.

    Of two clicks in the same millisecond either may be the one that is kept.
    """
    asked_for = Flag.BY_WEIGHT | Flag.KNOWN
    marked = [
        s.record for s in visits
        if s.click and s.record.visitor
        and (s.record.link_id in (SPLIT, TRACKED) or s.record.flags & asked_for)
    ]  # fmt: skip
    clicks = {
        (r.visitor, LINKS[r.link_id], r.at_ms, r.link_id, r.variant_id, r.run) for r in marked
    }
    found = rows(VisitorClick)
    assert set(found) <= clicks
    assert same([row[:4] for row in found], {row[:4] for row in clicks})
    shown = [r for r in marked if r.flags & Flag.BY_WEIGHT]
    first: dict[tuple[int, int, str], int] = {}
    for r in shown:
        key = (r.link_id, r.run, r.visitor)
        first[key] = min(first.get(key, r.at_ms), r.at_ms)
    exposures = rows(Exposure)
    expected = [(key, (at, 0, 0)) for key, at in first.items()]
    assert same([(row[:3], row[4:]) for row in exposures], expected)
    of_variants = {(r.link_id, r.run, r.visitor, r.variant_id, r.at_ms) for r in shown}
    assert {row[:5] for row in exposures} <= of_variants


def check_every_table(records: Iterable[ClickRecord]) -> None:
    visits = [Seen(record) for record in records if record.link_id in LINKS]
    found_clicks = [
        (*row[1:-1], None if row[-1] is None else json.loads(row[-1])) for row in rows(Click)
    ]
    assert same(found_clicks, clicks_by_hand(visits))
    assert same(rows(LinkQuarter), quarters_by_hand(visits, "link"))
    assert same(rows(WorkspaceQuarter), quarters_by_hand(visits, "workspace"))
    assert same(rows(LinkDay), days_by_hand(visits, "link"))
    assert same(rows(WorkspaceDay), days_by_hand(visits, "workspace"))
    check_visitors(visits)
    totals = [row[:-3] for row in rows(LinkTotal)]
    assert same(totals, link_totals_by_hand(visits))
    assert {row[-1] for row in rows(LinkTotal)} <= {0}  # a fold counts nothing as imported
    assert same(rows(LinkValueTotal), value_totals_by_hand(visits))
    assert same(rows(VariantTotal), variant_totals_by_hand(visits))
    check_attributable(visits)


def same(found: Iterable[Any], expected: Iterable[Any]) -> bool:
    """Equal as multisets; the message shows only what differs."""
    left, right = Counter(map(repr, found)), Counter(map(repr, expected))
    assert left - right == Counter()
    assert right - left == Counter()
    return True


# --- What comes in ----------------------------------------------------------------------

times = st.builds(
    lambda day, at: (NOW_MS // DAY_MS + day) * DAY_MS + at,
    st.integers(-1, 1),
    st.sampled_from([0, 1, QUARTER_MS - 1, QUARTER_MS, 40_000_000, DAY_MS - 1]),
)
views_and_clicks = st.sampled_from(
    [Flag.VIEW | Flag.CLICK] * 4
    + [Flag.VIEW, Flag.CLICK, Flag.VIEW | Flag.CLICK | Flag.COOKIE]
    + [Flag.VIEW | Flag.CLICK | more for more in (Flag.KNOWN, Flag.BY_WEIGHT)] * 2
    + [Flag.VIEW | Flag.CLICK | more for more in (Flag.HEAD, Flag.PREFETCH, Flag.PREVIEW)]
)
utms = st.none() | st.tuples(*[st.sampled_from([None, "x", "y"])] * 5).filter(any)
records = st.builds(
    lambda flags, visitor, **rest: visit(
        flags=int(flags if visitor else flags | Flag.PRIVATE), visitor=visitor, **rest
    ),
    at_ms=times,
    link_id=st.sampled_from([*LINKS, PURGED_LINK]),
    variant_id=st.sampled_from([0, *VARIANTS, REPLACED_VARIANT]),
    flags=views_and_clicks,
    visitor=st.sampled_from(["", "v_1", "v_2", "v_3"]),
    net=st.sampled_from([*COUNTRIES, "2001:db8:1::/48", ""]),
    country=st.sampled_from(["", "", "FR"]),
    user_agent=st.sampled_from([BROWSER, BROWSER, PHONE, "curl/8.5.0", "Twitterbot/1.0", ""]),
    referrer=st.sampled_from(["", "https://news.example/a?b", "https://t.example/", "rubbish"]),
    language=st.sampled_from(["", "de", "en"]),
    utm=utms,
)
frames = st.lists(records, min_size=1, max_size=6)
# A process's life: batches of frames, each batch folded for itself; and after how many
# questions of its ledger it dies, if it does.
lives = st.lists(
    st.tuples(
        st.lists(st.lists(frames, min_size=1, max_size=3), max_size=4),
        st.none() | st.integers(1, 40),
    ),
    min_size=1,
    max_size=4,
)
_folders = itertools.count()


# A thread that dies is what this is about.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("part_visits", [1, 5_000])
@given(lives)
@example([([[[visit()], [visit(visitor="")]], [[visit(at_ms=NOW_MS - DAY_MS)]]], None)])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_all_counts_equal_a_count_by_hand(
    tmp_path: Path, part_visits: int, lived: list[Any]
) -> None:
    begin_anew()
    data_dir = tmp_path / str(next(_folders))
    for batches, dies_at in lived:
        live(data_dir, batches, Mortal(dies_at), part_visits)
    live(data_dir, [], Mortal(), part_visits)
    answered = [
        record for batches, _ in lived for batch in batches for frame in batch for record in frame
    ]
    check_every_table(answered)


def live(
    data_dir: Path, batches: list[list[list[ClickRecord]]], mortal: Mortal, part_visits: int
) -> None:
    """One run of a server, up to its death or its orderly end."""
    journal = Journal.open(data_dir, EPOCH, fsync_every_s=None)
    ledger = Ledger(journal, mortal.enricher(), mortal.clock, part_visits=part_visits)
    ledger.start()
    for batch in batches:
        for frame in batch:
            assert journal.append([encode(record) for record in frame])
        assert ledger.wait(timeout_s=30) == 0.0
    if mortal.dies_at is None:
        assert ledger.stop(timeout_s=30)
    else:
        ledger.stop(timeout_s=30)
    journal.close()


def begin_anew() -> None:
    """An empty database with links; a function's fixtures live through all its examples."""
    with write():
        for model in TABLES:
            model.delete().execute()
    if not _has_links():
        make_links()


def _has_links() -> bool:
    from klink.db.models import Link

    return bool(rows(Link, "id"))
