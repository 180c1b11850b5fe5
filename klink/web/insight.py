"""Who may look at klink's insides: ``/ready`` and ``/metrics``."""

from __future__ import annotations

from ipaddress import ip_address

from flask import request

from klink.core.client_address import client_address
from klink.web.client import client
from klink.web.parts import parts

__all__ = ["may_look_inside"]

_FORWARDED = ("Forwarded", "X-Real-IP", "Via")
"""Headers of proxies that klink does not read (RFC 7239, RFC 9110, 7.6.3)."""


def may_look_inside() -> bool:
    """Both the peer and whom it speaks for are in ``[metrics] allow`` (contract: operating).

    A request that an untrusted proxy forwards comes from anybody, whatever its address; a proxy
    that tells of it in other words than klink reads is no better.
    """
    asks = client()
    if asks.ignored_forwarded:
        return False
    if not asks.via_trusted and any(name in request.headers for name in _FORWARDED):
        return False
    peer = client_address(request.environ.get("REMOTE_ADDR") or "", "", "", {}, ()).address
    return all(_is_allowed(address) for address in (peer, asks.address))


def _is_allowed(address: str) -> bool:
    if not address:
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in parts().metrics_allow)
