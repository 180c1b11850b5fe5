"""Slugs: shape, reserved words, generation (contract: Slugs)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core import slugs
from klink.core.errors import SlugReserved, ValidationFailed


@pytest.mark.parametrize("text", ["a", "7", "spring", "Spring-2026", "a_b", "a--b", "x" * 64])
def test_letters_digits_hyphens_and_underscores_make_a_slug(text):
    assert slugs.check_custom(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 65,
        "-a",
        "a-",
        "_a",
        "a_",
        "-",
        "a b",
        "a/b",
        "a.b",
        "..",
        "a\n",
        "\na",
        "a\0b",
        "ä",
        "а",  # Cyrillic
        "a%20b",
        "a?b",
        "٣",
        "\ud800",
    ],
)
def test_anything_else_is_no_slug(text):
    assert not slugs.may_be_slug(text)
    with pytest.raises(ValidationFailed) as refused:
        slugs.check_custom(text)
    assert list(refused.value.errors) == ["slug"]


@pytest.mark.parametrize(
    "text", ["api", "API", "Admin", "health", "www", "klookup", "robots", "well-known", "Setup"]
)
def test_reserved_words_are_refused_in_any_case(text):
    with pytest.raises(SlugReserved):
        slugs.check_custom(text)


def test_every_reserved_word_could_otherwise_be_a_slug():
    assert all(slugs.may_be_slug(word) and word == word.lower() for word in slugs.RESERVED)
    assert slugs.ANSWERED < slugs.RESERVED


def test_generated_slugs_are_seven_base62_characters_and_differ():
    made = {slugs.generate() for _ in range(2000)}
    assert len(made) == 2000
    assert all(re.fullmatch(r"[0-9A-Za-z]{7}", slug) for slug in made)


@given(st.text(max_size=70))
def test_what_passes_is_safe_in_a_path(text):
    if slugs.may_be_slug(text):
        assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?", text, re.ASCII)
        assert len(text) <= 64
