"""Links in the words of klink's own API, as objects of JSON or as a table's cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from klink.core.links import Arrival, NewLink, NewRule, NewVariant, Utm
from klink.core.links.model import UTM_NAMES
from klink.core.passwords import HashedPassword, is_ours
from klink.moving.rows import Row
from klink.moving.values import BadValue, clicks, flag, moment, slug_for, tags, whole

Values = Mapping[str, Any]  # Any: of JSON, or text

_TEXTS = (
    *("title", "description", "type", "post_id", "site_url"),
    *("expired_url", "failover_url", "conversion_redirect_url"),
)
_FLAGS = ("auto_winner", "forward_query", "conversion_tracking", "is_active")
_NUMBERS = ("winner_threshold", "redirect_status", "max_clicks")
_TIMES = ("starts_at", "expires_at")
_MAY_BE_NOTHING = {"max_clicks", *_TIMES}
_ELSEWHERE = {"url", "slug", "domain", "mode", "variants", "rules", "default", "password"}
_UTM = {f"utm_{name}": name for name in UTM_NAMES}

FIELDS = frozenset(
    {*_TEXTS, *_FLAGS, *_NUMBERS, *_TIMES, *_ELSEWHERE, *_UTM, "tags", "utm", "clicks"}
    | {"created_at", "password_hash", "password_protected", "threshold"}
)
"""What is read of a link."""

_OF_ITS_SERVER = """
    id number short_url site_verified_at scheduled_deletion_at winner winner_at decided_at run
    check quarantined_at quarantined_by quarantine_reason views unique_visitors conversions revenue
    updated_at deleted_at version workspace_id created_by created_via routing experiment link_type
    imported_clicks workspace
"""

KNOWN = FIELDS | frozenset(_OF_ITS_SERVER.split())
"""What a link of klink has besides, and is either told another way or its server's own."""

LOCKED = (
    "its password cannot be taken over, so it comes switched off: set a password, then switch it on"
)
HELD = "it was in quarantine there, so it comes switched off"


@dataclass(frozen=True, slots=True)
class Options:
    """What whoever imports says about it.

    :ivar domain: the domain that all links go to, whatever the source says.
    :ivar hosts: domains of the workspace. A link of another product goes to the one it had when
        that is among them, else to the workspace's default.
    """

    domain: str | None = None
    hosts: frozenset[str] = frozenset()

    def place(self, host: str | None) -> str | None:
        """The domain of a link that another product had on this host."""
        if self.domain is not None:
            return self.domain
        return host.lower() if host and host.lower() in self.hosts else None


def row_of(at: int, values: Values, options: Options) -> Row:
    """The row for a link in klink's words."""
    slug, url = _shown(values.get("slug")), _shown(values.get("url"))
    try:
        _text(values, "slug")  # one that is no text must not become another one
        if values.get("deleted_at"):
            raise BadValue("deleted_at", "it is in the trash there")
        flat = _flat(values)
        return _row(at, flat, options, slug, url)
    except BadValue as error:
        return Row(at, slug, url, None, str(error))


def _row(at: int, values: Values, options: Options, slug: str, url: str) -> Row:
    fields = _fields(values)
    domain = options.domain or _text(values, "domain")
    warnings = []
    if not slug:
        shown = url or "".join(each.url for each in fields.get("variants", ()))
        if not shown:
            raise BadValue("url", "is missing")
        slug = slug_for(shown, domain)
    if values.get("winner"):
        warnings.append("the winner of its experiment is not taken over; its weights decide again")
    fields, locked = _locked(values, fields)
    if locked:
        warnings.append(locked)
    given = frozenset(fields) - ({"is_active"} if locked else set())
    new = NewLink(slug=slug, domain=domain, **fields)
    created = values.get("created_at")
    arrival = Arrival(
        new,
        given,
        created_at=moment("created_at", created) if created else None,
        clicks=None if _is_nothing(values.get("clicks")) else clicks("clicks", values["clicks"]),
        is_ours=True,
    )
    return Row(at, slug, url, arrival, warnings=tuple(warnings))


def _flat(values: Values) -> Values:
    """The API's objects within objects, taken out."""
    routing, experiment = values.get("routing"), values.get("experiment")
    found = dict(values)
    if isinstance(routing, dict):
        found |= {k: v for k, v in routing.items() if k in ("mode", "variants", "rules", "default")}
    if isinstance(experiment, dict):
        found |= {
            k: v for k, v in experiment.items() if k in ("auto_winner", "threshold", "winner")
        }
    if "threshold" in found:
        found["winner_threshold"] = found["threshold"]
    return found


def _fields(values: Values) -> dict[str, Any]:
    """The fields of a new link that the source speaks of."""
    found: dict[str, Any] = {}
    for name in _TEXTS:
        if name in values:
            found[name] = _text(values, name)
    if found.get("type", "") is None:
        del found["type"]
    for names, read in ((_FLAGS, flag), (_NUMBERS, whole)):
        for name in names:
            if not _is_nothing(values.get(name)):
                found[name] = read(name, values[name])
            elif name in _MAY_BE_NOTHING and name in values:
                found[name] = None
    for name in _TIMES:
        if name in values:
            value = values[name]
            is_none = _is_nothing(value)
            found[name] = None if is_none else moment(name, value, bare_date="end")
    if "tags" in values:
        found["tags"] = _tags(values["tags"])
    if (utm := _utm(values)) is not None:
        found["utm"] = utm
    return found | _routing(values)


def _routing(values: Values) -> dict[str, Any]:
    variants = _parts(values, "variants")
    if not variants:
        return {"url": _text(values, "url")}
    found: dict[str, Any] = {
        "variants": tuple(
            NewVariant(
                _need_text(part, "label", "variants"),
                _need_text(part, "url", "variants"),
                whole("variants.weight", part.get("weight", 0)),
            )
            for part in variants
        )
    }
    rules = []
    for part in _parts(values, "rules"):
        if not isinstance(part.get("when"), dict):
            raise BadValue("rules", "when is no object")
        rules.append(NewRule(part["when"], _need_text(part, "use", "rules")))
    found["rules"] = tuple(rules)
    for name in ("mode", "default"):
        if (text := _text(values, name)) is not None:
            found[name] = text
    return found


def _locked(values: Values, fields: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The fields with what keeps the link from strangers; and what is to be said of it."""
    password, hashed = _text(values, "password"), _text(values, "password_hash")
    if hashed is not None and is_ours(hashed):
        fields = fields | {"password": HashedPassword(hashed)}
    elif password is not None:
        fields = fields | {"password": password}
    elif hashed is not None or flag("password_protected", values.get("password_protected") or 0):
        return fields | {"is_active": False}, LOCKED
    if values.get("quarantined_at"):
        return fields | {"is_active": False}, HELD
    return fields, ""


def _utm(values: Values) -> Utm | None:
    if isinstance(values.get("utm"), dict):
        inside = values["utm"]
        return Utm(**{name: _text(inside, name) for name in UTM_NAMES})
    if any(name in values for name in _UTM):
        return Utm(**{short: _text(values, name) for name, short in _UTM.items()})
    return None


def _tags(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return tags(value)
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    raise BadValue("tags", "must be a list of texts")


def _parts(values: Values, name: str) -> list[dict[str, Any]]:
    """A list of objects, or JSON of one."""
    value = values.get(name)
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise BadValue(name, "is no JSON") from None
    if not value:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise BadValue(name, "must be a list of objects")
    return value


def _need_text(values: Values, name: str, where: str) -> str:
    found = _text(values, name)
    if found is None:
        raise BadValue(where, f"{name} is missing")
    return found


def _text(values: Values, name: str) -> str | None:
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadValue(name, "must be text")
    return value


def _is_nothing(value: object) -> bool:
    return value is None or value == ""


def _shown(value: object) -> str:
    return value if isinstance(value, str) else ""
