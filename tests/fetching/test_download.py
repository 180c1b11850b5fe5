"""Files that are larger than memory may be: handed on in parts, bounded, and whole or refused."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable

import pytest
import trustme

from klink.fetching import Downloaded, FetchError
from tests.fetching.sites import PUBLIC, Visit, World, redirect

URL = "http://site.example/file"
KEY = {"Authorization": "Basic c2VjcmV0"}


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK", length: int = -1) -> bytes:
    """An answer that says it is ``length`` long."""
    size = len(body) if length < 0 else length
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % size, *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def downloaded(world: World, max_bytes: int = 1000, url: str = URL) -> tuple[Downloaded, bytes]:
    parts: list[bytes] = []
    got = world.fetcher().download(url, parts.append, max_bytes=max_bytes, timeout_s=5, headers=KEY)
    return got, b"".join(parts)


def test_a_file_is_handed_on_with_what_the_answer_says_of_it(world: World):
    site = world.site(answer(b"x" * 1000, b'ETag: "one"', b"Retry-After: 7"))
    got, body = downloaded(world)
    assert (got.status, got.size, body) == (200, 1000, b"x" * 1000)
    assert (got.headers["etag"], got.retry_after_s) == ('"one"', 7)
    assert b"\r\nAccept-Encoding: identity\r\n" in site.requests[0]
    assert b"\r\nAuthorization: Basic c2VjcmV0\r\n" in site.requests[0]


def test_nothing_is_handed_on_of_an_answer_that_is_not_the_file(world: World):
    world.site(answer(b"sorry", status=b"404 Not Found"))
    got, body = downloaded(world)
    assert (got.status, got.size, body) == (404, 0, b"")


def _endless(visit: Visit) -> None:
    visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 5000)


@pytest.mark.parametrize(
    "sent, reason",
    [
        (answer(b"x" * 1001), "too_large"),
        (answer(b"x" * 10, length=500), "protocol"),
        (answer(gzip.compress(bytes(50_000)), b"Content-Encoding: gzip"), "too_large"),
        (answer(gzip.compress(b"x" * 500)[:-9], b"Content-Encoding: gzip"), "protocol"),
        (answer(b"x", b"Content-Encoding: br"), "encoding"),
        (_endless, "too_large"),
    ],
    ids=["long", "broken off", "a bomb", "a torn pack", "another packing", "endless"],
)
def test_what_is_too_long_or_not_whole_is_refused(
    world: World, sent: bytes | Callable[[Visit], None], reason: str
):
    world.site(sent)
    with pytest.raises(FetchError) as failed:
        downloaded(world)
    assert failed.value.reason == reason


def test_a_key_goes_to_no_other_server(world: World):
    world.names.known["other.example"] = [[PUBLIC]]

    def sent(visit: Visit) -> None:
        is_first = b"Host: site.example" in visit.request
        visit.send(redirect(b"http://other.example/there") if is_first else answer(b"here"))

    site = world.site(sent)
    assert downloaded(world)[1] == b"here"
    assert [b"c2VjcmV0" in each for each in site.requests] == [True, False]


@pytest.mark.parametrize(
    "location, reason",
    [(b"http://127.0.0.1/x", "private"), (b"http://169.254.169.254/x", "private")],
)
def test_a_redirect_leads_nowhere_inside(world: World, location: bytes, reason: str):
    world.site(redirect(location))
    with pytest.raises(FetchError) as failed:
        downloaded(world)
    assert failed.value.reason == reason


def test_a_file_that_was_asked_for_by_https_never_comes_by_http(world: World):
    authority = trustme.CA()
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("site.example").configure_cert(theirs)
    world.trust = ssl.create_default_context()
    authority.configure_trust(world.trust)
    world.site(redirect(b"http://site.example/file"), theirs)
    with pytest.raises(FetchError) as failed:
        downloaded(world, url="https://site.example/file")
    assert failed.value.reason == "scheme"
