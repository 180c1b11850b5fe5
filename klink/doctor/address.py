"""The address that people use: whether this klink answers there, and what a proxy passes on."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from klink.core import proof
from klink.doctor.finding import CannotTell, Finding
from klink.doctor.scene import Scene, Server
from klink.fetching import Fetched, Fetcher, Refused, Unreachable

__all__ = ["address", "met_server", "proxies"]

_TIMEOUT_S = 10.0
_LISTENS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - nothing is bound
_ENOUGH = 100  # requests, before a share of them says anything

_REASONS = {
    "dns": ("base-url-dns", "its name has no address"),
    "tls": ("base-url-tls", "its certificate is not to be trusted, or it speaks no TLS"),
    "redirects": ("base-url-redirects", "it leads to another address"),
    "timeout": ("base-url-unreachable", f"nothing came in {_TIMEOUT_S:.0f} seconds"),
    "connect": ("base-url-unreachable", "nobody answers there"),
    "protocol": ("base-url-answer", "what answers there speaks no HTTP, or breaks off"),
}


def met_server(listen_host: str, port: int, secret: bytes | None, fetcher: Fetcher) -> Server:
    """What answers where klink is to listen."""
    host = _LISTENS.get(listen_host, listen_host)
    if port == 0 or secret is None:
        return Server("unknown")
    shown = f"[{host}]" if ":" in host else host
    try:
        got, asked = _ask(fetcher, f"http://{shown}:{port}", secret)
    except Refused:
        return Server("unknown")
    except Unreachable as error:
        return Server("stopped" if error.reason in ("connect", "dns") else "other")
    facts = proof.read_answer(secret, asked, got.headers.get(proof.HEADER.lower(), ""))
    return Server("other") if facts is None else Server("running", facts)


def address(scene: Scene) -> Iterable[Finding]:
    """Whether this klink answers at ``server.base_url``, and sees that it is asked there."""
    if scene.server.state in ("stopped", "unknown") or scene.secret is None:
        raise CannotTell("no server runs at server.listen")
    base = scene.config.server.base_url
    try:
        got, asked = _ask(scene.fetcher, base, scene.secret)
    except Refused:
        raise CannotTell(f"klink does not ask an address such as {base}") from None
    except Unreachable as error:
        code, words = _REASONS.get(error.reason, ("base-url-answer", "no answer can be used"))
        yield Finding(code, f"{base}: {words}")
        return
    facts = proof.read_answer(scene.secret, asked, got.headers.get(proof.HEADER.lower(), ""))
    if facts is not None:
        yield from _passed_on(scene, facts)
    elif got.status == 200 and got.body.strip() == b"ok":
        yield Finding("base-url-other", f"{base}: what answers there is not this klink")
    else:
        yield Finding("base-url-answer", f"{base}: /health answers {got.status}, not klink's ok")


def _ask(fetcher: Fetcher, base: str, secret: bytes) -> tuple[Fetched, str]:
    asked = proof.question(secret)
    got = fetcher.get(
        f"{base}/health?{secrets.token_hex(4)}",  # so that no cache answers
        timeout_s=_TIMEOUT_S,
        max_bytes=1024,
        max_redirects=0,
        accept=("*/*",),
        headers={proof.HEADER: asked},
    )
    return got, asked


def _passed_on(scene: Scene, facts: Mapping[str, object]) -> Iterator[Finding]:
    """What klink saw of the request that went by the address that people use."""
    base = urlsplit(scene.config.server.base_url)
    seen_host, seen_scheme = str(facts.get("host")), str(facts.get("scheme"))
    if facts.get("ignored_forwarded"):
        yield Finding(
            "proxy-untrusted",
            f"a request by {scene.config.server.base_url} came through {facts.get('peer')}, whose "
            "X-Forwarded-For is not believed",
        )
        return  # of which the rest may follow
    if base.scheme == "https" and not facts.get("has_forwarded"):
        yield Finding(
            "proxy-silent",
            f"a request by {scene.config.server.base_url} came through {facts.get('peer')} without "
            "an X-Forwarded-For",
        )
    if seen_host.lower() != base.netloc.lower():
        yield Finding("proxy-host", f"asked at {base.netloc}, klink is told {seen_host[:100]}")
    if seen_scheme != base.scheme:
        yield Finding("proxy-scheme", f"asked by {base.scheme}, klink is told {seen_scheme[:10]}")


def proxies(scene: Scene) -> Iterable[Finding]:
    """Whether a proxy stands in front that the configuration does not name."""
    server = scene.config.server
    if urlsplit(server.base_url).scheme == "https" and not server.trusted_proxies:
        yield Finding(
            "proxy-untrusted",
            "server.base_url is https://, so a proxy stands in front, and server.trusted_proxies "
            "names none",
        )
        return
    told = scene.server.facts.get("forwarded")
    if not isinstance(told, Mapping):
        raise CannotTell("no server runs at server.listen")
    callers, ignored, near = (_number(told, each) for each in ("callers", "ignored", "near"))
    if near:
        yield Finding(
            "proxy-untrusted",
            f"X-Forwarded-For came {near:,} times from {_shown_peer(told)}, which "
            "server.trusted_proxies does not name",
        )
    elif ignored >= _ENOUGH and ignored * 2 > callers:
        yield Finding(
            "proxy-untrusted",
            f"{ignored:,} of {callers:,} visitors came with an X-Forwarded-For from peers that "
            "server.trusted_proxies does not name",
        )


def _number(told: Mapping[str, object], name: str) -> int:
    value = told.get(name)
    return value if isinstance(value, int) else 0


def _shown_peer(told: Mapping[str, object]) -> str:
    try:
        return str(ip_address(str(told.get("peer"))))
    except ValueError:
        return "a unix socket"
