"""What a visit gets (contract: "What a visitor gets", Visitor)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core import urls
from klink.core.resolve import Outcome, forward, resolve, used_up
from klink.core.routing import Condition, Rule
from tests.core.visits import NOON_MS, FixedLookups, a_link, a_visit, variant

EXPIRED_URL = "https://example.com/over"


def out():
    return "v_outoutoutoutout1"


def never():
    raise AssertionError("nobody may ask who the visitor is")


def decide(link, visit=None, way=resolve, visitor_out=never):
    return way(link, visit or a_visit(), FixedLookups(), visitor_out=visitor_out)


@pytest.mark.parametrize(
    "changes,outcome,status,location",
    [
        ({}, Outcome.FORWARD, 302, "https://example.com/"),
        ({"status": 308}, Outcome.FORWARD, 308, "https://example.com/"),
        ({"starts_at_ms": NOON_MS}, Outcome.FORWARD, 302, "https://example.com/"),
        ({"starts_at_ms": NOON_MS + 1}, Outcome.NOT_FOUND, 404, ""),
        ({"expires_at_ms": NOON_MS + 1}, Outcome.FORWARD, 302, "https://example.com/"),
        ({"expires_at_ms": NOON_MS}, Outcome.GONE, 410, ""),
        (
            {"expires_at_ms": NOON_MS, "expired_location": EXPIRED_URL, "status": 301},
            Outcome.EXPIRED,
            302,
            EXPIRED_URL,
        ),
        ({"is_quarantined": True, "is_trashed": True}, Outcome.NOT_FOUND, 404, ""),
        ({"is_trashed": True, "expired_location": EXPIRED_URL}, Outcome.GONE, 410, ""),
        ({"is_active": False, "expired_location": EXPIRED_URL}, Outcome.GONE, 410, ""),
        ({"is_active": False, "starts_at_ms": NOON_MS + 1}, Outcome.NOT_FOUND, 404, ""),
        ({"password_hash": "x", "type": "inpage"}, Outcome.PASSWORD, 200, ""),
        ({"password_hash": "x", "expires_at_ms": NOON_MS}, Outcome.GONE, 410, ""),
        ({"type": "inpage"}, Outcome.PREVIEW, 302, "/spring/page"),
        ({"type": "inpage", "max_clicks": 1}, Outcome.PREVIEW, 302, "/spring/page"),
        ({"max_clicks": 1}, Outcome.METERED, 302, "https://example.com/"),
    ],
)
def test_every_state_of_a_link_has_its_answer(changes, outcome, status, location):
    decision = decide(a_link(**changes))
    assert decision[:3] == (outcome, status, location)
    assert (decision.variant is not None) == (outcome in (Outcome.FORWARD, Outcome.METERED))
    assert not decision.sets_cookie
    assert not decision.by_weight


LATER, OVER = {"starts_at_ms": NOON_MS + 1}, {"expires_at_ms": NOON_MS}


@pytest.mark.parametrize(
    "changes,reason",
    [
        ({}, ""),
        ({"password_hash": "x"}, ""),
        (LATER, "not_started"),
        (OVER, "expired"),
        ({**OVER, "expired_location": EXPIRED_URL}, "expired"),
        ({"is_active": False}, "inactive"),
        ({"is_active": False, **OVER}, "inactive"),
        ({"is_trashed": True, "is_active": False}, "trashed"),
        # What has been taken back will not start.
        ({**LATER, "is_active": False}, ""),
        ({**LATER, "is_trashed": True}, ""),
    ],
)
@pytest.mark.parametrize("way", [resolve, forward])
def test_a_decision_says_why_a_link_is_not_live(changes, reason, way):
    assert decide(a_link(**changes), way=way).reason == reason


@given(
    st.booleans(), st.booleans(), st.sampled_from([None, NOON_MS - 1, NOON_MS + 1]), st.booleans()
)
def test_a_quarantined_link_cannot_be_told_from_none(is_active, is_trashed, at_ms, is_inpage):
    link = a_link(
        is_quarantined=True,
        is_active=is_active,
        is_trashed=is_trashed,
        starts_at_ms=at_ms,
        expires_at_ms=at_ms,
        expired_location=EXPIRED_URL,
        max_clicks=1,
        type="inpage" if is_inpage else "direct",
    )
    assert decide(link) == decide(link, way=forward) == decide(None)


@pytest.mark.parametrize("way", [resolve, forward])
def test_a_decision_says_whether_weights_made_it(way):
    both = (variant("a"), variant("b"))
    assert decide(a_link(mode="split", variants=both), way=way).by_weight
    assert not decide(a_link(mode="split", variants=both[:1]), way=way).by_weight
    assert not decide(a_link(mode="split", variants=both, winner="a"), way=way).by_weight
    rule = Rule(Condition(language=("en",)), "split")
    ruled = a_link(mode="rules", variants=both, rules=(rule,))
    assert decide(ruled, way=way).by_weight
    assert not decide(ruled, a_visit(languages=("fr",)), way=way).by_weight


def test_a_slug_without_a_link_is_not_found():
    assert decide(None)[:3] == (Outcome.NOT_FOUND, 404, "")


def test_a_used_up_link_forwards_to_its_expired_url_or_is_gone():
    gone = used_up(a_link(max_clicks=1))
    assert (gone.outcome, gone.reason) == (Outcome.GONE, "limit_reached")
    elsewhere = used_up(a_link(max_clicks=1, expired_location=EXPIRED_URL))
    assert elsewhere[:3] == (Outcome.EXPIRED, 302, EXPIRED_URL)
    assert elsewhere.reason == "limit_reached"


def test_the_way_on_passes_page_and_password_but_no_closed_door():
    link = a_link(type="inpage", password_hash="x")
    assert decide(link, way=forward).outcome is Outcome.FORWARD
    assert decide(link._replace(max_clicks=5), way=forward).outcome is Outcome.METERED
    assert decide(link._replace(is_active=False), way=forward).outcome is Outcome.GONE
    assert decide(link._replace(expires_at_ms=1), way=forward).outcome is Outcome.GONE
    assert decide(link._replace(is_quarantined=True), way=forward).outcome is Outcome.NOT_FOUND


def test_a_visits_query_goes_along_only_where_the_link_says_so():
    visit = a_visit(query="a=1&x=2")
    link = a_link(variants=(variant("a")._replace(location="https://example.com/?x=1#f"),))
    assert decide(link, visit).location == "https://example.com/?x=1#f"
    forwarding = link._replace(forward_query=True)
    assert decide(forwarding, visit).location == "https://example.com/?x=1&a=1#f"


def test_the_page_of_a_link_keeps_the_query_for_the_way_on():
    visit = a_visit(query="utm_source=a b\r\n#x")
    page = decide(a_link(type="inpage"), visit).location
    assert page == "/spring/page?utm_source=a%20b%0D%0A%23x"


class TestVisitor:
    SPLIT = a_link(mode="split", variants=(variant("a"), variant("b")))
    TRACKING = a_link(tracking=True)

    def test_a_plain_link_gives_no_cookie_and_no_klid(self):
        assert not decide(a_link()).sets_cookie

    def test_links_with_a_split_or_tracking_set_the_cookie(self):
        assert decide(self.SPLIT).sets_cookie
        assert decide(self.TRACKING, visitor_out=out).sets_cookie
        rules = (Rule(Condition(), "split"),)
        assert decide(self.SPLIT._replace(mode="rules", rules=rules)).sets_cookie
        assert not decide(self.SPLIT._replace(mode="rules", rules=())).sets_cookie

    def test_who_has_the_cookie_is_not_given_it_again(self):
        assert not decide(self.SPLIT, a_visit(has_cookie=True)).sets_cookie

    def test_tracking_adds_the_workspaces_id_of_the_visitor(self):
        visit = a_visit(query="klid=forged&a=1")
        link = self.TRACKING._replace(forward_query=True)
        assert decide(link, visit, visitor_out=out).location == (
            "https://example.com/?klid=v_outoutoutoutout1&a=1"
        )

    def test_a_private_visit_gets_a_variant_and_nothing_else(self):
        private = a_visit(is_private=True)
        assert decide(self.TRACKING, private).location == "https://example.com/"
        assert not decide(self.TRACKING, private).sets_cookie
        decision = decide(self.SPLIT, private)
        assert not decision.sets_cookie
        assert decision.variant == decide(self.SPLIT).variant


@given(st.binary(max_size=80), st.booleans())
def test_no_request_changes_the_host_of_a_location(query, tracking):
    link = a_link(forward_query=True, tracking=tracking)
    visit = a_visit(query=query.decode("latin-1"))
    location = decide(link, visit, visitor_out=out).location
    assert location.isascii()
    assert location.isprintable()
    assert urls.parse(location).location == location
    assert urls.parse(location).host == "example.com"


@given(st.binary(max_size=80))
def test_no_request_leads_off_the_page(query):
    visit = a_visit(query=query.decode("latin-1"))
    location = decide(a_link(type="inpage"), visit).location
    assert location.isascii()
    assert location.isprintable()
    assert location.split("?")[0] == "/spring/page"
