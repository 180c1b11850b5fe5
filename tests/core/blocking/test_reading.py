from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.blocking.reading import MAX_LINE, NOTHING, Meaning, lines_of, meaning


def said(line: str) -> tuple[list[str], list[str], list[str]] | None:
    found = meaning(line)
    return found and (list(found.hosts), list(found.urls), list(found.excepted))


@pytest.mark.parametrize(
    "line, hosts",
    [
        ("bad.example", ["bad.example"]),
        ("  Bad.Example.  # why", ["bad.example"]),
        ("*.bad.example", ["bad.example"]),
        ("xn--bcher-kva.example", ["xn--bcher-kva.example"]),
        ("bücher.example", ["xn--bcher-kva.example"]),
        ("203.0.113.9", ["203.0.113.9"]),
        ("2001:db8::1", ["[2001:db8::1]"]),
        ("0.0.0.0 bad.example", ["bad.example"]),
        ("127.0.0.1\tbad.example worse.example # two", ["bad.example", "worse.example"]),
        ("::1 bad.example", ["bad.example"]),
        ("||bad.example^", ["bad.example"]),
        ("||bad.example^$all", ["bad.example"]),
        ("||bad.example", ["bad.example"]),
        ("address=/bad.example/worse.example/0.0.0.0", ["bad.example", "worse.example"]),
        ("local=/bad.example/", ["bad.example"]),
        ("bad.example CNAME .", ["bad.example"]),
        ("*.bad.example 300 IN CNAME rpz-drop.", ["bad.example"]),
        ("https://bad.example/", ["bad.example"]),
    ],
)
def test_lines_that_name_hosts(line: str, hosts: list[str]):
    assert said(line) == (hosts, [], [])


@pytest.mark.parametrize(
    "line, url",
    [
        ("http://bad.example:8080/a/b.sh", "bad.example:8080/a/b.sh"),
        ("https://Bad.Example/a,b?c=d#e", "bad.example/a,b?c=d"),
        ("bad.example/a", "bad.example/a"),
        (
            '"4242","2026-03-01 10:00:00","http://203.0.113.9/bin.sh","online","","malware_download"'
            ',"elf","https://urlhaus.abuse.ch/url/4242/","someone"',
            "203.0.113.9/bin.sh",
        ),
        ("4242,http://bad.example/x,2026-03-01", "bad.example/x"),
    ],
)
def test_lines_that_name_urls(line: str, url: str):
    assert said(line) == ([], [url], [])


@pytest.mark.parametrize("line", ["@@||good.example^", "good.example CNAME rpz-passthru."])
def test_lines_that_except_a_host(line: str):
    assert said(line) == ([], [], ["good.example"])


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "# bad.example",
        "! Title: a list",
        "; a zone",
        "[Adblock Plus 2.0]",
        "127.0.0.1 localhost",
        "0.0.0.0 0.0.0.0",
        "shop.example##.banner",
        "shop.example#@#.banner",
        "||ads.example^$third-party",
        "||shop.example/banner/*",
        "/banner[0-9]+/",
        "|https://x.example/|",
        "$TTL 300",
        "@ SOA localhost. root.localhost. 1 2 3 4 5",
        "bad.example NS localhost.",
        "198.51.100.0/24",
        "id,dateadded,url,url_status",
    ],
)
def test_lines_that_say_nothing_of_links(line: str):
    assert meaning(line) is NOTHING


@pytest.mark.parametrize(
    "line",
    [
        "<!doctype html>",
        "<p>Too many requests</p>",
        '{"error": "not found"}',
        "word",
        "several words here",
        "bad .example",
        "bad\0.example",
        "http://",
        "a" * (MAX_LINE + 1),
    ],
)
def test_lines_of_no_list(line: str):
    assert meaning(line) is None


@given(st.text(max_size=200))
def test_any_line_can_be_read(line: str):
    found = meaning(line)
    assert found is None or isinstance(found, Meaning)
    for host in found.hosts if found else ():
        assert host.isascii()
        assert host == host.lower()
        assert not set(host) & set(" /@?#*")


@given(st.binary(max_size=400), st.integers(1, 50))
def test_lines_are_the_same_however_the_file_is_cut(content: bytes, size: int):
    pieces = [content[i : i + size] for i in range(0, len(content), size)]
    assert list(lines_of(pieces)) == list(lines_of([content]))


def test_a_line_without_end_takes_no_memory():
    lines = list(lines_of(b"a" * 65_536 for _ in range(64)))
    assert [len(line) for line in lines] == [MAX_LINE + 1]


@given(
    st.lists(st.from_regex(r"[a-z]{1,8}\.(?:com|example)", fullmatch=True), max_size=20),
    st.sampled_from(["{}", "0.0.0.0 {}", "||{}^", "address=/{}/", "{} CNAME .", "https://{}"]),
)
def test_every_format_says_the_same_of_hosts(hosts: list[str], form: str):
    assert [said(form.format(host)) for host in hosts] == [([host], [], []) for host in hosts]
