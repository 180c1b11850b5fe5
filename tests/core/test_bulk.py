"""Links made together are the links that would have been made one by one."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import Created, NewLink, NewRule, NewVariant
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.db import connection
from klink.db.connection import savepoint, write
from klink.db.models import Audit, Change, Domain, Link
from tests.core.conftest import NOW, World

HOME = "https://example.com/home"
AB = (NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50))

ITEMS = st.builds(
    NewLink,
    url=st.sampled_from(
        (HOME, "https://go.example.org/one", "https://go.example.org/two/page", "ftp://x.example")
    ),
    slug=st.sampled_from(("one", "two", "three", "-", "admin")),
    domain=st.sampled_from((None, "go.example.org", "x.example")),
    tags=st.sampled_from(((), ("b", "a", "b"))),
    is_active=st.sampled_from((True, True, True, False)),
    max_clicks=st.sampled_from((None, 5, 0)),
) | st.builds(
    NewLink,
    url=st.just(HOME),
    slug=st.sampled_from(("one", "four", "five")),
    type=st.just("inpage"),
    post_id=st.sampled_from((None, "1", "2")),
    site_url=st.sampled_from((None, "https://example.com/p")),
    expires_at=st.sampled_from((None, NOW + timedelta(days=1))),
    is_active=st.sampled_from((True, True, False)),
)
SPLITS = st.builds(
    NewLink,
    slug=st.sampled_from(("one", "six")),
    variants=st.just(AB),
    rules=st.sampled_from(((), (NewRule({"country": ["DE"]}, "b"),))),
    default=st.sampled_from((None, "b", "c")),
)


def shown(outcomes: list[Created | errors.KlinkError]) -> list[object]:
    """Outcomes without what differs from run to run: the numbers and the names drawn."""
    found: list[object] = []
    for outcome in outcomes:
        if isinstance(outcome, Created):
            drawn = tuple(replace(v, id=0, uid="") for v in outcome.link.variants)
            found.append((replace(outcome.link, id=0, uid="", variants=drawn), outcome.existing))
        else:
            found.append((type(outcome), str(outcome), getattr(outcome, "errors", None)))
    return found


def one_by_one(ctx: Context, who: Principal, many: list[NewLink]) -> list[object]:
    outcomes: list[Created | errors.KlinkError] = []
    for new in many:
        try:
            outcomes.append(links.create(ctx, who, new))
        except errors.KlinkError as error:
            outcomes.append(error)
    return shown(outcomes)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(many=st.lists(ITEMS | SPLITS, max_size=8), limit=st.sampled_from((None, 2)))
def test_the_outcomes_are_those_of_one_by_one(
    ctx: Context, owner: Principal, many: list[NewLink], limit: int | None
) -> None:
    who = replace(owner, plan=Plan("p", max_links=limit))
    found = []
    for way in (one_by_one, lambda *given: shown(links.create_many(*given, atomic=False))):
        with write(), savepoint() as whole:
            outcomes = way(ctx, who, many)
            written = [(row.slug, row.url, row.mode) for row in Link.select().order_by(Link.id)]
            told = [a.details for a in Audit.select().where(Audit.action == "link.create")]
            changed = [(c.kind, c.domain_id, c.slug) for c in Change.select()]
            found.append((outcomes, written, told, changed))
            whole.rollback()
    assert found[0] == found[1]


def test_what_is_shown_of_new_links_is_what_is_read_afterwards(
    ctx: Context, owner: Principal
) -> None:
    late = replace(ctx, now=ctx.now + timedelta(microseconds=1_700))  # the database keeps 1 ms
    many = [
        NewLink(url=HOME, tags=("Ä", "b", "B", "a"), title="x"),
        NewLink(variants=AB, rules=(NewRule({"hours": [1, 2]}, "b"),), default="a"),
        NewLink(url=HOME, utm=links.Utm(source="s"), expires_at=NOW + timedelta(days=1, seconds=1)),
    ]
    for outcome in links.create_many(late, owner, many, atomic=False):
        assert isinstance(outcome, Created)
        assert links.get(ctx, owner, outcome.link.uid) == outcome.link


def test_a_link_of_the_same_request_can_be_the_end_of_a_loop(
    ctx: Context, owner: Principal
) -> None:
    Domain.insert(
        host="two.example", workspace=owner.workspace_id, verified_at=NOW, created_at=NOW
    ).execute()
    first, second, third = links.create_many(
        ctx,
        owner,
        [
            NewLink(url="https://two.example/b", slug="a"),
            NewLink(url="https://go.example.org/a", slug="b", domain="two.example"),
            NewLink(url="https://go.example.org/c", slug="b", domain="two.example"),
        ],
        atomic=False,
    )
    assert isinstance(first, Created)
    assert isinstance(second, errors.ValidationFailed)
    assert isinstance(third, Created)


def test_every_link_made_is_announced_once_after_the_commit(world: World, owner: Principal) -> None:
    many = [NewLink(url=HOME, slug=f"n{i}") for i in range(600)]
    links.create_many(world.ctx, owner, many, atomic=False)
    assert [change.slug for change in world.announced] == [new.slug for new in many]


def test_a_slug_that_another_transaction_takes_meanwhile_costs_one_item(
    ctx: Context, owner: Principal, engine: str
) -> None:
    """PostgreSQL: the second writer has seen it free; SQLite: it waits, and then looks."""
    outcomes: list[Created | errors.KlinkError] = []

    def rival() -> None:
        many = [NewLink(url=HOME, slug=slug) for slug in ("x", "y", "z")]
        outcomes.extend(links.create_many(ctx, owner, many, atomic=False))
        connection.close_thread()

    thread = threading.Thread(target=rival)
    with write():
        links.create(ctx, owner, NewLink(url=HOME, slug="y"))
        thread.start()
        while engine == "postgresql" and thread.is_alive() and not somebody_waits():
            thread.join(0.01)
    thread.join()
    assert [type(outcome) for outcome in outcomes] == [Created, errors.SlugTaken, Created]


def somebody_waits() -> bool:
    return bool(
        connection.database.execute_sql("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone()
    )


def test_nothing_to_make_makes_nothing(ctx: Context, owner: Principal) -> None:
    refused = errors.NotFound("x")
    assert links.create_many(ctx, owner, [], atomic=False) == []
    assert links.create_many(ctx, owner, [refused], atomic=False) == [refused]
    assert Link.select().count() == 0
