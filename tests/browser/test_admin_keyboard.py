"""The admin page by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.pictures.demo import EMAIL, PASSWORD
from tests.browser.conftest import Visitor
from tests.browser.office import Desk, desk

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]

MOST_TABS = 80


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path, clicks_a_day=1) as opened:
        yield opened


def tab_to(page: Page, words: str) -> None:
    """Press Tab until what has the focus is called so."""
    name = (
        "(document.activeElement.labels?.[0] ?? document.activeElement)"
        ".textContent.trim() || document.activeElement.getAttribute('aria-label')"
    )
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate(name) == words:
            return
    raise AssertionError(f"{words!r} is not reached by Tab")


def test_a_link_is_made_found_changed_deleted_and_restored(office: Desk, visitors: Visitors):
    visitor = visitors()
    page, keys = visitor.page, visitor.page.keyboard
    page.goto(office.at("/links"))
    keys.type(EMAIL)
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Links")

    keys.press("c")
    page.wait_for_url("**/admin/links/new")
    keys.type("https://example.org/by-keyboard")
    tab_to(page, "Slug")
    keys.type("by-keyboard")
    keys.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("/by-keyboard")

    keys.press("g")
    keys.press("l")
    page.wait_for_url("**/admin/links")
    keys.press("/")
    keys.type("by-keyb")
    expect(page.locator("tr[data-link]")).to_have_count(1)
    keys.press("Escape")
    page.locator("tr[data-link]").wait_for()
    tab_to_row(page)
    keys.press("e")
    page.wait_for_url("**/edit")
    tab_to(page, "Title")
    keys.type("Typed")
    keys.press("Control+Enter")
    expect(page.locator(".link-about")).to_contain_text("Typed")

    tab_to(page, "Move to the trash")
    keys.press("Enter")
    tab_to(page, "Move to the trash")
    keys.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("In the trash")
    tab_to(page, "Restore")
    keys.press("Enter")
    expect(page.get_by_role("status").first).to_have_text("Restored.")
    assert visitor.complaints == []


def tab_to_row(page: Page) -> None:
    """Press Tab until a row of the table has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('tr')"):
            return
    raise AssertionError("no row is reached by Tab")


def test_the_keys_are_told_and_go_where_they_say(office: Desk, visitors: Visitors):
    visitor = visitors()
    page = office.sign_in(visitor)
    page.goto(office.at("/"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    for key, place in {
        "c": "conversions",
        "b": "bio",
        "s": "settings/account",
        "l": "links",
    }.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**/admin/{place}")
    page.keyboard.press("c")
    page.wait_for_url("**/admin/links/new")
    expect(page.get_by_label("Destination", exact=True)).to_be_focused()
    assert visitor.complaints == []


def test_who_knows_no_key_finds_them_below_their_name(office: Desk, visitors: Visitors):
    visitor = visitors()
    page = office.sign_in(visitor)
    page.goto(office.at("/links"))
    page.locator(".who > summary").click()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog")).to_contain_text("select it")
    assert visitor.complaints == []
