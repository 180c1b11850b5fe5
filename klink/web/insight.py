"""Who may look at klink's insides: ``/ready`` and ``/metrics``."""

from __future__ import annotations

from ipaddress import ip_address

from flask import request

from klink.core.client_address import client_address
from klink.web.client import client
from klink.web.parts import parts

__all__ = ["may_look_inside"]


def may_look_inside() -> bool:
    """Both the peer and whom it speaks for are in ``[metrics] allow`` (contract: operating).

    A request that an untrusted proxy forwards comes from anybody, whatever its address.
    """
    asks = client()
    if asks.ignored_forwarded:
        return False
    peer = client_address(request.environ.get("REMOTE_ADDR") or "", "", "", {}, ()).address
    return all(_is_allowed(address) for address in (peer, asks.address))


def _is_allowed(address: str) -> bool:
    if not address:
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in parts().metrics_allow)
