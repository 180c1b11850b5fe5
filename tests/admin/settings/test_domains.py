from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from klink.core import domains
from klink.core.domains import Finding
from klink.web.parts import EXTENSION
from tests.admin.office import Office, Person
from tests.dns import Names, name_server

PATH = "/admin/settings/domains"
HOST = "links.example.net"


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


@pytest.fixture
def names(office: Office) -> Iterator[Names]:
    """The name server that klink asks."""
    extensions = office.house.app.extensions
    with name_server() as made:
        parts = extensions[EXTENSION]
        settings = replace(parts.settings, nameservers=(made.address,))
        extensions[EXTENSION] = replace(parts, settings=settings)
        yield made


def claimed(office: Office, owner: Person) -> str:
    """A claim, and the token that proves it."""
    made = domains.claim(office.context(), owner.principal, HOST)
    assert made.token is not None
    return made.token


def prove(office: Office) -> None:
    """Have the clock find the proof."""
    office.now = office.now.replace(hour=23)
    due = domains.next_due(office.context(), ())
    assert due is not None
    domains.conclude_by_clock(office.context(), due.number, [Finding("dns", "found", "there")])


def test_the_servers_own_host_is_there_and_more_can_be_added(owner: Person):
    page = owner.get(PATH).text
    assert "go.example.org" in page
    assert "this server&#39;s own" in page
    assert "Add a domain" in page


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_others_than_managers_look_on(office: Office, owner: Person, role: str):
    token = claimed(office, owner)
    somebody = office.sign_in(role)
    assert "Add a domain" not in somebody.get(PATH).text
    page = somebody.get(f"{PATH}/{HOST}")
    assert page.status_code == 200
    assert token not in page.text
    for path in ("", f"/{HOST}", f"/{HOST}/verify", f"/{HOST}/remove"):
        assert somebody.post(PATH + path, {"host": "a.example"}).status_code == 403


def test_a_domain_is_claimed_and_what_proves_it_is_shown(office: Office, owner: Person):
    page = owner.follow(owner.post(PATH, {"host": HOST.upper()})).text
    token = domains.get(office.context(), owner.principal, HOST).token
    assert token is not None
    assert f"_klink.{HOST}" in page
    assert f'data-copy="klink-verify={token}"' in page
    assert f"https://{HOST}/.well-known/klink-verify.txt" in page
    assert "waits for its proof" in page
    assert "New links that name no domain" not in page


@pytest.mark.parametrize("host", ["", "not a host", "go.example.org"])
def test_what_cannot_be_claimed_stands_at_the_field(owner: Person, host: str):
    reply = owner.post(PATH, {"host": host})
    assert reply.status_code == 422
    assert f'value="{host}"' in reply.text
    assert 'aria-invalid="true"' in reply.text


def test_a_claim_made_twice_is_told_at_the_field(office: Office, owner: Person):
    claimed(office, owner)
    reply = owner.post(PATH, {"host": HOST})
    assert reply.status_code == 422
    assert "among this workspace&#39;s domains already" in reply.text
    assert 'aria-invalid="true"' in reply.text


def test_another_workspaces_domain_is_not_there(office: Office, owner: Person):
    claimed(office, owner)
    stranger = office.stranger()
    assert HOST not in stranger.get(PATH).text
    assert stranger.get(f"{PATH}/{HOST}").status_code == 404
    for action in ("", "/verify", "/remove"):
        assert stranger.post(f"{PATH}/{HOST}{action}").status_code == 404
    assert domains.get(office.context(), owner.principal, HOST).state == "pending"


def test_a_proven_domain_is_set_up(office: Office, owner: Person):
    claimed(office, owner)
    prove(office)
    page = owner.get(f"{PATH}/{HOST}").text
    assert "verified" in page
    sent = {"root_url": "https://www.example.net/", "not_found_url": "", "is_default": "1"}
    page = owner.follow(owner.post(f"{PATH}/{HOST}", sent)).text
    assert f"{HOST} is changed." in page
    assert "default for new links" in page
    view = domains.get(office.context(), owner.principal, HOST)
    assert (view.root_url, view.not_found_url) == ("https://www.example.net/", None)
    assert view.is_default
    back = owner.post(f"{PATH}/go.example.org", {"is_default": "1"})
    assert "go.example.org is changed." in owner.follow(back).text
    assert not domains.get(office.context(), owner.principal, HOST).is_default


def test_an_address_that_cannot_be_is_told_at_its_field(office: Office, owner: Person):
    claimed(office, owner)
    prove(office)
    reply = owner.post(f"{PATH}/{HOST}", {"root_url": "ftp://x.example/", "not_found_url": ""})
    assert reply.status_code == 422
    assert 'value="ftp://x.example/"' in reply.text
    assert 'id="f-root_url-error"' in reply.text


def test_a_proof_is_looked_for_now(office: Office, owner: Person, names: Names):
    token = claimed(office, owner)
    page = owner.follow(owner.post(f"{PATH}/{HOST}/verify")).text
    assert "The proof is not there yet." in page
    assert f"there is no TXT record at _klink.{HOST}" in page
    names.prove(HOST, token)
    page = owner.follow(owner.post(f"{PATH}/{HOST}/verify")).text
    assert f"The proof is there: {HOST} serves" in page
    assert ">verified</span>" in page
    reply = office.stranger().post(PATH, {"host": HOST})
    assert reply.status_code == 422
    assert "verified by another workspace" in reply.text
    assert 'id="f-host-error"' in reply.text


def test_the_default_is_taken_over_not_given_up(owner: Person):
    reply = owner.post(f"{PATH}/go.example.org", {})
    assert reply.status_code == 422
    assert "Make another domain the default instead." in reply.text


def test_the_proof_of_the_servers_own_host_is_not_looked_for(owner: Person):
    reply = owner.post(f"{PATH}/go.example.org/verify")
    assert reply.status_code == 422
    assert "needs no proof" in reply.text


def test_a_domain_goes_unless_it_has_links(office: Office, owner: Person):
    claimed(office, owner)
    prove(office)
    office.link("there", domain=HOST)
    reply = owner.post(f"{PATH}/{HOST}/remove")
    assert reply.status_code == 422
    assert "has 1 link" in reply.text
    domains.claim(office.context(), owner.principal, "other.example.net")
    page = owner.follow(owner.post(f"{PATH}/other.example.net/remove")).text
    assert "other.example.net is removed." in page
    assert page.count("other.example.net") == 1
