"""Usage on the admin page."""

from __future__ import annotations

from klink.core import key_ring, workspaces
from tests.admin.office import Office

AT = "/admin/settings/usage"


def test_usage_and_plans_are_shown(office: Office):
    owner = office.sign_in("owner")
    workspaces.set_plan(office.context(), 1, "two-links")
    _, token = key_ring.make(office.context(), owner.principal, name="website", plan="month")
    office.link("a")
    office.house.ask("GET", "/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    page = owner.get(AT).text
    assert "The workspace has the plan <b>two-links</b>." in page
    assert '1 <span class="muted">of 2</span>' in page
    assert "1 left" in page
    assert "website" in page
    assert "klinky-free" in page
    assert "no API" in page


def test_nothing_made_yet_says_what_to_do(office: Office):
    viewer = office.sign_in("viewer")
    page = viewer.get(AT).text
    assert "There are no keys." in page
    assert "no limit" in page


def test_others_see_their_own_keys_alone(office: Office):
    owner, editor = office.sign_in("owner"), office.sign_in("editor")
    key_ring.make(office.context(), owner.principal, name="of the owner")
    key_ring.make(office.context(), editor.principal, name="of the editor")
    assert "of the owner" not in editor.get(AT).text
    assert "of the editor" in owner.get(AT).text
