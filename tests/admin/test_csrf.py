"""Every form of the admin page, sent by somebody who never saw it: refused, and nothing changes."""

from __future__ import annotations

from typing import Any

from tests.admin.office import Office
from tests.admin.stage import Stage, everything, screens

FORMS = [rule for method, rule in screens() if method == "POST"]
OPEN = ("/sign-in", "/sign-in/code", "/invite/<token>", "/setup/<token>")
"""What people who are not signed in send."""


def test_no_form_is_taken_without_its_token(office: Office):
    stage, taken = Stage(office), []
    owner, other = stage.somebody("owner"), stage.somebody("owner")
    theirs, good = other.csrf, owner.csrf
    tries: dict[str, tuple[str, dict[str, Any]]] = {
        "no token": ("", {}),
        "an empty header": ("", {"headers": {"X-Csrf": ""}}),
        "another session's": (theirs, {}),
        "another session's as header": ("", {"headers": {"X-Csrf": theirs}}),
        "from another site": (good, {"headers": {"Sec-Fetch-Site": "cross-site"}}),
        "from a sub-domain": (good, {"headers": {"Sec-Fetch-Site": "same-site"}}),
    }
    for rule in FORMS:
        path, form = stage.asks("POST", rule, owner)
        form.pop("picture", None)
        before = everything()
        for what, (token, more) in tries.items():
            reply = owner.post(path, form | {"csrf": token}, **more)
            if reply.status_code != 403 or "too old" not in reply.text:
                taken.append(f"{rule} with {what}: {reply.status_code}")
        if everything() != before:
            taken.append(f"{rule} changed something")
        owner.csrf = good
    assert not taken, "\n".join(taken)


def test_who_is_not_signed_in_has_a_token_of_their_browsers_own(office: Office):
    stage, taken = Stage(office), []
    nobody, other, owner = (stage.somebody(role) for role in ("nobody", "nobody", "owner"))
    foreign = {"": "no", other.csrf: "another browser's", owner.csrf: "a session's"}
    for rule in OPEN:
        path, form = stage.asks("POST", rule, nobody)
        before = everything()
        for token, whose in foreign.items():
            reply = nobody.post(path, form | {"csrf": token})
            if reply.status_code != 403:
                taken.append(f"{rule} with {whose} token: {reply.status_code}")
        if everything() != before:
            taken.append(f"{rule} changed something")
    assert not taken, "\n".join(taken)


def test_the_token_in_an_address_does_not_count(office: Office):
    owner = Stage(office).somebody("owner")
    token = owner.csrf
    owner.csrf = "x"
    before = everything()
    path = f"/admin/settings/account/name?csrf={token}"
    assert owner.post(path, {"name": "Mallory", "csrf": ""}).status_code == 403
    assert everything() == before


def test_a_form_as_json_or_text_is_none(office: Office):
    owner = Stage(office).somebody("owner")
    before = everything()
    for kind in ("application/json", "text/plain"):
        reply = owner._ask(
            "POST",
            "/admin/settings/account/name",
            data=f'{{"csrf":"{owner.csrf}","name":"M"}}',
            content_type=kind,
        )
        assert reply.status_code == 403, kind
    assert everything() == before
