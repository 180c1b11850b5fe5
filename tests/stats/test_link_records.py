"""Links as records for exports, each with its counts."""

from __future__ import annotations

from datetime import UTC, datetime

from klink.core import links
from klink.core.context import Context
from klink.core.links import LinkQuery, NewLink, NewRule, NewVariant, Utm
from klink.core.principal import Principal
from klink.stats.link_records import header, records, row
from tests.core.conftest import ctx, owner, world
from tests.stats.visits import Visit, count

__all__ = ["ctx", "owner", "world"]  # the fixtures of the core's tests


def split() -> NewLink:
    return NewLink(
        slug="spring",
        title="=Spring",
        tags=("a", "b"),
        variants=tuple(NewVariant(x, f"https://{x}.example/", 50) for x in "ab"),
        rules=(NewRule({"country": ["DE"]}, "a"),),
        utm=Utm(source="mail"),
        expires_at=datetime(2026, 4, 1, tzinfo=UTC),
    )


def test_a_record_has_all_that_is_known_of_a_link(ctx: Context, owner: Principal) -> None:
    link = links.create(ctx, owner, split()).link
    count([Visit(ctx.now, link.id, visitor="v_1", variant_id=link.variants[0].id)])
    (record,) = records(links.pages(ctx, owner, LinkQuery()))
    assert record["id"] == link.uid
    assert record["number"] == link.id
    assert record["short_url"] == "https://go.example.org/spring"
    assert record["tags"] == ["a", "b"]
    assert record["expires_at"] == "2026-04-01T00:00:00Z"
    assert record["utm"]["source"] == "mail"
    assert record["rules"] == [{"when": {"country": ["DE"]}, "use": "a"}]
    variant = {"label": "a", "url": "https://a.example/", "weight": 50, "check": None}
    assert record["variants"][0] == variant | {"clicks": 1, "conversions": 0}
    assert (record["clicks"], record["unique_visitors"], record["revenue"]) == (1, 1, "0.00")
    assert not {"workspace_id", "uid", "version", "created_by"} & record.keys()


def test_a_row_has_a_cell_for_each_column(ctx: Context, owner: Principal) -> None:
    links.create(ctx, owner, split())
    links.create(ctx, owner, NewLink(url="https://plain.example/"))
    for record in records(links.pages(ctx, owner, LinkQuery())):
        cells = dict(zip(header(), row(record), strict=True))
        assert cells["id"] == record["id"]
        assert cells["clicks"] == 0
        if record["mode"] == "single":
            assert (cells["tags"], cells["rules"], cells["utm_source"]) == ("", None, None)
        else:
            assert cells["tags"] == "a, b"
            assert cells["utm_source"] == "mail"
            assert cells["rules"] == '[{"when": {"country": ["DE"]}, "use": "a"}]'
