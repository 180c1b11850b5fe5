from __future__ import annotations

from klink.core import links, workspace_sizes
from klink.core.context import Context
from klink.core.links import NewLink
from klink.core.principal import Principal


def test_every_workspace_is_told_with_what_it_holds(
    ctx: Context, owner: Principal, teammate: Principal, stranger: Principal
):
    for slug in ("one", "two", "gone"):
        made = links.create(ctx, owner, NewLink(url="https://example.com/", slug=slug)).link
    links.trash(ctx, owner, made.uid)
    found = workspace_sizes.sizes()
    assert [(each.workspace.name, each.members, each.links) for each in found] == [
        ("default", 2, 2),
        ("elsewhere", 2, 0),
    ]
    assert found[0].owners == ("owner@localhost",)
    assert "stranger@example.org" in found[1].owners
