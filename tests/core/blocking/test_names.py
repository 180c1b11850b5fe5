from __future__ import annotations

import pytest

from klink.core.blocking.names import asked, host_of, key_of_url
from klink.core.urls import parse


@pytest.mark.parametrize(
    "text, host",
    [
        ("bad.example", "bad.example"),
        ("BAD.Example.", "bad.example"),
        ("*.bad.example", "bad.example"),
        (".bad.example", "bad.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("203.0.113.9", "203.0.113.9"),
        ("0xcb007109", "203.0.113.9"),
        ("2001:DB8::1", "[2001:db8::1]"),
        ("[::ffff:203.0.113.9]", "203.0.113.9"),
        ("bad.example:8080", None),
        ("bad.example/x", None),
        ("user@bad.example", None),
        ("b*d.example", None),
        ("", None),
        (".", None),
        ("a" * 254, None),
        ("x." * 130 + "example", None),
    ],
)
def test_a_host_has_one_form(text: str, host: str | None):
    assert host_of(text) == host


def hosts(url: str) -> tuple[str, ...]:
    return asked(parse(url).location).hosts


def test_a_destination_lies_in_its_host_and_all_domains_above():
    assert hosts("https://a.b.example:8080/x") == ("a.b.example", "b.example", "example")


@pytest.mark.parametrize(
    "url",
    [
        "http://3405803785/",
        "http://0313.0.113.9:81/",
        "http://203.0.113.9./",
        "http://[::ffff:cb00:7109]/",
    ],
)
def test_an_address_is_one_however_it_is_written(url: str):
    assert hosts(url) == ("203.0.113.9",)


def test_scheme_fragment_and_needless_escapes_make_no_difference():
    plain = asked(parse("https://bad.example/login/%2fa?x=%7Ea").location)
    other = asked(parse("http://BAD.example./%6Cogin/%2Fa?x=~a#here").location)
    assert plain == other
    assert plain.urls == ("bad.example/login/%2Fa?x=~a", "bad.example/login/%2Fa")


@pytest.mark.parametrize(
    "url, key",
    [
        ("http://bad.example/a/b.sh", "bad.example/a/b.sh"),
        ("https://bad.example:8443/", "bad.example:8443/"),
        ("https://bad.example", "bad.example"),
        ("https://user:pw@bad.example/x", "bad.example/x"),
        ("ftp://bad.example/x", None),
        ("http://", None),
    ],
)
def test_a_url_of_a_list_has_one_form(url: str, key: str | None):
    assert key_of_url(url) == key
