"""A host in another script: read where that is safe, with a warning where it may deceive."""

from __future__ import annotations

import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core import urls
from klink.core.host_names import HostName, readable


def travelling(host: str) -> str:
    """A host as a URL has it, by the URL standard's own library."""
    return urls.parse(f"https://{host}/").location.split("/")[2]


@pytest.mark.parametrize(
    "host",
    ["example.com", "example.com:8080", "127.0.0.1", "[2001:db8::1]:8443", "localhost", "xn"],
)
def test_a_host_in_ascii_is_shown_as_it_is(host):
    assert readable(host) == HostName(host)


@pytest.mark.parametrize(
    "host",
    [
        "b\u00fccher.example",
        "caf\u00e9.example:8080",
        "stra\u00dfe.example",
        "\u043c\u043e\u0441\u043a\u0432\u0430.example",
        "\u0441\u0430\u0445\u0430\u0440.\u0440\u0444",  # lookalikes, below a Cyrillic domain
        "\u043f\u0440\u0438\u043c\u0435\u0440.\u0441\u0440\u0431",  # a domain of lookalikes
        "\u03b1\u03b2\u03b3.example",
        "\u0645\u062b\u0627\u0644.example",
        "\u4f8b\u3048.example",
        "\u6771\u4eactokyo\u30bf\u30ef\u30fc.example",
        "\ud55c\uad6d.example",
        "\u0939\u093f\u0928\u094d\u0926\u0940.example",
        "www.b\u00fccher-24.example",
    ],
)
def test_a_name_that_deceives_nobody_is_read_with_its_punycode_beside(host):
    shown = readable(travelling(host))
    assert shown == HostName(host, travelling(host))
    assert "xn--" in shown.punycode


@pytest.mark.parametrize(
    "host,warnings",
    [
        ("\u0430pple.com", ("mixed_scripts", "looks_latin")),
        ("ex\u0430mple.com", ("mixed_scripts", "looks_latin")),
        ("\u0430\u0440\u0440\u04cf\u0435.com", ("looks_latin",)),
        ("\u03bf\u03bd\u03bf.com", ("looks_latin",)),
        ("www.p\u0251ypal.com", ("looks_latin",)),
        ("bank\u0431.example.com", ("mixed_scripts", "looks_latin")),
        ("\u043c\u03c9.com", ("mixed_scripts",)),
        ("shop\u0436.com", ("mixed_scripts",)),
        ("\u4f8b\ud55c\u3048.com", ("mixed_scripts",)),
        ("bank-com\u30celogin.example", ("looks_latin",)),
    ],
)
def test_a_name_that_may_deceive_is_shown_as_it_travels_with_a_warning(host, warnings):
    wire = travelling(host)
    assert readable(wire) == HostName(wire, wire, warnings)


@pytest.mark.parametrize(
    "wire",
    [
        "xn--i-7iq.example",  # a heart: no letter
        "xn--zhja.example",  # Coptic, which nobody uses every day
        "xn--.example",
        "xn--\x7f.example",
        "xn--a.example",
        "xn--99999999.example",
        f"xn--{'a' * 80}-kva.example",
        "xn--caf-dma-.example",
    ],
)
def test_what_cannot_be_read_is_shown_as_it_travels(wire):
    assert readable(wire) == HostName(wire, wire)


NAMES = st.text(
    st.sampled_from(
        "aeopx10-"
        "\u00e9\u00fc\u0131\u0251"
        "\u0430\u0435\u043e\u0436\u044f"
        "\u03b1\u03b2\u03bf"
        "\u0645\u062b\u05d0\u4f8b\u3048\u30ce\ud55c\u2d39"
    ),
    min_size=1,
    max_size=12,
)


@given(st.lists(NAMES, min_size=1, max_size=3))
def test_what_is_shown_leads_to_the_same_host_and_warned_of_is_never_shown(labels):
    try:
        wire = ".".join(idna.alabel(label).decode() for label in labels)
    except idna.IDNAError:
        return
    found = readable(wire)
    assert idna.encode(found.shown).decode() == wire
    assert found.punycode == ("" if wire == ".".join(labels) else wire)
    if found.warnings:
        assert found.shown == wire
    for label in found.shown.split("."):
        # By what the scripts' code points are, not by their names.
        blocks = {"cyrillic" for each in label if "\u0400" <= each <= "\u04ff"}
        blocks |= {"greek" for each in label if "\u0370" <= each <= "\u03ff"}
        blocks |= {"latin" for each in label if each.isalpha() and each < "\u0300"}
        assert len(blocks) <= 1


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=100))
def test_no_host_breaks_it(text):
    for host in (text, f"xn--{text}", f"a.xn--{text}.b:1"):
        found = readable(host)
        assert found.punycode in ("", host)
        assert found.shown == host or found.punycode
