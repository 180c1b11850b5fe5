"""What goes into the journal, and who a visitor is (contract: Counting, Visitor, Privacy)."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from klink.clicks.record import ClickRecord, Flag
from klink.core import links
from klink.core.links import NewRule, NewVariant
from klink.core.times import to_ms
from klink.core.visitors import day_secret, visitor_id, workspace_visitor
from tests.redirects.site import BROWSER, NOON, PROXY, SECRET, Site

VIEW, CLICK, HEAD, PREFETCH = Flag.VIEW, Flag.CLICK, Flag.HEAD, Flag.PREFETCH
PREVIEW, PRIVATE, COOKIE, KNOWN = Flag.PREVIEW, Flag.PRIVATE, Flag.COOKIE, Flag.KNOWN
BY_WEIGHT = Flag.BY_WEIGHT


def only(site: Site) -> ClickRecord:
    [record] = site.records()
    return record


def cookie_of(answer: TestResponse) -> str | None:
    """The klid that an answer sets, None when it sets none."""
    match = re.fullmatch(r"klid=([^;]*);.*", answer.headers.get("Set-Cookie", ""))
    return None if match is None else match[1]


def test_a_redirect_is_written_down_with_what_the_request_said(site: Site) -> None:
    link = site.link(utm=links.Utm(source="mail"))
    site.ask(
        "/spring?utm_medium=post",
        Referer="https://news.example/today",
        Accept_Language="de-AT,en;q=0.5",
    )
    raw = visitor_id(day_secret(SECRET, to_ms(NOON)), "203.0.113.7", BROWSER)
    assert only(site) == ClickRecord(
        at_ms=to_ms(NOON),
        link_id=link.id,
        variant_id=0,
        run=1,
        flags=VIEW | CLICK,
        visitor=workspace_visitor(SECRET, link.workspace_id, raw),
        net="203.0.113.0/24",
        country="",
        user_agent=BROWSER,
        referrer="https://news.example",
        language="de",
        utm=("mail", "post", None, None, None),
    )


@pytest.mark.parametrize(
    "headers,flag",
    [
        ({"Sec_Purpose": "prefetch;prerender"}, PREFETCH),
        ({"Purpose": "prefetch"}, PREFETCH),
        ({"X_Moz": "prefetch"}, PREFETCH),
        ({"Purpose": "preview"}, PREVIEW),
        ({"Sec_Purpose": "something"}, 0),
    ],
)
def test_the_purpose_of_a_request_is_written_down(
    site: Site, headers: dict[str, Any], flag: int
) -> None:
    site.link()
    assert site.ask("/spring", **headers).status_code == 302
    assert only(site).flags == VIEW | CLICK | flag


def test_head_is_written_down_as_such(site: Site) -> None:
    site.link()
    site.link("page", type="inpage")
    site.ask("/spring", method="HEAD")
    assert only(site).flags == VIEW | CLICK | HEAD
    site.ask("/page", method="HEAD")
    assert site.records() == []
    site.ask("/page/page", method="HEAD")
    assert only(site).flags == VIEW | HEAD


def test_forms_and_pages_are_views_and_the_way_on_is_the_click(site: Site) -> None:
    site.link("form", password="open sesame")
    site.link("page", type="inpage")
    site.ask("/form")
    site.post("/form", password="open")
    site.post("/form", password="open sesame")
    site.ask("/page")
    site.ask("/page/page")
    site.post("/page/page")
    assert [record.flags for record in site.records()] == [VIEW, CLICK, VIEW, CLICK]


def test_a_redirect_to_expired_url_is_a_view(site: Site) -> None:
    site.link("limited", max_clicks=1, expired_url="https://example.com/over")
    site.ask("/limited")
    site.ask("/limited")
    assert [record.flags for record in site.records()] == [VIEW | CLICK, VIEW]


def test_what_is_gone_or_not_there_is_not_counted(site: Site) -> None:
    site.link("ended", is_active=False)
    for path in ("/ended", "/nothing", "/", "/_static/visitor.css"):
        site.ask(path)
    assert site.records() == []


def test_a_split_gives_its_visitor_a_cookie_that_keeps_id_and_variant(site: Site) -> None:
    link = site.split()
    first = site.ask("/spring")
    klid = cookie_of(first)
    assert first.headers["Set-Cookie"] == (
        f"klid={klid}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax; Secure"
    )
    before = only(site)
    assert before.flags == VIEW | CLICK | COOKIE | BY_WEIGHT
    assert before.variant_id in [variant.id for variant in link.variants]
    for _ in range(3):  # another day, another network, another browser
        site.later(days=40)
        again = site.ask(
            "/spring", peer="198.51.100.9", User_Agent="Mozilla/5.0", Cookie=f"klid={klid}"
        )
        assert again.headers["Location"] == first.headers["Location"]
        assert "Set-Cookie" not in again.headers
        after = only(site)
        assert (after.visitor, after.variant_id) == (before.visitor, before.variant_id)
        assert after.flags == VIEW | CLICK | COOKIE | KNOWN | BY_WEIGHT


def test_a_click_says_whether_weights_chose_its_variant(site: Site) -> None:
    halves = tuple(NewVariant(label, f"https://example.com/{label}", 50) for label in "ab")
    rules = (NewRule({"language": "fr"}, "split"), NewRule({"language": "de"}, "b"))
    site.link(variants=halves, rules=rules, mode="rules")
    site.link("page", variants=halves, mode="split", type="inpage")
    for language in ("fr", "de", "en"):
        site.ask("/spring", Accept_Language=language)
    assert [record.flags & BY_WEIGHT for record in site.records()] == [BY_WEIGHT, 0, 0]
    site.ask("/page/page")
    site.post("/page/page")
    assert [record.flags & ~COOKIE for record in site.records()] == [VIEW, CLICK | BY_WEIGHT]


def test_without_https_the_cookie_is_not_secure(site: Site) -> None:
    site.split()
    plain = site.ask("/spring", base_url="http://go.example.org")
    assert "Secure" not in plain.headers["Set-Cookie"]
    proxied = site.ask(
        "/spring", base_url="http://go.example.org", peer=PROXY, X_Forwarded_Proto="https"
    )
    assert proxied.headers["Set-Cookie"].endswith("; Secure")


def test_a_plain_link_sets_no_cookie_and_still_knows_one(site: Site) -> None:
    site.link()
    assert "Set-Cookie" not in site.ask("/spring").headers
    own = only(site).visitor
    site.ask("/spring", Cookie="klid=v_0123456789abcdef")
    known = only(site)
    assert known.visitor == workspace_visitor(SECRET, site.owner.workspace_id, "v_0123456789abcdef")
    assert known.visitor != own
    assert known.flags == VIEW | CLICK | COOKIE | KNOWN


@pytest.mark.parametrize(
    "cookie,known",
    [
        ("klid=v_0123456789abcdef", True),
        ("a=b; klid=v_0123456789abcdef; c=d", True),
        ("klid=bad; klid=v_0123456789abcdef", True),
        ("klid=v_0123456789abcde", False),
        ("klid=v_0123456789abcdef0", False),
        ("klid=v_0123456789abcde\xe9", False),
        ("klid='v_0123456789abcdef'", False),
        ("xklid=v_0123456789abcdef", False),
        ("klid", False),
    ],
)
def test_only_a_well_formed_klid_is_honoured(site: Site, cookie: str, known: bool) -> None:
    site.split()
    answer = site.ask("/spring", Cookie=cookie)
    assert ("Set-Cookie" not in answer.headers) == known
    if not known:
        assert cookie_of(answer) != "v_0123456789abcdef"


@pytest.mark.parametrize("header", ["DNT", "Sec_GPC"])
def test_a_private_visitor_keeps_the_variant_and_leaves_nothing(site: Site, header: str) -> None:
    site.split()
    site.link("tracked", conversion_tracking=True)
    private: dict[str, Any] = {header: "1"}
    open_location = site.ask("/spring").headers["Location"]
    site.records()
    answer = site.ask("/spring", **private)
    assert answer.headers["Location"] == open_location
    assert "Set-Cookie" not in answer.headers
    tracked = site.ask("/tracked", **private)
    assert tracked.headers["Location"] == "https://example.com/tracked"
    assert "Set-Cookie" not in tracked.headers
    split, tracked_one = site.records()
    assert (split.visitor, split.flags) == ("", VIEW | CLICK | PRIVATE | BY_WEIGHT)
    assert (tracked_one.visitor, tracked_one.flags) == ("", VIEW | CLICK | PRIVATE)
    private[header] = "0"
    site.ask("/spring", **private)
    assert only(site).visitor != ""


def test_klid_is_the_workspaces_own_id_of_the_visitor(site: Site) -> None:
    link = site.link("tracked", conversion_tracking=True)
    answer = site.ask("/tracked")
    [klid] = parse_qs(urlsplit(answer.headers["Location"]).query)["klid"]
    raw = cookie_of(answer)
    assert raw is not None
    assert klid == workspace_visitor(SECRET, link.workspace_id, raw) != raw
    assert only(site).visitor == klid
    forged = site.ask("/tracked?klid=v_aaaaaaaaaaaaaaaa")
    assert parse_qs(urlsplit(forged.headers["Location"]).query)["klid"] == [klid]


def test_visitors_of_a_day_differ_by_address_and_browser_and_change_with_the_day(
    site: Site,
) -> None:
    site.link()
    site.ask("/spring")
    site.ask("/spring")
    site.ask("/spring", peer="203.0.113.8")
    site.ask("/spring", User_Agent="Mozilla/5.0 other")
    site.later(days=1)
    site.ask("/spring")
    first, again, *others = [record.visitor for record in site.records()]
    assert first == again
    assert len({first, *others}) == 4


def test_the_whole_address_is_nowhere_in_the_journal(site: Site, tmp_path: Path) -> None:
    site.link()
    site.ask("/spring", peer="198.51.100.77")
    site.ask("/spring", peer="2001:db8:1:2:3:4:5:6")
    site.ask("/spring", peer=PROXY, X_Forwarded_For="192.0.2.99")
    assert [record.net for record in site.records()] == [
        "198.51.100.0/24",
        "2001:db8:1::/48",
        "192.0.2.0/24",
    ]
    written = b"".join(path.read_bytes() for path in tmp_path.glob("journal/*/*.log"))
    for address in (b"198.51.100.77", b"2001:db8:1:2", b"192.0.2.99"):
        assert address not in written


def test_the_country_header_is_believed_from_a_trusted_proxy_only(site: Site) -> None:
    site.link()
    for peer, said in (
        (PROXY, "us"),
        (PROXY, "XX"),
        (PROXY, "T1"),
        (PROXY, "U\xe9"),
        ("9.9.9.9", "US"),
    ):
        site.ask("/spring", peer=peer, CF_IPCountry=said)
    assert [record.country for record in site.records()] == ["US", "", "", "", ""]


def test_a_forwarded_address_from_a_stranger_is_told_once_and_counted(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.link()
    with caplog.at_level(logging.WARNING, "klink.clicks.visits"):
        for _ in range(3):
            site.ask("/spring", X_Forwarded_For="192.0.2.1")
            site.ask("/spring", peer=PROXY, X_Forwarded_For="192.0.2.1")
    [told] = caplog.messages
    assert "203.0.113.7" in told
    assert "trusted_proxies" in told
    assert site.reader.ignored >= 3  # which the page about the server's health tells


def test_strange_headers_are_written_down_as_clean_text(site: Site) -> None:
    site.link()
    assert (
        site.ask(
            "/spring", Referer="https://\xe9\x80.example/", User_Agent="\x85odd\xff"
        ).status_code
        == 302
    )
    record = only(site)
    assert record.user_agent.isprintable()
    assert "example" in record.referrer


def test_a_visitor_is_answered_when_the_journal_takes_nothing_more(site: Site) -> None:
    site.link()
    site.journal.close()
    assert site.ask("/spring").status_code == 302
    assert site.journal.lost == 1
