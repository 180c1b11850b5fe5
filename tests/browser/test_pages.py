"""What visitors see, in a real browser: every page, in light and dark, small, by keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request

from klink.pages.languages import LANGUAGES
from tests.browser.axe import Axe
from tests.browser.conftest import Visitor
from tests.browser.shop import Shop, open_shop
from tests.live.server import BROWSER, Server

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]

PASSWORD = "open sesame"
PATHS = (
    "/",
    "/nothing",
    "/later",
    "/once",
    "/short",
    "/off",
    "/binned",
    "/locked",
    "/shown/page",
    "/read/page",
    "/right-to-left/page",
    "/fake/page",
)
SMALL, LARGE = {"width": 320, "height": 568}, {"width": 1280, "height": 800}
SCHEMES: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"color_scheme": "light", "forced_colors": "active"},
    {"color_scheme": "dark", "forced_colors": "active"},
]
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@dataclass(frozen=True)
class Place:
    """A klink with a link in each state that has a page, and the shop that they lead to."""

    server: Server
    shop: Shop

    @property
    def url(self) -> str:
        """Where klink is, without a slash at its end."""
        return f"http://127.0.0.1:{self.server.port}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    data_dir = tmp_path_factory.mktemp("data")
    server = Server(data_dir, f"sqlite:///{data_dir / 'klink.db'}")
    try:
        server.start()
        with open_shop(f"http://127.0.0.1:{server.port}") as shop:
            furnish(server, shop)
            yield Place(server, shop)
    finally:
        server.end()


def furnish(server: Server, shop: Shop) -> None:
    """Make the links."""
    key = server.klink("keys", "create", "--name", "live")
    url = f"{shop.url}/a"
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    server.create(key, slug="later", url=url, starts_at=f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}")
    server.create(key, slug="once", url=url, max_clicks=1)
    assert server.get("/once", headers={"User-Agent": BROWSER}).status == 302
    other = server.klink("keys", "create", "--name", "other", "--dialect", "klookup")
    short = {"url": url, "expires_at": "2020-01-01T00:00:00Z"}
    made = server.request("POST", "/api/v1/links", key=other, body=short).json["data"]
    found = server.get(f"/api/v1/links?q={made['short_code']}", key=key).json["items"][0]
    server.request("PATCH", f"/api/v1/links/{found['id']}", key=key, body={"slug": "short"})
    server.create(key, slug="off", url=url, is_active=False)
    binned = server.create(key, slug="binned", url=url)
    server.request("DELETE", f"/api/v1/links/{binned['id']}", key=key)
    server.create(key, slug="locked", url=url, password=PASSWORD)
    told = {"title": "Download: Example App v2.0", "description": "Checked by our team.\nTwice."}
    server.create(key, slug="shown", url=url, type="inpage", **told)
    long = f"http://{'a-long-name-' * 4}.{'and-another-' * 3}x.example:8080/"
    for slug, address in {
        "read": "https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example/",
        "right-to-left": "https://www.\u0645\u062b\u0627\u0644.\u0645\u0648\u0642\u0639.example/",
        "fake": "https://www.\N{CYRILLIC SMALL LETTER A}pple.example/",
        "long": long,
    }.items():
        server.create(key, slug=slug, url=address, type="inpage")
    nasty = {"title": "T" * 200, "description": "\N{ARABIC LETTER MEEM}" * 500}
    server.create(key, slug="nasty", url=long, type="inpage", **nasty)


def asked_of(visitor: Visitor) -> list[Request]:
    """What the browser asks for from now on."""
    asked: list[Request] = []

    def see(request: Request) -> None:  # playwright asks for a function with a name
        asked.append(request)

    visitor.context.on("request", see)
    return asked


def complaints(visitor: Visitor) -> list[str]:
    """What the console said, but for the page's own status."""
    return [each for each in visitor.complaints if f"({visitor.page.url})" not in each]


def focused(page: Page) -> str:
    """The tag that has the focus, and the width of the outline that shows it."""
    found: str = page.evaluate(
        "document.activeElement.tagName + ' ' + getComputedStyle(document.activeElement)"
        "[document.activeElement.matches(':focus-visible') ? 'outlineWidth' : 'hidden']"
    )
    return found


@pytest.mark.parametrize("path", PATHS)
def test_a_page_has_no_barrier_complaint_or_request_elsewhere(
    place: Place, visitors: Visitors, axe: Axe, path: str
) -> None:
    visitor = visitors(viewport=LARGE)
    asked = asked_of(visitor)
    visitor.page.goto(place.url + path)
    assert visitor.page.locator("h1").count() == 1
    for scheme in SCHEMES:
        visitor.page.emulate_media(**scheme)
        assert axe(visitor.page) == [], scheme
    assert complaints(visitor) == []
    assert {urlsplit(each.url).netloc for each in asked} == {f"127.0.0.1:{place.server.port}"}


@pytest.mark.parametrize("tag", sorted(LANGUAGES))
def test_no_page_scrolls_sideways_on_a_small_screen(
    place: Place, visitors: Visitors, tag: str
) -> None:
    visitor = visitors(viewport=SMALL, locale=tag)
    for path in (*PATHS, "/long/page", "/nasty/page"):
        visitor.page.goto(place.url + path)
        assert visitor.page.evaluate("document.documentElement.lang") == tag
        scroll, client = visitor.page.evaluate(WIDTHS)
        assert scroll <= client == SMALL["width"], path


def test_the_form_has_no_barrier_when_something_is_wrong(
    place: Place, visitors: Visitors, axe: Axe
) -> None:
    visitor = visitors()
    visitor.page.goto(f"{place.url}/locked")
    visitor.page.get_by_label("Password").fill("no")
    visitor.page.get_by_role("button").click()
    assert "not the password" in visitor.page.get_by_role("alert").inner_text()
    for scheme in SCHEMES:
        visitor.page.emulate_media(**scheme)
        assert axe(visitor.page) == [], scheme


def test_the_password_is_given_by_keyboard_alone(place: Place, visitors: Visitors) -> None:
    visitor = visitors()
    visitor.page.goto(f"{place.url}/locked")
    assert focused(visitor.page) == "INPUT 2px"
    visitor.page.keyboard.press("Tab")
    assert focused(visitor.page) == "BUTTON 2px"
    visitor.page.keyboard.press("Shift+Tab")
    visitor.page.keyboard.type(PASSWORD)
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(f"{place.shop.url}/a")


def test_the_preview_page_leads_on_by_keyboard_alone(place: Place, visitors: Visitors) -> None:
    visitor = visitors()
    visitor.page.goto(f"{place.url}/shown")
    for _ in range(10):
        visitor.page.keyboard.press("Tab")
        if focused(visitor.page) == "BUTTON 2px":
            break
    assert focused(visitor.page) == "BUTTON 2px"
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url(f"{place.shop.url}/a")


def test_the_form_needs_no_javascript(place: Place, visitors: Visitors) -> None:
    visitor = visitors(java_script_enabled=False, locale="fr")
    visitor.page.goto(f"{place.url}/locked")
    assert "protégé par un mot de passe" in visitor.page.locator("h1").inner_text()
    visitor.page.locator("input").fill(PASSWORD)
    visitor.page.get_by_role("button").click()
    visitor.page.wait_for_url(f"{place.shop.url}/a")


def test_an_arabic_page_reads_from_right_to_left(place: Place, visitors: Visitors) -> None:
    visitor = visitors(viewport=LARGE, locale="ar")
    visitor.page.goto(f"{place.url}/locked")
    assert visitor.page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    text, field = visitor.page.evaluate(
        """() => {
          const range = document.createRange();
          range.selectNodeContents(document.querySelector("label"));
          return [range, document.querySelector("input")].map(
            each => each.getBoundingClientRect().toJSON());
        }"""
    )
    assert text["right"] == pytest.approx(field["right"], abs=1)
    assert text["left"] > field["left"] + 50


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_the_parts_of_a_host_stand_from_left_to_right_in_every_language(
    place: Place, visitors: Visitors, tag: str
) -> None:
    visitor = visitors(viewport=LARGE, locale=tag)
    visitor.page.goto(f"{place.url}/right-to-left/page")
    parts: list[dict[str, Any]] = visitor.page.evaluate(
        "[...document.querySelectorAll('.host bdi')].map(each => ({text: each.textContent,"
        " left: each.getBoundingClientRect().left}))"
    )
    assert [part["text"] for part in parts][::3] == ["www", "example"]
    assert [part["left"] for part in parts] == sorted(part["left"] for part in parts)


def test_a_name_that_may_deceive_is_shown_as_it_travels_with_a_warning(
    place: Place, visitors: Visitors
) -> None:
    visitor = visitors()
    visitor.page.goto(f"{place.url}/fake/page")
    assert visitor.page.locator(".host").inner_text() == "www.xn--pple-43d.example"
    assert "mixes letters" in visitor.page.get_by_role("note").inner_text()
    visitor.page.goto(f"{place.url}/read/page")
    assert (
        visitor.page.locator(".host")
        .inner_text()
        .startswith("b\N{LATIN SMALL LETTER U WITH DIAERESIS}")
    )
    assert visitor.page.locator(".wire").inner_text() == "xn--bcher-kva.example"
    assert visitor.page.get_by_role("note").count() == 0
