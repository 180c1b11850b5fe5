"""A visitor of a preview page: the browser does the work (U9, U10), on plain HTTP too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import INSECURE_HOST, Owner, Visitor
from tests.browser.shop import Shop, open_shop
from tests.live.server import Server

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]

READY = "Checked. You can continue."
PASSWORD = "open sesame"

# A worker that begins when the test says so.
WAITS = """
const Real = Worker;
window.Worker = function (url) {
  const worker = new Real(url), post = worker.postMessage.bind(worker);
  worker.postMessage = (task) => { window.go = () => post(task); };
  return worker;
};
"""
REFUSES = "window.Worker = function () { throw new DOMException('no', 'SecurityError'); };"
HAS_NONE = "delete window.Worker;"


@pytest.fixture
def owner(database_url: str, tmp_path: Path) -> Iterator[Owner]:
    """Of a klink that browsers take for an insecure site."""
    folder = tmp_path / "insecure"
    folder.mkdir()
    server = Server(folder, database_url)
    server.env["KLINK_SERVER__BASE_URL"] = f"http://{INSECURE_HOST}:{server.port}"
    try:
        server.start()
        yield Owner(server, server.klink("keys", "create", "--name", "browser"))
    finally:
        server.end()


@pytest.fixture
def shop(owner: Owner) -> Iterator[Shop]:
    with open_shop(f"http://{INSECURE_HOST}:{owner.server.port}") as opened:
        yield opened


def link(owner: Owner, shop: Shop, **fields: object) -> dict[str, object]:
    """A link with a preview page to the shop."""
    fields = {"type": "inpage", "post_id": "7", "title": "A hat"} | fields
    return owner.server.create(owner.key, slug="hat", url=f"{shop.url}/thanks", **fields)


def page_of(made: dict[str, object]) -> str:
    return str(made["short_url"])


def press(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Continue to Website").click()


def arrives(visitor: Visitor) -> None:
    visitor.page.wait_for_url("**/thanks")


def is_ready(visitor: Visitor) -> None:
    expect(visitor.page.get_by_role("status")).to_have_text(READY)


def counted(owner: Owner, made: dict[str, object]) -> tuple[int, int]:
    """Views and clicks."""
    found = owner.link(made)
    return found["views"], found["clicks"]


def test_the_work_is_done_on_plain_http_while_the_visitor_reads(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    made = link(owner, shop)
    visitor = visitors()
    visitor.page.goto(page_of(made))
    assert visitor.page.evaluate("isSecureContext") is False
    is_ready(visitor)
    assert visitor.page.locator("progress").is_hidden()
    press(visitor)
    arrives(visitor)
    assert visitor.complaints == []
    assert counted(owner, made) == (1, 1)
    assert "klid" not in visitor.cookies()


def test_whoever_is_faster_than_the_work_is_taken_on_when_it_is_done(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors(script=WAITS)
    visitor.page.goto(page_of(link(owner, shop)))
    status = visitor.page.get_by_role("status")
    expect(status).to_have_text("Checking that you are not a robot…")
    press(visitor)
    expect(status).to_have_text("One moment, you will be taken on as soon as the check is done.")
    visitor.page.evaluate("go()")
    arrives(visitor)
    assert visitor.complaints == []


def test_two_presses_are_one_click(owner: Owner, shop: Shop, visitors: Visitors) -> None:
    made = link(owner, shop)
    visitor = visitors()
    visitor.page.goto(page_of(made))
    is_ready(visitor)
    visitor.page.get_by_role("button", name="Continue to Website").dblclick()
    arrives(visitor)
    assert counted(owner, made) == (1, 1)


def test_a_check_that_failed_is_told_and_the_next_one_leads_on(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    made = link(owner, shop)
    visitor = visitors()
    visitor.page.goto(page_of(made))
    is_ready(visitor)
    visitor.page.evaluate("document.querySelector('[name=altcha]').value = 'forged'")
    press(visitor)
    expect(visitor.page.get_by_role("alert")).to_contain_text("The check failed")
    assert counted(owner, made) == (1, 0)
    is_ready(visitor)
    press(visitor)
    arrives(visitor)
    assert counted(owner, made) == (1, 1)


@pytest.mark.parametrize("script", [REFUSES, HAS_NONE])
def test_without_workers_the_page_does_the_work_itself(
    owner: Owner, shop: Shop, visitors: Visitors, script: str
) -> None:
    visitor = visitors(script=script)
    visitor.page.goto(page_of(link(owner, shop)))
    is_ready(visitor)
    press(visitor)
    arrives(visitor)
    assert visitor.complaints == []


def test_a_worker_that_cannot_start_is_done_without(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    visitor = visitors(script="const Real = Worker; window.Worker = (function () {"
                              " return new Real('/_static/nothing.js'); });")  # fmt: skip
    made = link(owner, shop)
    visitor.page.goto(page_of(made))
    is_ready(visitor)
    press(visitor)
    arrives(visitor)
    assert counted(owner, made) == (1, 1)


def test_where_the_work_cannot_be_done_at_all_the_page_says_so(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    made = link(owner, shop)
    visitor = visitors()
    visitor.page.route("**/captcha-worker.js*", lambda route: route.abort())
    visitor.page.goto(page_of(made))
    status = visitor.page.get_by_role("status")
    expect(status).to_contain_text("The check did not work in this browser.")
    assert counted(owner, made) == (1, 0)


def test_without_javascript_the_page_says_what_it_needs(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    made = link(owner, shop)
    visitor = visitors(java_script_enabled=False)
    visitor.page.goto(page_of(made))
    said = visitor.page.locator("noscript p")
    expect(said).to_be_visible()
    expect(said).to_contain_text("This check needs JavaScript.")
    press(visitor)
    expect(visitor.page.get_by_role("alert")).to_contain_text("The check was not finished.")
    assert counted(owner, made) == (1, 0)


def test_the_keyboard_alone_leads_through_password_and_page(
    owner: Owner, shop: Shop, visitors: Visitors
) -> None:
    made = link(owner, shop, password=PASSWORD)
    visitor = visitors()
    visitor.page.goto(page_of(made))
    expect(visitor.page.get_by_label("Password")).to_be_focused()
    visitor.page.keyboard.type(PASSWORD)
    visitor.page.keyboard.press("Enter")
    is_ready(visitor)
    assert visitor.page.locator("input[type=password]").count() == 0
    visitor.page.keyboard.press("Tab")
    focused = visitor.page.evaluate("document.activeElement.textContent")
    assert focused == "Continue to Website"
    visitor.page.keyboard.press("Enter")
    arrives(visitor)
    assert visitor.complaints == []
    assert counted(owner, made) == (1, 1)


def test_a_worker_ends_with_its_page(owner: Owner, shop: Shop, visitors: Visitors) -> None:
    visitor = visitors(script=WAITS)
    with visitor.page.expect_worker() as begun:
        visitor.page.goto(page_of(link(owner, shop)))
    expect(visitor.page.get_by_role("status")).not_to_be_empty()
    assert visitor.page.workers == [begun.value]
    with begun.value.expect_event("close"):
        visitor.page.goto(f"{shop.url}/thanks")
    assert visitor.page.workers == []
    assert visitor.complaints == []
