"""Every click that was answered is counted, and none twice, whatever dies when."""

from __future__ import annotations

import csv
import io
import os
import random
import threading
import time
from collections import Counter

import pytest

from tests.live.conftest import Load, Outcome
from tests.live.server import Server

pytestmark = [pytest.mark.live, pytest.mark.alone]

KILLS = int(os.environ.get("KLINK_TEST_KILLS", "10"))
AT_A_TIME = 10
"""Kills before it is looked whether all is right; each time with another link."""


def counted_numbers(server: Server, key: str, link: dict[str, object]) -> Counter[str]:
    """How often each request's number stands in the raw clicks."""
    reply = server.get(
        f"/api/v1/links/{link['id']}/clicks", key=key, headers={"Accept": "text/csv"}, timeout_s=60
    )
    assert reply.status == 200
    rows = csv.DictReader(io.StringIO(reply.body.decode()))
    return Counter(row["utm_content"] for row in rows)


def check(
    server: Server, key: str, link: dict[str, object], seen: list[Outcome], lost: int
) -> None:
    """answered ≤ counted ≤ asked, every answered one among the counted, none twice."""
    answered = {str(number) for outcome in seen for number in outcome.answered}
    asked = sum(outcome.asked for outcome in seen)
    clicks = server.settled(key, link)["clicks"]
    numbers = counted_numbers(server, key, link)
    assert [n for n, times in numbers.items() if times > 1] == []
    assert answered - numbers.keys() == set()
    print(f"{len(answered)} answered, {clicks} counted, {asked} asked")
    assert len(answered) <= clicks == len(numbers) <= asked
    assert asked - len(answered) <= lost


def test_kill_9_under_full_load_loses_nothing_and_counts_nothing_twice(
    server: Server, key: str
) -> None:
    for begin in range(0, KILLS, AT_A_TIME):
        link = server.create(key, url="https://example.com/")
        seen: list[Outcome] = []
        for number in range(begin, begin + AT_A_TIME):
            load = Load(server.port, [link["slug"]], 20, number * 1_000_000)
            time.sleep(random.uniform(0.2, 1.2))
            server.kill()
            seen.append(load.finish())
            server.start()
        assert sum(len(outcome.answered) for outcome in seen) > AT_A_TIME * 50
        check(server, key, link, seen, lost=AT_A_TIME * 8)


def test_sigterm_under_load_ends_with_0_and_loses_nothing(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/", slug="spring")
    load = Load(server.port, ["spring"], 20, 0)
    time.sleep(1.5)
    status, seconds = server.stop()
    outcome = load.finish()
    assert (status, seconds < 10) == (0, True)
    assert len(outcome.answered) > 50
    server.start()
    check(server, key, link, [outcome], lost=8)


def test_stats_show_a_click_at_once(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/", slug="spring")
    for expected in range(1, 6):
        assert server.get("/spring").status == 302
        stats = server.get(f"/api/v1/links/{link['id']}/stats", key=key).json
        assert stats["totals"]["clicks"] == expected


def test_a_limited_link_forwards_exactly_so_many_people(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/", slug="few", max_clicks=25)
    statuses: list[int] = []

    def click() -> None:
        for _ in range(10):
            statuses.append(server.get("/few").status)

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {302: 25, 410: 35}
    assert server.settled(key, link)["clicks"] == 25
