"""What a link was before and after each change of it, kept with the change.

Making a link writes nothing here: its first change keeps what it was as well, so links by the
thousand cost what they did, and one from before there were versions has a history from then on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from klink.core.context import Context
from klink.core.links.model import UTM_NAMES, LinkView
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import rows
from klink.db.models import LinkVersion

CREATED = "link.create"
FOUND = "link.found"
"""The action of the first version of a link that had changed before versions were kept."""

REVERTED = "link.revert"

_JOBS = "jobs"
TIMES = ("starts_at", "expires_at")
"""What a snapshot has in milliseconds."""

PLAIN = (
    "slug", "url", "title", "description", "type", "post_id", "site_url", "mode", "default",
    "auto_winner", "winner_threshold", "winner", "forward_query", "redirect_status",
    "conversion_tracking", "conversion_redirect_url", "max_clicks", "expired_url",
    "failover_url", "is_active", "quarantined_by", "quarantine_reason",
)  # fmt: skip
"""What a snapshot has as a link's view has it."""

_USUAL: dict[str, object] = {
    "tags": [],
    "type": "direct",
    "mode": "single",
    "variants": [],
    "rules": [],
    "auto_winner": False,
    "winner_threshold": 100,
    "forward_query": False,
    "redirect_status": 302,
    "conversion_tracking": False,
    "is_active": True,
    "trashed": False,
}
"""What need not be written; of all others it is null."""

# Any: a value for each field, as JSON has it.
Snapshot = dict[str, Any]
"""What can be changed of a link, by name; times in milliseconds.

``variants`` and ``rules`` are lists of objects, ``utm.source`` and its like stand by themselves,
``trashed`` says whether the link is in the trash, and ``password`` is the version that set the
password that the link has, if it has one: what it is, nothing here tells.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one link.

    :param password_set: whether a password was given, be it the same as before.
    """

    before: LinkView
    after: LinkView
    password_set: bool = False


class Made(Protocol):
    """What the first record of a link tells of it; times aware, or in milliseconds."""

    @property
    def id(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def created_by(self) -> int | None: ...
    @property
    def created_via(self) -> str: ...
    @property
    def created_at(self) -> datetime | int: ...
    @property
    def updated_at(self) -> datetime | int: ...


def snapshot(link: LinkView, password: int | None = None) -> Snapshot:
    """What can be changed of a link, as it is."""
    found: Snapshot = {name: getattr(link, name) for name in PLAIN}
    for name in TIMES:
        moment = getattr(link, name)
        found[name] = None if moment is None else to_ms(moment)
    found["tags"] = list(link.tags)
    found["variants"] = [
        {"label": each.label, "url": each.url, "weight": each.weight} for each in link.variants
    ]
    found["rules"] = [{"when": each.when, "use": each.use} for each in link.rules]
    for name, text in zip(UTM_NAMES, link.utm.values(), strict=True):
        found[f"utm.{name}"] = text
    found["trashed"] = link.deleted_at is not None
    found["password"] = password if link.password_protected else None
    return found


NAMES = (
    *("slug", "url", "mode", "variants", "rules", "default"),
    *(name for name in PLAIN if name not in ("slug", "url", "mode", "default")),
    *("tags", *TIMES, "password", *(f"utm.{name}" for name in UTM_NAMES), "trashed"),
)
"""All that a snapshot has, in the order in which people are told."""


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def usual(name: str) -> object:
    """The value that need not be written."""
    return _USUAL.get(name)


def packed(values: Mapping[str, Any]) -> str:
    """The snapshot as the database keeps it; its usual values may lack already."""
    return _encode({name: value for name, value in values.items() if value != _USUAL.get(name)})


def unpacked(text: str) -> Snapshot:
    """A snapshot from the database, with all its names."""
    kept = json.loads(text)
    return {name: kept.get(name, _USUAL.get(name)) for name in NAMES}


def first(
    link: Made, text: str, key_id: int | None = None
) -> dict[str, Any]:  # Any: as of a record
    """The record of a link that has no version yet, as it is.

    :param text: its snapshot, packed.
    :param key_id: of the key that made it.
    """
    is_new = link.version == 1
    return {
        "link_id": link.id,
        "version": link.version,
        "at": link.created_at if is_new else link.updated_at,
        "user_id": link.created_by if is_new else None,
        "key_id": key_id,
        "door": link.created_via if is_new else "",
        "action": CREATED if is_new else FOUND,
        "restored": None,
        "snapshot": text,
    }


def keep(
    ctx: Context,
    who: Principal | None,
    action: str,
    steps: Sequence[Step],
    *,
    restored: int | None = None,
) -> None:
    """Keep what links have become, in the unit of work that changes them.

    A change after which a link is as before is none.

    :param who: None when nobody in particular did it, such as a job.
    :param steps: each of another link.
    :param restored: the version that it is again, for :data:`REVERTED`.
    """
    if not steps:
        return
    last = _last([step.before.id for step in steps])
    fresh = [step.before for step in steps if step.before.id not in last]
    keys = keys_of([link.uid for link in fresh if link.version == 1])
    new = []
    for step in steps:
        before, after = step.before, step.after
        version, known = last.get(before.id, (0, None))
        since = before.version if known is None else known["password"]
        was = snapshot(before, since or before.version)
        # There is no version yet; or, if something was changed without one, not of this.
        if known != was and version < before.version:
            new.append(first(before, packed(was), keys.get(before.uid)))
        set_at = after.version if step.password_set or was["password"] is None else was["password"]
        now = snapshot(after, set_at)
        if now != was:
            new.append(record(ctx, who, action, after.id, after.version, packed(now), restored))
    rows.insert(LinkVersion, new)


def record(
    ctx: Context,
    who: Principal | None,
    action: str,
    link_id: int,
    version: int,
    text: str,
    restored: int | None = None,
) -> dict[str, object]:
    """The record of what a link has become.

    :param version: the link's after the change.
    :param text: its snapshot, packed.
    """
    return {
        "link_id": link_id,
        "version": version,
        "at": ctx.now,
        "user_id": who.user_id if who else None,
        "key_id": who.key_id if who else None,
        "door": who.dialect if who else _JOBS,
        "action": action,
        "restored": restored,
        "snapshot": text,
    }


def _last(ids: Sequence[int]) -> dict[int, tuple[int, Snapshot]]:
    return {link_id: (version, unpacked(text)) for link_id, version, text in last_of(ids)}


def last_of(ids: Sequence[int]) -> list[tuple[int, int, str]]:
    """Of these links those that have versions: with the last one's number and packed snapshot."""
    theirs, values = rows.among("link_id", ids)
    sql = f"""
        SELECT link_id, version, snapshot FROM link_versions AS v
        WHERE {theirs} AND version =
            (SELECT MAX(version) FROM link_versions WHERE link_id = v.link_id)
    """  # noqa: S608 - own words
    return rows.all_of(sql, values)


def keys_of(uids: Sequence[str]) -> dict[str, int]:
    """The keys that made the links with these UUIDs, by them: the audit log knows them."""
    subjects = [f"link:{uid}" for uid in uids]
    if not subjects:
        return {}
    theirs, values = rows.among("subject", subjects)
    sql = f"""
        SELECT subject, key_id FROM audit
        WHERE {theirs} AND action = ? AND key_id IS NOT NULL
    """  # noqa: S608 - own words
    found = rows.all_of(sql, values, CREATED)
    return {subject.removeprefix("link:"): key_id for subject, key_id in found}
