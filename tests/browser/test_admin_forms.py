"""Forms of the admin page, with bad and good input: the message stands at the field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.office import Desk, desk

pytestmark = pytest.mark.live

Visitors = Callable[..., Visitor]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("office"), clicks_a_day=2) as opened:
        yield opened


@dataclass(frozen=True)
class Case:
    """A form with one wrong field.

    :ivar button: its words.
    :ivar wrong: the label of the field, and what is typed there.
    :ivar good: what is typed there in the end.
    :ivar kept: labels of other fields, and what was typed there.
    :ivar forgets: what was wrong is not shown again, as with passwords.
    """

    path: str
    button: str
    wrong: tuple[str, str]
    good: str
    kept: dict[str, str] = field(default_factory=dict)
    forgets: bool = False


CASES = {
    "new link": Case(
        "/links/new",
        "Create link",
        ("Destination", "not an address"),
        "https://example.org/kept",
        {"Title": "Kept", "Slug": "kept"},
    ),
    "taken slug": Case(
        "/links/new",
        "Create link",
        ("Slug", "spring"),
        "summer",
        {"Destination": "https://example.org/summer", "Title": "Summer"},
    ),
    "changed link": Case(
        "/links/{guide}/edit",
        "Save",
        ("Slug", "admin"),
        "guide-2",
        {"Title": "The guide", "Destination": "https://docs.acme.example/two"},
    ),
    "workspace": Case("/settings/workspace", "Save", ("Name", ""), "Acme again"),
    "conversion": Case("/settings/workspace", "Count it", ("Another event", " "), "booked"),
    "invitation": Case(
        "/settings/people", "Make the link", ("E-mail", "not an address"), "frida@acme.example"
    ),
    "key": Case("/settings/keys", "Make the key", ("Name", " "), "Till"),
    "domain": Case("/settings/domains", "Add domain", ("Host", "not a host"), "l.acme.example"),
    "domain's ways": Case(
        "/settings/domains/links.acme.example",
        "Save",
        ("Root", "nowhere at all"),
        "https://acme.example/",
        {"Unknown slugs": "https://acme.example/lost"},
    ),
    "blocking": Case(
        "/settings/blocking",
        "Add",
        ("Host or pattern", "a b"),
        "bad.example",
        {"Note": "Sends spam"},
    ),
    "bio page": Case("/bio", "Make page", ("Name", "a b"), "acme-2", {"Title": "The second"}),
    "bio page's name": Case("/bio/acme-radio", "Change address", ("Name", "acme"), "acme-fm"),
    "workspaces": Case("/settings/workspaces", "Make workspace", ("Name", " "), "Acme Two"),
    "key to try": Case(
        "/settings/try-key", "See what it may do", ("Key", "nonsense"), "", forgets=True
    ),
    "password": Case(
        "/settings/account",
        "Change password",
        ("Password now", "not my password"),
        "",
        {"New password": "five instruments", "New password once more": "five instruments"},
        forgets=True,
    ),
    "range": Case(
        "/?range=custom&since=2026-01-01&until=2026-01-02",
        "Show",
        ("From", "2026-01-05"),
        "2025-12-20",
        {"To": "2026-01-02"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_field_says_so_and_nothing_typed_is_lost(
    office: Desk, visitors: Visitors, name: str
):
    case, visitor = CASES[name], visitors()
    page = office.sign_in(visitor)
    page.goto(office.at(case.path))
    label, text = case.wrong
    fill(page, case, case.kept | {label: text})
    send(page, case)
    wrong = at(page, case, label)
    expect(wrong).to_have_attribute("aria-invalid", "true")
    assert told(page, wrong)
    if case.forgets:
        return
    expect(wrong).to_have_value(text)
    for other, value in case.kept.items():
        expect(at(page, case, other)).to_have_value(value)
    fill(page, case, {label: case.good})
    send(page, case)
    expect(page.locator("[aria-invalid=true]")).to_have_count(0)
    assert visitor_complaints(visitor) == []


def form_of(page: Page, case: Case) -> Locator:
    """The form that has the button."""
    button = page.get_by_role("button", name=case.button, exact=True)
    return page.locator("main form").filter(has=button).first


def at(page: Page, case: Case, label: str) -> Locator:
    return form_of(page, case).get_by_label(label, exact=True)


def fill(page: Page, case: Case, values: dict[str, str]) -> None:
    """Type, in a browser that leaves it to the server to say what is wrong."""
    page.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true })")
    for label, text in values.items():
        at(page, case, label).fill(text)


def send(page: Page, case: Case) -> None:
    with page.expect_navigation():
        form_of(page, case).get_by_role("button", name=case.button, exact=True).first.click()


def told(page: Page, wrong: Locator) -> str:
    """What stands at a field that is wrong, as ties tell it."""
    ids = (wrong.get_attribute("aria-describedby") or "").split()
    [error] = [each for each in ids if each.endswith("-error")]
    return page.locator(f"[id='{error}']").inner_text()


def visitor_complaints(visitor: Visitor) -> list[str]:
    """What the console said, but for the refusal itself."""
    return [each for each in visitor.complaints if "422" not in each]


def test_who_signs_in_wrongly_keeps_the_address(office: Desk, visitors: Visitors):
    page = visitors().page
    page.goto(office.at("/links"))
    page.get_by_label("E-mail").fill("ada@acme.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("E-mail")).to_have_value("ada@acme.example")
    page.get_by_label("Password").fill("four quiet instruments")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Links")


def test_a_qr_code_follows_its_form_and_says_what_it_cannot_be(office: Desk, visitors: Visitors):
    visitor = visitors()
    page = office.sign_in(visitor)
    page.goto(office.at("/links/{spring}/qr"))
    size, quiet = page.get_by_label("Size in pixels"), page.get_by_label("Quiet zone")
    quiet.fill("5")
    size.fill("7")
    expect(size).to_have_attribute("aria-invalid", "true")
    assert told(page, size)
    expect(quiet).to_have_value("5")
    size.fill("300")
    expect(size).not_to_have_attribute("aria-invalid", "true")
    assert visitor_complaints(visitor) == []


def test_an_invitation_is_taken_up(office: Desk, visitors: Visitors):
    page = visitors().page
    page.goto(office.at("/invite/{invite}"))
    page.get_by_label("Your name").fill("Dana")
    page.get_by_label("Password", exact=True).fill("two instruments")
    page.get_by_label("Password once more").fill("three instruments")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_label("Password once more")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Your name")).to_have_value("Dana")
    page.get_by_label("Password", exact=True).fill("two instruments")
    page.get_by_label("Password once more").fill("two instruments")
    page.get_by_role("button", name="Join").click()
    expect(page.locator(".who summary")).to_contain_text("editor")


def test_a_link_that_is_half_typed_is_not_left_by_a_slip(office: Desk, visitors: Visitors):
    visitor = visitors()
    page = office.sign_in(visitor)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(office.at("/links/new"))
    page.get_by_label("Title").click()
    page.keyboard.type("Half a")
    page.get_by_role("link", name="Conversions").click()
    expect(page.get_by_label("Title")).to_have_value("Half a")
    assert asked == ["beforeunload"]
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url("**/admin/links")
    page.goto(office.at("/links/new"))
    page.get_by_label("Destination", exact=True).click()
    page.keyboard.type("https://example.org/whole")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("status")).to_have_text("Link created.")
    assert asked == ["beforeunload"]


def test_a_row_opens_where_it_is_clicked(office: Desk, visitors: Visitors):
    visitor = visitors()
    page = office.sign_in(visitor)
    page.goto(office.at("/links?q=spring"))
    row = page.locator("tr[data-link]").first
    row.locator("td.pick").click(position={"x": 3, "y": 3})
    expect(page.get_by_role("heading", level=1)).to_contain_text("Links")
    row.locator("td.num").first.click()
    page.wait_for_url("**/admin/links/*-*")
    assert visitor.complaints == []


def test_a_filter_holds_as_soon_as_it_is_chosen(office: Desk, visitors: Visitors):
    visitor = visitors()
    page = office.sign_in(visitor)
    page.goto(office.at("/links"))
    page.locator(".filters > summary").click()
    state = page.get_by_label("State")
    state.select_option(label="Disabled")
    expect(page.locator("tr[data-link]")).to_have_count(1)
    expect(page.locator("tr[data-link]")).to_contain_text("disabled")
    assert "state=" in page.url
    state.select_option(label="In the trash")
    expect(page.locator("tr[data-link]")).to_have_count(1)
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Trash")
    assert visitor.complaints == []


def test_without_javascript_links_are_made_and_changed(office: Desk, visitors: Visitors):
    page = office.sign_in(visitors(java_script_enabled=False))
    page.goto(office.at("/links/new"))
    page.get_by_label("Title").fill("Plain")
    page.get_by_label("Slug", exact=True).fill("plain")
    page.locator("#fold-routing > summary").click()
    page.get_by_role("button", name="Split among destinations").click()
    expect(page.get_by_label("Title")).to_have_value("Plain")
    urls = page.get_by_label("URL of destination")
    if urls.count() < 2:
        page.get_by_role("button", name="Add a destination").click()
    urls.nth(0).fill("https://example.org/one")
    urls.nth(1).fill("https://example.org/two")
    page.get_by_role("button", name="Create link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("/plain")
    expect(page.get_by_role("heading", name="Experiment")).to_be_visible()
    page.goto(office.at("/links?q=plain"))
    page.get_by_role("checkbox", name="/plain").check()
    page.get_by_role("button", name="Disable").click()
    expect(page.locator("tr", has_text="/plain")).to_contain_text("disabled")
    page.locator(".who summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(office.at("/links"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
