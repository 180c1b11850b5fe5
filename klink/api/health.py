"""Whether the server lives, and whether it is well; at the root, without a key."""

from __future__ import annotations

from dataclasses import fields

from flask import Blueprint, Response, request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from werkzeug.exceptions import NotFound

from klink.api import render
from klink.backups import BackupPlan
from klink.clicks.geoip import GeoStatus
from klink.core import proof
from klink.core.client_address import is_near
from klink.core.errors import DatabaseBusy
from klink.core.times import from_ms, to_ms
from klink.core.visitors import truncate
from klink.db import meta
from klink.db.connection import engine
from klink.jobs import JobRun, JobStatus
from klink.web.client import client
from klink.web.insight import may_look_inside
from klink.web.parts import context, parts

_DAY_MS = 86_400_000
_RUN = tuple(each.name for each in fields(JobRun) if each.name not in ("name", "next_at"))
_NEVER = dict.fromkeys(_RUN) | {"runs": 0, "failures": 0}

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """Say that the process answers, and nothing else, to anyone.

    But whoever asks and knows the server's secret (``klink doctor``) is told, in a header, what
    klink knows of itself and sees of the request.
    """
    response = Response("ok\n", mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    asked = request.headers.get(proof.HEADER, "")
    secret = parts().settings.secret
    if asked and proof.is_question(secret, asked):
        response.headers[proof.HEADER] = proof.answer_of(secret, asked, _facts())
    return response


def _facts() -> dict[str, object]:
    """What ``klink doctor`` wants to know; no addresses but those of proxies near by."""
    own, asks = parts(), client()
    ledger = own.ledger.status()
    peer = request.environ.get("REMOTE_ADDR") or ""
    return {
        "version": own.version,
        "host": asks.host,
        "scheme": asks.scheme,
        "has_forwarded": "X-Forwarded-For" in request.headers,
        "ignored_forwarded": asks.ignored_forwarded,
        "peer": peer if is_near(peer) else truncate(peer),
        "forwarded": own.forwarded()._asdict(),
        "ledger": ledger._asdict(),
    }


@blueprint.get("/ready")
def ready() -> Response:
    """How the server is: 200, or 503 when it cannot do its work.

    Only for peers in ``[metrics] allow``; for others there is nothing here.
    """
    if not may_look_inside():
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
        "backups": _backups(own.backups),
        "jobs": [_job(job) for job in own.jobs_status()],
    }
    response = render.answer(body, 200 if answers else 503)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/metrics")
def metrics() -> Response:
    """Everything that is counted and measured, for Prometheus.

    Only for whom ``/ready`` answers.
    """
    if not may_look_inside():
        raise NotFound
    response = Response(parts().metrics(), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    response.headers["Cache-Control"] = "no-store"
    return response


def _database_answers() -> bool:
    try:
        meta.under("")
    except DatabaseBusy:
        return False
    return True


def _backups(plan: BackupPlan | None) -> dict[str, object] | None:
    """How the newest backup stands; null where klink keeps none."""
    if plan is None:
        return None
    good = [each for each in plan.listed() if not each.problem]
    newest = good[0] if good else None
    age = None if newest is None else max(0, int((context().now - newest.at).total_seconds()))
    return {
        "enabled": plan.enabled,
        "count": len(good),
        "newest_at": render.time(newest.at) if newest else None,
        "age_s": age,
        "size_bytes": newest.size_bytes if newest else None,
    }


def _geoip(status: GeoStatus) -> dict[str, object]:
    built = status.built_at_ms
    age = None if built is None else max(0, to_ms(context().now) - built) // _DAY_MS
    return {
        "state": status.state,
        "built_at": None if built is None else render.time(from_ms(built)),
        "age_days": age,
    }


def _job(job: JobStatus) -> dict[str, object]:
    """A job and its last run; what is of that run is null when there was none."""
    shown: dict[str, object] = {
        "name": job.name,
        "every_s": job.every_s,
        "is_running": job.is_running,
        "next_at": render.time(job.next_at),
    }
    last = job.last
    ran = _NEVER if last is None else {name: getattr(last, name) for name in _RUN}
    times = {name: render.time(ran[name]) for name in _RUN if name.endswith("_at")}
    return shown | ran | times
