from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from klink.core.blocking import entries
from klink.core.blocking.entries import MAX_PATTERNS
from klink.core.blocking.gate import Gate
from klink.core.blocking.lists import Blocklists
from klink.core.context import Context
from klink.core.errors import (
    InsufficientRole,
    InsufficientScope,
    ListFull,
    NotFound,
    OnlyOperator,
    ValidationFailed,
)
from klink.core.principal import Principal
from klink.core.urls import parse
from klink.db.connection import read
from klink.db.models import Audit, Domain


def with_lists(ctx: Context, **lists) -> Context:
    return replace(ctx, settings=replace(ctx.settings, blocklists=Blocklists(**lists)))


def says(ctx: Context, who: Principal, url: str) -> str | None:
    with read():
        found = Gate(ctx, who.workspace_id).finding(parse(url).location)
    return None if found is None else found.words


def test_each_kind_of_list_says_so_and_not_what_stands_in_it(
    ctx: Context, owner: Principal, operator: Principal, tmp_path: Path
):
    (tmp_path / "list.txt").write_text("http://files.example/x.sh\n")
    ctx = with_lists(
        ctx,
        hosts=["bad.example"],
        patterns=["*/wp-login*"],
        files=[tmp_path / "list.txt"],
        brands=["paypal.com"],
    )
    entries.add(ctx, owner, "host", "rival.example")
    entries.add(ctx, owner, "pattern", "*.shop.example/cart?*")
    entries.add(ctx, operator, "host", "everywhere.example", everywhere=True)
    says_of = {
        "https://www.bad.example:8443/": "is blocked by this server's list of hosts",
        "https://fine.example/WP-Login.php": "is blocked by this server's list of patterns",
        "http://files.example/x.sh": "is blocked by this server's list of URLs",
        "https://everywhere.example/": "is blocked by this server's list of hosts",
        "https://rival.example/": "is blocked by this workspace's list of hosts",
        "https://a.shop.example/cart?x=1": "is blocked by this workspace's list of patterns",
        "https://fine.example/": None,
    }
    assert {url: says(ctx, owner, url) for url in says_of} == says_of
    assert str(says(ctx, owner, "https://paypa1.com/")).startswith("looks like paypal.com")


def test_a_workspaces_list_is_its_own(ctx: Context, owner: Principal, stranger: Principal):
    entries.add(ctx, owner, "host", "rival.example")
    assert says(ctx, owner, "https://rival.example/")
    assert says(ctx, stranger, "https://rival.example/") is None


def test_a_workspace_allows_what_its_own_list_blocks_and_nothing_else(
    ctx: Context, owner: Principal
):
    ctx = with_lists(ctx, hosts=["bad.example"])
    entries.add(ctx, owner, "host", "rival.example")
    entries.add(ctx, owner, "allow", "good.rival.example")
    entries.add(ctx, owner, "allow", "bad.example")
    assert says(ctx, owner, "https://good.rival.example/") is None
    assert says(ctx, owner, "https://rival.example/")
    assert says(ctx, owner, "https://bad.example/")


def test_the_operator_allows_in_a_workspace_or_everywhere(
    ctx: Context, owner: Principal, operator: Principal, stranger: Principal
):
    ctx = with_lists(ctx, hosts=["bad.example", "worse.example"])
    entries.add(ctx, operator, "allow", "bad.example/fine/*")
    entries.add(ctx, operator, "allow", "worse.example", everywhere=True)
    assert says(ctx, owner, "https://bad.example/fine/x") is None
    assert says(ctx, owner, "https://bad.example/x")
    assert says(ctx, stranger, "https://bad.example/fine/x")
    assert says(ctx, stranger, "https://worse.example/") is None


def test_a_destination_may_not_look_like_a_domain_of_the_workspace_or_the_servers_own(
    ctx: Context, owner: Principal, stranger: Principal
):
    Domain.create(
        host="links.acme.example",
        workspace=owner.workspace_id,
        verified_at=ctx.now,
        created_at=ctx.now,
    )
    assert "links.acme.example" in str(says(ctx, owner, "https://links.acrne.example/"))
    assert says(ctx, owner, "https://links.acme.example/x") is None
    assert says(ctx, stranger, "https://links.acrne.example/") is None
    assert says(ctx, stranger, "https://g0.example.org/")  # base_url's is go.example.org
    entries.add(ctx, owner, "allow", "links.acrne.example")
    assert says(ctx, owner, "https://links.acrne.example/") is None


def test_an_entry_that_is_removed_holds_no_more(ctx: Context, owner: Principal):
    made, is_new = entries.add(ctx, owner, "host", "*.Rival.example.", "they copy us")
    assert (is_new, made.value, made.note, made.by_operator) == (
        True,
        "rival.example",
        "they copy us",
        False,
    )
    assert entries.add(ctx, owner, "host", "rival.example") == (made, False)
    assert says(ctx, owner, "https://rival.example/")
    entries.remove(ctx, owner, made.id)
    assert says(ctx, owner, "https://rival.example/") is None
    with read():
        told = [row.action for row in Audit.select().order_by(Audit.id)]
    assert told[-2:] == ["blocking.add", "blocking.remove"]


@pytest.mark.parametrize(
    "kind, value",
    [
        ("host", "bad.example/x"),
        ("host", "bad.example:80"),
        ("host", ""),
        ("pattern", "bad.example"),
        ("pattern", "*.bücher.example/*"),
        ("pattern", "*" * 300),
        ("pattern", "a b*"),
        ("allow", "not a host"),
        ("other", "bad.example"),
    ],
)
def test_what_is_no_entry_is_refused(ctx: Context, owner: Principal, kind: str, value: str):
    with pytest.raises(ValidationFailed):
        entries.add(ctx, owner, kind, value)


def test_only_owners_and_admins_keep_the_list(
    ctx: Context, owner: Principal, teammate: Principal, operator: Principal, stranger: Principal
):
    made, _ = entries.add(ctx, owner, "host", "rival.example")
    with pytest.raises(InsufficientRole):
        entries.add(ctx, teammate, "host", "x.example")
    with pytest.raises(InsufficientRole):
        entries.search(ctx, teammate)
    with pytest.raises(InsufficientRole):
        entries.remove(ctx, teammate, made.id)
    with pytest.raises(InsufficientScope):
        entries.add(ctx, replace(owner, scopes=frozenset({"read"})), "host", "x.example")
    with pytest.raises(NotFound):
        entries.remove(ctx, stranger, made.id)
    with pytest.raises(OnlyOperator):
        entries.add(ctx, owner, "allow", "x.example", everywhere=True)
    his, _ = entries.add(ctx, operator, "allow", "x.example")
    with pytest.raises(OnlyOperator):
        entries.remove(ctx, owner, his.id)
    entries.remove(ctx, operator, his.id)


def test_lists_are_read_by_pages(ctx: Context, owner: Principal, operator: Principal):
    for i in range(5):
        entries.add(ctx, owner, "host", f"x{i}.example")
    entries.add(ctx, operator, "host", "everywhere.example", everywhere=True)
    first = entries.search(ctx, owner, limit=3)
    rest = entries.search(ctx, owner, limit=3, cursor=first.next_cursor)
    assert [each.value for each in [*first.items, *rest.items]] == [
        f"x{i}.example" for i in (4, 3, 2, 1, 0)
    ]
    assert rest.next_cursor is None
    assert entries.search(ctx, owner, kind="allow").items == []
    [everywhere] = entries.search(ctx, operator, everywhere=True).items
    assert (everywhere.value, everywhere.is_everywhere) == ("everywhere.example", True)
    for wrong in ({"kind": "x"}, {"limit": 0}, {"cursor": "x"}):
        with pytest.raises(ValidationFailed):
            entries.search(ctx, owner, **wrong)


def test_a_list_has_room_for_so_many_patterns(ctx: Context, owner: Principal):
    for i in range(MAX_PATTERNS):
        entries.add(ctx, owner, "pattern", f"*.x{i}.example/*")
    with pytest.raises(ListFull):
        entries.add(ctx, owner, "pattern", "*.y.example/*")
    entries.add(ctx, owner, "host", "y.example")


@pytest.mark.parametrize(
    "text, kind",
    [
        ("bad.example", "host"),
        ("*.bad.example", "host"),
        ("https://bad.example/", "host"),
        ("203.0.113.9", "host"),
        ("bad.example/x", "pattern"),
        ("*casino*", "pattern"),
    ],
)
def test_what_kind_of_entry_a_text_is_meant_to_be(text: str, kind: str):
    assert entries.kind_for(text) == kind
