"""Own domains: claim a host, prove it, say where it sends visitors, and let go of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from klink.api import render
from klink.api.domain_schemas import (
    Domain,
    DomainList,
    DomainPatchInput,
    DomainsQuery,
    NewDomainInput,
)
from klink.api.resource import Resource
from klink.core import domains as core
from klink.core.domains import DomainPatch, DomainView
from klink.core.errors import Conflict, DomainHasLinks, DomainTaken, TooBusy
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import header

blueprint = Resource("domains", "The hosts that serve a workspace's links.")

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

_PAGE = 50


@blueprint.at("/domains")
@blueprint.query(DomainsQuery)
@blueprint.answers(200, DomainList, "One page.")
def list_domains(query: Read) -> Response:
    """List the workspace's domains.

    The server's own host first, then the workspace's by their names.
    """
    page = core.find_all(context(), principal(), **{"limit": _PAGE, **query})
    items = [_rendered(view) for view in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/domains", "POST")
@blueprint.body(NewDomainInput, example={"host": "go.example.org"})
@blueprint.answers(201, Domain, "Claimed.", headers={"Location": header("Its address.")})
@blueprint.takes("Idempotency-Key")
@blueprint.refuses(Conflict, DomainTaken)
def claim_domain(read: Read) -> Response:
    """Claim a host.

    The answer says how to prove that it is yours (`proof`): set the DNS record, or put the file
    on the host, then verify it. Until then the claim is `pending` and takes nothing from
    anybody. Owners and admins of the workspace may.
    """
    answer: Response = _claim(read["host"])
    return answer


def _claimed_once(view: Any) -> Any:  # Any: a decorator that keeps what it decorates
    return idempotent(view, decorate=render.placed_by("host"))


@_claimed_once
def _claim(host: str) -> Response:
    return render.answer(_rendered(core.claim(context(), principal(), host)), 201)


@blueprint.at("/domains/<host>")
@blueprint.answers(200, Domain, "The domain.")
def read_domain(host: str) -> Response:
    """Read a domain."""
    return render.answer(_rendered(core.get(context(), principal(), host)))


@blueprint.at("/domains/<host>", "PATCH")
@blueprint.body(
    DomainPatchInput,
    content_type="application/merge-patch+json",
    example={"root_url": "https://www.example.org/", "is_default": True},
)
@blueprint.answers(200, Domain, "The domain as it is now.")
@blueprint.refuses(Conflict)
def change_domain(read: Read, host: str) -> Response:
    """Change a verified domain.

    Where the server's own host sends visitors is its admin's to say, by the command line; it may
    be made the default again here. Owners and admins of the workspace may.
    """
    return render.answer(_rendered(core.change(context(), principal(), host, DomainPatch(**read))))


@blueprint.at("/domains/<host>", "DELETE")
@blueprint.answers(204, description="Gone.")
@blueprint.refuses(Conflict, DomainHasLinks)
def remove_domain(host: str) -> Response:
    """Let go of a host.

    Refused while it has links, be they in the trash. If it was the default, the server's own host
    is that again. Owners and admins of the workspace may.
    """
    core.remove(context(), principal(), host)
    return Response(status=204)


@blueprint.at("/domains/<host>/verify", "POST")
@blueprint.answers(200, Domain, "The domain as it is now; `findings` says what was found.")
@blueprint.refuses(Conflict, DomainTaken, TooBusy)
def verify_domain(host: str) -> Response:
    """Look for the proof now.

    The status is 200 whether it was found or not: `state` says so, `findings` what was found in
    each place, and `proof` what has to be there. klink looks by itself, too, of a new claim soon
    and then ever less often. Owners and admins of the workspace may.
    """
    return render.answer(_rendered(core.verify(context(), principal(), host)))


def _rendered(view: DomainView) -> dict[str, Any]:
    return {
        "host": view.host,
        "state": view.state,
        "is_server": view.is_base,
        "is_default": view.is_default,
        "root_url": view.root_url,
        "not_found_url": view.not_found_url,
        "verified_at": render.time(view.verified_at),
        "verified_by": view.verified_by,
        "failing_since": render.time(view.failing_since),
        "proof": _proof(view),
        "checked_at": render.time(view.checked_at),
        "findings": [asdict(each) for each in view.findings],
        "next_check_at": render.time(view.next_check_at),
        "created_at": render.time(view.created_at),
    }


def _proof(view: DomainView) -> dict[str, object] | None:
    if view.token is None:
        return None
    wanted = core.instructions(view.host, view.token)
    return {
        "dns": {"type": "TXT", "name": wanted.record, "value": wanted.value},
        "file": {"url": wanted.url, "content": wanted.content},
    }
