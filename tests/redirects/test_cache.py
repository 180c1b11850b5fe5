"""The cache holds what was read last, never what has changed, and no more than it may."""

from __future__ import annotations

import random
import threading
import tracemalloc
from collections.abc import Callable

import pytest

from klink.core.compiled import CompiledLink, CompiledVariant, Condition, Rule
from klink.core.context import Changed
from klink.core.errors import DatabaseBusy
from klink.redirects.cache import LinkCache, key_of

MIB = 1 << 20


class Table:
    """Links by slug as a database has them; counts how often each is read."""

    def __init__(self) -> None:
        self.slugs: dict[str, CompiledLink] = {}
        self.reads: list[str] = []
        self.during_read: Callable[[], None] = lambda: None

    def load(self, domain_id: int, slug: str) -> CompiledLink | None:
        self.reads.append(slug)
        found = self.slugs.get(slug)
        self.during_read()
        return found

    def put(self, slug: str, location: str = "https://example.com/") -> CompiledLink:
        variant = CompiledVariant(0, "", location, 100)
        link = CompiledLink(len(self.slugs), 1, slug, "direct", "single", 302, (variant,))
        self.slugs[slug] = link
        return link


def link_changed(slug: str, domain_id: int = 1) -> Changed:
    return Changed("link", 7, domain_id, slug)


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def cache(table: Table) -> LinkCache:
    return LinkCache(table.load, MIB)


def test_a_link_is_read_once(table: Table, cache: LinkCache) -> None:
    link = table.put("a")
    assert [cache.get(1, "a") for _ in range(3)] == [link] * 3
    assert table.reads == ["a"]


def test_a_slug_without_a_link_is_remembered_too(table: Table, cache: LinkCache) -> None:
    assert [cache.get(1, "a") for _ in range(3)] == [None] * 3
    assert table.reads == ["a"]
    assert len(cache) == 0


def test_the_same_slug_of_two_domains_is_two_links(table: Table, cache: LinkCache) -> None:
    cache.get(1, "a")
    cache.get(2, "a")
    assert table.reads == ["a", "a"]


@pytest.mark.parametrize("existed", [True, False])
def test_a_change_lets_go_of_a_link_or_of_its_absence(
    table: Table, cache: LinkCache, existed: bool
) -> None:
    if existed:
        table.put("a", "https://example.com/old")
    cache.get(1, "a")
    new = table.put("a", "https://example.com/new")
    cache.forget(link_changed("a"))
    assert cache.get(1, "a") is new


def test_a_change_of_one_link_leaves_the_others(table: Table, cache: LinkCache) -> None:
    for slug in "abc":
        table.put(slug)
        cache.get(1, slug)
    cache.forget(link_changed("b"))
    cache.forget(Changed("domain", domain_id=1))
    for slug in "abc":
        cache.get(1, slug)
    assert table.reads == ["a", "b", "c", "b"]


def test_what_was_read_before_a_change_is_answered_but_not_kept(
    table: Table, cache: LinkCache
) -> None:
    old = table.put("a", "https://example.com/old")

    def change() -> None:
        table.during_read = lambda: None
        table.put("a", "https://example.com/new")
        cache.forget(link_changed("a"))

    table.during_read = change
    assert cache.get(1, "a") is old
    assert cache.get(1, "a") is table.slugs["a"]
    assert table.reads == ["a", "a"]


def test_a_flush_during_a_read_is_a_change_too(table: Table, cache: LinkCache) -> None:
    table.put("a")
    table.during_read = cache.flush
    cache.get(1, "a")
    table.during_read = lambda: None
    cache.get(1, "a")
    cache.get(1, "a")
    assert table.reads == ["a", "a"]
    assert cache.bytes > 0


def test_a_change_that_names_no_slug_lets_go_of_everything(table: Table, cache: LinkCache) -> None:
    table.put("a")
    cache.get(1, "a")
    cache.forget(Changed("link", 7))
    assert (len(cache), cache.bytes) == (0, 0)


def test_a_failed_read_is_not_remembered(table: Table, cache: LinkCache) -> None:
    def fail() -> None:
        raise DatabaseBusy

    link = table.put("a")
    table.during_read = fail
    with pytest.raises(DatabaseBusy):
        cache.get(1, "a")
    table.during_read = lambda: None
    assert cache.get(1, "a") is link


def test_it_stays_within_its_bytes_and_lets_go_of_the_least_used(table: Table) -> None:
    cache = LinkCache(table.load, 64 * 1024)
    for number in range(1000):
        table.put(f"s{number}")
        cache.get(1, f"s{number}")
        cache.get(1, "s0")
        assert cache.bytes <= 64 * 1024
    assert 30 < len(cache) < 300
    table.reads.clear()
    cache.get(1, "s0")
    cache.get(1, "s999")
    assert table.reads == []
    cache.get(1, "s1")
    assert table.reads == ["s1"]


def test_guessing_does_not_push_out_the_good_ones(table: Table) -> None:
    cache = LinkCache(table.load, 64 * 1024)
    for number in range(20):
        table.put(f"s{number}")
        cache.get(1, f"s{number}")
    for number in range(5000):
        cache.get(1, f"guess{number}")
    assert cache.bytes <= 64 * 1024
    table.reads.clear()
    for number in range(20):
        cache.get(1, f"s{number}")
    assert table.reads == []


def test_a_link_larger_than_the_cache_is_served_and_not_kept(table: Table) -> None:
    cache = LinkCache(table.load, 65_536)
    big = table.put("big", "https://example.com/" + "x" * 70_000)
    assert cache.get(1, "big") is big
    assert (len(cache), cache.bytes) == (0, 0)


def compiled_afresh(number: int) -> CompiledLink:
    """A link as one from the database is: nothing of it is shared with another."""
    text = f"https://www.example.com/landing/{number}?utm_source={number}"
    kind: object = "".join(("dir", "ect"))
    variants = tuple(CompiledVariant(number, f"v{i}{number}", text + str(i), 50) for i in range(2))
    rules = (Rule(Condition(country=(f"U{number % 10}",), after_ms=10**12 + number), f"v{number}"),)
    return CompiledLink(
        10**6 + number,
        10**4 + number,
        f"slug{number}",
        kind,  # type: ignore[arg-type]
        "split",
        302,
        variants,
        rules if number % 2 else (),
        expires_at_ms=10**12 + number,
        title=f"Title {number}",
    )


def test_the_estimate_of_bytes_is_close_to_the_truth() -> None:
    count = 5000
    warm = LinkCache(lambda _, slug: compiled_afresh(int(slug[4:])), 1 << 30)
    for number in range(count):  # what is kept once for the whole process is no cache's
        warm.get(1, f"slug{number}")
    cache = LinkCache(lambda _, slug: compiled_afresh(int(slug[4:])), 1 << 30)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(count):
        cache.get(1, f"slug{number}")
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(cache) == count
    ratio = cache.bytes / (after - before)
    assert 0.95 <= ratio <= 1.2


def test_absences_cost_what_is_counted_for_them() -> None:
    cache = LinkCache(lambda *_: None, 1 << 30)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(15_000):
        cache.get(1, f"slug{number}")
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    ratio = cache.bytes / (after - before)
    assert 0.95 <= ratio <= 1.25


def test_what_is_asked_for_lately_is_ready_and_the_rest_is_packed(table: Table) -> None:
    cache = LinkCache(table.load, 256 * 1024)
    links = [table.put(f"s{number}") for number in range(200)]
    for number in range(200):
        cache.get(1, f"s{number}")
    assert cache.ready(b"s0") is None
    assert cache.held(b"s0") == links[0]
    for _ in range(8):
        cache.get(1, "s199")
    assert cache.ready(b"s199") == links[199]
    for number in range(200):
        cache.held(b"s%d" % number)
    assert 0 < sum(cache.ready(b"s%d" % number) is not None for number in range(200)) < 100


def test_what_is_held_is_told_apart_from_what_is_not_known(table: Table, cache: LinkCache) -> None:
    table.put("a")
    assert cache.held(b"a") is None
    cache.get(1, "a")
    cache.get(1, "b")
    assert cache.held(b"a") == table.slugs["a"]
    assert cache.held(b"b") is False


def test_a_key_names_its_domain_in_a_way_that_no_target_can() -> None:
    assert key_of(1, b"a") == b"a"
    assert key_of(7, b"a").split(b"\r\n") == [b"7", b"a"]


def test_threads_that_ask_for_the_same_at_once_read_it_once(table: Table) -> None:
    cache = LinkCache(table.load, MIB)
    link = table.put("a")
    reading, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        reading.set()
        may_end.wait(10)

    table.during_read = wait
    found: list[CompiledLink | None] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get(1, "a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert reading.wait(10)
    may_end.set()
    for thread in threads:
        thread.join()
    assert found == [link] * 8
    assert table.reads == ["a"]


def test_when_the_one_who_reads_fails_the_others_try(table: Table) -> None:
    cache = LinkCache(table.load, MIB)
    link = table.put("a")
    reading, may_end = threading.Event(), threading.Event()

    def fail() -> None:
        table.during_read = lambda: None
        reading.set()
        may_end.wait(10)
        raise DatabaseBusy

    table.during_read = fail
    outcomes: list[object] = []

    def ask() -> None:
        try:
            outcomes.append(cache.get(1, "a"))
        except DatabaseBusy:
            outcomes.append("busy")

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    assert reading.wait(10)
    second.start()
    may_end.set()
    first.join()
    second.join()
    assert sorted(map(str, outcomes)) == sorted(["busy", str(link)])


def test_readers_never_keep_what_a_writer_has_replaced() -> None:
    """Threads read while others change: at the end nobody sees anything old."""
    table = Table()
    cache = LinkCache(table.load, MIB)
    slugs = [f"s{number}" for number in range(4)]
    stop = threading.Event()

    def read(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            cache.get(1, chance.choice(slugs))

    def write(slug: str) -> None:
        for version in range(300):
            table.put(slug, f"https://example.com/{version}")
            cache.forget(link_changed(slug))

    readers = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    writers = [threading.Thread(target=write, args=(slug,)) for slug in slugs]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert [cache.get(1, slug) for slug in slugs] == [table.slugs[slug] for slug in slugs]


def test_look_ups_are_counted_by_whether_memory_answered(table: Table, cache: LinkCache) -> None:
    table.put("a")
    for _ in range(3):
        cache.get(1, "a")
        cache.get(1, "unknown")
    found = cache.figures()
    assert (found.hits, found.misses) == (4, 2)
    assert (found.links, found.bytes) == (1, cache.bytes)
    while cache.ready(b"a") is None:
        cache.held(b"a")
    before = cache.figures().hits
    assert cache.ready(b"a") is not None
    assert cache.held(b"a")
    after = cache.figures()
    assert (after.hits, after.misses) == (before + 2, 2)


def test_what_the_loop_leaves_to_a_worker_is_counted_there(table: Table, cache: LinkCache) -> None:
    cache.get(1, "unknown")
    assert cache.held(b"unknown") is False
    assert cache.held(b"never-asked-for") is None
    found = cache.figures()
    assert (found.hits, found.misses) == (0, 1)
