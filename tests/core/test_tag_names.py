"""The tags that are offered while somebody types one."""

from __future__ import annotations

from klink.core import links
from klink.core.context import Context
from klink.core.links import NewLink
from klink.core.links.tag_names import tag_names
from klink.core.principal import Principal


def test_each_tag_of_the_workspace_is_named_once(
    ctx: Context, owner: Principal, teammate: Principal, stranger: Principal
) -> None:
    assert tag_names(owner) == []
    for tags in (("b", "a"), ("a", "c, d"), ()):
        links.create(ctx, owner, NewLink(url="https://example.com/", tags=tags))
    links.create(ctx, stranger, NewLink(url="https://example.com/", tags=("theirs",)))
    assert tag_names(teammate) == ["a", "b", "c, d"]
    assert tag_names(owner, 2) == ["a", "b"]
