"""What a visitor of a short URL gets (contract: "What a visitor gets")."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from klink.core import domains, links
from klink.core.errors import DatabaseBusy
from klink.core.links import NewRule, NewVariant
from klink.db.connection import write
from klink.db.models import Link
from tests.redirects.site import NOON, Site, without_query

HOUR = timedelta(hours=1)


def test_a_live_link_is_a_302_with_an_empty_body(site: Site) -> None:
    site.link()
    answer = site.ask("/spring")
    assert (answer.status, answer.data) == ("302 Found", b"")
    assert dict(answer.headers) == {
        "Location": "https://example.com/spring",
        "Content-Length": "0",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "X-Robots-Tag": "noindex",
    }


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_live_link_answers_with_its_own_redirect_status(site: Site, status: int) -> None:
    site.link(redirect_status=status)
    for method in ("GET", "HEAD"):
        assert site.ask("/spring", method=method).status_code == status


def test_an_inpage_link_leads_to_its_page_and_the_page_is_200(site: Site) -> None:
    site.link(type="inpage")
    answer = site.ask("/spring?ref=1")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/spring/page?ref=1")
    assert site.ask("/spring/page?ref=1").status_code == 200
    assert len(site.records()) == 1  # of the page; the way to it is no visit


def test_a_direct_link_at_its_page_goes_on(site: Site) -> None:
    site.link()
    answer = site.ask("/spring/page")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/spring")


def test_a_link_with_a_password_is_200_with_the_form(site: Site) -> None:
    site.link(password="open sesame")
    answer = site.ask("/spring")
    assert answer.status_code == 200
    assert b'type="password"' in answer.data
    assert "Location" not in answer.headers


def test_an_expired_link_with_expired_url_is_a_302_there(site: Site) -> None:
    site.link(expires_at=NOON + HOUR, expired_url="https://example.com/over", redirect_status=301)
    assert site.ask("/spring").headers["Location"] == "https://example.com/spring"
    site.later(hours=1)
    answer = site.ask("/spring")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://example.com/over")


def test_an_expired_link_is_410(site: Site) -> None:
    site.link(expires_at=NOON + HOUR)
    site.later(hours=1)
    assert site.ask("/spring").status_code == 410


def test_a_used_up_link_is_410_or_leads_to_its_expired_url(site: Site) -> None:
    site.link("plain", max_clicks=1)
    site.link("more", max_clicks=1, expired_url="https://example.com/over")
    assert [site.ask("/plain").status_code for _ in range(2)] == [302, 410]
    assert [site.ask("/more").headers["Location"] for _ in range(2)] == [
        "https://example.com/more",
        "https://example.com/over",
    ]


@pytest.mark.parametrize("fields", [{"password": "x"}, {"type": "inpage"}])
def test_a_used_up_link_shows_no_form_or_page(site: Site, fields: dict[str, Any]) -> None:
    link = site.link(max_clicks=1, **fields)
    assert links.take_use(link.id, 1)
    assert site.ask("/spring").status_code == 410
    assert site.ask("/spring/page").status_code == 410


def test_an_inactive_link_is_410(site: Site) -> None:
    site.link(is_active=False)
    assert site.ask("/spring").status_code == 410


def test_a_link_in_the_trash_is_410_and_comes_back_when_restored(site: Site) -> None:
    link = site.link()
    links.trash(site.ctx, site.owner, link.uid)
    assert site.ask("/spring").status_code == 410
    links.restore(site.ctx, site.owner, link.uid)
    assert site.ask("/spring").status_code == 302


def test_a_link_that_has_not_started_is_404_until_it_does(site: Site) -> None:
    site.link(starts_at=NOON + HOUR)
    assert site.ask("/spring").status_code == 404
    site.later(hours=1)
    assert site.ask("/spring").status_code == 302


def test_an_unknown_slug_is_404_until_it_is_made(site: Site) -> None:
    assert site.ask("/spring").status_code == 404
    site.link()
    assert site.ask("/spring").status_code == 302
    assert site.ask("/Spring").status_code == 404  # slugs are case-sensitive


def test_a_purged_link_is_404(site: Site) -> None:
    link = site.link()
    assert site.ask("/spring").status_code == 302
    links.purge(site.ctx, site.owner, link.uid)
    assert site.ask("/spring").status_code == 404


def test_a_quarantined_link_is_404(site: Site) -> None:
    link = site.link()
    with write():
        Link.update(quarantined_at=site.now).where(Link.id == link.id).execute()
    assert site.ask("/spring").status_code == 404


@pytest.mark.parametrize("path", ["/spring/", "/%73pring", "/spring/page/"])
def test_a_slash_at_the_end_or_an_escaped_letter_is_the_same_short_url(
    site: Site, path: str
) -> None:
    site.link()
    assert site.ask(path).headers["Location"] == "https://example.com/spring"


@pytest.mark.parametrize(
    "path",
    [
        "/%ff%fe",
        "/%00",
        "/a%0d%0aSet-Cookie:x=y",
        "/spring%2fpage%2fmore",
        "/..%2f..%2fetc/passwd",
        "/sp ring",
        "/" + "a" * 5000,
        "/_spring",
        "/-spring",
        "/spring.html",
        "/spring/page/more",
        "/spring/more",
        "/%E2%80%AEgnirps",
    ],
)
def test_paths_that_no_slug_can_have_are_plainly_404(site: Site, path: str) -> None:
    site.link()
    answer = site.ask(path)
    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers
    assert site.records() == []


def test_another_method_is_405(site: Site) -> None:
    site.link()
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = site.ask("/spring", method=method)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert site.records() == []


def test_a_post_to_a_direct_link_goes_on_and_only_307_and_308_keep_it_a_post(site: Site) -> None:
    for status, answered in ((301, 303), (302, 303), (307, 307), (308, 308)):
        site.link(f"s{status}", redirect_status=status)
        answer = site.post(f"/s{status}")
        assert answer.status_code == answered
        assert answer.headers["Location"] == f"https://example.com/s{status}"
    assert site.post("/s308/page").status_code == 303


def test_head_is_answered_as_get_without_a_body(site: Site) -> None:
    site.link()
    site.link("ended", is_active=False)
    site.link("locked", password="x")
    assert site.ask("/spring", method="HEAD").headers["Location"] == "https://example.com/spring"
    for slug, status in (("ended", 410), ("locked", 200), ("nothing", 404)):
        answer = site.ask(f"/{slug}", method="HEAD")
        assert (answer.status_code, answer.data) == (status, b"")
        assert int(answer.headers["Content-Length"]) > 0


def test_utm_parameters_are_merged_and_the_query_is_forwarded_when_asked(site: Site) -> None:
    utm = links.Utm(source="mail", campaign="spring sale")
    site.link("kept", url="https://example.com/?a=1#top", utm=utm)
    site.link("on", url="https://example.com/?a=1#top", utm=utm, forward_query=True)
    kept = "https://example.com/?a=1&utm_source=mail&utm_campaign=spring%20sale"
    assert site.ask("/kept?b=2").headers["Location"] == f"{kept}#top"
    answer = site.ask("/on?a=9&b=2&utm_source=other")
    assert answer.headers["Location"] == f"{kept}&b=2#top"


@pytest.mark.parametrize(
    "query",
    [
        "x=%0d%0aLocation:%20https://evil.example/",
        "x=\x85\xa0\xad",
        "@evil.example/",
        "#@evil.example",
        "//evil.example",
        "x=\u2028\u2029",
        "\\evil.example",
        "=%",
        "&&&;;;",
    ],
)
def test_nothing_in_a_query_reaches_the_header_raw_or_changes_the_host(
    site: Site, query: str
) -> None:
    site.link(forward_query=True)
    site.link("page", type="inpage", forward_query=True)
    environ_query = query.encode().decode("latin-1")
    for slug, begins in (("spring", "https://example.com/spring"), ("page", "/page/page")):
        answer = site.client.get(
            f"/{slug}",
            base_url="https://go.example.org",
            environ_overrides={"QUERY_STRING": environ_query, "REMOTE_ADDR": "203.0.113.7"},
        )
        location = answer.headers["Location"]
        assert without_query(location).partition("#")[0] == begins
        assert location.isascii()
        assert location.isprintable()
        assert len(answer.headers.getlist("Location")) == 1


@pytest.mark.parametrize(
    "base_url",
    [
        "https://go.example.org",
        "https://GO.example.org.:8443",
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://[::1]:99",
        "http://127.1.2.3",
    ],
)
def test_the_base_url_on_any_port_and_loopback_serve_the_base_domain(
    site: Site, base_url: str
) -> None:
    site.link()
    assert site.ask("/spring", base_url=base_url).status_code == 302


@pytest.mark.parametrize(
    "host", ["evil.example", "go.example.org.evil.example", "10.0.0.5", "a b", "go.example.org, x"]
)
def test_an_unknown_host_is_421_with_words_about_base_url(site: Site, host: str) -> None:
    site.link()
    answer = site.ask("/spring", Host=host)
    assert answer.status_code == 421
    assert "server.base_url" in answer.text
    assert host not in answer.text
    assert site.records() == []


def test_a_request_without_a_host_is_for_the_base_domain(site: Site) -> None:
    site.link()
    answer = site.client.get(
        "/spring", environ_overrides={"HTTP_HOST": "", "REMOTE_ADDR": "203.0.113.7"}
    )
    assert answer.status_code == 302


def test_a_verified_domain_serves_its_own_links_only(site: Site) -> None:
    site.domain("go.acme.example")
    site.link(url="https://example.com/base")
    site.link(domain="go.acme.example", url="https://example.com/acme")
    at_acme = site.ask("/spring", base_url="https://GO.acme.example:444")
    assert at_acme.headers["Location"] == "https://example.com/acme"
    assert site.ask("/spring").headers["Location"] == "https://example.com/base"


def test_a_domain_that_is_not_verified_is_an_unknown_host_until_it_is(site: Site) -> None:
    ask: dict[str, Any] = {"base_url": "https://go.acme.example"}
    domains.claim(site.ctx, site.owner, "go.acme.example")
    assert site.ask("/spring", **ask).status_code == 421
    site.domain("go.acme.example")
    assert site.ask("/spring", **ask).status_code == 404


def test_the_forwarded_host_of_a_stranger_counts_for_nothing(site: Site) -> None:
    site.domain("go.acme.example")
    site.link(url="https://example.com/base")
    site.link(domain="go.acme.example", url="https://example.com/acme")
    headers: dict[str, Any] = {"X_Forwarded_Host": "go.acme.example", "X_Forwarded_Proto": "https"}
    assert site.ask("/spring", **headers).headers["Location"] == "https://example.com/base"
    through = site.ask("/spring", peer="10.0.0.1", **headers)
    assert through.headers["Location"] == "https://example.com/acme"


@pytest.mark.parametrize("path", ["/api/v1/links", "/api", "/klinky/api/v1/links", "/Admin"])
def test_other_domains_do_not_open_the_office(site: Site, path: str) -> None:
    site.domain("go.acme.example")
    site.domain(
        "b.acme.example", root_url="https://acme.example/", not_found_url="https://a.example"
    )
    for host in ("go.acme.example", "b.acme.example", "evil.example"):
        answer = site.ask(path, base_url=f"https://{host}")
        assert answer.status_code == 421
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["code"] == "wrong_host"
    assert site.ask(path).status_code == 404  # what is behind the front has no API here


def test_require_https_sends_visitors_to_https_on_the_domains_own_host(
    db: str, tmp_path: Path
) -> None:
    site = Site(tmp_path, require_https=True)
    try:
        site.domain("go.acme.example")
        site.link()
        assert site.ask("/spring").status_code == 302
        answer = site.ask("/spring?a=1", base_url="http://localhost:8080")
        assert answer.status_code == 308
        assert answer.headers["Location"] == "https://go.example.org/spring?a=1"
        answer = site.ask("/spring/page", base_url="http://go.acme.example:80")
        assert answer.headers["Location"] == "https://go.acme.example/spring/page"
        assert site.ask("/spring", base_url="http://evil.example").status_code == 421
        assert site.records() != []
    finally:
        site.close()


def test_rules_see_country_device_language_and_query(site: Site) -> None:
    targets = ("us", "phone", "german", "mail", "rest")
    variants = tuple(NewVariant(label, f"https://example.com/{label}", 20) for label in targets)
    rules = (
        NewRule({"country": ["US"]}, "us"),
        NewRule({"device": ["mobile"]}, "phone"),
        NewRule({"language": ["de"]}, "german"),
        NewRule({"query": {"utm_source": "mail"}}, "mail"),
    )
    site.link(variants=variants, rules=rules, mode="rules", default="rest")
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1"

    def where(path: str = "/spring", **headers: Any) -> str:
        return site.ask(path, **headers).headers["Location"].rpartition("/")[2]

    assert where(peer="10.0.0.1", CF_IPCountry="us") == "us"
    assert where(CF_IPCountry="US") == "rest"  # not from a trusted proxy
    assert where(User_Agent=phone) == "phone"
    assert where(Accept_Language="de-AT,en;q=0.5") == "german"
    assert where("/spring?utm_source=mail") == "mail"
    assert where() == "rest"


def test_a_link_in_the_cache_is_served_while_the_database_is_out_of_reach(site: Site) -> None:
    def out_of_reach() -> None:
        raise DatabaseBusy

    site.link()
    assert site.ask("/spring").status_code == 302
    site.before_read = out_of_reach
    assert site.ask("/spring").status_code == 302
    answer = site.ask("/other")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert len(site.records()) == 2


def test_a_change_is_seen_by_the_next_visitor(site: Site) -> None:
    link = site.link()
    assert site.ask("/spring").headers["Location"] == "https://example.com/spring"
    site.change(link, url="https://example.com/two")
    assert site.ask("/spring").headers["Location"] == "https://example.com/two"
    site.change(link, slug="summer")
    assert site.ask("/spring").status_code == 404
    assert site.ask("/summer").status_code == 302


@pytest.mark.parametrize("path", ["", "//spring", "spring", "api/v1/links", "//api/v1/links"])
def test_a_path_has_one_slash_before_it_whatever_was_asked_for(site: Site, path: str) -> None:
    site.link()
    environ = EnvironBuilder("/", base_url="http://evil.com").get_environ()
    environ["PATH_INFO"] = path
    _, status, headers = run_wsgi_app(site.front, environ)
    assert "Location" not in headers
    assert status[:3] == ("421" if path else "200")  # klink's own page says nothing of links
