from __future__ import annotations

import ada_url
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.blocking import confusables
from klink.core.blocking.confusables import ASCII_LOOKS
from klink.core.blocking.looks import Brands

BRANDS = Brands(["paypal.com", "modem.example", "apple.com", "google", "müller.example"])


LIKE = {"0": "o", "o": "0", "1": "l", "l": "1", "m": "rn"}


def like(host: str) -> str | None:
    return BRANDS.like(ada_url.URL(f"http://{host}/").hostname)


@pytest.mark.parametrize(
    "host, brand",
    [
        ("pаypal.com", "paypal.com"),  # the first a is Cyrillic
        ("www.pаypal.com", "paypal.com"),
        ("paypa1.com", "paypal.com"),
        ("secure.paypa1.com", "paypal.com"),
        ("modern.example", "modem.example"),
        ("rnodem.example", "modem.example"),
        ("paypạl.com", "paypal.com"),  # a dot below
        ("аррӏе.com", "apple.com"),  # all of it Cyrillic
        ("g00gle.example", "google"),
        ("www.gооgle.co.example", "google"),
        ("mül1er.example", "müller.example"),
    ],
)
def test_what_looks_like_a_brand_is_found(host: str, brand: str):
    assert like(host) == brand


@pytest.mark.parametrize(
    "host",
    [
        "paypal.com",
        "www.paypal.com",
        "paypal.com.evil.example",
        "paypal-help.com",
        "mypaypal.com",
        "paypal.org",
        "google.com",
        "google.evil.example",
        "muller.example",  # the brand's own accent is no disguise of it
        "203.0.113.9",
        "[2001:db8::1]",
        "localhost",
    ],
)
def test_what_is_the_brand_or_something_else_is_not(host: str):
    assert like(host) is None


@given(st.from_regex(r"[a-z]{2,8}\.(?:com|example)", fullmatch=True))
def test_a_host_never_looks_like_itself(host: str):
    assert Brands([host]).like(host) is None
    assert Brands([host]).like(f"www.{host}") is None


@given(st.from_regex(r"[0-9a-z]{0,5}[0om1l][0-9a-z]{0,5}", fullmatch=True))
def test_looking_alike_goes_both_ways(label: str):
    other = "".join(LIKE.get(char, char) for char in label)
    one, two = f"{label}.example", f"{other}.example"
    assert Brands([one]).like(two) == one
    assert Brands([two]).like(one) == two


def test_what_is_known_of_ascii_is_what_the_table_says():
    read = confusables.looks()
    assert {char: look for char, look in read.items() if char.isascii()} == dict(ASCII_LOOKS)
    assert read["\u0430"] == "a"  # Cyrillic
