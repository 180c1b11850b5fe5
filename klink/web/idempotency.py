"""``Idempotency-Key`` on requests that create something (contract: Idempotency)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

from flask import Response, current_app, g, request
from flask.json import dumps

from klink.core import idempotency
from klink.core.client_address import keyed_hash
from klink.core.errors import IdempotencyInProgress
from klink.db.connection import write
from klink.web.body import parsed
from klink.web.client import client
from klink.web.parts import context
from klink.web.principal import principal

EXTENSION = "klink-idempotency"
_P = ParamSpec("_P")


class Running:
    """The keys whose first request is being answered by this process now."""

    def __init__(self) -> None:
        self._scopes: set[str] = set()
        self._mutex = threading.Lock()

    @contextmanager
    def alone(self, scope_id: str) -> Iterator[None]:
        """Hold a scope for the block.

        :raises IdempotencyInProgress: another thread holds it.
        """
        with self._mutex:
            if scope_id in self._scopes:
                raise IdempotencyInProgress
            self._scopes.add(scope_id)
        try:
            yield
        finally:
            with self._mutex:
                self._scopes.discard(scope_id)


def idempotent(
    view: Callable[_P, Response],
    *,
    decorate: Callable[[Response], None] | None = None,
    forgets: Collection[str] = (),
) -> Callable[_P, Response]:
    """Answer a view's request once, however often it is sent with the same key.

    The view gives its rendered answer. It runs inside one unit of work with the record of
    that answer: both are kept or, when it raises, neither. Its body must have been read
    by then (``json_body``). Only 2xx answers are kept, as status and JSON body.

    :param decorate: adds headers that follow from the body, to fresh answers and replays.
    :param forgets: members of the body that are secret: they are not kept, and a replay is
        without them.
    """

    @wraps(view)
    def once(*args: _P.args, **kwargs: _P.kwargs) -> Response:
        header = request.headers.get("Idempotency-Key")
        if header is None:
            response = view(*args, **kwargs)
        else:
            scope_id = _scope(idempotency.parse_key(header))
            running: Running = current_app.extensions[EXTENSION]
            with running.alone(scope_id), write():
                response = _replay(scope_id) or _first(scope_id, view(*args, **kwargs), forgets)
        if decorate is not None:
            decorate(response)
        return response

    return once


def is_replay() -> bool:
    """Whether the current request was answered from the record of an earlier one."""
    return bool(g.get("is_replay"))


def _scope(key: str) -> str:
    return idempotency.scope(_whose(), request.method, request.path, key)


def _whose() -> str:
    """Who may use a key again: the API key or, of those who ask without one, the address."""
    key_id = principal().key_id
    if key_id is not None:
        return f"key:{key_id}"
    secret = context().settings.secret
    return f"address:{keyed_hash(secret, 'idempotency scopes', client().address)}"


def _hash() -> str:
    query = request.query_string.decode("latin-1")
    return idempotency.request_hash(context(), query, parsed())


def _replay(scope_id: str) -> Response | None:
    answer = idempotency.begin(context(), scope_id, _hash())
    if answer is None:
        return None
    g.is_replay = True
    response = Response(answer.body, answer.status, mimetype="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _first(scope_id: str, response: Response, forgets: Collection[str]) -> Response:
    if 200 <= response.status_code < 300:
        body = response.get_data(as_text=True)
        if forgets:
            kept = {name: value for name, value in json.loads(body).items() if name not in forgets}
            body = dumps(kept) + "\n"
        answer = idempotency.Answer(response.status_code, body)
        idempotency.store(context(), scope_id, _hash(), answer)
    return response
