"""Destinations that go down and come up again, and where their visitors go."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from klink.core import destination_checks
from klink.core.context import Context
from klink.core.times import parse_rfc3339
from klink.db.models import Audit, DestinationCheck
from klink.jobs import Pace
from klink.jobs.destinations import check_destinations
from klink.jobs.job import JobSettings
from tests.dialects.house import House, Person
from tests.fetching import sites as web
from tests.fetching.sites import PUBLIC, Visit, page

FAILOVER = "https://mirror.example/"


class Net:
    """klink with every door, and an internet whose sites go down and up."""

    def __init__(self, house: House, world: web.World) -> None:
        self.house = house
        self.owner: Person = house.person("klink")
        self.statuses: dict[str, int] = {}
        self.changed: dict[str, Any] = {}
        self.asked: Counter[str] = Counter()
        self._world = world
        world.site(self._answer)
        self._settings = JobSettings(fetcher=world.fetcher())

    def _answer(self, visit: Visit) -> None:
        host = visit.request.partition(b"Host: ")[2].split()[0].decode()
        self.asked[host] += 1
        visit.send(page(b"", status=b"%d x" % self.statuses.get(host, 200)))

    def link(self, *hosts: str, **fields: Any) -> dict[str, Any]:
        """A link to the one host, or a split among several."""
        for host in hosts:
            self._world.names.known[host] = [[PUBLIC]]
        body: dict[str, Any] = {"slug": "spring", **fields}
        if len(hosts) == 1:
            body["url"] = f"http://{hosts[0]}/"
        else:
            share = 100 // len(hosts)
            weights = [100 - share * (len(hosts) - 1), *[share] * (len(hosts) - 1)]
            many = [
                {"label": host[0], "url": f"http://{host}/", "weight": weight}
                for host, weight in zip(hosts, weights, strict=True)
            ]
            body["routing"] = {"variants": many, **fields.pop("routing", {})}
            body = {**body, **fields, "routing": body["routing"]}
        reply = self.owner.post("/api/v1/links", body)
        assert reply.status_code == 201, reply.text
        return dict(reply.json)

    def check(self, *, everything: bool = False) -> dict[str, int]:
        """Run the job; what it says, without zeros."""
        settings = replace(self._settings, everything=everything)
        counts = check_destinations(self.ctx(), settings, Pace()).counts
        return {word: count for word, count in counts.items() if count}

    def ctx(self) -> Context:
        """The core's context: the house's, with the interval of this test."""
        return replace(self.house.ctx, settings=replace(self.house.ctx.settings, **self.changed))

    def next(self) -> dict[str, int]:
        """The next checks, a quarter of an hour or, of those that failed, an hour later."""
        self.house.later(minutes=61)
        return self.check()

    def take_down(self, host: str, status: int = 503) -> None:
        self.statuses[host] = status
        for _ in range(3):
            said = self.next()
        assert said.get("down"), said

    def goes(self, slug: str = "spring", **visit: Any) -> str:
        """Where a visitor goes."""
        reply = self.house.visit(f"https://go.example.org/{slug}", **visit)
        assert reply.status_code == 302
        return reply.headers["Location"]

    def see(self, link: dict[str, Any]) -> dict[str, Any]:
        return dict(self.owner.get(f"/api/v1/links/{link['id']}").json)

    def patch(self, link: dict[str, Any], **fields: Any) -> dict[str, Any]:
        reply = self.owner.patch(f"/api/v1/links/{link['id']}", fields)
        assert reply.status_code == 200, reply.text
        return dict(reply.json)


def _net(folder: Path, **settings: Any) -> Iterator[Net]:
    house = House(folder, **settings)
    with web.world() as world:
        yield Net(house, world)
    house.close()


@pytest.fixture
def net(db: str, tmp_path: Path) -> Iterator[Net]:
    """One where the clock checks only links with a failover_url."""
    yield from _net(tmp_path)


@pytest.fixture
def weekly(db: str, tmp_path: Path) -> Iterator[Net]:
    """One where every destination is checked once a week."""
    yield from _net(tmp_path, destination_interval=timedelta(days=7))


def test_visitors_go_elsewhere_at_the_third_failure_and_back_when_it_is_up(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    assert net.next() == {"there": 1}
    net.statuses["a.example"] = 503
    assert net.next() == {"problems": 1}
    assert net.next() == {"problems": 1}
    assert net.goes() == "http://a.example/"
    assert net.next() == {"down": 1}
    assert net.goes() == FAILOVER
    assert net.next() == {"problems": 1}
    assert net.goes() == FAILOVER
    assert net.owner.get(f"/api/v1/links/{link['id']}/explain").json["location"] == FAILOVER
    net.statuses["a.example"] = 403
    assert net.next() == {"up": 1}
    assert net.goes() == "http://a.example/"


def test_what_was_found_is_shown(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    assert net.see(link)["check"] is None
    net.next()
    check = net.see(link)["check"]
    assert check.pop("checked_at").startswith("2026-03-14T16:10:2")
    assert check == {
        "status": 200,
        "final_host": None,
        "problem": None,
        "failing_since": None,
        "down_since": None,
    }
    net.take_down("a.example", 404)
    check = net.see(link)["check"]
    assert (check["problem"], check["status"]) == ("not_found", 404)
    assert check["down_since"] == check["checked_at"]
    spent = parse_rfc3339(check["down_since"]) - parse_rfc3339(check["failing_since"])
    assert abs(spent - timedelta(minutes=122)) < timedelta(minutes=1)
    listed = net.owner.get("/api/v1/links?problem=true").json["items"]
    assert [each["check"] for each in listed] == [check]
    assert net.owner.get("/api/v1/links?problem=false").json["items"] == []


def test_going_down_and_up_is_in_the_audit_log_and_changes_no_version(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    path = f"/api/v1/links/{link['id']}"
    etag = net.owner.get(path).headers["ETag"]
    net.take_down("a.example")
    del net.statuses["a.example"]
    net.next()
    assert net.owner.get(path).headers["ETag"] == etag
    entries = Audit.select().where(Audit.action.in_(["link.down", "link.up"])).order_by(Audit.id)
    told = [(each.action, json.loads(each.details)) for each in entries]
    same = {"variant": None, "url": "http://a.example/", "failover_url": FAILOVER}
    assert told == [
        ("link.down", same | {"problem": "server_error", "status": 503}),
        ("link.up", same | {"problem": None, "status": 200}),
    ]


def test_clicks_on_the_way_elsewhere_count_as_before(net: Net):
    link = net.link("a.example", "b.example", failover_url=FAILOVER)
    net.take_down("a.example")
    net.take_down("b.example")
    assert net.goes() == FAILOVER
    seen = net.see(link)
    assert seen["clicks"] == 1
    assert sum(each["clicks"] for each in seen["routing"]["variants"]) == 1


def test_variants_are_down_apart(net: Net):
    link = net.link(
        "a.example",
        "b.example",
        failover_url=FAILOVER,
        routing={"rules": [{"when": {"country": ["US"]}, "use": "b"}], "default": "a"},
    )
    net.take_down("b.example")
    assert net.goes(country="AT") == "http://a.example/"
    assert net.goes(country="US") == FAILOVER
    seen = net.see(link)
    assert seen["check"] is None
    checks = [each["check"] for each in seen["routing"]["variants"]]
    assert [each["problem"] for each in checks] == [None, "server_error"]
    assert [each["down_since"] is None for each in checks] == [True, False]


def test_a_winner_that_is_down_has_its_visitors_sent_elsewhere(net: Net):
    link = net.link("a.example", "b.example", failover_url=FAILOVER)
    path = f"/api/v1/links/{link['id']}/experiment/winner"
    reply = net.owner.post(path, {"label": "a"})
    assert reply.status_code == 200, reply.text
    net.take_down("a.example")
    assert {net.goes(peer=f"203.0.113.{i}") for i in range(9)} == {FAILOVER}
    net.take_down("b.example")
    del net.statuses["a.example"]
    assert net.next()["up"] == 1
    assert {net.goes(peer=f"203.0.113.{i}") for i in range(9)} == {"http://a.example/"}


def test_parameters_go_along_elsewhere(net: Net):
    net.link("a.example", failover_url=FAILOVER, utm={"source": "mail"}, forward_query=True)
    net.take_down("a.example")
    assert net.goes("spring?q=1") == f"{FAILOVER}?utm_source=mail&q=1"


def test_another_destination_begins_anew(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    net.link("b.example", slug="other")
    net.take_down("a.example")
    changed = net.patch(link, url="http://b.example/")
    assert changed["check"] is None
    assert net.goes() == "http://b.example/"
    net.patch(link, url="http://a.example/")
    assert net.goes() == "http://a.example/"
    assert net.next() == {"problems": 1}


def test_other_changes_keep_what_is_known(net: Net):
    link = net.link("a.example", "b.example", failover_url=FAILOVER)
    net.take_down("a.example")
    variants = net.see(link)["routing"]["variants"]
    net.patch(link, title="Spring", failover_url="https://second.example/")
    moved = [{name: each[name] for name in ("label", "url")} for each in variants]
    weights = [{**moved[0], "weight": 100}, {**moved[1], "weight": 0}]
    net.patch(link, routing={"variants": weights})
    assert net.goes() == "https://second.example/"
    weights[1]["url"] = "http://b.example/else"
    changed = net.patch(link, routing={"variants": weights})
    assert [each["check"] is None for each in changed["routing"]["variants"]] == [False, True]
    assert net.goes() == "https://second.example/"


def test_taking_the_failover_away_ends_it_and_the_checks(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    net.take_down("a.example")
    net.patch(link, failover_url=None)
    assert net.goes() == "http://a.example/"
    assert net.next() == {}
    net.patch(link, failover_url=FAILOVER)
    assert net.goes() == "http://a.example/"  # what was known may be long ago
    net.take_down("a.example")
    assert net.goes() == FAILOVER


def test_a_link_in_the_trash_is_not_checked_until_it_is_back(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    net.take_down("a.example")
    asked = net.asked["a.example"]
    net.owner.delete(f"/api/v1/links/{link['id']}")
    assert net.next() == {}
    assert net.asked["a.example"] == asked
    net.owner.post(f"/api/v1/links/{link['id']}/restore")
    assert net.goes() == "http://a.example/"
    assert net.next() == {"problems": 1}


def test_a_purged_link_leaves_nothing_behind(net: Net):
    link = net.link("a.example", "b.example", failover_url=FAILOVER)
    net.owner.delete(f"/api/v1/links/{link['id']}?purge=true")
    assert DestinationCheck.select().count() == 0
    assert net.next() == {}


def test_what_was_changed_while_it_was_asked_is_dropped(net: Net):
    link = net.link("a.example", failover_url=FAILOVER)
    net.link("b.example", slug="other")
    asked = destination_checks.next_check(replace(net.house.ctx, now=net.house.now + timedelta(1)))
    assert asked is not None
    net.patch(link, url="http://b.example/")
    answer = destination_checks.Answer(destination_checks.Problem.NOT_FOUND, 404)
    assert destination_checks.record(net.house.ctx, asked, answer) == "dropped"
    assert net.see(link)["check"] is None
    net.owner.delete(f"/api/v1/links/{link['id']}?purge=true")
    assert destination_checks.record(net.house.ctx, asked, answer) == "dropped"


def test_a_failover_url_is_checked_like_a_destination(net: Net):
    for url in ("javascript:alert(1)", "https://go.example.org/spring"):
        body = {"url": "https://example.com/", "slug": "spring", "failover_url": url}
        reply = net.owner.post("/api/v1/links", body)
        assert reply.status_code == 422
        assert list(reply.json["errors"]) == ["failover_url"]
    link = net.link("a.example", failover_url=FAILOVER)
    reply = net.owner.patch(
        f"/api/v1/links/{link['id']}", {"failover_url": "https://go.example.org/spring"}
    )
    assert reply.status_code == 422


def test_by_itself_klink_asks_only_where_visitors_could_go_elsewhere(net: Net):
    net.link("a.example")
    net.link("b.example", slug="watched", failover_url=FAILOVER)
    assert net.next() == {"there": 1}
    assert net.asked == {"b.example": 1}


def test_a_person_has_everything_checked_once(net: Net):
    plain = net.link("a.example")
    net.link("b.example", "c.example", slug="watched", failover_url=FAILOVER)
    net.statuses["a.example"] = 404
    assert net.check(everything=True) == {"there": 2, "problems": 1}
    assert net.see(plain)["check"]["problem"] == "not_found"
    net.house.later(seconds=1)
    assert net.check(everything=True) == {"there": 2, "problems": 1}
    assert net.next() == {"there": 2}  # the clock still leaves the first alone


def test_with_an_interval_every_link_is_checked_once_in_it(weekly: Net):
    for i in range(20):
        weekly.link(f"h{i}.example", slug=f"s{i}")
    assert weekly.check() == {}
    weekly.house.later(minutes=11)
    assert weekly.check() == {}  # but they have their places in the week now
    found = []
    for _ in range(7):
        weekly.house.later(days=1)
        found.append(sum(weekly.check().values()))
    assert sum(found) == 20
    assert all(1 <= each <= 5 for each in found)
    assert set(weekly.asked.values()) == {1}


def test_links_that_are_older_than_the_interval_are_found(db: str, tmp_path: Path, net: Net):
    net.link("a.example")
    net.link("b.example", "c.example", slug="two")
    net.check(everything=True)
    daily = {"destination_interval": timedelta(days=1)}
    net.changed = daily
    net.house.later(hours=1)
    net.check()
    net.house.later(days=1)
    assert net.check() == {"there": 3}
    net.changed = {}
    net.house.later(days=1)
    assert net.check() == {"dropped": 3}  # due by the old interval, and not asked
    net.house.later(days=9)
    assert net.check() == {}
    net.changed = daily
    net.check()
    net.house.later(days=1)
    assert net.check() == {"there": 3}
