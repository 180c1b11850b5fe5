"""The pictures of the README: small enough to be kept with the sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser

from scripts.pictures.demo import Demo
from scripts.pictures.palette import smaller
from scripts.pictures.taking import HOST, Theme, look
from scripts.pictures.tour import Stop, tour

__all__ = ["MOST_BYTES", "take_for_readme"]

MOST_BYTES = 150 * 1024


class _Best(NamedTuple):
    """A picture: where, how wide and how high, and which theme."""

    name: str
    path: str
    width: int
    height: int
    theme: Theme


_BEST = (
    _Best("overview", "/?range=30d", 1280, 900, "light"),
    _Best("link-dark", "/links/{spring}?range=30d", 1280, 1204, "dark"),
    _Best("phone", "/?range=30d", 360, 740, "light"),
)


def take_for_readme(browser: Browser, demo: Demo, folder: Path) -> None:
    """Take the best pictures.

    :raises RuntimeError: one is larger than it may be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for best in _BEST:
        [(_, path)] = tour(demo, [Stop("readme", best.path)])
        context = look(browser, best.width, best.theme, demo.session)
        page = context.new_page()
        page.set_viewport_size({"width": best.width, "height": best.height})
        page.goto(f"http://{HOST}{path}")
        clip: Any = {"x": 0, "y": 0, "width": best.width, "height": best.height}
        file = folder / f"{best.name}.png"
        made = page.screenshot(full_page=True, clip=clip, animations="disabled")
        file.write_bytes(smaller(made))
        context.close()
        if file.stat().st_size > MOST_BYTES:
            raise RuntimeError(f"{file} has more than {MOST_BYTES // 1024} KiB; show less of it")
        print(file)
