"""What owners and admins change of their workspace, and when its currency may change."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from klink.core import errors, events, workspaces
from klink.core.context import Context
from klink.core.events import NewEvent
from klink.core.principal import Principal
from klink.db.models import Audit
from tests.dialects.house import at_once

VISITOR = "v_0123456789abcdef"


def earn(ctx: Context, who: Principal, amount: str | None, currency: str | None = None) -> None:
    revenue = None if amount is None else Decimal(amount)
    events.record(
        ctx,
        who,
        NewEvent(visitor_id=VISITOR, event_name="purchase", revenue=revenue, currency=currency),
    )


def test_a_workspace_gets_another_name(ctx: Context, owner: Principal, stranger: Principal) -> None:
    assert workspaces.rename(ctx, owner, " Acme ").name == "Acme"
    assert workspaces.rename(ctx, owner, "Acme").name == "Acme"
    [entry] = Audit.select().where(Audit.action == "workspace.rename")
    assert entry.user_id == owner.user_id
    assert json.loads(entry.details) == {"name": ["default", "Acme"]}
    with pytest.raises(errors.Conflict):
        workspaces.rename(ctx, owner, "elsewhere")
    for name in ("", "a\nb", "x" * 101):
        with pytest.raises(errors.ValidationFailed):
            workspaces.rename(ctx, owner, name)
    assert workspaces.get(stranger.workspace_id).name == "elsewhere"


def test_only_managers_change_a_workspace(ctx: Context, owner: Principal) -> None:
    editor = replace(owner, role="editor")
    key = replace(owner, key_id=7, scopes=frozenset({"read"}))
    for who, error in ((editor, errors.InsufficientRole), (key, errors.InsufficientScope)):
        for work in (
            lambda who: workspaces.rename(ctx, who, "x"),
            lambda who: workspaces.set_currency(ctx, who, "EUR"),
            lambda who: workspaces.set_conversion_names(ctx, who.workspace_id, ["x"], who),
        ):
            with pytest.raises(error):
                work(who)
    named = workspaces.set_conversion_names(ctx, owner.workspace_id, ["a", "b"], owner)
    assert named.conversion_names == ("a", "b")
    [entry] = Audit.select().where(Audit.action == "workspace.conversions")
    assert entry.user_id == owner.user_id


@pytest.mark.parametrize("currency", ["", "eur", "EU", "XXX", "EURO", "\0\0\0"])
def test_a_currency_is_one_of_iso_4217(ctx: Context, owner: Principal, currency: str) -> None:
    with pytest.raises(errors.ValidationFailed):
        workspaces.set_currency(ctx, owner, currency)


def test_a_currency_changes_while_nothing_depends_on_it(ctx: Context, owner: Principal) -> None:
    earn(ctx, owner, None)
    earn(ctx, owner, "0.00")
    earn(ctx, owner, "5.00", "GBP")
    assert workspaces.set_currency(ctx, owner, "EUR").currency == "EUR"
    assert workspaces.set_currency(ctx, owner, "EUR").currency == "EUR"
    [entry] = Audit.select().where(Audit.action == "workspace.currency")
    assert json.loads(entry.details) == {"currency": ["USD", "EUR"]}


@pytest.mark.parametrize("currency", [None, "EUR"])
def test_a_currency_stays_once_sums_depend_on_it(
    ctx: Context, owner: Principal, currency: str | None
) -> None:
    earn(ctx, owner, "5.00", currency)
    with pytest.raises(errors.Conflict, match=currency or "USD"):
        workspaces.set_currency(ctx, owner, "EUR")
    assert workspaces.set_currency(ctx, owner, "USD").currency == "USD"


def test_revenue_that_comes_meanwhile_is_in_the_currency_that_stays(
    ctx: Context, owner: Principal
) -> None:
    found = at_once(
        [
            lambda: earn(ctx, owner, "5.00"),
            lambda: workspaces.set_currency(ctx, owner, "EUR"),
            lambda: earn(ctx, owner, "5.00"),
        ]
    )
    own = workspaces.get(owner.workspace_id).currency
    earned = events.search(ctx, owner, events.EventQuery()).items
    assert {each.currency for each in earned} == {own}, found
