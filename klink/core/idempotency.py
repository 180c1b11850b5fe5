"""Idempotency-Key: the same request sent twice is done once (contract: Idempotency)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from klink.core import secrets
from klink.core.context import Context
from klink.core.errors import IdempotencyInProgress, IdempotencyKeyReused, ValidationFailed
from klink.db.connection import try_lock, write
from klink.db.models import Idempotent

KEPT = timedelta(hours=24)
MAX_KEY = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A stored answer: status and body, as they were sent."""

    status: int
    body: str


def parse_key(header: str) -> str:
    """The key of an ``Idempotency-Key`` header, quoted or bare.

    :raises ValidationFailed: when it is not 1 to 255 printable ASCII characters.
    """
    key = header.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        raise ValidationFailed({"Idempotency-Key": [f"must be 1 to {MAX_KEY} ASCII characters"]})
    return key


def scope(who: str, method: str, path: str, key: str) -> str:
    """The name under which an answer is kept: a hash of who asked what with which key."""
    return hashlib.sha256("\0".join((who, method, path, key)).encode()).hexdigest()


def request_hash(ctx: Context, query: str, body: object) -> str:
    """A hash of the request's JSON, blind to white space and the order of members.

    It is keyed with the server's secret: the body may hold a link's password, and whoever
    reads the database must not be able to try passwords against a fast hash of it.
    """
    text = json.dumps([query, body], sort_keys=True, separators=(",", ":"))
    key = secrets.derive(ctx.settings.secret, "idempotency")
    return hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest()


def begin(ctx: Context, scope_id: str, hashed: str) -> Answer | None:
    """The stored answer to this very request, or None when it is the first.

    Runs inside the unit of work of what it protects.

    :raises IdempotencyKeyReused: the key came with another request.
    :raises IdempotencyInProgress: another process is at the first one.
    """
    if not try_lock(f"klink:idempotency:{scope_id}"):
        raise IdempotencyInProgress
    row = Idempotent.get_or_none(Idempotent.id == scope_id, Idempotent.created_at > ctx.now - KEPT)
    if row is None:
        return None
    if row.request_hash != hashed:
        raise IdempotencyKeyReused
    return Answer(row.status, row.body)


def store(ctx: Context, scope_id: str, hashed: str, answer: Answer) -> None:
    """Keep a 2xx answer, in the unit of work of what it tells of."""
    Idempotent.delete().where(Idempotent.id == scope_id).execute()
    Idempotent.insert(
        id=scope_id,
        request_hash=hashed,
        status=answer.status,
        body=answer.body,
        created_at=ctx.now,
    ).execute()


def prune(now: datetime, *, limit: int = 100) -> int:
    """Delete answers that are no longer kept, at most ``limit``; return how many."""
    old = (
        Idempotent.select(Idempotent.id)
        .where(Idempotent.created_at <= now - KEPT)
        .order_by(Idempotent.created_at)
        .limit(limit)
    )
    with write():
        return int(Idempotent.delete().where(Idempotent.id.in_(old)).execute())
