"""What is set of domains: where they send visitors, and which is a workspace's default."""

from __future__ import annotations

import pytest

from klink.core import domains, links
from klink.core.context import Context
from klink.core.domains import DomainPatch, Ways
from klink.core.errors import Conflict, Forbidden, ValidationFailed
from klink.core.links import NewLink
from klink.core.principal import Principal
from klink.db.models import BASE_DOMAIN_ID
from tests.core.conftest import World
from tests.core.domains.conftest import HOST
from tests.core.domains.test_claims import actions

BASE = "go.example.org"
URL = "https://example.com/"


def _patch(name: str, url: str) -> DomainPatch:
    if name == "root_url":
        return DomainPatch(root_url=url)
    return DomainPatch(not_found_url=url)


def test_a_domain_says_where_its_root_and_unknown_slugs_lead(
    ctx: Context, world: World, owner: Principal, verified
) -> None:
    verified()
    domain_id = links.domain_of_host(HOST)
    assert domain_id is not None
    assert domains.ways(domain_id) == Ways("", "")
    world.announced.clear()
    patch = DomainPatch(root_url="https://Acme.example", not_found_url="https://acme.example/ä")
    found = domains.change(ctx, owner, HOST, patch)
    assert (found.root_url, found.not_found_url) == (
        "https://Acme.example",
        "https://acme.example/ä",
    )
    assert domains.ways(domain_id) == Ways("https://acme.example/", "https://acme.example/%C3%A4")
    assert [each.domain_id for each in world.announced] == [domain_id]
    again = domains.change(ctx, owner, HOST, patch)
    assert (again, len(world.announced)) == (found, 1)  # nothing changed, nobody hears of it
    cleared = domains.change(ctx, owner, HOST, DomainPatch(root_url=None))
    assert (cleared.root_url, cleared.not_found_url) == (None, "https://acme.example/ä")
    assert actions(f"domain:{HOST}")[-2:] == ["domain.change"] * 2


@pytest.mark.parametrize("name", ["root_url", "not_found_url"])
@pytest.mark.parametrize(
    "url, says",
    [
        ("acme.example", "absolute URL"),
        ("javascript:alert(1)", "absolute URL"),
        ("https://me:pw@acme.example/", "user name"),
        ("https://acme.example/\r\nSet-Cookie: a=b", "control characters"),
        (f"https://acme.example/{'a' * 3000}", "2048"),
        ("", "empty"),
        (f"https://{HOST}/", "leads back"),
        (f"http://{HOST}/nobody-has-this", "leads back"),
        (f"https://{HOST}/nobody/page", "leads back"),
        (f"https://{BASE}/nobody-has-this", "leads back"),
        (f"https://{BASE}/api/v1/links", "leads back"),
        ("https://b.acme.example/x", "leads back"),
    ],
)
def test_addresses_are_checked_as_destinations_are_and_lead_to_no_short_url(
    ctx: Context, owner: Principal, verified, name: str, url: str, says: str
) -> None:
    verified()
    verified("b.acme.example")
    with pytest.raises(ValidationFailed, match=says) as refused:
        domains.change(ctx, owner, HOST, _patch(name, url))
    assert set(refused.value.errors) == {name}
    assert domains.get(ctx, owner, HOST).root_url is None


def test_a_page_beside_the_short_urls_of_the_same_host_is_no_loop(
    ctx: Context, owner: Principal, verified
) -> None:
    verified()
    url = f"https://{HOST}/site/not-found.html"
    assert domains.change(ctx, owner, HOST, DomainPatch(not_found_url=url)).not_found_url == url


def test_nothing_is_set_before_a_host_is_verified(ctx: Context, owner: Principal) -> None:
    domains.claim(ctx, owner, HOST)
    for patch in (DomainPatch(root_url=URL), DomainPatch(is_default=True)):
        with pytest.raises(Conflict, match="not verified"):
            domains.change(ctx, owner, HOST, patch)


def test_where_the_servers_host_sends_visitors_is_the_admins_to_say(
    ctx: Context, owner: Principal, admin: Principal
) -> None:
    for patch in (DomainPatch(root_url=URL), DomainPatch(not_found_url=URL)):
        with pytest.raises(Forbidden, match="klink domains set"):
            domains.change(ctx, owner, BASE, patch)
    domains.change(ctx, admin, BASE, DomainPatch(root_url=URL))
    assert domains.ways(BASE_DOMAIN_ID) == Ways(URL, "")


def test_new_links_that_name_no_domain_go_to_the_workspaces_default(
    ctx: Context, owner: Principal, stranger: Principal, verified
) -> None:
    def made_on(who: Principal = owner, domain: str | None = None) -> str:
        return links.create(ctx, who, NewLink(url=URL, domain=domain)).link.domain

    verified()
    verified("b.acme.example")
    before = links.create(ctx, owner, NewLink(url=URL)).link
    assert before.domain == BASE
    assert domains.change(ctx, owner, HOST, DomainPatch(is_default=True)).is_default
    assert [made_on(), made_on(domain=BASE), made_on(stranger)] == [HOST, BASE, BASE]
    bulk = links.create_many(ctx, owner, [NewLink(url=URL), NewLink(url=URL)], atomic=False)
    assert [each.link.domain for each in bulk if isinstance(each, links.Created)] == [HOST] * 2
    assert links.get(ctx, owner, before.uid).domain == BASE
    domains.change(ctx, owner, "b.acme.example", DomainPatch(is_default=True))
    assert made_on() == "b.acme.example"
    assert [each.is_default for each in domains.find_all(ctx, owner).items] == [False, True, False]
    domains.change(ctx, owner, "b.acme.example", DomainPatch(is_default=False))
    assert made_on() == BASE


def test_any_workspace_makes_the_servers_host_its_default_again(
    ctx: Context, owner: Principal, verified
) -> None:
    verified()
    domains.change(ctx, owner, HOST, DomainPatch(is_default=True))
    assert not domains.get(ctx, owner, BASE).is_default
    assert domains.change(ctx, owner, BASE, DomainPatch(is_default=True)).is_default
    assert not domains.get(ctx, owner, HOST).is_default
    with pytest.raises(ValidationFailed, match="another domain"):
        domains.change(ctx, owner, BASE, DomainPatch(is_default=False))


def test_when_the_default_is_removed_it_is_the_servers_host_again(
    ctx: Context, owner: Principal, verified
) -> None:
    verified()
    domains.change(ctx, owner, HOST, DomainPatch(is_default=True))
    domains.remove(ctx, owner, HOST)
    assert domains.get(ctx, owner, BASE).is_default
    assert links.create(ctx, owner, NewLink(url=URL)).link.domain == BASE


def test_a_loop_is_looked_for_on_the_default_domain(
    ctx: Context, owner: Principal, verified
) -> None:
    verified()
    domains.change(ctx, owner, HOST, DomainPatch(is_default=True))
    with pytest.raises(ValidationFailed, match="leads back"):
        links.create(ctx, owner, NewLink(url=f"https://{HOST}/me", slug="me"))
    links.create(ctx, owner, NewLink(url=f"https://{BASE}/me", slug="me"))


def test_the_name_of_a_links_domain_may_be_written_in_its_own_script(
    ctx: Context, owner: Principal, verified
) -> None:
    verified("bücher.example")
    made = links.create(ctx, owner, NewLink(url=URL, domain="Bücher.example", slug="a"))
    assert made.link.short_url == "https://xn--bcher-kva.example/a"
