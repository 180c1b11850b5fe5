"""Links by number and by slug, and whose they are."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import LinkPatch, LinkView, NewLink
from klink.core.principal import Principal
from klink.db.connection import write
from klink.db.models import Domain
from tests.core.conftest import NOW


def make(ctx: Context, who: Principal, **fields: str) -> LinkView:
    return links.create(ctx, who, NewLink(url="https://example.com/", **fields)).link  # type: ignore[arg-type]


@pytest.fixture
def link(ctx: Context, owner: Principal) -> LinkView:
    return make(ctx, owner, slug="spring")


def test_a_link_is_found_by_its_number_and_by_its_slug(link: LinkView, teammate: Principal) -> None:
    assert links.uid_by_number(teammate, link.id, scope="read") == link.uid
    assert links.uid_by_slug(teammate, "spring", scope="read") == link.uid


@pytest.mark.parametrize("number", [0, -1, 10**6, 2**63 - 1, 2**63, 10**40])
def test_an_unknown_number_is_not_found(owner: Principal, number: int) -> None:
    with pytest.raises(errors.NotFound) as caught:
        links.uid_by_number(owner, number, scope="read")
    assert type(caught.value) is errors.NotFound


@pytest.mark.parametrize("slug", ["", "autumn", "Spring", "-a", "a b", "a\0b", "a" * 65, "größe"])
def test_an_unknown_slug_is_not_found(owner: Principal, link: LinkView, slug: str) -> None:
    with pytest.raises(errors.NotFound) as caught:
        links.uid_by_slug(owner, slug, scope="read")
    assert type(caught.value) is errors.NotFound


def test_a_link_in_the_trash_is_found_no_more(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    links.trash(ctx, owner, link.uid)
    for ask in (
        lambda: links.uid_by_number(owner, link.id, scope="delete"),
        lambda: links.uid_by_slug(owner, link.slug, scope="delete"),
    ):
        with pytest.raises(errors.NotFound) as caught:
            ask()
        assert type(caught.value) is errors.NotFound


def test_the_scope_is_asked_for_first(owner: Principal, link: LinkView) -> None:
    reader = replace(owner, scopes=frozenset({"read"}))
    for number in (link.id, 10**6):
        with pytest.raises(errors.InsufficientScope):
            links.uid_by_number(reader, number, scope="update")
    for slug in (link.slug, "autumn"):
        with pytest.raises(errors.InsufficientScope):
            links.uid_by_slug(reader, slug, scope="delete")


def test_of_one_slug_on_several_domains_the_oldest_link_wins(
    ctx: Context, owner: Principal, link: LinkView
) -> None:
    with write():
        Domain.create(
            host="links.example", workspace=owner.workspace_id, verified_at=NOW, created_at=NOW
        )
    younger = make(ctx, owner, slug="spring", domain="links.example")
    assert links.uid_by_slug(owner, "spring", scope="read") == link.uid
    links.trash(ctx, owner, link.uid)
    assert links.uid_by_slug(owner, "spring", scope="read") == younger.uid


@pytest.mark.parametrize("is_trashed", [False, True])
def test_another_workspaces_link_is_not_yours(
    ctx: Context, owner: Principal, stranger: Principal, link: LinkView, is_trashed: bool
) -> None:
    if is_trashed:
        links.trash(ctx, owner, link.uid)
    asked: tuple[Callable[[], object], ...] = (
        lambda: links.uid_by_number(stranger, link.id, scope="read"),
        lambda: links.get(ctx, stranger, link.uid.upper()),
        lambda: links.update(ctx, stranger, link.uid, LinkPatch(title="mine")),
        lambda: links.trash(ctx, stranger, link.uid),
    )
    for ask in asked:
        with pytest.raises(errors.NotYours) as caught:
            ask()
        assert caught.value.code == errors.NotFound.code
        assert str(caught.value) == str(errors.NotFound())


def test_another_workspaces_slug_is_unknown(stranger: Principal, link: LinkView) -> None:
    with pytest.raises(errors.NotFound) as caught:
        links.uid_by_slug(stranger, link.slug, scope="read")
    assert type(caught.value) is errors.NotFound


def test_what_is_purged_or_never_was_is_nobodys(
    ctx: Context, owner: Principal, stranger: Principal, link: LinkView
) -> None:
    links.purge(ctx, owner, link.uid)
    for uid in (link.uid, str(uuid.uuid4()), "spring", "\0"):
        with pytest.raises(errors.NotFound) as caught:
            links.get(ctx, stranger, uid)
        assert type(caught.value) is errors.NotFound
