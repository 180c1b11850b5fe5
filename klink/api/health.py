"""Whether the server lives, and whether it is well; at the root, without a key."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import ip_address

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from klink.api import render
from klink.clicks.geoip import GeoStatus
from klink.core.client_address import client_address
from klink.core.errors import DatabaseBusy
from klink.core.times import from_ms, to_ms
from klink.db import meta
from klink.db.connection import engine
from klink.jobs.runs import JobRun
from klink.web.client import client
from klink.web.parts import context, parts

_DAY_MS = 86_400_000

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Say that the process answers, and nothing else, to anyone."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/ready")
def ready() -> Response:
    """How the server is: 200, or 503 when it cannot do its work.

    Only for peers in ``[metrics] allow``; for others there is nothing here.
    """
    if not _may_know():
        raise NotFound
    own = parts()
    answers = _database_answers()
    ledger = own.ledger.status()
    body = {
        "status": "ready" if answers else "not ready",
        "version": own.version,
        "database": {"engine": engine(), "answers": answers},
        "ledger": ledger._asdict() | {"lag_s": round(ledger.lag_s, 1)},
        "geoip": _geoip(own.geoip.status()),
        "jobs": [_job(run) for _, run in sorted(own.jobs_status().items())],
    }
    response = render.answer(body, 200 if answers else 503)
    response.headers["Cache-Control"] = "no-store"
    return response


def _may_know() -> bool:
    """Both the peer and whom it speaks for are allowed (operating: ``/ready``)."""
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


def _database_answers() -> bool:
    try:
        meta.under("")
    except DatabaseBusy:
        return False
    return True


def _geoip(status: GeoStatus) -> dict[str, object]:
    built = status.built_at_ms
    age = None if built is None else max(0, to_ms(context().now) - built) // _DAY_MS
    return {
        "state": status.state,
        "built_at": None if built is None else render.time(from_ms(built)),
        "age_days": age,
    }


def _job(run: JobRun) -> dict[str, object]:
    shown = asdict(run)
    shown["started_at"] = render.time(run.started_at)
    shown["last_error_at"] = render.time(run.last_error_at)
    return shown
