"""Taking pictures with the distribution's Chromium: in two sizes and two themes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from scripts.pictures.tour import Stop
from tests.browser.conftest import PROGRAMS

__all__ = ["HOST", "LOOKS", "chromium", "look", "take"]

HOST = "go.acme.example"
"""What the links of the pictures are on; to Chromium alone it leads to this machine."""

Theme = Literal["light", "dark"]

LOOKS: Sequence[tuple[int, Theme]] = list(product((1280, 360), ("light", "dark")))
_HEIGHTS = {1280: 800, 360: 740}


@contextmanager
def chromium(port: int) -> Iterator[Browser]:
    """Chromium without a window, to which ``HOST`` is klink at a loopback port.

    :raises RuntimeError: there is none on this machine.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise RuntimeError("Chromium is missing; scripts/test installs it")
    resolves = f"--host-resolver-rules=MAP {HOST}:80 127.0.0.1:{port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, timeout=60_000, args=[resolves, "--hide-scrollbars"]
        )
        yield browser
        browser.close()


def look(
    browser: Browser, width: int, theme: Theme, session: str = "", **more: Any
) -> BrowserContext:
    """A window of this width; signed in, if a session's token is given.

    :param more: of playwright's options.
    """
    context = browser.new_context(
        viewport={"width": width, "height": _HEIGHTS[width]},
        color_scheme=theme,
        locale="en-GB",
        **more,
    )
    if session:
        context.add_cookies([{"name": "klink", "value": session, "url": f"http://{HOST}"}])
    return context


def take(
    browser: Browser,
    stops: Sequence[tuple[Stop, str]],
    folder: Path,
    session: str = "",
    looks: Sequence[tuple[int, Theme]] = LOOKS,
) -> int:
    """Take a picture of each stop in these looks; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, theme in looks:
        context = look(browser, width, theme, session)
        page = context.new_page()
        for stop, path in stops:
            page.goto(f"http://{HOST}{path}")
            if stop.act is not None:
                stop.act(page)
            # All of it in sight: what sticks to an edge of the window stands where it belongs.
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": width, "height": max(height, _HEIGHTS[width])})
            page.screenshot(
                path=folder / f"{stop.name}-{width}-{theme}.png",
                full_page=True,
                animations="disabled",
            )
            page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})
        context.close()
    return len(stops) * len(looks)
