"""Proofs are looked for by the clock: of claims soon and ever later, of domains every day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import domains, links, workspaces
from klink.core.context import Changed, Context
from klink.core.domains import DomainView
from klink.core.principal import Principal
from klink.db.connection import in_write, read
from klink.db.models import Audit, DomainClaim
from klink.jobs import JOBS, JobSettings, RunLog, run
from tests.dns import BROKEN, Names, name_server
from tests.jobs.conftest import NOW, Site

HOST = "go.acme.example"
JOB = next(job for job in JOBS if job.name == "verify-domains")
DAY = timedelta(days=1)


@pytest.fixture
def names() -> Iterator[Names]:
    with name_server() as made:
        yield made


@pytest.fixture
def at(site: Site, names: Names) -> Callable[[timedelta], Context]:
    """The context some time from now, with the test's own name server."""
    settings = replace(site.ctx.settings, nameservers=(names.address,))
    return lambda span: replace(site.ctx, settings=settings, now=NOW + span)


At = Callable[[timedelta], Context]


def do(ctx: Context, *, by_hand: bool = False) -> tuple[int, int]:
    """Run the job; how many hosts were checked, and how many stand otherwise now."""
    done = run(JOB, ctx, JobSettings(everything=by_hand), RunLog())
    assert done is not None
    return done.counts["checked"], done.counts["changed"]


def look(site: Site) -> DomainView:
    return domains.get(site.ctx, site.owner, HOST)


def actions() -> list[str]:
    with read():
        rows = Audit.select().where(Audit.subject == f"domain:{HOST}").order_by(Audit.id)
        return [row.action for row in rows]


def test_a_claim_is_verified_by_the_clock_once_its_proof_is_there(
    site: Site, names: Names, at: At
) -> None:
    claim = domains.claim(at(timedelta()), site.owner, HOST)
    assert do(at(timedelta(seconds=59))) == (0, 0)
    assert do(at(timedelta(minutes=1))) == (1, 0)
    assert look(site).state == "pending"
    names.prove(HOST, claim.token or "")
    site.announced.clear()
    assert do(at(timedelta(minutes=3))) == (1, 1)
    found = look(site)
    assert (found.state, found.verified_by) == ("verified", "dns")
    assert found.verified_at == NOW + timedelta(minutes=3)
    assert site.announced == [Changed("domain", domain_id=links.domain_of_host(HOST))]
    assert actions() == ["domain.claim", "domain.verify"]


def test_a_claim_without_a_proof_is_looked_at_ever_less_often(site: Site, at: At) -> None:
    domains.claim(at(timedelta()), site.owner, HOST)
    now, waits = timedelta(minutes=1), []
    for _ in range(14):
        assert do(at(now)) == (1, 0)
        next_at = look(site).next_check_at
        assert next_at is not None
        assert do(replace(at(now), now=next_at - timedelta(seconds=1))) == (0, 0)
        waits.append(next_at - (NOW + now))
        now = next_at - NOW
    assert waits[:4] == [timedelta(minutes=2**i) for i in range(1, 5)]
    assert waits == sorted(waits)
    assert waits[-2:] == [DAY, DAY]


def test_by_hand_every_claim_is_looked_at_due_or_not(site: Site, names: Names, at: At) -> None:
    claim = domains.claim(at(timedelta()), site.owner, HOST)
    names.prove(HOST, claim.token or "")
    assert do(at(timedelta())) == (0, 0)
    assert do(at(timedelta()), by_hand=True) == (1, 1)
    assert do(at(timedelta()), by_hand=True) == (1, 0)


@pytest.fixture
def verified(site: Site, names: Names, at: At) -> DomainView:
    """A host that was verified now."""
    claim = domains.claim(at(timedelta()), site.owner, HOST)
    names.prove(HOST, claim.token or "")
    return domains.verify(at(timedelta()), site.owner, HOST)


def test_a_domain_is_looked_at_every_day(site: Site, verified: DomainView, at: At) -> None:
    assert do(at(DAY - timedelta(seconds=1))) == (0, 0)
    assert do(at(DAY)) == (1, 0)
    assert look(site).next_check_at == NOW + 2 * DAY


def test_a_domain_whose_proof_has_gone_is_marked_and_goes_on_serving(
    site: Site, names: Names, verified: DomainView, at: At, caplog: pytest.LogCaptureFixture
) -> None:
    del names.records[f"_klink.{HOST}"]
    assert do(at(DAY)) == (1, 1)
    found = look(site)
    assert (found.state, found.failing_since) == ("failing", NOW + DAY)
    assert found.verified_at == verified.verified_at
    assert links.domain_of_host(HOST) is not None
    assert HOST in caplog.text
    assert do(at(2 * DAY)) == (1, 0)
    assert look(site).failing_since == NOW + DAY
    names.prove(HOST, verified.token or "")
    assert do(at(3 * DAY)) == (1, 1)
    assert (look(site).state, look(site).failing_since) == ("verified", None)
    assert actions()[1:] == ["domain.verify", "domain.fail", "domain.recover"]


def test_when_nobody_can_say_nothing_has_gone_and_it_is_asked_again_soon(
    site: Site, names: Names, verified: DomainView, at: At
) -> None:
    names.records[f"_klink.{HOST}"] = BROKEN
    assert do(at(DAY)) == (1, 0)
    assert look(site).state == "verified"
    assert look(site).next_check_at == NOW + DAY + timedelta(hours=1)


def test_a_domain_by_the_admins_word_is_never_looked_at(site: Site, names: Names, at: At) -> None:
    admin = replace(site.owner, dialect="cli")
    domains.claim(at(timedelta()), admin, HOST, verified=True)
    assert do(at(timedelta(days=400)), by_hand=True) == (0, 0)
    assert names.asked == []


def test_who_claims_another_workspaces_host_waits_until_it_is_let_go(
    site: Site, names: Names, at: At
) -> None:
    away = workspaces.create(site.ctx, "elsewhere")
    rival = Principal(away.id, site.owner.user_id, None, "cli")
    theirs = domains.claim(at(timedelta()), rival, HOST)
    mine = domains.claim(at(timedelta()), site.owner, HOST)
    texts = [f"klink-verify={each.token}" for each in (mine, theirs)]
    names.records[f"_klink.{HOST}"] = texts
    domains.verify(at(timedelta()), site.owner, HOST)
    assert domains.get(site.ctx, rival, HOST).next_check_at is None
    assert do(at(DAY)) == (1, 0)
    assert look(site).state == "verified"
    domains.remove(at(DAY), site.owner, HOST)
    assert do(at(DAY)) == (1, 1)
    assert domains.get(site.ctx, rival, HOST).state == "verified"


def test_no_transaction_is_open_while_others_servers_are_waited_for(
    site: Site, names: Names, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    domains.claim(at(timedelta()), site.owner, HOST)
    open_ones: list[bool] = []
    asked = domains.look

    def look_on(*args: object) -> object:
        for finding in asked(*args):  # type: ignore[arg-type]  # as they came
            open_ones.append(in_write())
            yield finding

    monkeypatch.setattr(domains, "look", look_on)
    do(at(timedelta(minutes=1)))
    assert open_ones == [False, False]


def test_a_claim_that_goes_while_it_is_looked_at_is_passed_over(
    site: Site, names: Names, at: At
) -> None:
    claim = domains.claim(at(timedelta()), site.owner, HOST)
    names.prove(HOST, claim.token or "")
    with read():
        number = DomainClaim.get().id
    domains.remove(at(timedelta()), site.owner, HOST)
    findings = list(domains.look(at(timedelta()).settings, HOST, claim.token or ""))
    assert [each.outcome for each in findings] == ["found"]
    assert not domains.conclude_by_clock(at(timedelta()), number, findings)
    assert links.domain_of_host(HOST) is None
