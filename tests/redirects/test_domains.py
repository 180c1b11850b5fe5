"""Where domains send those who ask for no link, and what no host ever answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from klink.core import domains, links
from klink.core.blocking import entries
from klink.core.domains import FILE_PATH, DomainPatch
from klink.core.errors import DatabaseBusy
from klink.db.connection import write
from klink.db.models import Link
from klink.redirects.follower import ChangeFeed
from tests.redirects.site import NOON, Site

HOST = "go.acme.example"
OWN = f"https://{HOST}"
ROOT, LOST = "https://acme.example/welcome", "https://acme.example/lost?from=link"


@pytest.fixture
def site(site: Site) -> Site:
    """A site with a domain that says where its root and unknown slugs lead."""
    site.domain(HOST, root_url=ROOT, not_found_url=LOST)
    return site


@pytest.mark.parametrize("method, status", [("GET", 302), ("HEAD", 302), ("POST", 303)])
def test_the_root_leads_where_the_domain_says_and_counts_nothing(
    site: Site, method: str, status: int
) -> None:
    for path in ("/", "/?utm_source=x", "//"):
        answer = site.ask(path, method=method, base_url=OWN)
        assert (answer.status_code, answer.headers["Location"]) == (status, ROOT)
        assert answer.data == b""
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert site.ask("/", base_url=OWN, Accept="application/json").status_code == 302
    assert site.records() == []


def test_a_host_without_a_say_shows_klinks_page(site: Site) -> None:
    for host in ("https://go.example.org", "http://127.0.0.1:8080", "https://evil.example"):
        assert site.ask("/", base_url=host).status_code == 200
    assert site.ask("/", method="PUT", base_url=OWN).status_code == 405


@pytest.mark.parametrize("path", ["/nobody", "/nobody/", "/nobody/page", "/nobody?x=1", "/support"])
@pytest.mark.parametrize("method, status", [("GET", 302), ("HEAD", 302), ("POST", 303)])
def test_an_unknown_slug_leads_where_the_domain_says_and_counts_nothing(
    site: Site, path: str, method: str, status: int
) -> None:
    answer = site.ask(path, method=method, base_url=OWN)
    assert (answer.status_code, answer.headers["Location"]) == (status, LOST)
    assert answer.data == b""
    assert site.ask(path, method=method).status_code == 404  # on the server's own host
    assert site.records() == []


def test_a_program_that_reads_json_is_told_that_nothing_is_there(site: Site) -> None:
    answer = site.ask("/nobody", base_url=OWN, Accept="application/json")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["error"]["code"] == "not_found"


def test_a_link_in_quarantine_is_not_led_on_by_its_domain(site: Site) -> None:
    """Or its workspace would let ``not_found_url`` lead where the link led."""
    link = site.link(domain=HOST)
    with write():
        Link.update(quarantined_at=NOON).where(Link.id == link.id).execute()
    for path in ("/spring", "/spring/page"):
        reply = site.ask(path, base_url=OWN)
        assert (reply.status_code, "Location" in reply.headers) == (404, False)
    assert site.records() == []


def test_no_domain_leads_where_a_list_names_the_address_by_now(site: Site) -> None:
    entries.add(site.ctx, site.owner, "host", "acme.example")
    assert sum(domains.close_blocked(site.ctx)) == 1
    assert site.ask("/", base_url=OWN).status_code == 200
    assert site.ask("/nobody", base_url=OWN).status_code == 404
    assert sum(domains.close_blocked(site.ctx)) == 0


def test_links_that_are_there_answer_for_themselves(site: Site) -> None:
    live = site.link("live", domain=HOST)
    site.link("later", domain=HOST, starts_at=NOON.replace(hour=13))
    site.link("off", domain=HOST, is_active=False)
    gone = site.link("gone", domain=HOST)
    links.trash(site.ctx, site.owner, gone.uid)
    asked = [site.ask(f"/{slug}", base_url=OWN).status_code for slug in ("later", "off", "gone")]
    assert asked == [404, 410, 410]
    assert site.ask("/live", base_url=OWN).headers["Location"] == live.url
    links.purge(site.ctx, site.owner, gone.uid)
    assert site.ask("/gone", base_url=OWN).headers["Location"] == LOST


@pytest.mark.parametrize("path", ["/a/b", "/favicon.ico", "/robots.txt", "/a.b", "/_nothing"])
def test_what_is_no_short_url_is_not_found_by_klinks_page(site: Site, path: str) -> None:
    assert site.ask(path, base_url=OWN).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("host", [HOST, "go.example.org", "127.0.0.1", "evil.example"])
def test_no_host_ever_shows_the_file_that_would_prove_it(
    site: Site, host: str, method: str
) -> None:
    assert site.ask(FILE_PATH, method=method, base_url=f"https://{host}").status_code in (404, 421)


def test_the_servers_own_host_has_a_say_too(site: Site) -> None:
    site.set_domain("go.example.org", root_url=ROOT, not_found_url=LOST)
    for host in ("https://go.example.org", "http://127.0.0.1:8080"):
        assert site.ask("/", base_url=host).headers["Location"] == ROOT
        assert site.ask("/nobody", base_url=host).headers["Location"] == LOST
    assert site.ask("/nobody", base_url="https://evil.example").status_code == 421
    assert site.ask("/", base_url="https://evil.example").status_code == 200


def test_a_change_is_followed_at_once(site: Site) -> None:
    assert site.ask("/", base_url=OWN).headers["Location"] == ROOT
    site.set_domain(HOST, root_url=None, not_found_url="https://b.example/")
    assert site.ask("/", base_url=OWN).status_code == 200
    assert site.ask("/nobody", base_url=OWN).headers["Location"] == "https://b.example/"
    domains.remove(site.ctx, site.owner, HOST)
    assert site.ask("/nobody", base_url=OWN).status_code == 421


def test_a_change_by_another_process_is_followed_by_the_change_log(site: Site) -> None:
    feed = ChangeFeed(site.announce, site.hosts.flush, lambda: site.now)
    feed.open()
    assert site.ask("/", base_url=OWN).headers["Location"] == ROOT
    assert site.ask("/nobody", base_url="https://b.example").status_code == 421
    admin = replace(site.owner, dialect="cli")
    elsewhere = replace(site.ctx, announce=lambda _: None)
    domains.change(elsewhere, admin, HOST, DomainPatch(root_url="https://b.example/new"))
    domains.claim(elsewhere, admin, "b.example", verified=True)
    assert site.ask("/", base_url=OWN).headers["Location"] == ROOT  # nobody has looked yet
    feed.look()
    assert site.ask("/", base_url=OWN).headers["Location"] == "https://b.example/new"
    assert site.ask("/nobody", base_url="https://b.example").status_code == 404


def test_the_way_to_https_comes_before_the_way_on(site: Site, tmp_path: Path) -> None:
    site = Site(tmp_path / "strict", require_https=True)
    plain = f"http://{HOST}"
    answer = site.ask("/?a=b", base_url=plain)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{OWN}/?a=b")
    answer = site.ask("/nobody", base_url=plain)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{OWN}/nobody")
    assert site.ask("/", base_url=OWN).headers["Location"] == ROOT
    site.close()


def test_a_database_that_is_busy_is_told_of(site: Site) -> None:
    def busy(_: object) -> None:
        raise DatabaseBusy

    site.hosts.flush()
    site.hosts._load = busy
    assert site.ask("/", base_url=OWN).status_code == 503
    assert site.ask("/nobody", base_url=OWN).status_code == 503
