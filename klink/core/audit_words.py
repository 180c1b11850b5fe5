"""The audit log in words: what was done, and what was what before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["ACTIONS", "DOORS", "Detail", "Named", "details", "identified", "named", "said"]

ACTIONS: Mapping[str, str] = {
    "link.create": "Link created",
    "link.update": "Link changed",
    "link.trash": "Link moved to the trash",
    "link.restore": "Link taken out of the trash",
    "link.purge": "Link deleted for good",
    "link.expire": "Link expired",
    "link.quarantine": "Link put in quarantine",
    "link.release": "Link released from quarantine",
    "link.winner": "Winner of an experiment named",
    "link.winner.undo": "Winner of an experiment taken back",
    "link.site": "Page of a link looked at",
    "link.down": "Destination found down",
    "link.up": "Destination found up again",
    "link.revert": "Earlier version of a link restored",
    "tag.rename": "Tag renamed",
    "tag.delete": "Tag deleted",
    "bio.create": "Bio page made",
    "bio.change": "Bio page changed",
    "bio.rename": "Bio page renamed",
    "bio.publish": "Bio page published",
    "bio.unpublish": "Bio page taken offline",
    "bio.links": "Links of a bio page changed",
    "bio.picture": "Picture of a bio page changed",
    "bio.delete": "Bio page deleted",
    "domain.claim": "Domain claimed",
    "domain.verify": "Domain verified",
    "domain.fail": "Proof of a domain gone",
    "domain.recover": "Proof of a domain found again",
    "domain.change": "Domain changed",
    "domain.remove": "Domain removed",
    "blocking.add": "Blocklist entry added",
    "blocking.remove": "Blocklist entry removed",
    "report.take": "Link reported by a visitor",
    "report.dismiss": "Report dismissed",
    "report.act": "Report acted on",
    "key.create": "API key made",
    "key.revoke": "API key revoked",
    "user.create": "User made",
    "user.set_up": "First owner set up",
    "user.password": "Password changed",
    "user.rename": "Name of a user changed",
    "user.role": "Role changed",
    "user.remove": "Member removed",
    "user.erase": "Person erased",
    "user.second_factor_on": "Second factor switched on",
    "user.second_factor_off": "Second factor switched off",
    "user.recovery_code": "Recovery code used",
    "invite.create": "Person invited",
    "invite.revoke": "Invitation revoked",
    "invite.accept": "Invitation accepted",
    "session.open": "Signed in",
    "session.end": "Signed out",
    "session.end_others": "Other sessions ended",
    "session.end_all": "Signed out everywhere",
    "workspace.create": "Workspace made",
    "workspace.rename": "Workspace renamed",
    "workspace.currency": "Currency of a workspace changed",
    "workspace.plan": "Plan of a workspace changed",
    "workspace.conversions": "Conversion names changed",
    "job.run": "Job run by hand",
}
"""What actions are called. One that is not among them is shown as it is written."""

DOORS: Mapping[str, str] = {
    "admin": "the admin page",
    "cli": "the command line",
    "jobs": "a job",
    "klink": "the klink API",
    "klinky": "the Klinky API",
    "qklnk": "the qklnk API",
    "kliqs": "the Kliqs API",
    "klookup": "the Klook Up API",
}
"""What people call what a request came through."""

_NAMES: Mapping[str, str] = {
    "url": "destination",
    "is_active": "active",
    "is_default": "default",
    "deleted_at": "in the trash since",
    "password_protected": "password",
    "run": "run of the experiment",
}
_IDENTIFIED = frozenset({"added", "removed", "order", "labels", "revoked_keys"})
"""Values that are ids of links and keys."""

_LISTS = frozenset({"found", "names", "scopes", *_IDENTIFIED})
"""Values that are lists; others of two are a value before and one after."""

_NUMBERED: Mapping[str, str] = {"user": "user", "invited_by": "user", "link": "link"}
"""Values that are numbers of something with a name."""

_SECRET = re.compile(r"password|secret|token|hash|nonce|recovery")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00", re.ASCII)
_NUMBERS = frozenset({"id", "uid", "check"})
_MAX_TEXT = 400


@dataclass(frozen=True, slots=True)
class Detail:
    """One value of an entry.

    :ivar old: what it was before; None where nothing is compared.
    """

    name: str
    old: str | None
    new: str


Named = tuple[str, int]
"""Something by its number: ``user`` or ``link``, and which."""


def said(action: str) -> str:
    """An action in words."""
    return ACTIONS.get(action, action)


def named(text: str) -> list[Named]:
    """What the details of an entry, as they are kept, name by its number."""
    return [found for name, value in _kept(text).items() if (found := _number_of(name, value))]


def identified(text: str) -> set[str]:
    """The ids that the details of an entry hold where ids are."""
    kept = _kept(text)
    return {each for name in kept.keys() & _IDENTIFIED for each in _ids(kept[name])}


def details(text: str, names: Mapping[Named, str], called: Mapping[str, str]) -> tuple[Detail, ...]:
    """The details of an entry, as they are kept, in words; no secret is among them.

    :param names: what people call what :func:`named` has found.
    :param called: the same of what :func:`identified` has found.
    """
    made: list[Detail] = []
    for name, value in _kept(text).items():
        number = _number_of(name, value)
        known = None if number is None else names.get(number)
        if name in _IDENTIFIED:
            value = _with_names(value, called)  # noqa: PLW2901
        made += _details(name, value if known is None else known)
    return tuple(made)


def _ids(value: object) -> list[str]:
    return (
        [each for each in value if isinstance(each, str)] if isinstance(value, list | dict) else []
    )


def _with_names(value: object, called: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        # What each was before, and is now.
        return [f"{called.get(i, i)}: {_pair(each)}" for i, each in value.items()]
    return [called.get(each, each) for each in _ids(value)] if isinstance(value, list) else value


def _pair(value: object) -> str:
    return " → ".join(map(_text, value)) if isinstance(value, list) else _text(value)


def _kept(text: str) -> dict[str, object]:
    kept = json.loads(text)
    assert isinstance(kept, dict)
    return kept


def _number_of(name: str, value: object) -> Named | None:
    kind = _NUMBERED.get(name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return (kind, int(str(value))) if kind is not None and is_number else None


def _details(name: str, value: object) -> list[Detail]:
    shown = _NAMES.get(name, name.replace("_", " "))
    if _is_pair(name, value):
        assert isinstance(value, list)
        old, new, *why = value
        made = [Detail(shown, _safe(name, old), _safe(name, new))]
        return made + [Detail(f"{shown}, why", None, _words(each)) for each in why]
    return [Detail(shown, None, _safe(name, value))]


def _is_pair(name: str, value: object) -> bool:
    is_listed = name in _LISTS or name.startswith("revoked_")
    return isinstance(value, list) and len(value) in (2, 3) and not is_listed


def _safe(name: str, value: object) -> str:
    """The value; of what may be a secret only whether there is one."""
    if _SECRET.search(name) and not isinstance(value, bool):
        return "none" if value is None else "not shown"
    return _words(value)


def _words(value: object) -> str:
    text = _text(value)
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


def _text(value: object) -> str:
    if value is None or value in ([], {}, ""):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_text, value))
    if isinstance(value, dict):
        return _mapping(value)
    text = str(value)
    time = _TIME.fullmatch(text)
    return f"{time[1]} {time[2]} UTC" if time else text


def _mapping(value: dict[str, object]) -> str:
    if {"label", "url", "weight"} <= value.keys():
        return f"{value['label']} → {value['url']} (weight {value['weight']})"
    if value.keys() == {"when", "use"}:
        return f"{_text(value['when'])} → {value['use']}"
    kept = {name: each for name, each in value.items() if each is not None and name not in _NUMBERS}
    return ", ".join(f"{name} {_text(each)}" for name, each in kept.items()) or "none"
