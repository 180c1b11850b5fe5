"""``max_clicks`` lets exactly so many people through, however they come."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from klink.core import links
from tests.redirects.site import Site

THREADS = 16


def statuses_of(site: Site, requests: int) -> Counter[int]:
    """Ask for the link from many threads at once; count the answers by status."""
    found: list[int] = []
    start = threading.Barrier(THREADS)

    def ask() -> None:
        start.wait()
        for _ in range(requests):
            found.append(site.ask("/spring").status_code)

    threads = [threading.Thread(target=site.in_thread(ask)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(found)


def test_many_at_once_get_exactly_max_clicks_through(site: Site) -> None:
    site.link(max_clicks=21)
    assert statuses_of(site, requests=4) == {302: 21, 410: THREADS * 4 - 21}
    assert len(site.records()) == 21


def test_programs_and_prefetches_use_nothing_up_and_pass_only_while_a_use_is_left(
    site: Site,
) -> None:
    link = site.link(max_clicks=1)
    others: list[dict[str, Any]] = [
        {"User_Agent": "curl/8.5.0"},
        {"User_Agent": ""},
        {"User_Agent": "Slackbot-LinkExpanding 1.0"},
        {"Sec_Purpose": "prefetch"},
        {"method": "HEAD"},
    ]
    for headers in others:
        assert site.ask("/spring", **headers).status_code == 302
    assert links.uses_left(link.id, 1)
    assert site.ask("/spring").status_code == 302
    for headers in [*others, {}]:
        assert site.ask("/spring", **headers).status_code == 410
    assert len(site.records()) == 6


def test_a_larger_max_clicks_opens_a_used_up_link_again(site: Site) -> None:
    link = site.link(max_clicks=1)
    assert [site.ask("/spring").status_code for _ in range(2)] == [302, 410]
    site.change(link, max_clicks=2)
    assert [site.ask("/spring").status_code for _ in range(2)] == [302, 410]


@pytest.mark.parametrize(
    "fields,path",
    [({"password": "open sesame"}, "/spring"), ({"type": "inpage"}, "/spring/page")],
)
def test_the_way_on_uses_one_up_and_looking_at_the_page_does_not(
    site: Site, fields: dict[str, Any], path: str
) -> None:
    site.link(max_clicks=1, **fields)
    for _ in range(3):
        assert site.ask(path).status_code == 200
    assert site.post(path, password="open sesame").status_code == 303
    assert site.post(path, password="open sesame").status_code == 410
    assert site.ask(path).status_code == 410
