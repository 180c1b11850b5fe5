"""Good, odd and hostile requests, as the bytes that a client sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.redirects.kinds import OTHER_HOST, SLUGS, UNVERIFIED_HOST
from tests.redirects.site import BROWSER

__all__ = ["LOOPBACK", "TRUSTED", "Case", "ask", "cases", "pieces_at_every_byte"]

LOOPBACK, TRUSTED = "127.0.0.1", "127.0.0.2"
"""Addresses of this machine that requests come from; the second is a trusted proxy's."""

_HOST = b"go.example.org"
_KLID = b"v_" + b"0123456789abcdef0123456789abcdef"[:16]
_PHONE = b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148 Safari/604.1"
_LIKE_A_BROWSER = (
    b"User-Agent: " + BROWSER.encode(),
    b"Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    b"Accept-Language: de-AT,de;q=0.9,en;q=0.5",
    b"Accept-Encoding: gzip, deflate, br",
    b"Referer: https://www.example.net/some/page?with=query",
    b"Sec-Fetch-Mode: navigate",
    b"Upgrade-Insecure-Requests: 1",
)


class Case(NamedTuple):
    """What a client sends over one connection, piece by piece."""

    name: str
    pieces: tuple[bytes, ...]
    peer: str = LOOPBACK


_Named = Iterator[tuple[str, bytes]]


def ask(
    target: bytes = b"/plain",
    *lines: bytes,
    method: bytes = b"GET",
    version: bytes = b"HTTP/1.1",
    host: bytes = _HOST,
) -> bytes:
    """A request with a Host, and then ``lines``."""
    first = b" ".join((method, target, version))
    return b"\r\n".join([first, b"Host: " + host, *lines, b"", b""])


def cases() -> list[Case]:
    """All of them; each has a name of its own."""
    found = [
        Case(f"{group.__name__[1:]}: {name}", (raw,)) for group in _GROUPS for name, raw in group()
    ]
    found += [Case(f"{name}, by a proxy", (raw,), TRUSTED) for name, raw in _forwarded()]
    found += [Case(f"{name}, by a stranger", (raw,)) for name, raw in _forwarded()]
    assert len({case.name for case in found}) == len(found)
    return found


def pieces_at_every_byte() -> list[Case]:
    """Requests in two pieces, cut at every place."""
    whole = ask(b"/forward?a=2&b=%20", b"Accept-Language: de", b"Cookie: klid=" + _KLID)
    found = [Case(f"cut after {at} bytes", (whole[:at], whole[at:])) for at in range(1, len(whole))]
    body = ask(b"/secret", b"Content-Length: 8", method=b"POST") + b"password"
    found += [
        Case(f"body cut after {at} bytes", (body[:at], body[at:]))
        for at in range(len(body) - 12, len(body))
    ]
    one_by_one = tuple(whole[at : at + 1] for at in range(len(whole)))
    return [*found, Case("every byte by itself", one_by_one)]


def _links() -> _Named:
    for slug in SLUGS:
        target = b"/" + slug.encode()
        for method in (b"GET", b"HEAD", b"POST"):
            yield f"{method.decode()} {slug}", ask(target, *_LIKE_A_BROWSER, method=method)
        yield f"a query for {slug}", ask(target + b"?utm_source=mail&b=2", *_LIKE_A_BROWSER)
        yield f"the page of {slug}", ask(target + b"/page", *_LIKE_A_BROWSER)
    form = b"password=open+sesame"
    typed = (b"Content-Type: application/x-www-form-urlencoded", b"Content-Length: %d" % len(form))
    yield "the right password", ask(b"/secret", *typed, method=b"POST") + form
    yield "the wrong password", ask(b"/secret", *typed, method=b"POST") + form[::-1]


def _targets() -> _Named:
    for target in (
        b"/", b"", b"//", b"/nothing-here", b"/api", b"/API", b"/api/v1/links", b"/health",
        b"/ready", b"/static/x.css", b"/www", b"/favicon.ico", b"/robots.txt", b"/plain/",
        b"/plain//", b"//plain", b"///plain", b"//plain/", b"/plain/page/", b"//go.example.org/x",
        b"/./plain", b"/../plain", b"/x/../plain", b"/%2e%2e/plain", b"/plain/.", b"/%70lain",
        b"/%70%6c%61%69%6e", b"/plain%20", b"/plain%00", b"/plain%0d%0aX:y", b"/plain%2f",
        b"/plain%3fa=1", b"/plain%23a", b"/pl%", b"/pl%zz", b"/plain;x", b"/plain:x", b"/plain,x",
        b"/plain?", b"/plain??", b"/plain?a", b"/plain?a=", b"/plain?=b", b"/plain?a=1&a=2",
        b"/plain?&&", b"/plain?a=%", b"/plain?a=%zz", b"/plain?a=%00", b"/plain?%0d%0a",
        b"/plain?a=b?c=d", b"/plain?a=/../x", b"/plain?a=//x", b"/plain?http://x/",
        b"/plain?a[]=1", b"/plain?[", b"/plain?]", b"/plain?{\"a\":1}", b"/plain?'\"<>",
        b"/plain?\\", b"/plain?|", b"/plain?^`", b"/plain?;", b"/plain?+", b"/plain?a=1;b=2",
        b"/plain#top", b"/plain?a#top", b"/plain?#", b"/plain#?a", b"/#plain", b"/?plain",
        b"/?", b"?plain", b"plain", b"*", b"/pl\xc3\xa4in", b"/plain?\xc3\xa4", b"/\xff",
        b"/plain?\xff", b"/plain\x7f", b"/plain?\x7f", b"/plain\t", b"/plain\x00", b"/plain?\x01",
        b"/pla in", b"/plain ", b" /plain", b"/PLAIN", b"/-plain", b"/plain-", b"/_plain",
        b"/forward?a=2&c=3", b"/forward?", b"/forward?a=%C3%BC&\"<>", b"/forward?a#b",
        b"/forward?klid=v_1", b"/tracked?klid=v_1", b"/utm?utm_source=x&utm_term=y",
        b"/rules?utm_source=mail", b"/rules?utm_source=mai%6c", b"/everything?utm_medium=z&q",
        b"http://go.example.org/plain", b"http://go.example.org:80/plain?a=1", b"HTTP://x/plain",
        b"https://go.example.org/plain", b"http://links.example.com/plain", b"http://x/plain",
        b"http://go.example.org", b"http:/plain", b"http:plain", b"http://[x/plain", b"a://b/plain",
        b"http://[::1]/plain", b"/http://x/plain", b"go.example.org:80", b"//@/plain", b"/@plain",
    ):  # fmt: skip
        yield repr(target), ask(target)
    for size in (64, 65, 255, 256, 4000, 8100, 8191, 8192, 9000, 16_300, 16_500, 65_500):
        yield f"a slug of {size}", ask(b"/" + b"l" * size)
        yield f"a query of {size}", ask(b"/plain?" + b"q" * size)
        yield f"a forwarded query of {size}", ask(b"/forward?a=" + b"q" * size)


def _lines() -> _Named:
    """First lines, and how lines end."""
    rest = b"\r\nHost: go.example.org\r\n\r\n"
    for line in (
        b"GET /plain", b"GET /plain ", b"GET  /plain HTTP/1.1", b"GET /plain  HTTP/1.1",
        b"GET\t/plain HTTP/1.1", b"GET /plain\tHTTP/1.1", b"GET /plain HTTP/1.1 ",
        b"GET /plain HTTP/1.1\t", b"GET /plain HTTP/1.1 x", b" GET /plain HTTP/1.1",
        b"\tGET /plain HTTP/1.1", b"GET /plain HTTP/0.9", b"GET /plain HTTP/1.2",
        b"GET /plain HTTP/2.0", b"GET /plain HTTP/2", b"GET /plain HTTP/1.10",
        b"GET /plain HTTP/11", b"GET /plain HTTP/1,1", b"GET /plain http/1.1",
        b"GET /plain Http/1.1",
        b"GET /plain HTTP/1.1\x00", b"GET /plain HTTP /1.1", b"GET /plain HTTPS/1.1",
        b"GET /plain XTTP/1.1", b"GET /plain HTTP/01.1", b"GET /plain HTTP/+1.1", b"GET HTTP/1.1",
        b"GET", b"", b"/plain", b"GET /plain?HTTP/1.1", b"GET /plain? HTTP/1.1 HTTP/1.1",
        b"GET /plain\r HTTP/1.1", b"GET /plain HTTP/1.1\r", b"GET /plain HTTP/1.1\n",
        b"\nGET /plain HTTP/1.1", b"\rGET /plain HTTP/1.1", b"\x00GET /plain HTTP/1.1",
        b"\x0bGET /plain HTTP/1.1", b"\x0cGET /plain HTTP/1.1", b"GET /plain HTTP/1.1\x0b",
        b"GET /plain HTTP/1.1\x0c", b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00\x01\x00",
    ):  # fmt: skip
        yield repr(line), line + rest
    for method in (
        b"get", b"Get", b"gET", b"head", b"HEAD", b"HEADER", b"GETS", b"POST", b"post", b"PUT",
        b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"G", b"G-T", b"G\x00T",
        b"G\xc3\x84T", b"GET,HEAD", b"1", b"M-SEARCH", b"GE T", b"\"GET\"", b"GET:",
    ):  # fmt: skip
        yield f"method {method!r}", ask(method=method)
        yield f"method {method!r} of HTTP/1.0", ask(method=method, version=b"HTTP/1.0")
    whole = ask(b"/plain", b"Accept: */*")
    yield "line feeds alone", whole.replace(b"\r\n", b"\n")
    yield "carriage returns alone", whole.replace(b"\r\n", b"\r")
    yield "one line feed alone", whole.replace(b"\r\nAccept", b"\nAccept")
    yield "one carriage return alone", whole.replace(b"\r\nAccept", b"\rAccept")
    yield "a line feed before the end", whole[:-2] + b"\n\r\n"
    yield "two returns", whole.replace(b"\r\n", b"\r\r\n")
    for blank in (b"\r\n", b"\r\n" * 2, b"\r\n" * 20, b"\n", b" \r\n", b"\r\n ", b"\r\n\t", b"  "):
        yield f"{blank!r} first", blank + whole
    for tail in (b"x", b"\r\n", b"\r\n\r\n", b"\n", b"\x00", b"GET", b"GET /x", b" ", b"\r"):
        yield f"{tail!r} behind", whole + tail
    for end in range(1, 5):
        yield f"{end} bytes short", whole[:-end]


def _hosts() -> _Named:
    for host in (
        b"", b" ", b"go.example.org", b"GO.Example.ORG", b"go.example.org.", b"go.example.org..",
        b"go.example.org:80", b"go.example.org:443", b"go.example.org:", b"go.example.org:x",
        b"go.example.org:99999", b"go.example.org:999999", b"go.example.org:-1", b".go.example.org",
        b"go.example.org:80:80", b"go.example.org/x", b"go.example.org?x", b"go.example.org#x",
        b"u@go.example.org", b"go.example.org, go.example.org", b"go.example.org,x", b"go..example",
        b"localhost", b"LOCALHOST:8080", b"a.localhost", b"127.0.0.1", b"127.0.0.1:80", b"127.1",
        b"127.9.9.9", b"10.0.0.1", b"[::1]", b"[::1]:80", b"[::ffff:127.0.0.1]", b"::1", b"[::1",
        b"[fe80::1%25lo]", b"0", b"0x7f000001", b"2130706433", b"unknown.example.com", b"x", b"-",
        b"_", b"xn--exmple-cua.com", b"ex\xc3\xa4mple.com", b"\xff", b"a b", b"a\tb", b"a\x00b",
        b"h" * 253, b"h" * 262, b"h" * 4000, OTHER_HOST.encode(), OTHER_HOST.upper().encode(),
        OTHER_HOST.encode() + b".", OTHER_HOST.encode() + b":8080", UNVERIFIED_HOST.encode(),
    ):  # fmt: skip
        yield repr(host[:60]) + str(len(host)), ask(host=host)
    yield "unknown slug elsewhere", ask(b"/nothing", host=OTHER_HOST.encode())
    for target in (b"/", b"/?x", b"//", b"/nothing/page", b"/nothing/", b"/quarantined", b"/a/b"):
        for method in (b"GET", b"HEAD", b"POST", b"PUT"):
            name = f"{method.decode()} {target.decode()} elsewhere"
            yield name, ask(target, method=method, host=OTHER_HOST.encode())
    as_json = b"Accept: application/json"
    yield "JSON elsewhere", ask(b"/nothing", as_json, host=OTHER_HOST.encode())
    proof = b"/.well-known/klink-verify.txt"
    yield "a proof elsewhere", ask(proof, host=OTHER_HOST.encode())
    yield "a proof", ask(proof)
    yield "ours elsewhere", ask(b"/split", host=OTHER_HOST.encode())
    yield "the office elsewhere", ask(b"/api/v1/links", host=OTHER_HOST.encode())
    yield "health elsewhere", ask(b"/health", host=OTHER_HOST.encode())
    yield "a form elsewhere", ask(b"/secret", host=OTHER_HOST.encode())
    for number in range(5):
        yield f"a domain's number {number}", ask(b"/%d/plain" % number)
    for version in (b"1.1", b"1.0"):
        yield f"none, {version!r}", b"GET /plain HTTP/" + version + b"\r\n\r\n"
        yield (
            f"none but Accept, {version!r}",
            (b"GET /plain HTTP/" + version + b"\r\nAccept: */*\r\n\r\n"),
        )
        twice = b"GET /plain HTTP/" + version + b"\r\nHost: go.example.org\r\nhost: "
        yield f"twice the same, {version!r}", twice + b"go.example.org\r\n\r\n"
        yield f"two, {version!r}", twice + b"x\r\n\r\n"
        yield f"two, one empty, {version!r}", twice + b"\r\n\r\n"
    yield "without a space", b"GET /plain HTTP/1.1\r\nHost:go.example.org\r\n\r\n"
    yield "with many", b"GET /plain HTTP/1.1\r\nHost: \t  go.example.org \t \r\n\r\n"
    yield "in capitals", b"GET /plain HTTP/1.1\r\nHOST: go.example.org\r\n\r\n"
    yield "with an underscore", b"GET /plain HTTP/1.1\r\nHo_st: go.example.org\r\n\r\n"
    yield "space before the colon", b"GET /plain HTTP/1.1\r\nHost : go.example.org\r\n\r\n"


def _bio_pages() -> _Named:
    for target in (
        b"/@acme", b"/@ACME", b"/@acme/", b"/@acme//", b"/@acme?a=1", b"/@acme#top", b"/@acme/page",
        b"//@acme", b"/%40acme", b"/%40%61cme", b"/@acme%00", b"/@acme%2f", b"/@acme ", b"/@",
        b"/@/", b"/@@acme", b"/@draft", b"/@nobody", b"/@plain", b"/@xy", b"/@acme.json", b"@acme",
        b"/@\xc3\xa4cme", b"/@" + b"a" * 33, b"/acme", b"/x/@acme", b"/plain/@acme", b"/plain@acme",
        b"http://go.example.org/@acme", b"/_bio/acme/x", b"/_bio/acme", b"/_bio/../@acme",
    ):  # fmt: skip
        yield repr(target), ask(target, *_LIKE_A_BROWSER)
        yield f"{target!r} elsewhere", ask(target, host=OTHER_HOST.encode())
    for method in (b"HEAD", b"POST", b"PUT", b"OPTIONS", b"TRACE"):
        yield f"{method.decode()} a page", ask(b"/@acme", method=method)
    yield "a page as JSON", ask(b"/@acme", b"Accept: application/json")
    yield "a page of a strange host", ask(b"/@acme", host=b"unknown.example.com")
    yield "a page of no host", ask(b"/@acme", host=b"a b")
    yield "between links", ask() + ask(b"/@acme") + ask(b"/forward?a=2")


def _connections() -> _Named:
    for value in (
        b"close", b"Close", b"CLOSE", b" close ", b"close,", b"close, close", b"close, x", b"x",
        b"keep-alive", b"Keep-Alive", b"KEEP-ALIVE", b"keep-alive, close", b"close, keep-alive",
        b"keep-alive, Upgrade", b"Upgrade", b"upgrade", b"TE", b"", b"\"close\"", b"clos\xc3\xa9",
        b"close;x", b"keep-alive\x00", b"\xa0close", b"close\xa0", b"close\x85",
    ):  # fmt: skip
        for version in (b"HTTP/1.1", b"HTTP/1.0"):
            line = b"Connection: " + value
            yield f"{value!r} of {version.decode()}", ask(b"/plain", line, version=version)
    for version in (b"HTTP/1.1", b"HTTP/1.0"):
        of = version.decode()
        twice = (b"Connection: close", b"Connection: close")
        yield f"closed twice of {of}", ask(b"/plain", *twice, version=version)
        kept = (b"Connection: keep-alive", b"connection: keep-alive")
        yield f"kept twice of {of}", ask(b"/plain", *kept, version=version)
        yield f"proxy's of {of}", ask(b"/plain", b"Proxy-Connection: close", version=version)
        yield f"underscored of {of}", ask(b"/plain", b"Connec_tion: close", version=version)
        head = ask(b"/plain", b"Connection: keep-alive", version=version, method=b"HEAD")
        yield f"a HEAD kept of {of}", head
        missing = ask(b"/nothing", b"Connection: keep-alive", version=version)
        yield f"a page kept of {of}", missing
    yield "none of HTTP/1.0", ask(version=b"HTTP/1.0")
    for line in (
        b"Upgrade: websocket", b"Upgrade: h2c", b"Upgrade:", b"TE: trailers", b"TE: gzip",
        b"Expect: 100-continue", b"Expect: 100-Continue", b"Expect: x", b"Expect:",
        b"Trailer: X", b"Keep-Alive: timeout=5", b"HTTP2-Settings: AAA", b"Max-Forwards: 0",
        b"Via: 1.0 x", b"Range: bytes=0-1", b"If-None-Match: *", b"If-Modified-Since: x",
        b"Authorization: Bearer x", b"Accept: application/json", b"Accept-Encoding: gzip",
        b"Sec-WebSocket-Key: x", b"X-HTTP-Method-Override: POST", b"Content-Type: text/plain",
    ):  # fmt: skip
        yield repr(line), ask(b"/plain", line)
        yield f"{line!r} of HTTP/1.0", ask(b"/plain", line, version=b"HTTP/1.0")


def _bodies() -> _Named:
    for method in (b"GET", b"HEAD", b"POST"):
        for length in (
            b"0", b"00", b"1", b"3", b"5", b"-1", b"+3", b"3.0", b"x", b"", b"3,3", b"3, 3", b" 3 ",
            b"0x3", b"65536", b"65537", b"99999999", b"9" * 5000, b"\xb2", b"3\x00",
        ):  # fmt: skip
            line = b"Content-Length: " + length
            yield (
                f"{method.decode()} of {length[:20]!r}",
                ask(b"/plain", line, method=method) + b"abc",
            )
        chunked = ask(b"/plain", b"Transfer-Encoding: chunked", method=method)
        yield f"{method.decode()} in chunks", chunked + b"3\r\nabc\r\n0\r\n\r\n"
        yield f"{method.decode()} in no chunk", chunked + b"0\r\n\r\n"
        yield f"{method.decode()} in half a chunk", chunked + b"3\r\na"
        yield f"{method.decode()} in a bad chunk", chunked + b"g\r\n"
        yield f"{method.decode()} with a trailer", chunked + b"0\r\nX: y\r\n\r\n"
    twice = (b"Content-Length: 0", b"Content-Length: 0")
    yield "two lengths", ask(b"/plain", *twice)
    yield "underscored length", ask(b"/plain", b"Content_Length: 3") + b"abc"
    for line in (
        b"Transfer-Encoding: identity", b"Transfer-Encoding: gzip", b"Transfer-Encoding:",
        b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding: Chunked", b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: ,",
        b"Transfer_Encoding: chunked", b"Transfer-Encoding : chunked", b"X: transfer-encoding",
        b"X-Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 0",
    ):  # fmt: skip
        for version in (b"HTTP/1.1", b"HTTP/1.0"):
            raw = ask(b"/plain", line, version=version)
            yield f"{line!r} of {version.decode()}", raw + b"0\r\n\r\n"
    expecting = (b"Expect: 100-continue", b"Content-Length: 3")
    yield "asks to go on", ask(b"/plain", *expecting, method=b"POST") + b"abc"


def _headers() -> _Named:
    for line in (
        b"no colon", b":", b": x", b"X", b"X:", b"X: ", b"X:\t", b"X :y", b"X\t: y", b" X: y",
        b"\tX: y", b"X: y\r\n folded", b"X: y\r\n\tfolded", b"X: y\r\n ", b"X:\r\n y", b"X: a\x00b",
        b"X: a\x01b", b"X: a\x7fb", b"X: a\tb", b"X: \xc3\xa4", b"X: \xff", b"X: a\rb", b"X: a\nb",
        b"X\x00: y", b"X\xc3\xa4: y", b"X(: y", b"X@: y", b"X/y: z", b"X\"y: z", b"X{}: z",
        b"X;: z",
        b"X!#$%&'*+-.^`|~: y", b"X_Y: z", b"_: y", b"__: y", b"-: y", b"1: y", b"X:: y", b"X: :",
        b"X: a : b", b"X: \"quoted\"", b"X: a\x0bb", b"X: a\x0cb", b"X: \x85", b"X: \xa0",
        b"X:\x0b",
        b"X: a\x85", b"X: a\xa0", b"X:  a  ", b"X: a\x1fb", b"X: y\r\nX: z", b"X: y\r\nx: y",
        b"X_Forwarded_For: 203.0.113.9", b"User_Agent: x", b"Cookie_: klid=x", b"X-\xe2\x80\x8b: y",
    ):  # fmt: skip
        yield repr(line), ask(b"/everything", line)
        yield f"{line!r} after an agent", ask(b"/everything", b"User-Agent: a", line, b"A: b")
        yield f"{line!r} before Host", b"GET /x HTTP/1.1\r\n" + line + b"\r\nHost: x\r\n\r\n"
    for size in (8000, 8100, 8192, 9000, 16_000, 16_380, 16_390, 33_000, 65_000, 65_500, 66_000):
        yield f"a value of {size}", ask(b"/plain", b"X: " + b"v" * size)
        yield f"a name of {size}", ask(b"/plain", b"n" * size + b": v")
        yield f"an agent of {size}", ask(b"/plain", b"User-Agent: " + b"u" * size)
    for size in (1000, 8000, 16_000, 32_000, 60_000, 65_000, 70_000):
        lines = [b"X-%d: %b" % (at, b"v" * 190) for at in range(size // 200)]
        yield f"{size} bytes of headers", ask(b"/plain", *lines)
    for number in (10, 98, 99, 100, 101, 150, 198, 199, 200, 201, 300, 3000):
        yield f"{number} headers", ask(b"/plain", *[b"X-%d: y" % at for at in range(number)])
        yield f"{number} times the same", ask(b"/plain", *[b"X: y"] * number)


def _visitors() -> _Named:
    """What a visit reads of its headers."""
    ok, bad = b"klid=" + _KLID, b"klid=nonsense"
    for slug in (b"/plain", b"/everything", b"/split", b"/rules"):
        for line in (
            b"Cookie: " + ok, b"Cookie: " + bad, b"Cookie: " + ok + b"; " + ok,
            b"Cookie: a=b; " + ok,
            b"Cookie: " + bad + b"; " + ok, b"Cookie: " + ok + b"\r\nCookie: " + bad, b"Cookie:",
            b"Cookie: " + bad + b"\r\ncookie: " + ok, b"Cookie: xklid=" + _KLID, b"Cookie: klid",
            b"Cookie: klid=", b"Cookie: klid=\"" + _KLID + b"\"", b"Cookie: KLID=" + _KLID,
            b"Cookie: " + ok + b" ", b"Cookie: \xff" + ok, b"Cookie: ;;;" + ok, b"Cookie: a," + ok,
            b"DNT: 1", b"DNT: 0", b"DNT: 1\r\nDNT: 1", b"dnt:1", b"Sec-GPC: 1", b"Sec-GPC: ?1",
            b"Purpose: prefetch", b"Sec-Purpose: prefetch", b"Sec-Purpose: prefetch;prerender",
            b"Sec-Purpose: x", b"X-Moz: prefetch", b"Purpose: preview", b"purpose: PREFETCH",
            b"Accept-Language: de", b"Accept-Language: de-AT,en;q=0.5", b"Accept-Language: *",
            b"Accept-Language: en;q=0,de;q=0.1", b"Accept-Language:", b"Accept-Language: \xff",
            b"Accept-Language: de\r\nAccept-Language: en", b"Accept-Language: ;q=", b"User-Agent:",
            b"Accept-Language: " + b"en-GB,de;q=0.7," * 60, b"User-Agent: " + _PHONE,
            b"User-Agent: curl/8.0", b"User-Agent: Googlebot/2.1", b"User-Agent: Twitterbot/1.0",
            b"User-Agent: a\r\nUser-Agent: b", b"User-Agent: \xc3\xa4\xff", b"User-Agent: \"\\",
            b"Referer: https://a.example/b", b"Referer: http://u:p@a.example:8080/b?c#d",
            b"Referer: android-app://com.example", b"Referer: nonsense", b"Referer:",
            b"Referer: https://\xc3\xa4.example/",
            b"Referer: " + b"https://a.example/" + b"x" * 600,
            b"Referer: a\r\nReferer: b", b"Referrer: https://a.example/", b"CF-IPCountry: US",
        ):  # fmt: skip
            yield f"{slug.decode()} {line[:80]!r}{len(line)}", ask(slug, line)


def _forwarded() -> _Named:
    """What a proxy says, and what strangers say that they are none of."""
    for line in (
        b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-For: 2001:db8::1", b"X-Forwarded-For: x",
        b"X-Forwarded-For: 198.51.100.1, 203.0.113.9", b"X-Forwarded-For: 203.0.113.9, 127.0.0.2",
        b"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.9", b"X-Forwarded-For:",
        b"X-Forwarded-For: 203.0.113.9:4711", b"X-Forwarded-For: [2001:db8::1]:4711",
        b"X-Forwarded-For: 203.0.113.9,", b"X-Forwarded-For: \xff",
        b"X-Forwarded-For: ::ffff:1.2.3.4",
        b"X_Forwarded_For: 203.0.113.9", b"X-Forwarded_For: 203.0.113.9",
        b"x-forwarded-for:8.8.8.8",
        b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http", b"X-Forwarded-Proto: HTTPS",
        b"X-Forwarded-Proto: https, http", b"X-Forwarded-Proto: http,https",
        b"X-Forwarded-Proto: x",
        b"X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http", b"X-Forwarded-Proto:",
        b"X-Forwarded-Host: links.example.com", b"X-Forwarded-Host: LINKS.example.com:80",
        b"X-Forwarded-Host: unknown.example", b"X-Forwarded-Host: x, links.example.com",
        b"X-Forwarded-Host: a b", b"X-Forwarded-Host:", b"X-Forwarded-Port: 443",
        b"Forwarded: for=203.0.113.9;proto=https", b"X-Real-IP: 203.0.113.9", b"CF-IPCountry: us",
        b"CF-IPCountry: XX", b"CF-IPCountry: USA", b"CF-IPCountry: US\r\nCF-IPCountry: DE",
        b"CF_IPCountry: US", b"X-Forwarded-Ssl: on", b"Front-End-Https: on",
    ):  # fmt: skip
        yield f"forwarded: {line!r}", ask(b"/everything", line)
        yield f"forwarded, to rules: {line!r}", ask(b"/rules?q", line)
        yield f"forwarded, unknown: {line!r}", ask(b"/nothing", line)


def _pipelines() -> _Named:
    one, other, missing = ask(), ask(b"/forward?a=2"), ask(b"/nothing")
    closing = ask(b"/plain", b"Connection: close")
    old = ask(version=b"HTTP/1.0")
    post = ask(b"/secret", b"Content-Length: 3", method=b"POST") + b"abc"
    yield "two", one * 2
    yield "three", one + other + one
    yield "fifty", (one + other) * 25
    yield "a page between", one + missing + other
    yield "a page first", missing + one
    yield "a page last", one + missing
    yield "a form between", one + post + one
    yield "a HEAD between", one + ask(method=b"HEAD") + one
    yield "nothing after a close", one + closing + other
    yield "nothing after HTTP/1.0", one + old + other
    yield "nonsense at the end", one + b"nonsense\r\n\r\n"
    yield "nonsense first", b"nonsense\r\n\r\n" + one
    yield "half a one", one + other[:-10]
    yield "with empty lines", one + b"\r\n\r\n" + other + b"\r\n"
    yield (
        "one that is hidden in a length",
        ask(b"/plain", b"Content-Length: %d" % len(other)) + other,
    )
    yield "one behind a length of nothing", ask(b"/plain", b"Content-Length: 0") + other


_GROUPS: tuple[Callable[[], _Named], ...] = (
    _links, _targets, _lines, _hosts, _bio_pages, _connections, _bodies, _headers, _visitors,
    _pipelines,
)  # fmt: skip
