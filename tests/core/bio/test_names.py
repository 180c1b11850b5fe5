"""Names of bio pages: their shape, and what is kept for whoever runs the server."""

from __future__ import annotations

import pytest

from klink.core.bio import check_name
from klink.core.errors import ValidationFailed
from klink.core.slugs import RESERVED


def refusal(text: str) -> str:
    with pytest.raises(ValidationFailed) as caught:
        check_name(text)
    return caught.value.errors["name"][0]


@pytest.mark.parametrize(
    "text,name",
    [
        ("acme", "acme"),
        ("ACME", "acme"),
        ("@acme", "acme"),
        (" @Acme-Inc ", "acme-inc"),
        ("a_b", "a_b"),
        ("a--b", "a--b"),
        ("123", "123"),
        ("x" * 32, "x" * 32),
        ("news", "news"),
        ("acme-support", "acme-support"),
        ("supporters", "supporters"),
        ("team-blue", "team-blue"),
    ],
)
def test_a_name_is_kept_in_small_letters(text: str, name: str):
    assert check_name(text) == name


@pytest.mark.parametrize("text", ["", "ab", "@ab", "x" * 33, "@"])
def test_a_name_has_3_to_32_characters(text: str):
    assert refusal(text) == "must have 3 to 32 characters"


@pytest.mark.parametrize(
    "text",
    [
        "-ab", "ab-", "_ab", "ab_", "a b", "a.b", "a/b", "a\0b", "ab\n.", "äcme", "аcme",
        "\N{KELVIN SIGN}link", "acme\N{LATIN SMALL LETTER DOTLESS I}", "@@acme", "a%62", "<b>a",
    ],
)  # fmt: skip
def test_a_name_has_no_other_characters(text: str):
    assert "may hold only letters" in refusal(text)


@pytest.mark.parametrize("word", sorted(word for word in RESERVED if len(word) > 2))
def test_reserved_words_are_no_names(word: str):
    assert "is kept for whoever runs this server" in refusal(word)


@pytest.mark.parametrize(
    "text",
    [
        "Admin", "SUPPORT", "supp0rt", "adm1n", "rnoderator", "5upport", "4dmin", "ad-min",
        "sup_port", "support24", "admin1", "klink-support", "official_klink",
        "well-known", "wellknown", "wp_admin", "k1ink", "klink-0fficial",
    ],
)  # fmt: skip
def test_what_is_made_to_be_read_as_a_reserved_word_is_none(text: str):
    assert "is kept for whoever runs this server" in refusal(text)
