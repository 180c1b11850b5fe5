"""What a map can say of a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core import links
from klink.core.context import Context
from klink.core.links import LinkView, NewLink, NewRule, NewVariant, Utm
from klink.core.principal import Principal
from klink.moving.out.maps.redirects import LEFT_OUT, Redirect, plain, redirect_of

URL = "https://example.com/landing"
AB = (NewVariant("a", "https://a.example/", 30), NewVariant("b", "https://b.example/", 70))
GERMANS = NewRule({"country": ["DE"]}, "b")


def made(ctx: Context, who: Principal, **fields: Any) -> LinkView:
    given = {"url": None if "variants" in fields else URL, **fields}
    return links.create(ctx, who, NewLink(**given), allow_past_expiry=True).link


def there(ctx: Context, link: LinkView) -> Redirect:
    found = redirect_of(link, ctx.now)
    assert isinstance(found, Redirect)
    return found


def test_a_plain_link_leads_where_it_leads(ctx: Context, owner: Principal) -> None:
    link = made(ctx, owner, slug="spring", redirect_status=308, utm=Utm(source="news letter"))
    found = there(ctx, link)
    assert found == Redirect("spring", f"{URL}?utm_source=news%20letter", 308, False, ())


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"password": "sesame"}, "password"),
        ({"type": "inpage", "post_id": "7"}, "preview"),
        ({"max_clicks": 5}, "max_clicks"),
        ({"is_active": False}, "inactive"),
        ({"expires_at": timedelta(days=9)}, "expires"),
        ({"expires_at": timedelta(days=-9)}, "expired"),
        ({"starts_at": timedelta(days=9)}, "waiting"),
    ],
)
def test_a_link_that_guards_or_ends_is_left_out(
    ctx: Context, owner: Principal, fields: Mapping[str, Any], reason: str
) -> None:
    moments = {n: ctx.now + v if isinstance(v, timedelta) else v for n, v in fields.items()}
    assert redirect_of(made(ctx, owner, **moments), ctx.now) == reason
    assert reason in LEFT_OUT


def test_a_link_in_the_trash_or_in_quarantine_is_left_out(ctx: Context, owner: Principal) -> None:
    link = made(ctx, owner)
    assert redirect_of(replace(link, deleted_at=ctx.now), ctx.now) == "trashed"
    assert redirect_of(replace(link, quarantined_at=ctx.now), ctx.now) == "quarantined"
    assert redirect_of(replace(link, url="javascript:alert(1)"), ctx.now) == "unreadable"


def test_one_of_several_destinations_is_that_of_most_visitors(
    ctx: Context, owner: Principal
) -> None:
    split = made(ctx, owner, variants=AB)
    assert (there(ctx, split).to, there(ctx, split).lost) == ("https://b.example/", ("split",))
    assert there(ctx, replace(split, winner="a")).to == "https://a.example/"
    ruled = made(ctx, owner, variants=AB, mode="rules", rules=(GERMANS,), default="a")
    assert (there(ctx, ruled).to, there(ctx, ruled).lost) == ("https://a.example/", ("rules",))
    rules_of_a_split = made(ctx, owner, variants=AB, rules=(GERMANS,), default="split")
    assert there(ctx, rules_of_a_split).to == "https://b.example/"


def test_what_a_redirect_lacks_is_said(ctx: Context, owner: Principal) -> None:
    link = made(ctx, owner, conversion_tracking=True, failover_url="https://f.example/")
    assert there(ctx, link).lost == ("tracking", "failover")


@pytest.mark.parametrize(
    "url, parts",
    [
        ("https://x.example/", ("https://x.example/", "?", "")),
        ("https://x.example/?a=1#b", ("https://x.example/?a=1", "&", "#b")),
        ("https://x.example/?", ("https://x.example/?", "", "")),
        ("https://x.example/?a&#?b", ("https://x.example/?a&", "", "#?b")),
    ],
)
def test_a_visitors_query_goes_before_the_fragment(url: str, parts: tuple[str, str, str]) -> None:
    assert Redirect("x", url, 302, True, ()).parts == parts


@given(st.text())
def test_a_destination_holds_nothing_that_a_configuration_is_made_of(text: str) -> None:
    found = plain(f"https://x.example/{text}".encode("utf-8", "replace").decode())
    assert found.isascii()
    assert found.isprintable()
    assert not set(found) & set(" \"'\\`{}<>|^") - {"'"}
