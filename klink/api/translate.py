"""From this door's JSON, as the schemas have read it, to what the core takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from klink.core.links import LinkPatch, NewLink, NewRule, NewVariant, Utm
from klink.core.links.model import UTM_NAMES

# Any, throughout: values whose types the schemas have checked, by names that they know.
Read = Mapping[str, Any]

_NESTED = ("routing", "experiment", "utm", "tags")
_EXPERIMENT = {"auto_winner": "auto_winner", "threshold": "winner_threshold"}


def new_link(read: Read) -> NewLink:
    """The link that a body of ``POST /links`` asks for."""
    given = _flat(read)
    if "utm" in given:
        given["utm"] = Utm(**given["utm"])
    return NewLink(**given)


def link_patch(read: Read) -> LinkPatch:
    """The changes that a body of ``PATCH /links/{id}`` asks for; null has cleared."""
    given = _flat(read)
    if read.get("utm", ...) is None:
        given["utm"] = dict.fromkeys(UTM_NAMES)
    return LinkPatch(**given)


def variants(read: list[Read]) -> tuple[NewVariant, ...]:
    """A body of ``PUT /links/{id}/variants``, or the same inside a link."""
    return tuple(NewVariant(v["label"], v["url"], v["weight"]) for v in read)


def _flat(read: Read) -> dict[str, Any]:
    """The core's fields: nested objects unfolded, null for empty where the core says so."""
    given = {name: value for name, value in read.items() if name not in _NESTED}
    for name, value in read.get("experiment", {}).items():
        given[_EXPERIMENT[name]] = value
    routing = read.get("routing", {})
    for name in ("mode", "default"):
        if name in routing:
            given[name] = routing[name]
    if "variants" in routing:
        given["variants"] = variants(routing["variants"] or [])
    if "rules" in routing:
        given["rules"] = tuple(NewRule(r["when"], r["use"]) for r in routing["rules"] or [])
    if "tags" in read:
        given["tags"] = tuple(read["tags"] or ())
    if "utm" in read:
        given["utm"] = dict(read["utm"] or {})
    return given
