"""People and invitations on the admin page."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from klink.core import invites, users
from tests.admin.office import PASSWORD, Browser, Office, Person

AT = "/admin/settings/people"
ANN = "ann@example.org"


def uid(person: Person) -> str:
    return users.get(person.user_id).uid


def role(person: Person) -> str | None:
    return users.get(person.user_id).roles.get(person.workspace_id)


def invited(office: Office, email: str = ANN, role: str = "editor") -> str:
    """The path of a fresh invitation's link."""
    owner = office.sign_in("owner").principal
    _, token = invites.invite(office.context(), owner, email, role)
    return f"/admin/invite/{token}"


def joins(browser: Browser, path: str, **sent: str):
    browser.get(path)
    return browser.post(path, {"name": "Ann", "password": PASSWORD, "again": PASSWORD} | sent)


@pytest.mark.parametrize("kind, status", [("owner", 200), ("admin", 200), ("editor", 403),
                                          ("viewer", 403)])  # fmt: skip
def test_managers_see_who_is_there(office: Office, kind: str, status: int):
    reply = office.sign_in(kind).get(AT)
    assert reply.status_code == status
    assert ("owner@localhost" in reply.text) == (status == 200)


def test_a_role_is_changed(office: Office):
    owner, ann = office.sign_in("owner"), office.sign_in("viewer")
    page = owner.follow(owner.post(f"{AT}/{uid(ann)}/role", {"role": "editor"}))
    assert "viewer1@example.org is editor now." in page.text
    assert role(ann) == "editor"
    assert owner.post(f"{AT}/{uid(ann)}/role", {"role": "king"}).status_code == 422
    assert role(ann) == "editor"


def test_a_member_is_removed(office: Office):
    owner, ann = office.sign_in("owner"), office.sign_in("viewer")
    page = owner.follow(owner.post(f"{AT}/{uid(ann)}/remove"))
    assert "Removed." in page.text
    assert "viewer1@example.org" not in page.text
    assert ann.get("/admin/").status_code == 303


def test_an_admin_touches_no_owner(office: Office):
    owner, admin = office.sign_in("owner"), office.sign_in("admin")
    page = admin.get(AT).text
    assert uid(owner) not in page
    for path, sent in ((f"{AT}/{uid(owner)}/role", {"role": "viewer"}),
                       (f"{AT}/{uid(owner)}/remove", {})):  # fmt: skip
        reply = admin.post(path, sent)
        assert reply.status_code == 422
        assert "only who is owner" in reply.text.lower()
    assert role(owner) == "owner"


def test_of_another_workspace_nobody_is_there(office: Office):
    owner, stranger = office.sign_in("owner"), office.stranger()
    assert owner.post(f"{AT}/{uid(stranger)}/role", {"role": "viewer"}).status_code == 404
    assert owner.post(f"{AT}/{uid(stranger)}/remove").status_code == 404
    assert role(stranger) == "owner"


def test_an_invitation_is_shown_once_and_revoked(office: Office):
    owner = office.sign_in("owner")
    reply = owner.post(f"{AT}/invites", {"email": ANN, "role": "viewer"})
    assert reply.status_code == 200
    link = re.findall(
        r"<code>(https://go\.example\.org/admin/invite/[\w-]{43})</code>", reply.text
    )[0]
    token = link.rpartition("/")[2]
    page = owner.get(AT).text
    assert ANN in page
    assert token not in page
    [found] = invites.open_invites(office.context(), owner.principal)
    page = owner.follow(owner.post(f"{AT}/invites/{found.uid}/revoke")).text
    assert "The invitation is revoked." in page
    reply = office.browser().get(f"/admin/invite/{token}")
    assert reply.status_code == 404
    assert "This invitation has been revoked; ask for a new one." in reply.text


@pytest.mark.parametrize(
    "sent, told",
    [({"email": "no mail"}, "Must be an e-mail address"), ({"role": "king"}, "Must be one of"),
     ({"email": "owner@localhost"}, "is in this workspace already")],
)  # fmt: skip
def test_an_invitation_that_cannot_be_keeps_what_was_typed(
    office: Office, sent: dict[str, str], told: str
):
    typed = {"email": ANN, "role": "viewer"} | sent
    reply = office.sign_in("owner").post(f"{AT}/invites", typed)
    assert reply.status_code == 422
    assert told in reply.text
    assert f'value="{typed["email"]}"' in reply.text


def test_an_admin_invites_no_owner(office: Office):
    admin = office.sign_in("admin")
    assert "owner: everything" not in admin.get(AT).text
    reply = admin.post(f"{AT}/invites", {"email": ANN, "role": "owner"})
    assert reply.status_code == 422
    assert invites.open_invites(office.context(), admin.principal) == []


def test_somebody_new_joins_and_is_signed_in(office: Office):
    path, browser = invited(office), office.browser()
    page = browser.get(path).text
    assert "Join default" in page
    assert ANN in page
    reply = joins(browser, path)
    assert (reply.status_code, reply.location) == (303, "/admin/")
    page = browser.follow(reply).text
    assert "Welcome to default." in page
    assert ANN in page
    made = next(each for each in users.all_of_them() if each.email == ANN)
    assert (made.name, made.roles) == ("Ann", {1: "editor"})
    again = joins(office.browser(), path)
    assert again.status_code == 404
    assert "has been accepted already" in again.text


@pytest.mark.parametrize(
    "sent, told",
    [({"password": "short", "again": "short"}, "Must have 8 to 128 characters."),
     ({"again": "another"}, "Is not the same as the password."),
     ({"name": "x" * 101}, "At most 100 characters.")],
)  # fmt: skip
def test_who_cannot_join_yet_is_told_why(office: Office, sent: dict[str, str], told: str):
    path = invited(office)
    reply = joins(office.browser(), path, **sent)
    assert reply.status_code == 422
    assert told in reply.text
    assert PASSWORD not in reply.text
    assert office.browser().get(path).status_code == 200


def test_who_is_signed_in_joins_with_one_button(office: Office):
    ann = office.stranger("editor")
    path = invited(office, users.get(ann.user_id).email, "admin")
    page = ann.get(path).text
    assert "Join default" in page
    assert 'type="password"' not in page
    page = ann.follow(ann.post(path)).text
    assert "Welcome to default." in page
    assert ann.principal.workspace_id == 1
    assert ann.principal.role == "admin"


def test_who_has_an_account_signs_in_first(office: Office):
    ann = office.stranger("editor")
    email = users.get(ann.user_id).email
    users.set_password(office.context(), email, PASSWORD)
    path, browser = invited(office, email), office.browser()
    page = browser.get(path).text
    assert f'href="/admin/sign-in?next={path}"' in page
    assert joins(browser, path).status_code == 422
    browser.get(f"/admin/sign-in?next={path}")
    reply = browser.post("/admin/sign-in", {"email": email, "password": PASSWORD, "next": path})
    assert reply.location == path
    assert "Join default" in browser.follow(reply).text


def test_an_invitation_for_another_is_not_accepted(office: Office):
    path, viewer = invited(office), office.sign_in("viewer")
    assert "for another e-mail" in viewer.get(path).text
    reply = viewer.post(path)
    assert reply.status_code == 422
    assert role(viewer) == "viewer"
    assert office.browser().get(path).status_code == 200


def test_a_link_that_is_too_old_or_no_link_says_so(office: Office):
    path = invited(office)
    office.now += timedelta(days=7)
    assert "too old" in office.browser().get(path).text
    for token in ("x", "a" * 43, "%00", "é"):
        reply = office.browser().get(f"/admin/invite/{token}")
        assert reply.status_code == 404
        assert "There is no such invitation" in reply.text
