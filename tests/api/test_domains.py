"""Own domains over the API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from klink.api.domain_schemas import Domain, DomainList
from klink.web.parts import Parts
from tests.api.conftest import MakeKey, Person
from tests.api.problems import assert_problem, rows
from tests.dns import Names, name_server

HOST = "go.acme.example"
AT = f"domains/{HOST}"
BASE = "go.example.org"


@pytest.fixture
def names() -> Iterator[Names]:
    with name_server() as made:
        yield made


@pytest.fixture
def parts(parts: Parts, names: Names) -> Parts:
    """The parts, with the test's own name server."""
    return replace(parts, settings=replace(parts.settings, nameservers=(names.address,)))


@pytest.fixture
def verified(owner: Person, names: Names) -> str:
    """A host that the owner has proved."""
    made = owner.post("domains", {"host": HOST}).json
    names.prove(HOST, made["proof"]["file"]["content"])
    assert owner.post(f"{AT}/verify").json["state"] == "verified"
    return HOST


def test_a_claimed_host_says_how_to_prove_it(owner: Person) -> None:
    reply = owner.post("domains", {"host": "Go.ACME.example"})
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/api/v1/{AT}"
    made = reply.json
    token = made["proof"]["file"]["content"]
    assert made == {
        "host": HOST,
        "state": "pending",
        "is_server": False,
        "is_default": False,
        "root_url": None,
        "not_found_url": None,
        "verified_at": None,
        "verified_by": None,
        "failing_since": None,
        "proof": {
            "dns": {
                "type": "TXT",
                "name": "_klink.go.acme.example",
                "value": f"klink-verify={token}",
            },
            "file": {
                "url": "https://go.acme.example/.well-known/klink-verify.txt",
                "content": token,
            },
        },
        "checked_at": None,
        "findings": [],
        "next_check_at": "2026-03-14T15:10:26Z",
        "created_at": "2026-03-14T15:09:26Z",
    }
    assert Domain().validate(made) == {}
    assert owner.get(AT).json == made


def test_verifying_says_what_was_found_and_what_to_set(owner: Person, names: Names) -> None:
    made = owner.post("domains", {"host": HOST}).json
    reply = owner.post(f"{AT}/verify")
    assert (reply.status_code, reply.json["state"]) == (200, "pending")
    assert reply.json["proof"] == made["proof"]
    assert [(each["method"], each["outcome"]) for each in reply.json["findings"]] == [
        ("dns", "missing"),
        ("file", "unknown"),
    ]
    names.records[made["proof"]["dns"]["name"]] = [made["proof"]["dns"]["value"]]
    found = owner.post(f"{AT}/verify").json
    assert (found["state"], found["verified_by"]) == ("verified", "dns")
    assert Domain().validate(found) == {}
    link = owner.link(domain=HOST)
    assert link["domain"] == HOST
    assert owner.get(f"links?domain={HOST}").json["items"][0]["id"] == link["id"]


def test_the_list_begins_with_the_servers_own_host(owner: Person, verified: str) -> None:
    owner.post("domains", {"host": "a.acme.example"})
    found = owner.get("domains").json
    assert DomainList().validate(found) == {}
    assert [(each["host"], each["state"], each["is_server"]) for each in found["items"]] == [
        (BASE, "verified", True),
        ("a.acme.example", "pending", False),
        (HOST, "verified", False),
    ]
    assert found["items"][0]["is_default"]
    assert found["items"][0]["proof"] is None
    page = owner.get("domains?limit=2").json
    assert [each["host"] for each in page["items"]] == [BASE, "a.acme.example"]
    rest = owner.get(f"domains?limit=2&cursor={page['next_cursor']}").json
    assert [each["host"] for each in rest["items"]] == [HOST]
    assert rest["next_cursor"] is None
    for query in ("limit=0", "limit=201", "cursor=%00", "state=x"):
        assert_problem(owner.get(f"domains?{query}"), 422, "validation")


def test_a_domain_is_changed_by_a_merge_patch(owner: Person, verified: str) -> None:
    patch = {"root_url": "https://acme.example/", "not_found_url": "https://acme.example/404"}
    changed = owner.patch(AT, patch).json
    assert {name: changed[name] for name in patch} == patch
    assert owner.patch(AT, {"is_default": True}).json["is_default"]
    assert owner.link()["domain"] == HOST
    assert owner.link(domain=BASE)["domain"] == BASE
    cleared = owner.patch(AT, {"not_found_url": None}).json
    assert (cleared["root_url"], cleared["not_found_url"]) == (patch["root_url"], None)
    assert owner.patch(f"domains/{BASE}", {"is_default": True}).json["is_default"]
    assert owner.link()["domain"] == BASE


@pytest.mark.parametrize(
    "patch",
    [
        {"root_url": "ftp://acme.example/"},
        {"root_url": f"https://{HOST}/"},
        {"not_found_url": f"https://{HOST}/nothing"},
        {"root_url": 5},
        {"is_default": None},
        {"is_default": "yes"},
        {"host": "b.acme.example"},
        {"nothing": 1},
    ],
)
def test_what_cannot_be_set_is_refused(
    owner: Person, verified: str, patch: dict[str, object]
) -> None:
    before = rows()
    problem = assert_problem(owner.patch(AT, patch), 422, "validation")
    assert set(problem["errors"]) == set(patch)
    assert rows() == before


@pytest.mark.parametrize(
    "host", ["", "localhost", "192.0.2.1", "go.acme.example:80", BASE, "a b", "\0", 5, None]
)
def test_hosts_that_cannot_be_claimed_are_refused(owner: Person, host: object) -> None:
    before = rows()
    assert_problem(owner.post("domains", {"host": host}), 422, "validation")
    assert rows() == before


def test_a_domain_is_removed_when_it_has_no_links(owner: Person, verified: str) -> None:
    link = owner.link(domain=HOST)
    problem = assert_problem(owner.delete(AT), 409, "domain_has_links")
    assert "1 link" in problem["detail"]
    owner.delete(f"links/{link['id']}?purge=true")
    assert owner.delete(AT).status_code == 204
    assert_problem(owner.get(AT), 404, "not_found")
    assert_problem(owner.delete(AT), 404, "not_found")
    assert_problem(owner.delete(f"domains/{BASE}"), 409, "conflict")


def test_a_claim_blocks_nobody_and_a_proof_does(
    owner: Person, stranger: Person, names: Names
) -> None:
    assert stranger.post("domains", {"host": HOST}).status_code == 201
    made = owner.post("domains", {"host": HOST}).json
    names.prove(HOST, made["proof"]["file"]["content"])
    assert owner.post(f"{AT}/verify").json["state"] == "verified"
    assert_problem(stranger.post(f"{AT}/verify"), 409, "domain_taken")
    assert stranger.get(AT).json["state"] == "pending"
    assert stranger.delete(AT).status_code == 204
    assert_problem(stranger.post("domains", {"host": HOST}), 409, "domain_taken")
    assert_problem(owner.post("domains", {"host": HOST}), 409, "conflict")


def test_a_stranger_finds_nothing(stranger: Person, verified: str) -> None:
    assert [each["host"] for each in stranger.get("domains").json["items"]] == [BASE]
    for reply in (
        stranger.get(AT),
        stranger.patch(AT, {"is_default": True}),
        stranger.delete(AT),
        stranger.post(f"{AT}/verify"),
        stranger.get("domains/%00"),
        stranger.get("domains/%F0%28"),
    ):
        assert_problem(reply, 404, "not_found")


def test_scopes_and_roles_say_who_may_change_domains(
    owner: Person, teammate: Person, owner_with: MakeKey, verified: str
) -> None:
    reader = owner_with(scopes=["read"])
    assert reader.get("domains").status_code == teammate.get(AT).status_code == 200
    for who, code in ((reader, "insufficient_scope"), (teammate, "insufficient_role")):
        for reply in (
            who.post("domains", {"host": "b.acme.example"}),
            who.post(f"{AT}/verify"),
            who.patch(AT, {"is_default": True}),
            who.delete(AT),
        ):
            assert_problem(reply, 403, code)
    assert_problem(owner_with(scopes=["create"]).get("domains"), 403, "insufficient_scope")


def test_where_the_servers_host_leads_is_not_a_workspaces_to_say(owner: Person) -> None:
    patch = {"root_url": "https://acme.example/"}
    assert_problem(owner.patch(f"domains/{BASE}", patch), 403, "forbidden")
    assert owner.get(f"domains/{BASE}").json["root_url"] is None


def test_a_repeated_claim_gets_the_first_answer(owner: Person) -> None:
    sent = {"headers": {"Idempotency-Key": "a"}}
    first = owner.post("domains", {"host": HOST}, **sent)
    again = owner.post("domains", {"host": HOST}, **sent)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
