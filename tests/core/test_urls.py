"""Destinations: what is allowed, what Location carries, loops (contract: URLs, qklnk Q15)."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import ada_url
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from klink.core import urls
from klink.core.errors import InvalidUrl


@pytest.mark.parametrize(
    "text,location",
    [
        ("https://example.com", "https://example.com/"),
        ("HTTP://EXAMPLE.com:80/A", "http://example.com/A"),
        ("https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c#d"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/a/../b/%2e%2e/c", "https://example.com/c"),
        ("https://example.com/ü?ü#ü", "https://example.com/%C3%BC?%C3%BC#%C3%BC"),
        ("https://münchen.de/", "https://xn--mnchen-3ya.de/"),
        ("https://例え.jp/", "https://xn--r8jz45g.jp/"),
        ("https://ａ.com/", "https://a.com/"),
        ("https://ex%61mple.com/", "https://example.com/"),
        ("https://[2001:DB8:0::1]:8080/", "https://[2001:db8::1]:8080/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0177.0.0.1/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("https://example.com/a\\b?c\\d", "https://example.com/a/b?c\\d"),
        ("https://example.com/@user", "https://example.com/@user"),
        ("https://example.com?to=a@b", "https://example.com/?to=a@b"),
        ("https://example.com#@b", "https://example.com/#@b"),
        ("https://example.com/?q='\"<>", "https://example.com/?q=%27%22%3C%3E"),
        ("https://example.com/%zz?%zz", "https://example.com/%zz?%zz"),
        ("http://localhost:3000/", "http://localhost:3000/"),
    ],
)
def test_web_addresses_are_serialised_as_browsers_do(text, location):
    parsed = urls.parse(text)
    assert parsed.sent == text
    assert parsed.location == location


def test_the_parts_of_a_url_are_told():
    parsed = urls.parse("https://Example.com:8443/a%20b?c#d")
    assert (parsed.host, parsed.port, parsed.path) == ("example.com", 8443, "/a%20b")
    assert urls.parse("https://example.com:443").port is None
    assert urls.parse("https://[::1]/").host == "[::1]"


HOSTILE = [
    "",
    " ",
    "example.com",
    "//example.com",
    "/path",
    "?q",
    "javascript:alert(1)",
    "JaVaScRiPt://example.com/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://example.com/1",
    "filesystem:https://example.com/1",
    "view-source:https://example.com/",
    "file:///etc/passwd",
    "ftp://example.com/",
    "ws://example.com/",
    "mailto:a@example.com",
    "tel:+123",
    "https:",
    "https:/",
    "https://",
    "https:///",
    "https://?",
    "https://#",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "https:\\\\example.com",
    "https:/\\example.com",
    "https://\\example.com",
    "https://user@example.com/",
    "https://user:secret@example.com/",
    "https://:secret@example.com/",
    "https://@example.com/",
    "https://:@example.com/",
    "https://good.example\\@evil.example/",
    "https://good.example\\evil",
    "https://good.example＠evil.example/",
    " https://example.com/",
    "https://example.com/ ",
    "\u00a0https://example.com/",
    "https://example.com/\u3000",
    "\thttps://example.com/",
    "https://example.com/\n",
    "https://exam\tple.com/",
    "ht\ntps://example.com/",
    "https://example.com/a\tb",
    "https://example.com/a\r\nSet-Cookie: a=b",
    "https://example.com/\0",
    "https://example.com/\x7f",
    "https://example.com/\x85",
    "https://example.com/\ud800",
    "https://exa mple.com/",
    "https://exam<ple.com/",
    "https://a%2fb.com/",
    "https://%00.com/",
    "https://\u00ad/",
    "https://example.com:99999/",
    "https://example.com:http/",
    "https://256.1.1.1/",
    "https://[::1/",
    "https://[::g]/",
    "https://[::1%25eth0]/",
    "https://example.com/" + "a" * 2048,
    "https://example.com/" + "ü" * 700,
    "https://example.com/" + "a/../" * 4000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_anything_else_is_refused_with_a_reason(text):
    with pytest.raises(InvalidUrl) as refused:
        urls.parse(text)
    assert refused.value.reason
    assert refused.value.reason.isascii()


def test_the_length_that_counts_is_the_serialisations():
    longest = "https://example.com/" + "a" * (2048 - 20)
    assert len(urls.parse(longest).location) == 2048
    assert urls.parse("https://example.com/" + "a/../" * 1000).location == "https://example.com/"


hosts = st.sampled_from(["example.com", "münchen.de", "127.0.0.1", "[2001:db8::1]:8080"])
tails = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


@given(hosts, tails)
def test_parsing_a_location_again_changes_nothing(host, tail):
    text = f"https://{host}/{tail}"
    assume(text == text.strip())
    location = urls.parse(text).location
    again = urls.parse(location)
    assert again.location == location
    assert again.host == urls.parse(text).host
    assert_clean(location)


@given(st.text(max_size=40))
def test_whatever_the_text_it_is_a_clean_web_address_or_refused(text):
    try:
        parsed = urls.parse(text)
    except InvalidUrl:
        return
    assert_clean(parsed.location)
    assert urlsplit(parsed.location).scheme in ("http", "https")


def assert_clean(location):
    """No browser, header or log could read this otherwise than it stands there."""
    assert location.isascii()
    assert location.isprintable()
    assert " " not in location
    assert ada_url.parse_url(location, ("href",))["href"] == location


class TestLoops:
    OWN = urls.own_authorities(urls.parse("https://go.example.org"), ["links.example.com"])

    def is_loop(self, text, *, own=None, slugs=("spring",)):
        authorities = self.OWN if own is None else own
        return urls.is_loop(
            urls.parse(text),
            own=lambda host, port: (host, port) in authorities,
            path_is_ours=lambda segment: segment in slugs,
        )

    @pytest.mark.parametrize(
        "text",
        [
            "https://go.example.org/spring",
            "https://GO.example.org:443/spring",
            "https://go.example.org./spring",
            "http://go.example.org/spring",
            "https://go.example.org/spring/",
            "https://go.example.org/spring/page",
            "https://go.example.org/spring/page/",
            "https://go.example.org//spring",
            "https://go.example.org/x/../spring",
            "https://go.example.org/%73pring",
            "https://go.example.org/spring%2Fpage",
            "https://go.example.org/spring?a=b#c",
            "https://links.example.com/spring",
            "https://go.example.org",
            "https://go.example.org/api/v1/links",
            "https://go.example.org/health",
            "https://go.example.org/%61pi",
            "https://go.example.org/_e.gif",
            "https://go.example.org/_c/v_123",
        ],
    )
    def test_what_leads_back_to_klink_is_a_loop(self, text):
        assert self.is_loop(text)

    @pytest.mark.parametrize(
        "text",
        [
            "https://go.example.org/nothing-here",
            "https://go.example.org/Spring",
            "https://go.example.org/spring/other",
            "https://go.example.org/spring/page/2",
            "https://go.example.org/%2573pring",
            "https://go.example.org:8443/spring",
            "https://example.org/spring",
            "https://go.example.org.evil.example/spring",
            "https://example.com/?u=https://go.example.org/spring",
        ],
    )
    def test_other_pages_are_not(self, text):
        assert not self.is_loop(text)

    def test_another_port_is_another_server(self):
        own = urls.own_authorities(urls.parse("http://127.0.0.1:8080"), [])
        assert own == {("127.0.0.1", 8080)}
        assert self.is_loop("http://127.0.0.1:8080/spring", own=own)
        assert self.is_loop("http://0x7f.1:8080/spring", own=own)
        assert not self.is_loop("http://127.0.0.1/spring", own=own)
        assert not self.is_loop("http://127.0.0.1:9090/spring", own=own)


@pytest.mark.parametrize(
    "location,utm,expected",
    [
        ("https://e.com/", (None,) * 5, "https://e.com/"),
        ("https://e.com/", ("",) * 5, "https://e.com/"),
        (
            "https://e.com/",
            ("s", "m", "c", "n", "t"),
            "https://e.com/?utm_source=s&utm_medium=m&utm_campaign=c&utm_content=n&utm_term=t",
        ),
        ("https://e.com/?a=1&b#f", ("s", *[None] * 4), "https://e.com/?a=1&b&utm_source=s#f"),
        (
            "https://e.com/?a=1&utm_source=old&z=2#f?x&y",
            ("new", "m", None, None, None),
            "https://e.com/?a=1&utm_source=new&z=2&utm_medium=m#f?x&y",
        ),
        (
            "https://e.com/?utm%5Fsource=old&utm_source=older&a",
            ("new", *[None] * 4),
            "https://e.com/?utm_source=new&a",
        ),
        ("https://e.com/?UTM_SOURCE=x", ("s", *[None] * 4), None),
        ("https://e.com/?utm_medium=stays", ("s", *[None] * 4), None),
        (
            "https://e.com/",
            ("a b&c=d#e?f/ü\r\n\ud800", *[None] * 4),
            "https://e.com/?utm_source=a%20b%26c%3Dd%23e%3Ff%2F%C3%BC%0D%0A%3F",
        ),
        ("https://e.com/?", ("s", *[None] * 4), "https://e.com/?utm_source=s"),
        ("https://e.com/?a=%zz&&b=+", ("s", *[None] * 4), "https://e.com/?a=%zz&&b=+&utm_source=s"),
    ],
)
def test_utm_parameters_are_merged_in_place_or_at_the_end(location, utm, expected):
    assert urls.merge_utm(location, utm) == (expected or f"{location}&utm_source=s")


def test_one_parameter_is_replaced_or_appended():
    assert urls.with_parameter("https://e.com/#f", "klid", "v_1") == "https://e.com/?klid=v_1#f"
    assert urls.with_parameter("https://e.com/?klid=x&a", "klid", "v_1") == (
        "https://e.com/?klid=v_1&a"
    )
    assert urls.with_parameter("https://e.com/?a=1&%6Blid=x#f", "klid", "v_1") == (
        "https://e.com/?a=1&klid=v_1#f"
    )
    assert urls.with_parameter("https://e.com/?aklid=1&", "klid", "v_1") == (
        "https://e.com/?aklid=1&&klid=v_1"
    )
    assert (
        urls.with_parameter("https://e.com/", "a b", "\u00fc&") == "https://e.com/?a%20b=%C3%BC%26"
    )


@pytest.mark.parametrize(
    "location,query,expected",
    [
        ("https://e.com/", "", "https://e.com/"),
        ("https://e.com/", "a=1&b=2", "https://e.com/?a=1&b=2"),
        ("https://e.com/#f", "a=1", "https://e.com/?a=1#f"),
        ("https://e.com/?a=0#f", "a=1&b=2", "https://e.com/?a=0&b=2#f"),
        ("https://e.com/?a=0", "%61=1", "https://e.com/?a=0"),
        ("https://e.com/?%61=0", "a=1", "https://e.com/?%61=0"),
        ("https://e.com/?a+b=0", "a%20b=1", "https://e.com/?a+b=0"),
        ("https://e.com/", "a=1&a=2", "https://e.com/?a=1&a=2"),
        ("https://e.com/", "&&a&&", "https://e.com/?a"),
        ("https://e.com/", "&", "https://e.com/"),
        ("https://e.com/", "a=b c", "https://e.com/?a=b%20c"),
        ("https://e.com/", "a=#b", "https://e.com/?a=%23b"),
        ("https://e.com/", "a=\r\nX: y", "https://e.com/?a=%0D%0AX:%20y"),
        ("https://e.com/", "a=\xc3\xbc", "https://e.com/?a=%C3%BC"),
        ("https://e.com/", "a=\xff\x00", "https://e.com/?a=%FF%00"),
        ("https://e.com/", "a=€", "https://e.com/?a=%E2%82%AC"),
        ("https://e.com/", "a=%zz%", "https://e.com/?a=%zz%"),
        ("https://e.com/", "u=https://x.example/?y@z", "https://e.com/?u=https://x.example/?y@z"),
        ("https://e.com/", "a='\"<>", "https://e.com/?a=%27%22%3C%3E"),
    ],
)
def test_a_visits_parameters_are_forwarded_where_the_destination_has_none(
    location, query, expected
):
    assert urls.append_query(location, query) == expected


def test_an_endless_query_is_not_forwarded_whole():
    location = urls.append_query("https://e.com/#f", "&".join(f"p{n}=1" for n in range(50_000)))
    assert 8000 < len(location) <= urls.MAX_FORWARDED
    assert location.endswith("=1#f")


locations = st.sampled_from(
    [
        "https://example.com/",
        "https://example.com/a?x=1&y#frag?ment&#x",
        "http://[2001:db8::1]:8080/%C3%BC?",
        "https://example.com?utm_source=a",
    ]
)
raw_queries = st.one_of(
    st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
    st.text(max_size=60),
    st.text("&=#?/\\@:%+\r\n\t \"'<>0aA.", max_size=60),
)


@given(locations, raw_queries)
def test_no_query_changes_where_a_location_leads(location, query):
    before = ada_url.parse_url(urls.parse(location).location)
    result = urls.append_query(before["href"], query)
    assert_clean(result)
    after = ada_url.parse_url(result)
    for part in ("protocol", "host", "pathname", "hash"):
        assert after[part] == before[part]
    assert after["search"].startswith(before["search"])


@given(locations, st.text(max_size=30), st.lists(st.none() | st.text(max_size=30), max_size=5))
def test_no_value_changes_where_a_location_leads(location, klid, utm):
    before = urls.parse(location)
    five = [*utm, *[None] * (5 - len(utm))]
    result = urls.with_parameter(urls.merge_utm(before.location, five), "klid", klid)
    assert_clean(result)
    assert urls.parse(result).host == before.host
    sent = dict(parse_qsl(urlsplit(result).query, keep_blank_values=True))
    assert sent["klid"] == klid.encode("utf-8", "replace").decode()


def test_queries_are_decoded_as_forms_are():
    assert urls.query_pairs("a=1&b=x+y%20z&c&=d&%C3%BC=\xc3\xbc&e=%ff") == [
        ("a", "1"),
        ("b", "x y z"),
        ("c", ""),
        ("", "d"),
        ("ü", "ü"),
        ("e", "\ufffd"),
    ]


def test_of_an_endless_query_the_first_hundred_pairs_are_read():
    query = "&".join(f"p{n}={n}" for n in range(5000))
    assert urls.query_pairs(query) == [(f"p{n}", str(n)) for n in range(100)]


def test_utm_values_are_found_in_a_query():
    assert urls.utm_of("a=1") == (None,) * 5
    assert urls.utm_of("utm_term=t&utm%5Fsource=a+b&utm_medium=&utm_source=z") == (
        "a b",
        None,
        None,
        None,
        "t",
    )
