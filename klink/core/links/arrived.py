"""Whether a link that comes from elsewhere is the one that is there already, and what differs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from klink.core.errors import ValidationFailed
from klink.core.links.model import LinkPatch, LinkView, NewLink, NewRule, RuleView
from klink.core.passwords import HashedPassword, matches
from klink.core.routing import dump_condition, parse_condition
from klink.core.times import to_ms

_SHOWN = 60
"""Characters of a value that a reason shows."""

_ROUTING = ("mode", "variants", "rules", "default")


class Imported(NamedTuple):
    """A link's clicks of all time, and how many of them it had before it came here."""

    all: int
    imported: int


class Known(NamedTuple):
    """A link that is there."""

    view: LinkView
    password_hash: str | None
    clicks: Imported


def differences(known: Known, new: NewLink, given: Collection[str]) -> dict[str, str]:
    """The fields in which they differ, each with words for it.

    :param given: the fields that are compared.
    """
    found = {}
    for name in given:
        if name in ("slug", "domain"):
            continue
        if name == "password":
            if not _is_password(known.password_hash, new.password):
                found[name] = "password"
            continue
        here, there = getattr(known.view, name), getattr(new, name)
        if here == there or (there is None and name in ("mode", "default", "url")):
            continue
        plain = _PLAIN.get(name, _as_it_is)
        if plain(here) != plain(there):
            found[name] = f"{name}: {_short(here)} here, {_short(there)} there"
    return found


def patch_of(new: NewLink, given: Collection[str], names: Collection[str]) -> LinkPatch:
    """The patch that makes a link like ``new`` in these fields; what routes goes together."""
    wanted = set(names)
    if wanted & set(_ROUTING):
        wanted |= set(_ROUTING) & set(given)
    # Any: each of its own type.
    values: Mapping[str, Any] = {name: getattr(new, name) for name in wanted}
    return LinkPatch(**values)


def _is_password(known: str | None, wanted: str | None) -> bool:
    if known is None or wanted is None:
        return known is wanted
    return known == wanted if isinstance(wanted, HashedPassword) else matches(known, wanted)


def _as_it_is(value: Any) -> Any:  # Any, here and below: the fields' own types
    return to_ms(value) if isinstance(value, datetime) else value


def _tags(value: Any) -> Any:
    return sorted({tag.strip() for tag in value})


def _variants(value: Any) -> Any:
    return [(each.label, each.url, each.weight) for each in value]


def _rules(value: Any) -> Any:
    return [(_condition(each), each.use) for each in value]


def _condition(rule: RuleView | NewRule) -> object:
    try:
        return dump_condition(parse_condition(rule.when))
    except ValidationFailed:
        return rule.when


_PLAIN: dict[str, Callable[[Any], Any]] = {"tags": _tags, "variants": _variants, "rules": _rules}


def _short(value: object) -> str:
    if value is None or value == ():
        return "nothing"
    text = ", ".join(value) if isinstance(value, tuple) and _are_texts(value) else str(value)
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")


def _are_texts(values: tuple[object, ...]) -> bool:
    return all(isinstance(each, str) for each in values)
