"""Visitor ids and truncated addresses (contract: Visitor, Privacy)."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.visitors import (
    day_secret,
    is_visitor_id,
    truncate,
    visitor_id,
    workspace_visitor,
)

SECRET = b"an installation's secret, 32 by."
DAY_MS = 86_400_000
CHROME = "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0"


def test_a_visitor_keeps_the_id_all_day_and_gets_another_the_next():
    today = day_secret(SECRET, 20_000 * DAY_MS)
    assert today == day_secret(SECRET, 20_001 * DAY_MS - 1)
    tomorrow = day_secret(SECRET, 20_001 * DAY_MS)
    one = visitor_id(today, "203.0.113.7", CHROME)
    assert one == visitor_id(today, "203.0.113.7", CHROME)
    assert one != visitor_id(tomorrow, "203.0.113.7", CHROME)


def test_address_and_user_agent_both_tell_visitors_apart():
    secret = day_secret(SECRET, 0)
    ids = {
        visitor_id(secret, address, agent)
        for address in ("203.0.113.7", "203.0.113.8", "2001:db8::7", "")
        for agent in (CHROME, "Safari", "")
    }
    assert len(ids) == 12


def test_installations_and_workspaces_cannot_compare_their_visitors():
    raw = visitor_id(day_secret(SECRET, 0), "203.0.113.7", CHROME)
    one, other = workspace_visitor(SECRET, 1, raw), workspace_visitor(SECRET, 2, raw)
    assert len({raw, one, other, workspace_visitor(b"another", 1, raw)}) == 4
    assert one == workspace_visitor(SECRET, 1, raw)


def test_ids_have_the_shape_of_the_contract():
    raw = visitor_id(day_secret(SECRET, 0), "203.0.113.7", CHROME)
    assert is_visitor_id(raw)
    assert is_visitor_id(workspace_visitor(SECRET, 1, raw))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v_",
        "v_123",
        "v_0123456789abcdef0",
        "v_0123456789abcde-",
        "x_0123456789abcdef",
        "V_0123456789abcdef",
        "v_0123456789abcdef\n",
        "v_0123456789abcde\u0663",
        "0" * 18,
    ],
)
def test_other_texts_are_no_visitor_ids(text):
    assert not is_visitor_id(text)


def test_all_characters_are_used_about_equally():
    secret = day_secret(SECRET, 0)
    text = "".join(visitor_id(secret, str(n), "")[2:] for n in range(5_000))
    counts = [text.count(character) for character in set(text)]
    assert len(counts) == 62
    assert max(counts) < 1.5 * min(counts)


def test_long_secrets_work_whole():
    assert day_secret(b"x" * 100, 0) != day_secret(b"x" * 99, 0)
    assert workspace_visitor(b"x" * 100, 1, "v") != workspace_visitor(b"x" * 64, 1, "v")


@pytest.mark.parametrize(
    "address,net",
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("127.0.0.1", "127.0.0.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("2001:0DB8:0001::1", "2001:db8:1::/48"),
        ("::1", "::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("::FFFF:CB00:7107", "203.0.113.0/24"),
        ("", ""),
        ("localhost", ""),
        ("203.0.113", ""),
        ("203.0.113.256", ""),
        ("203.0.113.7.9", ""),
        ("203.0.113.7:80", ""),
        ("[::1]", ""),
        ("1.2.3.4\0", ""),
        ("/run/klink.sock", ""),
        ("\ud800", ""),
    ],
)
def test_addresses_are_cut_to_their_net(address, net):
    assert truncate(address) == net


@given(st.ip_addresses())
def test_the_net_holds_the_address_and_many_others(address):
    net = ipaddress.ip_network(truncate(str(address)))
    assert (getattr(address, "ipv4_mapped", None) or address) in net
    assert net.prefixlen == (24 if net.version == 4 else 48)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_gives_an_id(address, agent):
    assert is_visitor_id(visitor_id(b"k", address, agent))
