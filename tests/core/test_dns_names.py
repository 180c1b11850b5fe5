"""Names as they travel."""

from __future__ import annotations

import pytest

from klink.core.dns_names import ascii_name

LONG = ".".join(["a" * 63] * 3 + ["b" * 61])


@pytest.mark.parametrize(
    "text, name",
    [
        ("go.acme.example", "go.acme.example"),
        ("GO.Acme.Example", "go.acme.example"),
        ("go.acme.example.", "go.acme.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("go。acme。example", "go.acme.example"),
        ("go", "go"),
        ("a-b.c3.example", "a-b.c3.example"),
        ("3com.example", "3com.example"),
        (LONG, LONG),
    ],
)
def test_a_name_is_lower_case_ascii_without_a_final_dot(text: str, name: str) -> None:
    assert ascii_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "go.acme.example:443",
        "http://go.acme.example",
        "go.acme.example/",
        "me@go.acme.example",
        "go.acme.example?x",
        "go.acme.example#x",
        "go acme.example",
        " go.acme.example",
        "go.acme.example\n",
        "go\0.acme.example",
        "go%2eacme.example",
        "go\\acme.example",
        "[::1]",
        "::1",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "１２７.0.0.1",
        "go.example.123",
        "-go.example",
        "go-.example",
        "go..example",
        "go_x.example",
        "*.example",
        f"{'a' * 64}.example",
        f"c.{LONG}",
        "a" * 100_000,
        "\ud800.example",
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert ascii_name(text) is None
