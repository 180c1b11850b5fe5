"""The file that proves a claim, fetched by the real client from sites on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpcore
import pytest

from klink.core.context import Context
from klink.core.domains import Finding, instructions, look
from tests.core.domains.conftest import HOST
from tests.dns import Names
from tests.fetching.sites import PUBLIC, Visit, Wire, World, redirect, world

TOKEN = "0123456789abcdef0123456789abcdef"
HTTP, HTTPS = 80, 443


@dataclass
class Plain(Wire):
    """Nobody listens for HTTPS, as on a host that has no certificate yet."""

    def connect_tcp(self, host: str, port: int, *more: Any, **named: Any) -> Any:
        stream = super().connect_tcp(host, port, *more, **named)
        if port == HTTPS:
            stream.close()
            raise httpcore.ConnectError("nobody there")
        return stream


@pytest.fixture
def web() -> Iterator[World]:
    with world() as made:
        made.wire = Plain()
        made.names.known[HOST] = [[PUBLIC]]
        yield made


def text(body: bytes, status: bytes = b"200 OK") -> bytes:
    head = b"HTTP/1.1 %b\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def findings(ctx: Context, web: World) -> list[Finding]:
    return list(look(ctx.settings, HOST, TOKEN, web.fetcher()))


def test_the_file_is_asked_for_by_https_and_then_by_http(ctx: Context, web: World) -> None:
    site = web.site(text(TOKEN.encode() + b"\n"))
    dns, file = findings(ctx, web)
    assert (dns.method, dns.outcome) == ("dns", "missing")
    assert (file.method, file.outcome) == ("file", "found")
    assert file.text == f"http://{HOST}/.well-known/klink-verify.txt holds the token"
    assert [port for _, port in web.wire.asked] == [HTTPS, HTTP]
    assert site.requests[-1].startswith(b"GET /.well-known/klink-verify.txt HTTP/1.1\r\n")


def test_a_record_that_is_there_spares_the_file(ctx: Context, web: World, names: Names) -> None:
    names.prove(HOST, TOKEN)
    assert [each.method for each in findings(ctx, web)] == ["dns"]
    assert web.wire.asked == []


@pytest.mark.parametrize(
    "answer, says",
    [
        (text(b"secret of another"), "holds something else"),
        (text(b""), "holds something else"),
        (text(TOKEN.encode() + b"x"), "holds something else"),
        (text(TOKEN.encode() + b" " * 2000), "holds something else"),
        (text(TOKEN.encode(), b"404 Not Found"), "has the status 404"),
        (text(TOKEN.encode(), b"203 Whatever"), "has the status 203"),
    ],
)
def test_what_is_no_proof_is_told_without_what_it_holds(
    ctx: Context, web: World, answer: bytes, says: str
) -> None:
    web.site(answer)
    _, file = findings(ctx, web)
    assert file.outcome == "missing"
    assert says in file.text
    assert "secret" not in file.text


def test_another_hosts_file_proves_nothing(ctx: Context, web: World) -> None:
    web.names.known["other.example"] = [[PUBLIC]]

    def answer(visit: Visit) -> None:
        if b"Host: other.example" in visit.request:
            visit.send(text(TOKEN.encode()))
        else:
            visit.send(redirect(b"http://other.example/.well-known/klink-verify.txt"))

    web.site(answer)
    _, file = findings(ctx, web)
    assert file.outcome == "missing"
    assert "leads to another host" in file.text
    assert "other.example" not in file.text


def test_a_redirect_on_the_host_itself_is_followed(ctx: Context, web: World) -> None:
    def answer(visit: Visit) -> None:
        if visit.request.startswith(b"GET /moved"):
            visit.send(text(TOKEN.encode()))
        else:
            visit.send(redirect(b"/moved"))

    web.site(answer)
    assert findings(ctx, web)[1].outcome == "found"


def test_a_host_that_cannot_be_reached_says_nothing_about_the_proof(
    ctx: Context, web: World
) -> None:
    web.names.known = {}
    _, file = findings(ctx, web)
    assert file.outcome == "unknown"
    assert file.text.count("(dns)") == 2


def test_a_host_inside_is_not_asked(ctx: Context, web: World) -> None:
    web.names.known[HOST] = [["10.0.0.7"]]
    _, file = findings(ctx, web)
    assert (file.outcome, web.wire.asked) == ("unknown", [])
    assert "(private)" in file.text


def test_the_instructions_name_the_record_and_the_file() -> None:
    assert tuple(instructions(HOST, TOKEN)) == (
        "_klink.go.acme.example",
        f"klink-verify={TOKEN}",
        "https://go.acme.example/.well-known/klink-verify.txt",
        TOKEN,
    )
