"""What is set of a workspace, on the admin page."""

from __future__ import annotations

import html
from decimal import Decimal

import pytest

from klink.core import events, workspaces
from klink.core.events import NewEvent
from tests.admin.office import Office

AT = "/admin/settings/workspace"


def own(number: int = 1) -> workspaces.WorkspaceView:
    return workspaces.get(number)


def test_managers_alone_see_it(office: Office):
    assert [office.sign_in(role).get(AT).status_code for role in ("owner", "admin")] == [200, 200]
    assert [office.sign_in(role).get(AT).status_code for role in ("editor", "viewer")] == [403, 403]


def test_name_and_currency_are_saved(office: Office):
    owner = office.sign_in("owner")
    page = owner.get(AT).text
    assert own().public_id in page
    page = owner.follow(owner.post(AT, {"name": "Acme", "currency": "EUR"})).text
    assert "Saved." in page
    assert "EUR · Euro" in page
    assert (own().name, own().currency) == ("Acme", "EUR")


@pytest.mark.parametrize(
    "sent, told",
    [
        ({"name": ""}, "Must be 1 to 100 printable characters."),
        ({"name": "Elsewhere"}, "There is a workspace"),
        ({"currency": "XXX"}, "Must be the three capitals"),
    ],
)
def test_what_cannot_be_saved_is_told_and_nothing_is(
    office: Office, sent: dict[str, str], told: str
):
    office.stranger()
    typed = {"name": "Acme", "currency": "EUR"} | sent
    reply = office.sign_in("owner").post(AT, typed)
    assert reply.status_code == 422
    assert told in reply.text
    assert f'value="{typed["name"]}"' in reply.text
    assert (own().name, own().currency) == ("default", "USD")


def test_a_currency_stays_once_there_is_revenue(office: Office):
    owner = office.sign_in("owner")
    sold = NewEvent(visitor_id="v-1", event_name="purchase", revenue=Decimal(5))
    events.record(office.context(), owner.principal, sold)
    reply = owner.post(AT, {"name": "Acme", "currency": "EUR"})
    assert reply.status_code == 422
    assert "There is revenue in USD already" in reply.text
    assert own().name == "default"  # or neither


def test_names_of_conversions_are_added_removed_and_reset(office: Office):
    owner = office.sign_in("owner")
    assert "These are the server" in owner.get(AT).text
    page = owner.follow(owner.post(f"{AT}/conversions", {"event": "trial <b>"}))
    assert "trial <b> counts from now on." in html.unescape(page.text)
    assert "<code>trial <b>" not in page.text
    assert own().conversion_names == ("lead", "purchase", "signup", "trial <b>")
    owner.post(f"{AT}/conversions/remove", {"event": "lead"})
    assert own().conversion_names == ("purchase", "signup", "trial <b>")
    for name in ("purchase", "signup", "trial <b>"):
        owner.post(f"{AT}/conversions/remove", {"event": name})
    assert "No event counts." in owner.get(AT).text
    owner.post(f"{AT}/conversions/reset")
    assert own().conversion_names is None


@pytest.mark.parametrize("name", ["", "x" * 256, "a\tb"])
def test_a_name_that_no_event_has_is_refused(office: Office, name: str):
    reply = office.sign_in("owner").post(f"{AT}/conversions", {"event": name})
    assert reply.status_code == 422
    assert own().conversion_names is None
