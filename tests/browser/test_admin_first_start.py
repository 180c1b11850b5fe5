"""From the first start to the first redirect, as whoever has just installed klink goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.office import EMAIL, PASSWORD, Desk, desk
from tests.browser.shop import open_shop

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path) as opened:
        yield opened


def test_from_the_set_up_link_to_the_first_redirect(office: Desk, visitors: Visitors):
    visitor = visitors(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    page.goto(office.set_up())
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Welcome. Make your first link.")
    with open_shop(office.url) as shop:
        page.get_by_label("Where the link leads").fill(f"{shop.url}/a")
        page.get_by_role("button", name="New link").click()
        expect(page.get_by_label("Destination", exact=True)).to_have_value(f"{shop.url}/a")
        page.get_by_label("Slug", exact=True).fill("hello")
        page.get_by_role("button", name="Create link").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("/hello")
        page.get_by_role("button", name="Copy").first.click()
        expect(page.get_by_role("button", name="Copied").first).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == f"{office.url}/hello"
        guest = visitors()
        guest.page.goto(copied)
        expect(guest.page.get_by_role("heading")).to_have_text("Variant a")
        assert guest.page.url == f"{shop.url}/a"
    page.goto(office.at("/links"))
    expect(page.locator("tbody td.num").first).to_have_text("1")
    assert visitor.complaints == []


def test_the_set_up_link_works_once(office: Desk, visitors: Visitors):
    visitor = visitors()
    page, address = visitor.page, office.set_up()
    page.goto(address)
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill("something else")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_label("Password once more")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("E-mail")).to_have_value(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password once more").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/admin/")
    late = visitors()
    late.page.goto(address)
    expect(late.page.get_by_role("main")).to_contain_text("does not work any more")
