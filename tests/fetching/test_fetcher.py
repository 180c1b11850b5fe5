"""What is sent, what comes back, and where each of it ends."""

from __future__ import annotations

import gzip
import itertools
import ssl
import threading
import time
import zlib
from collections.abc import Iterator

import pytest
import trustme

from klink.fetching import FetchError, Refused
from tests.fetching.sites import PUBLIC, PUBLIC_6, Visit, World, page, redirect

URL = "http://site.example/"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
LIMIT_S = 0.4


def reason(world: World, url: str = URL, timeout_s: float = LIMIT_S) -> str:
    """Why a page was not had, in about the time that it was given."""
    began = time.monotonic()
    with pytest.raises(FetchError) as failed:
        world.fetcher().get(url, timeout_s=timeout_s)
    assert time.monotonic() - began < timeout_s + 2
    return failed.value.reason


def test_a_page_comes_back_with_what_it_says_of_itself(world: World):
    site = world.site(page("grün".encode()))
    got = world.fetcher().get("http://site.example/a b?c=d%20e#f")
    assert (got.status, got.url, got.host) == (
        200, "http://site.example/a%20b?c=d%20e", "site.example",
    )  # fmt: skip
    assert (got.content_type, got.text, got.is_complete) == ("text/html", "grün", True)
    assert got.retry_after_s is None
    head, _, body = site.requests[0].partition(b"\r\n\r\n")
    assert body == b""
    assert head.split(b"\r\n") == [
        b"GET /a%20b?c=d%20e HTTP/1.1",
        b"Host: site.example",
        b"User-Agent: klink/1.0 (+https://go.example)",
        b"Accept: text/html, application/xhtml+xml",
        b"Accept-Encoding: gzip, deflate",
        b"Connection: close",
    ]


def test_nothing_is_kept_from_one_answer_to_the_next(world: World):
    def answer(visit: Visit) -> None:
        start = b"HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\nLocation: /next\r\n"
        visit.send(page(b"x") if b"/next" in visit.request else start + b"\r\n")

    site = world.site(answer)
    world.fetcher().get(URL)
    assert len(site.requests) == 2
    assert not any(b"cookie" in r.lower() or b"referer" in r.lower() for r in site.requests)


def test_a_proxy_of_the_environment_is_not_asked(world: World, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    world.site(page(b"x"))
    world.fetcher().get(URL)
    assert world.wire.asked == [(PUBLIC, 80)]


def test_head_asks_for_no_body(world: World):
    site = world.site(HEAD + b"Content-Length: 1000000\r\n\r\n")
    got = world.fetcher().get(URL, method="HEAD")
    assert (got.status, got.body, got.is_complete) == (200, b"", False)
    assert site.requests[0].startswith(b"HEAD / ")


def test_the_second_address_is_tried_when_the_first_is_dead(world: World):
    world.site(page(b"x"))
    world.wire.dead = (PUBLIC_6,)
    world.names.known["site.example"] = [[PUBLIC_6, PUBLIC]]
    assert world.fetcher().get(URL).text == "x"
    assert world.wire.asked == [(PUBLIC_6, 80), (PUBLIC, 80)]


@pytest.mark.parametrize("status", [204, 304, 401, 403, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer(world: World, status: int):
    world.site(b"HTTP/1.1 %d x\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n" % status)
    assert world.fetcher().get(URL).status == status


def test_a_redirect_that_names_nothing_is_an_answer(world: World):
    world.site(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")
    assert world.fetcher().get(URL).status == 302


@pytest.mark.parametrize(
    "value, seconds",
    [(b"120", 120), (b"0", 0), (b"Wed, 21 Oct 2015 07:28:00 GMT", 0), (b"soon", None),
     (b"-5", None), (b"99999999999999999999", 999_999_999), ("²".encode(), None),
     (b"Fri, 31 Dec 9999 23:59:59 GMT", 999_999_999), (b"", None)],
)  # fmt: skip
def test_when_to_come_again_is_read(world: World, value: bytes, seconds: int | None):
    world.site(page(b"", b"Retry-After: " + value, status=b"503 x"))
    assert world.fetcher().get(URL).retry_after_s == seconds


# --- Bodies ---------------------------------------------------------------------------------


def gzipped(data: bytes) -> bytes:
    return page(gzip.compress(data, mtime=0), b"Content-Encoding: gzip")


@pytest.mark.parametrize(
    "answer",
    [
        page(b"hello"),
        gzipped(b"hello"),
        page(
            gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0),
            b"Content-Encoding: GZIP",
        ),
        page(zlib.compress(b"hello"), b"Content-Encoding: deflate"),
        page(zlib.compress(b"hello", wbits=-15), b"Content-Encoding: deflate"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        HEAD + b"\r\nhello",
        b"HTTP/1.0 200 OK\r\ncontent-type: TEXT/HTML\r\n\r\nhello",
        b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + page(b"hello"),
    ],
)
def test_a_body_is_read_however_it_is_packed(world: World, answer: bytes):
    world.site(answer)
    got = world.fetcher().get(URL)
    assert (got.text, got.is_complete) == ("hello", True)


def test_a_body_that_is_too_long_is_cut_and_not_called_complete(world: World):
    world.site(page(b"a" * 1001))
    got = world.fetcher().get(URL, max_bytes=1000)
    assert (len(got.body), got.is_complete) == (1000, False)


@pytest.mark.parametrize("packed", [True, False])
def test_a_body_that_just_fits_is_complete(world: World, packed: bool):
    world.site(gzipped(b"a" * 1000) if packed else page(b"a" * 1000))
    got = world.fetcher().get(URL, max_bytes=1000)
    assert (len(got.body), got.is_complete) == (1000, True)


def test_a_page_of_a_gigabyte_is_left_after_two_megabytes(world: World):
    sent: list[int] = []

    def answer(visit: Visit) -> None:
        visit.connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
        for _ in range(16_384):
            visit.connection.sendall(b"x" * 65_536)
            sent.append(65_536)

    site = world.site(answer)
    got = world.fetcher().get(URL)
    assert (len(got.body), got.is_complete) == (2 * 1024 * 1024, False)
    site.end()
    assert sum(sent) < 64 * 1024 * 1024  # what the system's buffers hold


def test_a_bomb_is_unpacked_no_further_than_two_megabytes(world: World):
    bomb = zlib.compressobj(9, wbits=31)
    packed = b"".join(bomb.compress(b"\0" * 1_048_576) for _ in range(256)) + bomb.flush()
    world.site(page(packed, b"Content-Encoding: gzip"))
    got = world.fetcher().get(URL)
    assert (len(got.body), got.is_complete) == (2 * 1024 * 1024, False)


def test_a_packed_body_that_breaks_off_is_not_complete(world: World):
    world.site(page(gzip.compress(b"hello")[:-4], b"Content-Encoding: gzip"))
    assert world.fetcher().get(URL).is_complete is False


@pytest.mark.parametrize("content_type", [b"image/png", b"application/pdf", b"text/plain", b""])
def test_a_body_of_another_type_is_not_read(world: World, content_type: bytes):
    world.site(b"HTTP/1.1 200 OK\r\nContent-Type: " + content_type + b"\r\n\r\nhello")
    got = world.fetcher().get(URL)
    assert (got.body, got.is_complete) == (b"", False)


def test_a_body_of_any_type_is_read_when_it_is_asked_for(world: World):
    world.site(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello")
    assert world.fetcher().get(URL, accept=("*/*",)).text == "hello"


@pytest.mark.parametrize(
    "declared, body, text",
    [
        ("text/html; charset=ISO-8859-1", "grün".encode("latin-1"), "grün"),
        ('text/html; charset="windows-1251"', "да".encode("cp1251"), "да"),
        ("text/html; charset=utf-16", "grün".encode("utf-16"), "grün"),
        ("text/html", "grün".encode("utf-16"), "grün"),
        ("text/html; charset=punycode", b"a-b", "a-b"),
        ("text/html; charset=utf-7", b"+AGE-", "+AGE-"),
        ("text/html; charset=nonsense", b"a\xff", "a\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_body_is_text_in_its_charset(world: World, declared: str, body: bytes, text: str):
    world.site(b"HTTP/1.1 200 OK\r\nContent-Type: " + declared.encode() + b"\r\n\r\n" + body)
    assert world.fetcher().get(URL).text == text


# --- Trouble ---------------------------------------------------------------------------------


def test_a_name_that_nobody_knows(world: World):
    assert reason(world, "http://unknown.example/") == "dns"


def test_a_resolver_that_says_nothing(world: World):
    over = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        over.wait(20)
        return [PUBLIC]

    world.names = resolve  # type: ignore[assignment]
    assert reason(world) == "timeout"
    over.set()


@pytest.mark.parametrize("answers", [[], ["no address"], [PUBLIC, "no address"]])
def test_a_resolver_that_says_nonsense(world: World, answers: list[str]):
    world.names.known["site.example"] = [answers]
    assert reason(world) == "dns"
    assert world.wire.asked == []


def test_a_port_that_nobody_listens_at(world: World):
    site = world.site(b"")
    site.end()
    assert reason(world) == "connect"


def test_a_server_that_never_answers(world: World):
    world.site(Visit.say_nothing)
    assert reason(world) == "timeout"


def test_headers_that_come_a_byte_at_a_time(world: World):
    world.site(lambda visit: visit.send_slowly([HEAD[i : i + 1] for i in range(len(HEAD))]))
    assert reason(world) == "timeout"


def test_a_body_that_dribbles(world: World):
    def answer(visit: Visit) -> None:
        visit.send(HEAD + b"Content-Length: 100000\r\n\r\n")
        visit.send_slowly(itertools.repeat(b"x"))

    world.site(answer)
    assert reason(world) == "timeout"


def test_redirects_that_each_take_their_time(world: World):
    def answer(visit: Visit) -> None:
        visit.over.wait(0.15)
        visit.send(redirect(b"/again"))

    world.site(answer)
    assert reason(world) == "timeout"


def test_redirects_without_end(world: World):
    site = world.site(redirect(b"/again"))
    assert reason(world, timeout_s=10) == "redirects"
    assert len(site.requests) == 6


def test_five_redirects_are_followed(world: World):
    count = itertools.count()
    world.site(lambda v: v.send(redirect(b"/again") if next(count) < 5 else page(b"there")))
    assert world.fetcher().get(URL).text == "there"


def endless(first: bytes, part: bytes) -> Iterator[bytes]:
    yield first
    yield from itertools.repeat(part)


@pytest.mark.parametrize(
    "first, part",
    [
        (HEAD, b"X-Long: " + b"x" * 8000 + b"\r\n"),
        (HEAD + b"X-Long: ", b"x" * 8000),
        (b"", b"HTTP/1.1 100 Continue\r\nX-Long: " + b"x" * 8000 + b"\r\n\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1;x=" + b"x" * 8000 + b"\r\na\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Long: " + b"x" * 8000 + b"\r\n"),
    ],
)
def test_what_has_no_end_around_a_body(world: World, first: bytes, part: bytes):
    world.site(lambda visit: visit.send_slowly(endless(first, part), every_s=0))
    assert reason(world, timeout_s=20) in ("protocol", "too_large")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: -1\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffffffffff\r\nhello",
        b"HTTP/1.1 200 OK\r\nBad Header : x\r\n\r\n",
        b"HTTP/1.1 999999 OK\r\n\r\n",
    ],
)
def test_an_answer_that_is_broken_off_or_no_http(world: World, answer: bytes):
    world.site(answer)
    assert reason(world) == "protocol"


def test_a_switch_to_another_protocol_is_not_followed(world: World):
    world.site(
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n"
        b"Content-Type: text/html\r\n\r\nhello"
    )
    assert reason(world) == "protocol"


@pytest.mark.parametrize("encoding", [b"br", b"gzip, gzip", b"zstd", b"compress", b"gzip"])
def test_a_body_packed_as_nobody_asked_for(world: World, encoding: bytes):
    world.site(page(b"no such thing", b"Content-Encoding: " + encoding))
    assert reason(world) == "encoding"


def test_errors_repeat_nothing_of_what_was_asked_or_received(world: World):
    world.site(redirect(b"http://169.254.169.254/secret"))
    with pytest.raises(Refused) as failed:
        world.fetcher().get("http://site.example/token")
    assert str(failed.value) == "private"


# --- TLS -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_site(world: World, authority: trustme.CA, *names: str) -> None:
    """A site with a certificate for ``names``, by an authority that the fetcher believes."""
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(*names).configure_cert(ours)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    world.trust = trust
    world.site(page(b"hello"), ours)


def test_a_certificate_is_held_against_the_name_and_not_the_address(
    world: World, authority: trustme.CA
):
    tls_site(world, authority, "site.example")
    assert world.fetcher().get("https://site.example/").text == "hello"
    assert world.wire.asked == [(PUBLIC, 443)]


def test_a_dot_at_the_end_of_a_name_changes_nothing(world: World, authority: trustme.CA):
    tls_site(world, authority, "site.example")
    assert world.fetcher().get("https://site.example./").host == "site.example"


def test_a_certificate_for_an_address_serves_that_address(world: World, authority: trustme.CA):
    tls_site(world, authority, PUBLIC, PUBLIC_6)
    assert world.fetcher().get(f"https://{PUBLIC}/").text == "hello"
    assert world.fetcher().get(f"https://[{PUBLIC_6}]/").text == "hello"
    assert world.names.asked == []


@pytest.mark.parametrize("name", ["other.example", PUBLIC])
def test_a_certificate_for_another_name(world: World, authority: trustme.CA, name: str):
    tls_site(world, authority, name)
    assert reason(world, "https://site.example/", 5) == "tls"


def test_a_certificate_that_nobody_vouches_for(world: World, authority: trustme.CA):
    tls_site(world, authority, "site.example")
    world.trust = None
    assert reason(world, "https://site.example/", 5) == "tls"


def test_a_server_that_speaks_no_tls(world: World):
    world.site(page(b"hello"))
    assert reason(world, "https://site.example/") in ("tls", "timeout")


def test_a_handshake_that_never_ends(world: World):
    world.site(Visit.say_nothing)
    assert reason(world, "https://site.example/") == "timeout"
