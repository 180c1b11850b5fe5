"""Many pages, some of them slow: who is asked when, and who waits for whom."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links import LinkView
from klink.db.connection import close_thread
from klink.jobs import Pace
from klink.jobs.asking import AT_ONCE
from klink.jobs.job import JobSettings
from klink.jobs.sites import verify_sites
from tests.fetching import sites as web
from tests.fetching.sites import PUBLIC, Visit, page
from tests.jobs.conftest import Site


@dataclass
class Pages:
    """What every page says, by its host and path; and how many were asked for at once."""

    texts: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    """Hosts that answer when they are let go."""
    go: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    most: int = 0
    most_of_a_host: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, visit: Visit) -> None:
        path = visit.request.split()[1].decode()
        host = visit.request.partition(b"Host: ")[2].split()[0].decode()
        with self._news:
            self.asked[host] += 1
            self.now[host] += 1
            self.most = max(self.most, sum(self.now.values()))
            self.most_of_a_host = max(self.most_of_a_host, self.now[host])
            self._news.notify_all()
        if host in self.held:
            self.go.wait(20)
        with self._news:
            self.now[host] -= 1
        text = self.texts.get(host + path)
        visit.send(page(b"", status=b"503 x") if text is None else page(text.encode()))

    def reached(self, state: Callable[[], bool]) -> bool:
        """Wait until requests have brought this about."""
        with self._news:
            return self._news.wait_for(state, 20)


class Web:
    """klink, and an internet that its fetcher sees."""

    def __init__(self, site: Site, world: web.World) -> None:
        self.site = site
        self.pages = Pages()
        self._world = world
        world.site(self.pages)
        self.settings = JobSettings(fetcher=world.fetcher())

    def link(self, page: str, text: str | None = "{slug}") -> LinkView:
        """A link that stands on a page, which says ``text``; None: it cannot be had."""
        host = page.partition("/")[0]
        self._world.names.known[host] = [[PUBLIC]]
        link = self.site.link(type="inpage", site_url=f"http://{page}")
        self.say(link, page, text)
        return link

    def say(self, link: LinkView, page: str, text: str | None) -> None:
        if text is None:
            self.pages.texts.pop(page, None)
        else:
            self.pages.texts[page] = text.replace("{slug}", link.slug)

    def run(
        self, ctx: Context, pace: Pace | None = None, *, everything: bool = False
    ) -> dict[str, int]:
        settings = replace(self.settings, everything=everything)
        counts = verify_sites(ctx, settings, pace or Pace()).counts
        return {word: count for word, count in counts.items() if count}

    def see(self, link: LinkView) -> LinkView:
        return links.get(self.site.ctx, self.site.owner, link.uid)


@pytest.fixture
def net(site: Site) -> Iterator[Web]:
    with web.world() as world:
        made = Web(site, world)
        yield made
        made.pages.go.set()


def test_only_what_is_due_is_looked_at_by_the_clock(net: Web):
    link = net.link("one.example/")
    assert net.run(net.site.later(minutes=14)) == {}
    assert net.run(net.site.later(minutes=15)) == {"found": 1}
    assert net.run(net.site.later(hours=5)) == {}
    assert net.run(net.site.later(hours=7)) == {"found": 1}
    seen = net.see(link).site_verified_at
    assert seen is not None
    assert abs(seen - net.site.later(hours=7).now).total_seconds() < 60


def test_everything_is_looked_at_once_when_a_person_asks(net: Web):
    net.link("one.example/")
    net.link("two.example/", "nothing")
    net.link("three.example/", None)
    expected = {"found": 1, "missing": 1, "unproven": 1}
    assert net.run(net.site.ctx, everything=True) == expected
    assert net.run(net.site.later(seconds=1), everything=True) == expected
    assert set(net.pages.asked.values()) == {2}


def test_a_link_that_is_lost_for_a_day_is_deleted(net: Web):
    link, kept = net.link("one.example/"), net.link("two.example/")
    assert net.run(net.site.later(hours=1)) == {"found": 2}
    net.say(link, "one.example/", "it is gone")
    net.say(kept, "two.example/", None)
    assert net.run(net.site.later(hours=8)) == {"missing": 1, "unproven": 1}
    assert net.run(net.site.later(hours=31)) == {"missing": 1, "unproven": 1}
    assert net.run(net.site.later(hours=33)) == {"deleted": 1, "unproven": 1}
    with pytest.raises(NotFound):
        net.see(link)
    assert net.see(kept).scheduled_deletion_at is None


def test_four_are_asked_at_once_and_a_host_one_thing_at_a_time(net: Web):
    for i in range(8):
        for path in "ab":
            net.link(f"h{i}.example/{path}")
    net.pages.held = {f"h{i}.example" for i in range(8)}
    counts: list[dict[str, int]] = []

    def work() -> None:
        counts.append(net.run(net.site.later(hours=1)))
        close_thread()

    thread = threading.Thread(target=work)
    thread.start()
    assert net.pages.reached(lambda: net.pages.most == AT_ONCE)
    net.pages.go.set()
    thread.join()
    assert counts == [{"found": 16}]
    assert (net.pages.most, net.pages.most_of_a_host) == (AT_ONCE, 1)


def test_a_slow_site_holds_nobody_up(net: Web):
    for path in "abcdef":
        net.link(f"slow.example/{path}")
    others = [net.link(f"h{i}.example/") for i in range(12)]
    net.pages.held = {"slow.example"}
    seen: list[int] = []

    def note(done: int) -> None:
        seen.append(done)
        if done == len(others):  # all but the slow ones, of which the first still waits
            assert net.pages.asked["slow.example"] == 1
            net.pages.go.set()

    assert net.run(net.site.later(hours=1), Pace(progress=note)) == {"found": 18}
    assert seen[-1] == 18


def test_a_run_ends_soon_when_the_server_does_and_the_looks_stay_due(net: Web):
    net.link("slow.example/")
    net.pages.held = {"slow.example"}
    stop = threading.Event()
    ended = threading.Event()

    def work() -> None:
        net.run(net.site.later(hours=1), Pace(stop))
        close_thread()
        ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    assert net.pages.reached(lambda: net.pages.asked["slow.example"] == 1)
    stop.set()
    assert ended.wait(5)
    thread.join()
    net.pages.go.set()
    assert net.run(net.site.later(hours=1)) == {"found": 1}
