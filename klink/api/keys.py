"""Keys: list them, make one, and end one."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.people_schemas import Key, KeyList, KeysQuery, NewKey, NewKeyInput
from klink.api.resource import Resource
from klink.core import key_ring as core
from klink.core.key_ring import OwnedKey
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import header

blueprint = Resource("keys", "The keys of the workspace.")

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

_PAGE = 50
_SHOWN_ONCE = ("key",)


@blueprint.at("/keys")
@blueprint.query(KeysQuery)
@blueprint.answers(200, KeyList, "One page, newest first.")
def list_keys(query: Read) -> Response:
    """List keys.

    The workspace's, for owners and admins; for others their own.
    """
    page = core.search(context(), principal(), **{"limit": _PAGE, **query})
    items = [_rendered(each) for each in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/keys", "POST")
@blueprint.body(NewKeyInput, example={"name": "website", "scopes": ["read", "create"]})
@blueprint.answers(201, NewKey, "Made.", headers={"Location": header("Its address.")})
@blueprint.takes("Idempotency-Key")
def create_key(read: Read) -> Response:
    """Make a key.

    It is of the same user as the asking key, and may do no more than that. The answer holds the
    key itself, this once.
    """
    answer: Response = _create(read)
    return answer


def _created_once(view: Any) -> Any:  # Any: a decorator that keeps what it decorates
    return idempotent(view, decorate=render.placed_by("id"), forgets=_SHOWN_ONCE)


@_created_once
def _create(read: Read) -> Response:
    made, token = core.make(context(), principal(), **read)
    return render.answer(_rendered(made) | {"key": token}, 201)


@blueprint.at("/keys/<key_id>")
@blueprint.answers(200, Key, "The key, without the key itself.")
def read_key(key_id: str) -> Response:
    """Read a key.

    Of the workspace for owners and admins; for others of their own.
    """
    return render.answer(_rendered(core.get(context(), principal(), key_id)))


@blueprint.at("/keys/<key_id>", "DELETE")
@blueprint.answers(204, description="It has ended.")
def revoke_key(key_id: str) -> Response:
    """End a key for good.

    Owners and admins may end all of the workspace, others their own. A key that has ended stays in
    the list. The asking key may end itself.
    """
    core.revoke(context(), principal(), key_id)
    return Response(status=204)


def _rendered(owned: OwnedKey) -> dict[str, Any]:
    key = owned.key
    return {
        "id": key.uid,
        "name": key.name,
        "dialect": key.dialect,
        "hint": key.hint,
        "scopes": list(key.scopes),
        "plan": key.plan,
        "user": {"id": owned.user.uid, "email": owned.user.email, "name": owned.user.name},
        "created_at": render.time(key.created_at),
        "last_used_at": render.time(key.last_used_at),
        "revoked_at": render.time(key.revoked_at),
    }
