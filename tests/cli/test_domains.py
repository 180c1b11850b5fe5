from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.core import domains, links, workspaces
from klink.db.models import BASE_DOMAIN_ID
from tests.cli.conftest import Klink, core
from tests.dns import Names, name_server

HOST = "go.acme.example"


@pytest.fixture
def names() -> Iterator[Names]:
    with name_server() as made:
        yield made


@pytest.fixture
def here(here: Path, names: Names, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a folder, with the test's own name server."""
    address, port = names.address
    monkeypatch.setenv("KLINK_DOMAINS__NAMESERVERS", f"{address}:{port}")
    return here


def test_a_claim_prints_how_to_prove_it(klink: Klink, here: Path):
    done = klink("domains", "add", HOST)
    assert (done.status, done.err) == (0, "")
    with core(here) as ctx:
        [found] = domains.all_of_them(ctx)[1:]
    assert (found.host, found.state) == (HOST, "pending")
    assert f"_klink.{HOST}  TXT  klink-verify={found.token}" in done.out
    assert f"https://{HOST}/.well-known/klink-verify.txt  with  {found.token}" in done.out
    assert f"klink domains verify {HOST}" in done.out


def test_verifying_prints_what_was_found_and_ends_with_1_until_it_is(
    klink: Klink, here: Path, names: Names
):
    made = klink("domains", "add", HOST, "--json").json
    done = klink("domains", "verify", HOST)
    assert done.status == 1
    assert f"dns: there is no TXT record at _klink.{HOST}" in done.out
    assert done.err.startswith(f"klink: {HOST} is not proved yet")
    assert done.err.count("\n") == 1
    names.records[made["proof"]["record"]] = [made["proof"]["value"]]
    done = klink("domains", "verify", HOST, "--json")
    assert (done.status, done.err) == (0, "")
    assert (done.json["state"], done.json["verified_by"]) == ("verified", "dns")


def test_the_admin_needs_no_proof(klink: Klink, here: Path, names: Names):
    klink("workspaces", "create", "acme")
    done = klink("domains", "add", HOST, "--workspace", "acme", "--verified")
    assert (done.status, done.out, done.err) == (0, "", "")
    with core(here):
        assert links.domain_of_host(HOST) is not None
        assert domains.workspace_of(HOST) == workspaces.find("acme").id
    assert names.asked == []
    link = klink("links", "create", "https://example.com/", "--workspace", "acme", "--domain", HOST)
    assert link.line.startswith(f"https://{HOST}/")


def test_hosts_are_listed_with_the_servers_own_first(klink: Klink, here: Path):
    klink("domains", "add", HOST, "--verified")
    klink("workspaces", "create", "acme")
    klink("domains", "add", "a.example", "--workspace", "acme")
    found = klink("domains", "list", "--json").json
    assert [(each["host"], each["workspace"], each["state"]) for each in found] == [
        ("go.example.org", None, "verified"),
        ("a.example", "acme", "pending"),
        (HOST, "default", "verified"),
    ]
    assert set(found[2]) == {
        "host", "workspace", "state", "is_server", "is_default", "root_url", "not_found_url",
        "verified_at", "verified_by", "failing_since", "proof", "checked_at", "findings",
        "next_check_at", "created_at",
    }  # fmt: skip
    table = klink("domains", "list").out.splitlines()
    assert table[0].split()[:3] == ["HOST", "WORKSPACE", "STATE"]
    assert table[3].split()[:3] == [HOST, "default", "verified"]
    shown = klink("domains", "show", "a.example")
    assert "_klink.a.example  TXT  klink-verify=" in shown.out
    assert klink("domains", "show", HOST, "--json").json == found[2]


def test_settings_of_a_host_are_set_and_taken_back(klink: Klink, here: Path):
    klink("domains", "add", HOST, "--verified")
    words = ("--root-url", "https://acme.example/", "--not-found-url", "https://acme.example/404")
    done = klink("domains", "set", HOST, *words, "--default")
    assert (done.status, done.out, done.err) == (0, "", "")
    found = klink("domains", "list", "--json").json[1]
    assert (found["root_url"], found["not_found_url"]) == (words[1], words[3])
    assert found["is_default"]
    assert klink("links", "create", "https://example.com/").line.startswith(f"https://{HOST}/")
    done = klink("domains", "set", HOST, "--root-url", "", "--no-default", "--json")
    assert (done.json["root_url"], done.json["is_default"]) == (None, False)
    assert done.json["not_found_url"] == words[3]


def test_the_servers_own_host_leads_where_its_admin_says(klink: Klink, here: Path):
    done = klink("domains", "set", "go.example.org", "--root-url", "https://example.org/", "--json")
    assert done.json["root_url"] == "https://example.org/"
    with core(here):
        assert domains.ways(BASE_DOMAIN_ID).root == "https://example.org/"
    klink("domains", "add", HOST, "--verified")
    klink("domains", "set", HOST, "--default")
    assert klink("domains", "set", "go.example.org", "--default", "--json").json["is_default"]


def test_a_host_is_removed_unless_it_has_links(klink: Klink, here: Path):
    klink("domains", "add", HOST, "--verified")
    made = klink("links", "create", "https://example.com/", "--domain", HOST, "--json").json
    assert "1 link" in klink("domains", "remove", HOST).refusal
    assert klink("links", "delete", made["id"], "--purge").status == 0
    done = klink("domains", "remove", HOST)
    assert (done.status, done.out, done.err) == (0, "", "")
    assert f"no such domain '{HOST}'" in klink("domains", "show", HOST).refusal


def test_of_a_host_that_several_claim_a_workspace_has_to_be_named(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    klink("domains", "add", HOST)
    klink("domains", "add", HOST, "--workspace", "acme")
    for words in (("verify",), ("show",), ("remove",), ("set", "--default")):
        assert "--workspace" in klink("domains", words[0], HOST, *words[1:]).refusal
    assert klink("domains", "remove", HOST, "--workspace", "acme").status == 0
    assert klink("domains", "show", HOST, "--json").json["workspace"] == "default"


def test_what_is_wrong_is_told_in_one_line(klink: Klink, here: Path):
    assert "DNS name" in klink("domains", "add", "https://acme.example/").refusal
    assert "server's own" in klink("domains", "add", "go.example.org", "--verified").refusal
    klink("domains", "add", HOST)
    assert "already" in klink("domains", "add", HOST).refusal
    assert "not verified" in klink("domains", "set", HOST, "--default").refusal
    done = klink("domains", "set", HOST)
    assert (done.status, "--root-url" in done.err) == (2, True)
    assert "no such domain" in klink("domains", "remove", "b\x1b.example").refusal
