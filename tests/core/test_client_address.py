"""Whom to believe about the client's address (architecture: client_address)."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.client_address import client_address, keyed_hash, network
from klink.core.visitors import truncate

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]
PROXY = "10.0.0.1"
STRANGER = "203.0.113.7"


def ask(peer, forwarded=None, trusted=TRUSTED, **headers):
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if forwarded is not None:
        sent["x-forwarded-for"] = forwarded
    return client_address(peer, "http", "go.example.org", sent, trusted)


@pytest.mark.parametrize(
    "peer,forwarded,expected",
    [
        # nobody in between
        (STRANGER, None, STRANGER),
        (STRANGER, "1.2.3.4", STRANGER),
        (STRANGER, "127.0.0.1", STRANGER),
        (STRANGER, "10.0.0.9", STRANGER),
        # one proxy
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        (PROXY, STRANGER, STRANGER),
        (PROXY, f" {STRANGER} ", STRANGER),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        # what the client claims stands further left
        (PROXY, f"1.2.3.4, {STRANGER}", STRANGER),
        (PROXY, f"127.0.0.1,10.0.0.7,{STRANGER}", STRANGER),
        (PROXY, f"unknown, <script>, {STRANGER}", STRANGER),
        # several proxies
        (PROXY, f"{STRANGER}, 10.1.1.1", STRANGER),
        (PROXY, f"1.2.3.4, {STRANGER}, 10.1.1.1, 10.2.2.2", STRANGER),
        (PROXY, "10.9.9.9, 10.1.1.1", "10.9.9.9"),
        ("2001:db8:ffff::1", STRANGER, STRANGER),
        # garbage stops the walk at the last proxy
        (PROXY, "unknown", PROXY),
        (PROXY, f"{STRANGER}, garbage", PROXY),
        (PROXY, f"{STRANGER}, unknown, 10.1.1.1", "10.1.1.1"),
        (PROXY, f"{STRANGER},", PROXY),
        (PROXY, ",,,", PROXY),
        (PROXY, "203.0.113.7.8", PROXY),
        (PROXY, "203.0.113.07", PROXY),
        (PROXY, "999.1.1.1", PROXY),
        (PROXY, "1" * 100_000, PROXY),
        (PROXY, "\u0663.1.1.1", PROXY),
        # ports, brackets, zones, mapped addresses
        (PROXY, f"{STRANGER}:4711", STRANGER),
        (PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        (PROXY, "[2001:db8::7]", "2001:db8::7"),
        (PROXY, "2001:0DB8:0:0::7", "2001:db8::7"),
        (PROXY, "fe80::1%eth0", "fe80::1"),
        (PROXY, f"::ffff:{STRANGER}", STRANGER),
        (PROXY, f"{STRANGER}, ::ffff:10.1.1.1", STRANGER),
        ("::ffff:10.0.0.1", STRANGER, STRANGER),
        (f"::ffff:{STRANGER}", "1.2.3.4", STRANGER),
        # peers without an address
        ("", STRANGER, ""),
        ("localhost", STRANGER, ""),
        ("/run/klink.sock", STRANGER, ""),
    ],
)
def test_only_what_trusted_proxies_added_is_believed(peer, forwarded, expected):
    assert ask(peer, forwarded).address == expected


def test_without_trusted_proxies_nothing_is_believed():
    client = ask(
        PROXY,
        STRANGER,
        trusted=[],
        x_forwarded_proto="https",
        x_forwarded_host="evil.example",
    )
    assert (client.address, client.scheme, client.host) == (PROXY, "http", "go.example.org")
    assert not client.via_trusted
    assert client.ignored_forwarded


def test_forwarded_addresses_that_are_ignored_are_told():
    assert ask(STRANGER, "1.2.3.4").ignored_forwarded
    assert ask("", "1.2.3.4").ignored_forwarded
    assert not ask(STRANGER).ignored_forwarded
    assert not ask(PROXY, "1.2.3.4").ignored_forwarded


@pytest.mark.parametrize(
    "said,expected",
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("javascript", "http"),
        ("https\r\nX: y", "http"),
        ("", "http"),
    ],
)
def test_a_trusted_proxy_says_which_scheme_the_client_used(said, expected):
    assert ask(PROXY, STRANGER, x_forwarded_proto=said).scheme == expected
    assert ask(STRANGER, x_forwarded_proto=said).scheme == "http"


@pytest.mark.parametrize(
    "said,expected",
    [
        ("Links.Example.COM", "links.example.com"),
        ("links.example.com:8443", "links.example.com:8443"),
        ("[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("claimed.example, links.example.com", "links.example.com"),
        ("evil.example/path", "go.example.org"),
        ("evil.example\r\nSet-Cookie: a=b", "go.example.org"),
        ("evil.example@x", "go.example.org"),
        ("a b", "go.example.org"),
        ("-" * 300, "go.example.org"),
        ("", "go.example.org"),
    ],
)
def test_a_trusted_proxy_says_which_host_the_client_asked(said, expected):
    assert ask(PROXY, STRANGER, x_forwarded_host=said).host == expected
    assert ask(STRANGER, x_forwarded_host=said).host == "go.example.org"


@given(peer=st.sampled_from([PROXY, STRANGER, ""]), forwarded=st.text(max_size=60))
def test_the_address_is_always_an_address_or_empty(peer, forwarded):
    address = ask(peer, forwarded).address
    assert address == "" or truncate(address)


@pytest.mark.parametrize(
    "address,bits,expected",
    [
        (STRANGER, 64, STRANGER),
        (f"::ffff:{STRANGER}", 64, STRANGER),
        ("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::/48"),
        ("", 64, ""),
        ("garbage", 64, ""),
    ],
)
def test_who_counts_as_one_is_an_ipv4_address_or_a_network_of_ipv6(address, bits, expected):
    assert network(address, bits) == expected


def test_a_hash_of_an_address_has_a_key_and_a_purpose():
    hashes = {
        keyed_hash(secret, purpose, address)
        for secret in (b"s" * 32, b"t" * 32)
        for purpose in ("strangers", "anonymous links")
        for address in (STRANGER, "203.0.113.8", "2001:db8::1")
    }
    assert len(hashes) == 12
    assert keyed_hash(b"s" * 32, "x", "2001:db8::1") == keyed_hash(b"s" * 32, "x", "2001:db8::2")
