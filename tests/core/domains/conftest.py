"""A world whose proofs are looked for at a name server of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from klink.core import domains
from klink.core.context import Context
from klink.core.domains import DomainView
from klink.core.principal import Principal
from tests.core.conftest import World
from tests.dns import Names, name_server

HOST = "go.acme.example"


@pytest.fixture
def names() -> Iterator[Names]:
    with name_server() as made:
        yield made


@pytest.fixture
def ctx(world: World, names: Names) -> Context:
    settings = replace(
        world.ctx.settings,
        nameservers=(names.address,),
        office_hosts=frozenset({"qklnk.example.org"}),
    )
    return replace(world.ctx, settings=settings)


@pytest.fixture
def admin(owner: Principal) -> Principal:
    """The command line, for the owner's workspace."""
    return replace(owner, dialect="cli")


@pytest.fixture
def verified(ctx: Context, owner: Principal, names: Names) -> Callable[..., DomainView]:
    """Claims a host, proves it by DNS and verifies it."""

    def make(host: str = HOST, who: Principal = owner) -> DomainView:
        claim = domains.claim(ctx, who, host)
        names.prove(claim.host, claim.token or "")
        return domains.verify(ctx, who, host)

    return make
