from __future__ import annotations

import pytest

from klink.core import workspaces
from tests.admin.office import Office, Person

PATH = "/admin/settings/workspaces"


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


def test_only_who_runs_the_server_sees_all_workspaces(office: Office):
    for person in (office.sign_in("admin"), office.sign_in("editor"), office.stranger()):
        assert person.get(PATH).status_code == 403
        assert person.post(PATH, {"name": "Mine"}).status_code == 403
        assert person.post(f"{PATH}/1/plan", {"plan": ""}).status_code == 403
    assert [each.name for each in workspaces.all_of_them()] == ["default", "Elsewhere"]


def test_every_workspace_is_told_with_what_it_holds(office: Office, owner: Person):
    office.stranger()
    office.link("one")
    page = owner.get(PATH).text
    assert "default" in page
    assert "Elsewhere" in page
    assert "owner2@example.org" in page
    assert "you are here" in page


def test_whoever_makes_a_workspace_owns_it(office: Office, owner: Person):
    page = owner.follow(owner.post(PATH, {"name": " Second ", "plan": "two-links"})).text
    assert "The workspace Second is made." in page
    made = workspaces.find("Second")
    assert made.plan == "two-links"
    assert '<option value="two-links" selected>' in page
    again = office.sign_in("admin")  # somebody else has no part in it
    assert "Second" not in again.get("/admin/reports").text
    assert "Second" in owner.get("/admin/reports").text  # in the switcher


@pytest.mark.parametrize(
    "sent, words",
    [
        ({"name": ""}, "Must be 1 to 100 printable characters"),
        ({"name": "default"}, "already"),
        ({"name": "New", "plan": "odd"}, "No plan"),
    ],
)
def test_what_cannot_be_a_workspace_is_told(owner: Person, sent: dict[str, str], words: str):
    reply = owner.post(PATH, sent)
    assert reply.status_code == 422
    assert words in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert f'value="{sent["name"]}"' in reply.text


def test_a_plan_is_set_and_taken_away(owner: Person):
    assert "is changed" in owner.follow(owner.post(f"{PATH}/1/plan", {"plan": "hour"})).text
    assert workspaces.get(1).plan == "hour"
    owner.post(f"{PATH}/1/plan", {"plan": ""})
    assert workspaces.get(1).plan is None
    assert owner.post(f"{PATH}/1/plan", {"plan": "odd"}).status_code == 422
    assert owner.post(f"{PATH}/99/plan", {"plan": "hour"}).status_code == 404


def test_a_number_that_no_database_holds_is_of_no_workspace(office: Office):
    owner = office.sign_in("owner")
    for number in (2**62 + 1, 2**63, 10**40):
        reply = owner.post(f"/admin/settings/workspaces/{number}/plan", {"plan": ""})
        assert reply.status_code == 404
