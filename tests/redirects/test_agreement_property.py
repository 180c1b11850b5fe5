"""The lane and a worker agree on requests that nobody has thought of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.redirects.corpus import LOOPBACK, TRUSTED, Case, cases
from tests.redirects.inline import InlinePair
from tests.redirects.kinds import OTHER_HOST, SLUGS, make_one_of_each
from tests.redirects.site import BROWSER, Site

HOSTS = [b"go.example.org", b"GO.EXAMPLE.ORG:443", b"localhost", OTHER_HOST.encode(), b"x"]
USUAL: list[bytes] = [
    b"User-Agent: " + BROWSER.encode(), b"User-Agent: curl/8.0", b"User-Agent: Googlebot/2.1",
    b"Accept-Language: de-AT,de;q=0.9,en;q=0.5", b"Accept-Language: en", b"Accept: */*",
    b"Cookie: klid=v_0123456789abcdef", b"Cookie: a=b; klid=v_0123456789abcdef", b"Cookie: klid=x",
    b"Referer: https://a.example/b", b"DNT: 1", b"Sec-Purpose: prefetch;prerender",
    b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-For: 203.0.113.9, 127.0.0.2",
    b"X-Forwarded-Proto: https", b"X-Forwarded-Host: " + OTHER_HOST.encode(),
    b"CF-IPCountry: US", b"Connection: close", b"Connection: Keep-Alive", b"X_Y: z",
]  # fmt: skip
UNUSUAL: list[bytes] = [
    b"Connection: keep-alive, close", b"Content-Length: 0", b"Content-Length: 3", b"TE: trailers",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: x", b"Expect: 100-continue", b"X: y\r\n z",
    b"Host: go.example.org", b"Upgrade: h2c", b"Accept: application/json", b"X : y",
]  # fmt: skip
ODD = [
    b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x00", b"\t", b" ", b":", b"_", b"-", b"%2f", b"?",
    b"#", b"/", b"//", b"\xff", b"\x7f", b"\x0b", b"\x85", b"HTTP/1.0", b"GET ", b",", b".",
]  # fmt: skip
LIVE = ["plain", "everything", "forward", "rules", "split", "split-all", "301", "utm", "x"]
QUERIES = [b"", b"", b"?", b"?a=1&b=%20", b"?utm_source=mail", b"?klid=v_1", b"?=&"]

slugs = st.one_of(st.sampled_from(LIVE), st.sampled_from([*SLUGS, "nothing", "api", ""]))
first_lines = st.builds(
    lambda method, slug, query, version: method + b" /" + slug.encode() + query + version,
    st.sampled_from([b"GET"] * 5 + [b"HEAD", b"POST"]),
    slugs,
    st.sampled_from(QUERIES),
    st.sampled_from([b" HTTP/1.1"] * 3 + [b" HTTP/1.0"]),
)
lines = st.sampled_from(USUAL * 4 + UNUSUAL)
hosts = st.sampled_from([b"Host: " + host for host in HOSTS])
plain_requests = st.builds(
    lambda first, before, host, after: b"\r\n".join([first, *before, host, *after, b"", b""]),
    first_lines,
    st.lists(lines, max_size=2),
    hosts,
    st.lists(lines, max_size=3),
)
changes = st.lists(
    st.tuples(
        st.integers(0, 300),
        st.sampled_from([0, 0, 1, 1, 2, 10]),
        st.one_of(st.sampled_from(ODD), st.binary(min_size=1, max_size=2)),
    ),
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn) -> Case:
    """A plain request with a few bytes changed, perhaps one behind it, in pieces."""
    raw = draw(plain_requests)
    for at, less, put in draw(changes):
        raw = raw[:at] + put + raw[at + less :]
    if draw(st.integers(0, 9)) == 9:
        raw += draw(plain_requests)
    places = sorted(draw(st.lists(st.integers(1, 300), max_size=2))) if len(raw) % 4 == 0 else []
    ends = zip([0, *places], [*places, len(raw)], strict=True)
    pieces = tuple(raw[begin:end] for begin, end in ends if end > begin)
    return Case("drawn", pieces, draw(st.sampled_from([LOOPBACK, TRUSTED])))


@pytest.fixture
def pair(db: str, site: Site) -> Iterator[InlinePair]:
    make_one_of_each(site)
    made = InlinePair(site)
    yield made
    made.close()


def test_they_agree_on_plain_requests_with_a_few_bytes_changed(pair: InlinePair) -> None:
    @settings(max_examples=1200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(requests())
    def check(case: Case) -> None:
        assert pair.difference(case) is None

    check()
    assert pair.by_lane > 100


def test_they_agree_on_the_corpus_here_too(pair: InlinePair) -> None:
    each = cases()
    assert {case.name: found for case in each if (found := pair.difference(case))} == {}
    assert pair.by_lane > 500


def test_they_agree_where_https_is_required(db: str, site: Site) -> None:
    make_one_of_each(site)
    pair = InlinePair(site, require_https=True)
    each = [case for case in cases() if case.name.startswith(("forwarded", "hosts", "links"))]
    assert {case.name: found for case in each if (found := pair.difference(case))} == {}
    assert pair.by_lane > 5  # those that the trusted proxy says are HTTPS
    pair.close()
