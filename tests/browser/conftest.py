"""A real Chromium, a live klink, and a shop on another site that klink's links lead to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from tests.browser.axe import axe
from tests.browser.shop import Shop, open_shop
from tests.live.server import BROWSER, Server

__all__ = ["axe"]  # a fixture for all tests here

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_MS = 15_000

# To browsers every loopback address is as good as HTTPS; this name is not.
INSECURE_HOST = "go.klink.test"

# Chromium knows no Global Privacy Control of its own; browsers that do have both.
PRIVATE = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"
PRIVATE_HEADER = {"Sec-GPC": "1"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The distribution's Chromium, without a window."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program, "Chromium is missing; scripts/test installs it"
    resolves = f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, timeout=60_000, args=[resolves]
        )
        yield browser
        browser.close()


@pytest.fixture
def shop(server: Server, key: str) -> Iterator[Shop]:
    """A shop whose pages hold the workspace's public id."""
    with open_shop(f"http://127.0.0.1:{server.port}") as opened:
        opened.workspace = server.get("/api/v1/me", key=key).json["workspace"]["public_id"]
        yield opened


@dataclass
class Visitor:
    """Somebody with a browser of their own.

    :ivar sent: what the browser sent to ``/_e``.
    :ivar complaints: what its console said, and errors of scripts.
    """

    context: BrowserContext
    page: Page
    sent: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", self._see)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def _see(self, request: Request) -> None:
        if request.url.endswith("/_e"):
            self.sent.append(request)

    def go(self, url: str) -> None:
        """Open an address, and wait until klink's script is there."""
        self.page.goto(url)
        self.has_script()

    def has_script(self) -> None:
        """Wait until klink's script has taken the place of the queue."""
        self.page.wait_for_function("window.klink && klink.length === 2")

    def buy(self) -> None:
        """From any page of the shop to its basket; buy; the page is left at once."""
        self.page.get_by_text("Basket").click()
        self.page.wait_for_url("**/basket")
        self.has_script()
        self.page.get_by_text("Buy").click()
        self.page.wait_for_url("**/thanks")
        self.has_script()

    def keeps(self) -> dict[str, str]:
        """What the site of the page has stored."""
        found: dict[str, str] = self.page.evaluate("({...localStorage, ...sessionStorage})")
        return found

    def cookies(self) -> dict[str, str]:
        """The cookies of all sites, by name."""
        return {each["name"]: each["value"] for each in self.context.cookies()}


@pytest.fixture
def visitors(chromium: Browser) -> Iterator[Any]:
    """Makes visitors: ``visitors(script="…")``; options are playwright's for a context."""
    opened: list[BrowserContext] = []

    def come(script: str = "", **options: Any) -> Visitor:
        # By its own name a browser without a window counts as a bot.
        context = chromium.new_context(user_agent=BROWSER, **options)
        opened.append(context)
        context.set_default_timeout(PATIENCE_MS)
        if script:
            context.add_init_script(script)
        return Visitor(context, context.new_page())

    yield come
    for context in opened:
        context.close()


@dataclass
class Owner:
    """Whoever owns the links and reads what became of them."""

    server: Server
    key: str

    def split(self, shop: Shop, **fields: object) -> dict[str, Any]:
        """A link to two variants of the shop that tracks conversions."""
        variants = [{"label": x, "url": f"{shop.url}/{x}", "weight": 50} for x in "ab"]
        routing = {"mode": "split", "variants": variants}
        return self.server.create(
            self.key, slug="spring", routing=routing, conversion_tracking=True, **fields
        )

    def link(self, made: dict[str, Any]) -> dict[str, Any]:
        """The link, now."""
        return self.server.settled(self.key, made)

    def events(self) -> list[dict[str, Any]]:
        """All events, newest first."""
        found: list[dict[str, Any]] = self.server.get("/api/v1/events", key=self.key).json["items"]
        return found

    def hears_of(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """The events of this name, once there are so many: browsers send when they like."""
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while True:
            found = [each for each in self.events() if each["event_name"] == name]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, self.events()
            time.sleep(0.05)


@pytest.fixture
def owner(server: Server, key: str) -> Owner:
    return Owner(server, key)
