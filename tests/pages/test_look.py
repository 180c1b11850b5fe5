"""The look: light enough for a slow line, and legible in light and dark."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

import klink.pages
from klink.pages.languages import LANGUAGES
from tests.redirects.site import NOON, Site

FOLDER = Path(klink.pages.__file__).parent
MOST_BYTES = 30 << 10
LOADED = re.compile(r'<(?:link|img|script|div)[^>]* (?:src|href|data-worker)="([^"]*)"')
PATHS = ["/", "/nothing", "/later", "/off", "/locked", "/shown/page", "/fake/page"]


@pytest.fixture
def furnished(site: Site) -> Site:
    """A site with a link for every template, with the longest texts that links may have."""
    site.link("later", starts_at=NOON + timedelta(days=1))
    site.link("off", is_active=False)
    site.link("locked", password="x")
    long = {"title": "T" * 200, "description": "<" * 500}
    site.link(
        "shown", type="inpage", url="https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}r.example"
    )
    site.link("fake", type="inpage", url="https://\N{CYRILLIC SMALL LETTER A}pple.example", **long)
    return site


@pytest.mark.parametrize("path", PATHS)
def test_a_page_with_all_it_loads_is_below_thirty_kib(furnished: Site, path: str) -> None:
    for tag in LANGUAGES:
        page = furnished.ask(path, Accept_Language=tag)
        loaded = set(LOADED.findall(page.text))
        assert len(loaded) == 3  # the icon, the tokens, the style
        assert len(page.data) + sum(len(furnished.ask(url).data) for url in loaded) < MOST_BYTES


def test_so_is_the_preview_page_with_its_captcha(asking: Site) -> None:
    asking.link("long", type="inpage", title="T" * 200, description="<" * 500)
    for tag in LANGUAGES:
        page = asking.ask("/long/page", Accept_Language=tag)
        loaded = set(LOADED.findall(page.text))
        assert len(loaded) == 5  # and the captcha's script and its worker
        assert len(page.data) + sum(len(asking.ask(url).data) for url in loaded) < MOST_BYTES


def test_templates_escape_everything_and_hold_no_script_or_style() -> None:
    paths = sorted(FOLDER.glob("templates/**/*"))
    assert paths
    for path in paths:
        if path.is_file():
            assert path.suffix == ".html"  # what autoescape goes by
            text = path.read_text()
            assert not re.search(r"\|\s*safe|autoescape|<style|style=|\son\w+=|javascript:", text)
            assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_nothing_moves() -> None:
    for path in FOLDER.glob("static/*.css"):
        assert not re.search(r"\b(transition|animation)\b", path.read_text())


def tokens(css: str) -> dict[str, str]:
    """The colours that a block of the tokens sets."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", css))


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(each * 2 for each in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "front,back,least",
    [
        ("text", "bg", 4.5),
        ("text", "surface", 4.5),
        ("muted", "bg", 4.5),
        ("muted", "surface", 4.5),
        ("bad", "surface", 4.5),
        ("warn", "warn-soft", 4.5),
        ("on-accent", "accent", 4.5),
        ("on-accent", "accent-pressed", 4.5),
        ("field", "bg", 3),
        ("field", "surface", 3),
        ("accent", "surface", 3),  # the outline of what has the focus
    ],
)
def test_colours_can_be_told_apart(scheme: str, front: str, back: str, least: float) -> None:
    light, dark = (FOLDER / "static" / "tokens.css").read_text().split("@media")
    colours = tokens(light if scheme == "light" else dark)
    assert contrast(colours[front], colours[back]) >= least


def test_both_schemes_have_the_same_colours() -> None:
    light, dark = (FOLDER / "static" / "tokens.css").read_text().split("@media")
    assert tokens(light).keys() == tokens(dark).keys()


def test_every_token_is_there_and_used() -> None:
    used: set[str] = set()
    for path in (*FOLDER.glob("static/*.css"), *FOLDER.parent.glob("admin/static/*.css")):
        used |= set(re.findall(r"var\(--([\w-]+)\)", path.read_text()))
    text = (FOLDER / "static" / "tokens.css").read_text()
    assert used == set(re.findall(r"--([\w-]+):", text))
