"""Conversions: events, their sums by name, and how to send them."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from klink.core import events
from klink.core.events import NewEvent
from tests.admin.office import Office, Person

VISITOR = "v_0123456789abcdef"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


def record(
    office: Office, who: Person, event_name: str, revenue: str | None = None, **more: Any
) -> None:
    amount = None if revenue is None else Decimal(revenue)
    new = NewEvent(visitor_id=VISITOR, event_name=event_name, revenue=amount, **more)
    events.record(office.context(), who.principal, new)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_without_events_it_says_how_to_send_them(office: Office, owner: Person) -> None:
    text = owner.get("/admin/conversions").text
    assert "No conversions yet" in text
    assert "https://go.example.org/_klink.js" in text
    public_id = re.search(r"data-workspace=&#34;(ws_[0-9a-f]{16})&#34;", text)
    assert public_id
    assert "data-copy=" in text
    assert "lead" in words(text)


def test_events_come_newest_first_with_their_sums_by_name(office: Office, owner: Person) -> None:
    record(office, owner, "purchase", "99.90")
    office.now += timedelta(minutes=5)
    record(office, owner, "refill", "0.10", name="Order 42")
    read = words(owner.get("/admin/conversions").text)
    assert "Conversions new 1 0 in the 30 days before" in read
    assert "Revenue new $100.00 $0.00 in the 30 days before" in read
    assert "purchase 1 1 1 $99.90" in read
    assert "refill not counted 1 1 0 $0.10" in read
    assert read.index("Order 42") < read.rindex("purchase none $99.90 v_01234567…")


def test_an_event_names_the_link_that_brought_it(office: Office, owner: Person) -> None:
    link = office.link("spring", conversion_tracking=True)
    reply = office.house.visit(link.short_url)
    office.house.ledger_waits()
    visitor = reply.headers["Location"].partition("klid=")[2]
    events.record(
        office.context(), owner.principal, NewEvent(visitor_id=visitor, event_name="purchase")
    )
    text = owner.get("/admin/conversions").text
    assert f'href="/admin/links/{link.uid}">/spring</a>' in text


def test_one_name_can_be_looked_at(office: Office, owner: Person) -> None:
    record(office, owner, "purchase", "1")
    record(office, owner, "signup")
    text = owner.get("/admin/conversions?name=signup&range=7d").text
    assert "Events named signup" in text
    assert text.count("<code title=") == 1
    assert "All names" in text


def test_events_of_another_time_are_not_in_it(office: Office, owner: Person) -> None:
    record(office, owner, "purchase", "1")
    office.now += timedelta(days=10)
    text = words(owner.get("/admin/conversions?range=7d").text)
    assert "None in this range." in text
    assert "Conversions − 100 % 0 1" in text.replace("−100", "− 100")


def test_events_come_by_pages(office: Office, owner: Person) -> None:
    for number in range(51):
        record(office, owner, f"name-{number}")
    first = owner.get("/admin/conversions")
    assert first.text.count("<code title=") == 50
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    assert owner.get(following[1].replace("&amp;", "&")).text.count("<code title=") == 1


def test_other_currencies_are_told_apart(office: Office, owner: Person) -> None:
    record(office, owner, "purchase", "5", currency="EUR")
    text = words(owner.get("/admin/conversions").text)
    assert "In other currencies, which are no part of the sum: €5.00." in text


def test_a_stranger_sees_none_of_it(office: Office, owner: Person) -> None:
    record(office, owner, "purchase", "1")
    assert "No conversions yet" in office.stranger().get("/admin/conversions").text


def test_what_sites_send_is_text(office: Office, owner: Person) -> None:
    record(office, owner, EVIL, "1", name=EVIL)
    for path in ("/admin/conversions", "/admin/conversions?name=%3Cscript%3E"):
        text = owner.get(path).text
        assert EVIL not in text


def test_a_name_that_cannot_be_is_refused(office: Office, owner: Person) -> None:
    assert 400 <= owner.get("/admin/conversions?name=%00").status_code < 500
