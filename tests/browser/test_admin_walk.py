"""Every screen of the admin page in a real browser: any width, both themes, no barrier."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Request, Response, expect

from scripts.pictures.tour import ENTRANCE, Stop, tour
from tests.browser.axe import Axe
from tests.browser.conftest import Visitor
from tests.browser.office import Desk, desk

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]

WIDTHS = (320, 820, 1920)
OVERFLOW = "document.scrollingElement.scrollWidth - innerWidth"
MOST_BYTES = 200 * 1024

# Phones have no other look in the dark; one of both sizes is looked at with axe in each theme.
LOOKS = [(320, "dark"), (1280, "light")]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("office"), clicks_a_day=25) as opened:
        yield opened


def stops(office: Desk) -> list[tuple[Stop, str]]:
    """All screens of somebody who is signed in, as they stand."""
    return [(stop, path) for stop, path in tour(office.demo) if stop.act is None]


def elsewhere(visitor: Visitor, office: Desk) -> list[str]:
    """Where the browser asks that is not klink, from now on."""
    asked: list[str] = []

    def see(request: Request) -> None:
        place = urlsplit(request.url)
        if place.scheme != "data" and f"{place.scheme}://{place.netloc}" != office.url:
            asked.append(request.url)

    visitor.context.on("request", see)
    return asked


def said(visitor: Visitor) -> list[str]:
    """What the console said, but for the status of a page that is not there."""
    return [each for each in visitor.complaints if "/no-such-page" not in each]


def test_no_screen_scrolls_sideways_complains_or_asks_others(office: Desk, visitors: Visitors):
    visitor = visitors()
    page, asked = office.sign_in(visitor), elsewhere(visitor, office)
    wide = []
    for stop, path in stops(office):
        page.goto(office.url + path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                if (over := page.evaluate(OVERFLOW)) > 0:
                    wide.append(f"{stop.name} at {width} in {theme}: {over} px")
    assert wide == []
    assert asked == []
    assert said(visitor) == []


@pytest.mark.parametrize("width, theme", LOOKS)
def test_no_screen_has_a_barrier(
    office: Desk, visitors: Visitors, axe: Axe, width: int, theme: Any
):
    visitor = visitors(color_scheme=theme, viewport={"width": width, "height": 800})
    page = office.sign_in(visitor)
    found = []
    for stop, path in stops(office):
        page.goto(office.url + path)
        found += [f"{stop.name}: {each}" for each in axe(page)]
    assert found == []


def test_who_is_not_signed_in_meets_no_barrier(office: Desk, visitors: Visitors, axe: Axe):
    visitor = visitors(viewport={"width": 320, "height": 600})
    asked = elsewhere(visitor, office)
    for stop, path in tour(office.demo, ENTRANCE):
        visitor.page.goto(office.url + path)
        assert axe(visitor.page) == [], stop.name
        assert visitor.page.evaluate(OVERFLOW) <= 0, stop.name
    assert asked == []
    assert visitor.complaints == []


@pytest.mark.parametrize("path", ["/?range=30d", "/links"])
def test_the_first_load_is_small(office: Desk, visitors: Visitors, path: str):
    visitor = visitors()
    page = office.sign_in(visitor)
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    page.on("response", keep)
    page.goto(office.at(path), wait_until="networkidle")
    sizes = {urlsplit(each.url).path: transferred(each) for each in answers}
    assert sizes["/admin/" if path.startswith("/?") else "/admin/links"] > 1000
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def transferred(answer: Response) -> int:
    """Bytes of a body on the wire."""
    return int(answer.request.sizes()["responseBodySize"])


def test_on_phones_the_present_place_is_in_sight(office: Desk, visitors: Visitors):
    visitor = visitors(viewport={"width": 320, "height": 600})
    page = office.sign_in(visitor)
    page.goto(office.at("/settings/account"))
    here = page.locator(".places [aria-current]")
    box, row = here.bounding_box(), page.locator(".places").bounding_box()
    assert box is not None
    assert row is not None
    assert row["x"] <= box["x"]
    assert box["x"] + box["width"] <= row["x"] + row["width"] + 1


def test_a_chart_says_what_a_point_is_where_one_points(office: Desk, visitors: Visitors, axe: Axe):
    visitor = visitors()
    page = office.sign_in(visitor)
    page.goto(office.at("/?range=7d"))
    lines, tip = page.locator(".plot.lines"), page.locator(".tip")
    expect(tip).to_be_hidden()
    box = lines.bounding_box()
    assert box is not None
    for share, row in ((0.02, 0), (0.98, 6)):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + 60)
        cells = page.locator(".chart tbody tr").nth(row).locator("td").all_text_contents()
        expect(tip).to_contain_text(f"{cells[0]}{cells[1]} people")
        assert page.evaluate(OVERFLOW) <= 0
    assert axe(page) == []
    page.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    assert visitor.complaints == []
