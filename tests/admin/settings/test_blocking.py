from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from klink.core import links
from klink.core.blocking import entries
from klink.core.blocking.lists import Blocklists
from klink.core.principal import Principal
from klink.web.parts import EXTENSION
from tests.admin.office import Office, Person

PATH = "/admin/settings/blocking"


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


def values(office: Office, who: Person) -> list[str]:
    return [each.value for each in entries.search(office.context(), who.principal).items]


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_the_list_is_for_managers(office: Office, role: str):
    somebody = office.sign_in(role)
    assert somebody.get(PATH).status_code == 403
    assert somebody.post(PATH, {"kind": "host", "value": "bad.example"}).status_code == 403
    assert somebody.post(f"{PATH}/1/remove").status_code == 403
    assert somebody.get("/admin/settings/quarantine").status_code == 403


def test_an_entry_is_added_shown_and_removed(office: Office, owner: Person):
    assert "Nothing is on this workspace&#39;s list" in owner.get(PATH).text
    new = {"kind": "host", "value": "*.bad.example", "note": "spam <i>"}
    page = owner.follow(owner.post(PATH, new)).text
    assert "bad.example is on the list." in page
    assert "spam &lt;i&gt;" in page
    assert "was on the list already" in owner.follow(owner.post(PATH, new)).text
    (entry,) = entries.search(office.context(), owner.principal).items
    page = owner.follow(owner.post(f"{PATH}/{entry.id}/remove")).text
    assert "Entry removed." in page
    assert values(office, owner) == []


def test_what_cannot_be_an_entry_stands_at_its_field(office: Office, owner: Person):
    reply = owner.post(PATH, {"kind": "host", "value": "not a host", "note": "why"})
    assert reply.status_code == 422
    assert 'value="not a host"' in reply.text
    assert 'value="why"' in reply.text
    assert 'aria-invalid="true"' in reply.text
    assert "Must be a host such as bad.example" in reply.text
    assert owner.post(PATH, {"kind": "odd", "value": "bad.example"}).status_code == 422


def test_a_workspace_sees_and_removes_its_own_entries_alone(office: Office, owner: Person):
    owner.post(PATH, {"kind": "host", "value": "rival.example"})
    stranger = office.stranger()
    assert "rival.example" not in stranger.get(PATH).text
    number = entries.search(office.context(), owner.principal).items[0].id
    assert stranger.post(f"{PATH}/{number}/remove").status_code == 404
    assert "Yes: nothing blocks it" in stranger.get(f"{PATH}?check=https://rival.example/").text
    assert values(office, owner) == ["rival.example"]


def test_the_operators_entries_stay(office: Office, owner: Person):
    operator = replace(owner.principal, dialect="cli")
    made, _ = entries.add(office.context(), operator, "host", "evil.example")
    page = owner.get(PATH).text
    assert "by the operator" in page
    assert "Remove evil.example" not in page
    reply = owner.post(f"{PATH}/{made.id}/remove")
    assert (reply.status_code, "operator made this entry" in reply.text) == (422, True)
    assert values(office, owner) == ["evil.example"]


def test_a_url_is_held_against_the_lists(office: Office, owner: Person):
    owner.post(PATH, {"kind": "pattern", "value": "*.example/login*"})
    blocked = owner.get(f"{PATH}?check=https://bank.example/login").text
    assert "No: it is blocked by this workspace&#39;s list of patterns." in blocked
    assert "<code>*.example/login*</code>" in blocked
    assert "Yes: nothing blocks it" in owner.get(f"{PATH}?check=https://bank.example/").text
    wrong = owner.get(f"{PATH}?check=javascript:alert(1)")
    assert 'value="javascript:alert(1)"' in wrong.text
    assert 'aria-invalid="true"' in wrong.text


def test_entries_are_shown_by_kind(office: Office, owner: Person):
    owner.post(PATH, {"kind": "host", "value": "bad.example"})
    owner.post(PATH, {"kind": "allow", "value": "good.example"})
    page = owner.get(f"{PATH}?kind=allow").text
    assert "good.example" in page
    assert "<code>bad.example</code>" not in page
    assert "No entry of this kind" in owner.get(f"{PATH}?kind=pattern").text


def test_files_of_the_server_are_shown_to_who_runs_it(office: Office, tmp_path: Path):
    (tmp_path / "hosts.txt").write_text("bad.example\nworse.example\n")
    missing = tmp_path / "gone.txt"
    lists = Blocklists(files=[tmp_path / "hosts.txt", missing])
    app = office.house.app
    parts = app.extensions[EXTENSION]
    settings = replace(parts.settings, blocklists=lists)
    app.extensions[EXTENSION] = replace(parts, settings=settings)
    page = office.sign_in("owner").get(PATH).text
    assert "hosts.txt" in page
    assert "cannot be read" in page
    assert "hosts.txt" not in office.sign_in("admin").get(PATH).text
    assert "hosts.txt" not in office.stranger().get(PATH).text


def test_a_link_is_released_from_quarantine(office: Office, owner: Person):
    quarantine = "/admin/settings/quarantine"
    assert "No link is in quarantine" in owner.get(quarantine).text
    link = office.link("odd", "https://rival.example/")
    links.quarantine(office.context(), owner.principal, link.uid, "looks <odd>")
    page = owner.get(quarantine).text
    assert "looks &lt;odd&gt;" in page
    assert "by hand" in page
    stranger = office.stranger()
    assert "/odd" not in stranger.get(quarantine).text
    assert stranger.post(f"{quarantine}/{link.uid}/release").status_code == 404
    assert "/odd is released." in owner.follow(owner.post(f"{quarantine}/{link.uid}/release")).text
    assert office.house.visit(link.short_url).status_code == 302


def test_what_the_operator_holds_stays_in_quarantine(office: Office, owner: Person):
    link = office.link("held", "https://rival.example/")
    operator: Principal = replace(owner.principal, dialect="cli")
    links.quarantine(office.context(), operator, link.uid, "no")
    page = owner.get("/admin/settings/quarantine").text
    assert "by the server&#39;s operator" in page
    assert "Release /held" not in page
    reply = owner.post(f"/admin/settings/quarantine/{link.uid}/release")
    assert (reply.status_code, "operator has put this link" in reply.text) == (422, True)
