"""Events: what is recorded of them, and what cannot be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from klink.core import errors, events
from klink.core.context import Context
from klink.core.events import NewEvent
from klink.core.principal import Principal
from klink.db.connection import write
from klink.db.models import Event, Workspace
from tests.core.conftest import NOW


@pytest.fixture
def counting(ctx: Context) -> Context:
    return replace(ctx, settings=replace(ctx.settings, conversion_names=frozenset({"purchase"})))


def test_an_event_is_recorded_with_all_it_says(counting: Context, owner: Principal) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 123_000, timezone(timedelta(hours=1)))
    event = events.record(
        counting,
        replace(owner, key_id=7, dialect="qklnk"),
        NewEvent(
            visitor_id="v_0123456789abcdef",
            event_name="purchase",
            revenue=Decimal("99.9"),
            name="Größe\u2028L",
            metadata={"order": ["A-1", None, 1.5], "note": "a\nb\0"},
            occurred_at=at,
        ),
    )
    assert (event.visitor_id, event.event_name) == ("v_0123456789abcdef", "purchase")
    assert (str(event.revenue), event.currency) == ("99.90", "USD")
    assert (event.name, event.is_conversion) == ("Größe\u2028L", True)
    assert event.metadata == {"order": ["A-1", None, 1.5], "note": "a\nb\0"}
    assert event.occurred_at == at
    row = Event.get_by_id(event.id)
    assert (row.workspace_id, row.key_id, row.created_via) == (owner.workspace_id, 7, "qklnk")
    assert (row.revenue, row.created_at, row.occurred_at) == (999_000, NOW, at)


def test_an_event_needs_no_more_than_a_visitor_and_a_name(
    counting: Context, owner: Principal
) -> None:
    event = events.record(counting, owner, NewEvent(visitor_id="whoever", event_name="look"))
    assert (event.revenue, event.name, event.metadata) == (None, None, None)
    assert (event.occurred_at, event.is_conversion) == (NOW, False)
    next_one = events.record(counting, owner, NewEvent(visitor_id="whoever", event_name="look"))
    assert next_one.id > event.id


def test_an_event_has_the_currency_of_its_workspace(ctx: Context, owner: Principal) -> None:
    with write():
        Workspace.update(currency="EUR").where(Workspace.id == owner.workspace_id).execute()
    new = NewEvent(visitor_id="v", event_name="e", revenue=Decimal(1))
    assert events.record(ctx, owner, new).currency == "EUR"


@pytest.mark.parametrize(
    "revenue,stored",
    [("0", 0), ("-0", 0), ("0.0001", 1), ("1E+3", 10_000_000), ("5.00000000", 50_000),
     ("1000000000000", 10**16)],
)  # fmt: skip
def test_revenue_is_kept_exactly(ctx: Context, owner: Principal, revenue: str, stored: int) -> None:
    new = NewEvent(visitor_id="v", event_name="e", revenue=Decimal(revenue))
    event = events.record(ctx, owner, new)
    assert event.revenue == Decimal(revenue)
    assert Event.get_by_id(event.id).revenue == stored


@pytest.mark.parametrize(
    "revenue",
    ["-0.01", "0.00001", "1000000000000.0001", "NaN", "sNaN", "Infinity", "-Infinity",
     "1E+999999", "1E-999999", "0." + "1" * 60],
)  # fmt: skip
def test_revenue_that_is_no_amount_is_refused(ctx: Context, owner: Principal, revenue: str) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        events.record(
            ctx, owner, NewEvent(visitor_id="v", event_name="e", revenue=Decimal(revenue))
        )
    assert list(caught.value.errors) == ["revenue"]


def test_everything_that_is_wrong_is_said_at_once(ctx: Context, owner: Principal) -> None:
    new = NewEvent(
        visitor_id="",
        event_name="a\nb",
        revenue=Decimal(-1),
        name="n" * 256,
        metadata={"a": float("nan")},
        occurred_at=datetime(1969, 12, 31, tzinfo=UTC),
    )
    with pytest.raises(errors.ValidationFailed) as caught:
        events.record(ctx, owner, new)
    assert set(caught.value.errors) == {
        "visitor_id", "event_name", "revenue", "name", "metadata", "occurred_at",
    }  # fmt: skip
    assert Event.select().count() == 0


@pytest.mark.parametrize("text", ["v" * 256, "\0", "\ud800"])
def test_a_visitor_and_a_name_are_printable_texts(
    ctx: Context, owner: Principal, text: str
) -> None:
    with pytest.raises(errors.ValidationFailed) as caught:
        events.record(ctx, owner, NewEvent(visitor_id=text, event_name=text))
    assert set(caught.value.errors) == {"visitor_id", "event_name"}


def test_metadata_has_a_size(ctx: Context, owner: Principal) -> None:
    longest = "x" * (16 * 1024 - len('{"a":""}'))
    fits: dict[str, object] = {"a": longest}
    assert events.record(
        ctx, owner, NewEvent(visitor_id="v", event_name="e", metadata=fits)
    ).metadata == fits  # fmt: skip
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    refused: list[dict[str, object]] = [
        {"a": f"{longest}x"},
        {"a": "é" * 8_200},
        {"a": "\ud800"},
        {"a": object()},
        deep,
    ]
    for metadata in refused:
        with pytest.raises(errors.ValidationFailed) as caught:
            events.record(ctx, owner, NewEvent(visitor_id="v", event_name="e", metadata=metadata))
        assert list(caught.value.errors) == ["metadata"]
    while deep:  # by hand: the interpreter would go down as deep to free it
        deep = deep["a"]  # type: ignore[assignment]


def test_a_key_that_may_not_create_records_nothing(ctx: Context, owner: Principal) -> None:
    reader = replace(owner, scopes=frozenset({"read", "update", "delete"}))
    with pytest.raises(errors.InsufficientScope):
        events.record(ctx, reader, NewEvent(visitor_id="", event_name=""))


def test_an_event_goes_with_the_unit_of_work_around_it(ctx: Context, owner: Principal) -> None:
    with pytest.raises(RuntimeError), write():
        events.record(ctx, owner, NewEvent(visitor_id="v", event_name="e"))
        raise RuntimeError
    assert Event.select().count() == 0
