"""Claiming hosts, proving them by DNS, and letting go of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from klink.core import domains, links, users
from klink.core.context import Changed, Context
from klink.core.domains import MAX_PENDING, DomainPatch
from klink.core.domains.proofs import place
from klink.core.errors import (
    Conflict,
    DomainHasLinks,
    DomainTaken,
    Forbidden,
    InsufficientRole,
    InsufficientScope,
    NotFound,
    TooBusy,
    ValidationFailed,
)
from klink.core.links import NewLink
from klink.core.principal import Principal
from klink.db.connection import read, write
from klink.db.models import Audit, Domain
from tests.core.conftest import World
from tests.core.domains.conftest import HOST
from tests.dialects.house import at_once
from tests.dns import BROKEN, EMPTY, SILENT, Names


def actions(subject: str) -> list[str]:
    """What the audit log says was done to it, in order."""
    with read():
        rows = Audit.select().where(Audit.subject == subject).order_by(Audit.id)
        return [row.action for row in rows]


def test_a_claim_is_pending_and_serves_nothing(ctx: Context, owner: Principal) -> None:
    claim = domains.claim(ctx, owner, "Go.Acme.Example.")
    assert (claim.host, claim.state, claim.is_default) == (HOST, "pending", False)
    assert claim.verified_at is None
    assert claim.token
    assert links.domain_of_host(HOST) is None
    with pytest.raises(ValidationFailed, match="not a verified domain"):
        links.create(ctx, owner, NewLink(url="https://example.com/", domain=HOST))
    assert actions(f"domain:{HOST}") == ["domain.claim"]


def test_the_record_proves_a_claim(
    ctx: Context, world: World, owner: Principal, names: Names
) -> None:
    claim = domains.claim(ctx, owner, HOST)
    proof = domains.instructions(HOST, claim.token or "")
    assert proof.record == "_klink.go.acme.example"
    names.records[proof.record] = ["v=spf1 -all", proof.value]
    world.announced.clear()
    found = domains.verify(ctx, owner, HOST)
    assert (found.state, found.verified_by) == ("verified", "dns")
    assert found.verified_at is not None
    assert [each.outcome for each in found.findings] == ["found"]
    domain_id = links.domain_of_host(HOST)
    assert world.announced == [Changed("domain", domain_id=domain_id)]
    made = links.create(ctx, owner, NewLink(url="https://example.com/", slug="a", domain=HOST))
    assert made.link.short_url == "https://go.acme.example/a"
    assert actions(f"domain:{HOST}") == ["domain.claim", "domain.verify"]


@pytest.mark.parametrize(
    "records, outcome, says",
    [
        (None, "missing", "there is no TXT record at _klink.go.acme.example"),
        (EMPTY, "missing", "there is no TXT record at _klink.go.acme.example"),
        (["v=spf1 -all"], "missing", "are others"),
        (["klink-verify=old"], "missing", "holds klink-verify=old"),
        ([f"klink-verify={'x' * 500}"], "missing", "holds klink-verify=xxx"),
        (BROKEN, "unknown", "could not say"),
    ],
)
def test_what_was_found_in_dns_is_told(
    ctx: Context,
    owner: Principal,
    names: Names,
    records: list[str] | str | None,
    outcome: str,
    says: str,
) -> None:
    domains.claim(ctx, owner, HOST)
    if records is not None:
        names.records[f"_klink.{HOST}"] = records
    found = domains.verify(ctx, owner, HOST)
    assert found.state == "pending"
    dns = found.findings[0]
    assert (dns.method, dns.outcome) == ("dns", outcome)
    assert says in dns.text
    assert len(dns.text) < 200
    assert found.checked_at == domains.get(ctx, owner, HOST).checked_at == ctx.now
    assert links.domain_of_host(HOST) is None


def test_a_name_server_that_does_not_answer_is_not_waited_for_long(
    ctx: Context, owner: Principal, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("klink.core.domains.proofs._DNS_TIMEOUT_S", 0.2)
    domains.claim(ctx, owner, HOST)
    names.records[f"_klink.{HOST}"] = SILENT
    found = domains.verify(ctx, owner, HOST)
    assert (found.findings[0].outcome, found.state) == ("unknown", "pending")
    assert "in time" in found.findings[0].text


def test_a_token_is_one_workspaces_and_one_hosts(
    ctx: Context, owner: Principal, stranger: Principal, names: Names
) -> None:
    mine = domains.claim(ctx, owner, HOST)
    theirs = domains.claim(ctx, stranger, HOST)
    other = domains.claim(ctx, owner, "b.acme.example")
    assert len({mine.token, theirs.token, other.token}) == 3
    names.prove(HOST, mine.token or "")
    names.prove("b.acme.example", mine.token or "")
    assert domains.verify(ctx, stranger, HOST).state == "pending"
    assert domains.verify(ctx, owner, "b.acme.example").state == "pending"
    assert domains.verify(ctx, owner, HOST).state == "verified"


def test_a_claim_blocks_nobody_and_a_proof_does(
    ctx: Context, owner: Principal, stranger: Principal, names: Names
) -> None:
    squatted = domains.claim(ctx, stranger, HOST)
    mine = domains.claim(ctx, owner, HOST)
    names.records[f"_klink.{HOST}"] = [
        f"klink-verify={squatted.token}",
        f"klink-verify={mine.token}",
    ]
    assert domains.verify(ctx, owner, HOST).state == "verified"
    asked = len(names.asked)
    with pytest.raises(DomainTaken, match="another workspace"):
        domains.verify(ctx, stranger, HOST)
    assert len(names.asked) == asked
    assert domains.get(ctx, stranger, HOST).state == "pending"
    domains.remove(ctx, stranger, HOST)
    with pytest.raises(DomainTaken):
        domains.claim(ctx, stranger, HOST)
    domains.remove(ctx, owner, HOST)
    domains.claim(ctx, stranger, HOST)


def test_a_host_is_claimed_once(ctx: Context, owner: Principal, admin: Principal) -> None:
    domains.claim(ctx, owner, HOST)
    with pytest.raises(Conflict, match="already"):
        domains.claim(ctx, owner, "GO.acme.example")
    assert domains.claim(ctx, admin, HOST, verified=True).state == "verified"
    with pytest.raises(Conflict, match="already"):
        domains.claim(ctx, admin, HOST, verified=True)


def test_the_servers_admin_needs_no_proof_and_nobody_else_may_do_without(
    ctx: Context, owner: Principal, admin: Principal, names: Names
) -> None:
    with pytest.raises(Forbidden):
        domains.claim(ctx, owner, HOST, verified=True)
    found = domains.claim(ctx, admin, HOST, verified=True)
    assert (found.state, found.verified_by, found.next_check_at) == ("verified", "admin", None)
    assert domains.verify(ctx, owner, HOST).state == "verified"  # nothing there, nothing lost
    assert domains.get(ctx, owner, HOST).next_check_at is None
    names.prove(HOST, found.token or "")
    assert domains.verify(ctx, owner, HOST).verified_by == "dns"
    assert names.asked


@pytest.mark.parametrize(
    "host, says",
    [
        ("", "DNS name"),
        ("https://go.acme.example", "DNS name"),
        ("go.acme.example:8080", "DNS name"),
        ("192.0.2.1", "DNS name"),
        ("[2001:db8::1]", "DNS name"),
        ("a" * 300, "DNS name"),
        ("localhost", "this very machine"),
        ("go.localhost", "this very machine"),
        ("go.example.org", "server's own"),
        ("GO.EXAMPLE.ORG.", "server's own"),
        ("qklnk.example.org", "answers an API"),
    ],
)
def test_hosts_that_cannot_be_a_workspaces_are_refused(
    ctx: Context, owner: Principal, host: str, says: str
) -> None:
    with pytest.raises(ValidationFailed, match=says) as refused:
        domains.claim(ctx, owner, host)
    assert set(refused.value.errors) == {"host"}


def test_the_base_hosts_port_makes_it_no_other_host(ctx: Context, owner: Principal) -> None:
    settings = replace(ctx.settings, base_url="http://go.local.example:8080")
    with pytest.raises(ValidationFailed, match="server's own"):
        domains.claim(replace(ctx, settings=settings), owner, "go.local.example")


def test_a_name_in_another_script_is_kept_in_punycode(ctx: Context, owner: Principal) -> None:
    assert domains.claim(ctx, owner, "Bücher.example").host == "xn--bcher-kva.example"
    assert domains.get(ctx, owner, "bücher.example").state == "pending"


def test_only_owners_and_admins_change_domains(
    ctx: Context, owner: Principal, teammate: Principal
) -> None:
    assert teammate.user_id is not None
    domains.claim(ctx, owner, HOST)
    for change in (
        lambda who: domains.claim(ctx, who, "b.acme.example"),
        lambda who: domains.verify(ctx, who, HOST),
        lambda who: domains.change(ctx, who, HOST, DomainPatch(is_default=True)),
        lambda who: domains.remove(ctx, who, HOST),
    ):
        with pytest.raises(InsufficientRole):
            change(teammate)
        with pytest.raises(InsufficientScope):
            change(replace(owner, scopes=frozenset({"read"})))
    assert domains.get(ctx, teammate, HOST).state == "pending"
    admin = users.create(ctx, "b@example.org", role="admin", workspace_id=owner.workspace_id)
    domains.remove(ctx, replace(teammate, user_id=admin.id, role="admin"), HOST)


def test_a_workspace_sees_nothing_of_anothers(
    ctx: Context, owner: Principal, stranger: Principal, verified
) -> None:
    verified()
    for ask in (domains.get, domains.verify, domains.remove):
        with pytest.raises((NotFound, DomainTaken)):
            ask(ctx, stranger, "b.acme.example")
    with pytest.raises(NotFound):
        domains.get(ctx, stranger, HOST)
    with pytest.raises(NotFound):
        domains.remove(ctx, stranger, HOST)
    with pytest.raises(NotFound):
        domains.change(ctx, stranger, HOST, DomainPatch(is_default=True))
    assert [each.host for each in domains.find_all(ctx, stranger).items] == ["go.example.org"]


def test_a_list_begins_with_the_servers_host_and_is_paged(ctx: Context, owner: Principal) -> None:
    for letter in "cab":
        domains.claim(ctx, owner, f"{letter}.acme.example")
    hosts = ["go.example.org", *(f"{each}.acme.example" for each in "abc")]
    assert [each.host for each in domains.find_all(ctx, owner).items] == hosts
    for limit in (1, 2, 3):
        found, cursor = [], None
        while True:
            page = domains.find_all(ctx, owner, cursor=cursor, limit=limit)
            assert len(page.items) <= limit
            found += [each.host for each in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == hosts
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "\0"}, {"cursor": "A"}):
        with pytest.raises(ValidationFailed):
            domains.find_all(ctx, owner, **wrong)


def test_hosts_without_a_proof_are_limited(
    ctx: Context, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("klink.core.domains.claims.MAX_PENDING", 2)
    assert MAX_PENDING > 2
    domains.claim(ctx, owner, "a.example")
    domains.claim(ctx, owner, "b.example")
    with pytest.raises(Conflict, match="wait for their proofs"):
        domains.claim(ctx, owner, "c.example")
    domains.remove(ctx, owner, "a.example")
    domains.claim(ctx, owner, "c.example")


def test_few_requests_wait_for_proofs_at_once(ctx: Context, owner: Principal) -> None:
    domains.claim(ctx, owner, HOST)
    with place(7), place(8), pytest.raises(TooBusy):
        domains.verify(ctx, owner, HOST)
    assert domains.verify(ctx, owner, HOST).checked_at == ctx.now


def test_a_domain_with_links_stays_and_says_how_many(
    ctx: Context, owner: Principal, verified
) -> None:
    verified()
    made = [
        links.create(ctx, owner, NewLink(url="https://example.com/", domain=HOST)).link
        for _ in range(2)
    ]
    with pytest.raises(DomainHasLinks, match="2 links"):
        domains.remove(ctx, owner, HOST)
    links.purge(ctx, owner, made[0].uid)
    links.trash(ctx, owner, made[1].uid)
    with pytest.raises(DomainHasLinks, match="1 link,"):
        domains.remove(ctx, owner, HOST)
    assert domains.get(ctx, owner, HOST).state == "verified"
    links.purge(ctx, owner, made[1].uid)
    domains.remove(ctx, owner, HOST)
    with pytest.raises(NotFound):
        domains.get(ctx, owner, HOST)


def test_a_removed_domain_is_let_go_of_by_caches(
    ctx: Context, world: World, owner: Principal, verified
) -> None:
    verified()
    domain_id = links.domain_of_host(HOST)
    world.announced.clear()
    domains.remove(ctx, owner, HOST)
    assert world.announced == [Changed("domain", domain_id=domain_id)]
    assert links.domain_of_host(HOST) is None
    assert actions(f"domain:{HOST}")[-1] == "domain.remove"


def test_a_removed_host_may_be_claimed_anew_by_another_token(
    ctx: Context, owner: Principal, verified
) -> None:
    before = verified()
    domains.remove(ctx, owner, HOST)
    assert domains.claim(ctx, owner, HOST).token != before.token
    assert domains.verify(ctx, owner, HOST).state == "pending"  # the old record proves nothing


def test_a_link_whose_domain_goes_meanwhile_is_refused(
    ctx: Context, owner: Principal, verified
) -> None:
    from klink.core.links.make import Maker

    verified()
    maker = Maker(ctx, owner)
    drafts = maker.drafts(
        [NewLink(url="https://example.com/", domain=HOST), NewLink(url="https://example.com/")]
    )
    domains.remove(ctx, owner, HOST)
    with write():
        gone, made = maker.make(drafts)
    assert isinstance(gone, ValidationFailed)
    assert set(gone.errors) == {"domain"}
    assert not isinstance(made, Exception)


def test_a_domain_stays_when_a_link_is_being_made_on_it(
    ctx: Context, owner: Principal, verified
) -> None:
    verified()
    made, removed = at_once(
        [
            lambda: links.create(ctx, owner, NewLink(url="https://example.com/", domain=HOST)),
            lambda: domains.remove(ctx, owner, HOST),
        ]
    )
    if isinstance(made, Exception):
        assert isinstance(made, ValidationFailed)
        assert removed is None
        assert links.domain_of_host(HOST) is None
    else:
        assert isinstance(removed, DomainHasLinks)
        assert links.domain_of_host(HOST) is not None


def test_of_two_that_prove_a_host_at_once_one_has_it(
    ctx: Context, owner: Principal, stranger: Principal, names: Names
) -> None:
    tokens = [domains.claim(ctx, who, HOST).token for who in (owner, stranger)]
    names.records[f"_klink.{HOST}"] = [f"klink-verify={token}" for token in tokens]
    found = at_once(
        [lambda who=who: domains.verify(ctx, who, HOST) for who in (owner, stranger)]  # type: ignore[misc]  # of each
    )
    assert sorted(type(each).__name__ for each in found) == ["DomainTaken", "DomainView"]


def test_the_servers_own_host_is_not_removed_or_proved(
    ctx: Context, owner: Principal, admin: Principal
) -> None:
    for who in (owner, admin):
        with pytest.raises(Conflict):
            domains.remove(ctx, who, "go.example.org")
        with pytest.raises(Conflict):
            domains.verify(ctx, who, "go.example.org")
    with read():
        assert Domain.select().count() == 1


def test_the_workspace_of_a_host_is_who_proved_it_or_who_alone_claims_it(
    ctx: Context, owner: Principal, stranger: Principal, verified
) -> None:
    with pytest.raises(NotFound):
        domains.workspace_of(HOST)
    domains.claim(ctx, stranger, HOST)
    assert domains.workspace_of(HOST) == stranger.workspace_id
    domains.claim(ctx, owner, HOST)
    with pytest.raises(Conflict, match="2 workspaces"):
        domains.workspace_of(HOST)
    domains.remove(ctx, owner, HOST)
    verified()
    assert domains.workspace_of("GO.acme.example") == owner.workspace_id
