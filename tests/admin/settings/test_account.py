"""One's own account on the admin page."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest

from klink.core import keys, members, second_factor, sessions, users
from klink.db.models import Session
from tests.admin.office import PASSWORD, Office, Person

AT = "/admin/settings/account"
NEW = "battery staple"


@pytest.fixture
def ann(office: Office) -> Person:
    """An editor with a password."""
    return office.sign_in("editor", password=PASSWORD)


def view(person: Person) -> users.UserView:
    return users.get(person.user_id)


def switch_on(office: Office, person: Person) -> pyotp.TOTP:
    """Switch the second factor on by the screen; give the app."""
    page = person.get(f"{AT}/second-factor").text
    secret = re.findall(r"<code>([A-Z2-7]{32})</code>", page)[0]
    nonce = re.findall(r'name="nonce" value="([0-9a-f]{32})"', page)[0]
    app = pyotp.TOTP(secret)
    reply = person.post(f"{AT}/second-factor", {"nonce": nonce, "code": app.at(office.now)})
    assert reply.status_code == 200
    return app


@pytest.mark.parametrize("role", ["owner", "admin", "editor", "viewer"])
def test_everybody_has_an_account(office: Office, role: str):
    reply = office.sign_in(role).get(AT)
    assert reply.status_code == 200
    assert f"{role}1@example.org" in reply.text


def test_a_name_is_changed(office: Office, ann: Person):
    page = ann.follow(ann.post(f"{AT}/name", {"name": "Ann <b>"}))
    assert "Name saved." in page.text
    assert 'value="Ann &lt;b&gt;"' in page.text
    reply = ann.post(f"{AT}/name", {"name": "x" * 101})
    assert reply.status_code == 422
    assert "x" * 101 in reply.text
    assert view(ann).name == "Ann <b>"


def test_a_new_password_signs_all_other_browsers_out(office: Office, ann: Person):
    other = Person(office.house, ann.user_id, 1)
    sent = {"old": PASSWORD, "new": NEW, "again": NEW}
    page = ann.follow(ann.post(f"{AT}/password", sent))
    assert "Another browser is signed out." in page.text
    assert users.knows_password(ann.user_id, NEW)
    assert other.get(AT).status_code == 303
    assert ann.get(AT).status_code == 200


@pytest.mark.parametrize(
    "sent, told",
    [
        ({"old": "wrong horse"}, "Is not your password."),
        ({"new": "short", "again": "short"}, "Must have 8 to 128 characters."),
        ({"again": "another"}, "Is not the same as the new password."),
    ],
)
def test_a_password_that_cannot_be_changed_says_where(ann: Person, sent: dict[str, str], told: str):
    reply = ann.post(f"{AT}/password", {"old": PASSWORD, "new": NEW, "again": NEW} | sent)
    assert reply.status_code == 422
    assert told in reply.text
    assert PASSWORD not in reply.text
    assert NEW not in reply.text
    assert users.knows_password(ann.user_id, PASSWORD)


def test_guessing_ones_password_gets_slow(office: Office, ann: Person):
    wrong = {"old": "wrong horse", "new": NEW, "again": NEW}
    for _ in range(5):
        ann.post(f"{AT}/password", wrong)
    reply = ann.post(f"{AT}/password", wrong | {"old": PASSWORD})
    assert reply.status_code == 422
    assert "Too many tries; try again in 1 s." in reply.text
    office.now += timedelta(seconds=1)
    assert ann.post(f"{AT}/password", wrong | {"old": PASSWORD}).status_code == 303


def test_the_second_factor_is_switched_on_and_the_codes_shown_once(office: Office, ann: Person):
    page = ann.get(f"{AT}/second-factor").text
    assert "<svg" in page
    assert "style=" not in page
    secret = re.findall(r"<code>([A-Z2-7]{32})</code>", page)[0]
    nonce = re.findall(r'name="nonce" value="([0-9a-f]{32})"', page)[0]
    wrong = ann.post(f"{AT}/second-factor", {"nonce": nonce, "code": "000000"})
    assert wrong.status_code == 422
    assert secret in wrong.text  # the same again
    assert not second_factor.is_on(view(ann))
    code = pyotp.TOTP(secret).at(office.now)
    reply = ann.post(f"{AT}/second-factor", {"nonce": nonce, "code": code})
    codes = re.findall(r"<li><code>([a-z2-7-]{14})</code></li>", reply.text)
    assert len(codes) == 10
    assert second_factor.check(office.context(), ann.user_id, codes[0])
    page = ann.get(AT).text
    assert "9 of 10 recovery codes left" in page
    assert codes[1] not in page


def test_it_takes_the_password_to_switch_the_second_factor_off(office: Office, ann: Person):
    switch_on(office, ann)
    at = f"{AT}/second-factor/off"
    reply = ann.post(at, {"password": "wrong horse"})
    assert reply.status_code == 422
    assert "Is not your password." in reply.text
    assert second_factor.is_on(view(ann))
    page = ann.follow(ann.post(at, {"password": PASSWORD}))
    assert "The second factor is off." in page.text
    assert not second_factor.is_on(view(ann))


def test_it_is_not_switched_on_twice(office: Office, ann: Person):
    app = switch_on(office, ann)
    page = ann.get(f"{AT}/second-factor").text
    assert app.secret not in page
    sent = {"nonce": "0" * 32, "code": "123456"}
    reply = ann.post(f"{AT}/second-factor", sent)
    assert reply.status_code == 422
    assert "on already" in reply.text


def test_the_browsers_are_listed_and_signed_out_one_by_one(office: Office, ann: Person):
    other = Person(office.house, ann.user_id, 1)
    page = ann.get(AT).text
    assert page.count("Firefox on Linux</th>") + page.count("Firefox on Linux <span") == 2
    assert "this one" in page
    [away] = [
        each.id
        for each in sessions.of_user(office.context(), ann.user_id)
        if f"sessions/{each.id}/end" in page and each.id != _own(office, ann)
    ]
    shown = ann.follow(ann.post(f"{AT}/sessions/{away}/end"))
    assert "That browser is signed out." in shown.text
    assert other.get(AT).status_code == 303
    assert ann.post(f"{AT}/sessions/{_own(office, ann)}/end").location == "/admin/sign-in"
    assert ann.get(AT).status_code == 303


def _own(office: Office, person: Person) -> int:
    found = sessions.find(office.context(), person.token)
    assert found is not None
    return found.session.id


def test_nobody_signs_out_others(office: Office, ann: Person):
    owner = office.sign_in("owner")
    assert owner.post(f"{AT}/sessions/{_own(office, ann)}/end").status_code == 404
    assert ann.get(AT).status_code == 200


def test_all_others_are_signed_out_or_all(office: Office, ann: Person):
    others = [Person(office.house, ann.user_id, 1) for _ in range(2)]
    ann.post(f"{AT}/sessions/end-others")
    assert [each.get(AT).status_code for each in others] == [303, 303]
    assert ann.get(AT).status_code == 200
    ann.post("/admin/sign-out", {"everywhere": "1"})
    assert Session.select().count() == 0


def test_a_member_leaves_and_their_keys_end(office: Office, ann: Person):
    key, _ = keys.create(office.context(), workspace_id=1, user_id=ann.user_id, name="x")
    assert ann.post(f"{AT}/leave").status_code == 303
    assert view(ann).roles == {}
    [found] = [each for each in keys.all_of_them(1) if each.id == key.id]
    assert found.revoked_at is not None
    assert ann.get(AT).status_code == 303  # nowhere to look at, so signed out


def test_the_last_owner_does_not_leave(office: Office):
    owner = office.stranger()
    for each in members.search(office.context(), owner.principal).items:
        if each.user_id != owner.user_id:
            members.remove(office.context(), owner.principal, each.uid)
    reply = owner.post(f"{AT}/leave")
    assert reply.status_code == 422
    assert "last owner" in reply.text


def test_a_session_with_a_number_that_no_database_holds_is_not_there(office: Office):
    ann = office.sign_in("owner")
    for number in (2**62 + 1, 2**63, 10**40):
        assert ann.post(f"{AT}/sessions/{number}/end").status_code == 404
