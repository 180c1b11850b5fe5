from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.blocking.globs import Glob, is_glob

TEXTS = st.text(alphabet="ab/.", max_size=12)
PATTERNS = st.text(alphabet="ab/.*?", max_size=8)


def as_regex(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


@given(PATTERNS, TEXTS)
def test_a_pattern_fits_what_the_same_regular_expression_fits(pattern: str, text: str):
    assert Glob(pattern).matches(text) == bool(as_regex(pattern).fullmatch(text))


@given(TEXTS)
def test_a_text_without_wildcards_fits_itself_alone(text: str):
    assert Glob(text).matches(text)
    assert not Glob(text).matches(text + "a")
    assert not is_glob(text)


@pytest.mark.parametrize(
    "pattern, text, fits",
    [
        ("*.bad.example/*", "www.bad.example/", True),
        ("*.bad.example/*", "bad.example/", False),
        ("*/wp-login.php?*", "shop.example/blog/wp-login.php?next=1", True),
        ("bad-??.example/", "bad-01.example/", True),
        ("bad-??.example/", "bad-1.example/", False),
        ("**", "", True),
        ("?", "", False),
    ],
)
def test_what_patterns_fit(pattern: str, text: str, fits: bool):
    assert Glob(pattern).matches(text) == fits


@given(st.text(alphabet="ab*", max_size=10), st.text(alphabet="ab", max_size=14))
def test_stars_alone_are_looked_for_piece_by_piece(pattern: str, text: str):
    assert Glob(pattern).matches(text) == bool(as_regex(pattern).fullmatch(text))


@given(st.text(alphabet="ab?", max_size=5), st.text(alphabet="ab", max_size=6))
def test_single_wildcards_alone_keep_the_length(pattern: str, text: str):
    assert Glob(pattern).matches(text) == bool(as_regex(pattern).fullmatch(text))


def test_no_pattern_takes_long():
    worst = Glob("*a?" * 80 + "b*c")
    text = "a" * 2046 + "bb"
    began = time.process_time()
    assert not worst.matches(text + "x")
    assert not worst.matches(text.replace("b", "c"))
    assert time.process_time() - began < 1.0
