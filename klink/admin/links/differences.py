"""What changed of a link, in words: what it had and has no more, and what it has now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from klink.admin import words

__all__ = ["LABELS", "Difference", "differences"]

LABELS = {
    "slug": "Slug",
    "url": "Destination",
    "mode": "Routing",
    "variants": "Variants",
    "rules": "Rules",
    "default": "When no rule holds",
    "title": "Title",
    "description": "Description",
    "type": "Type",
    "post_id": "Post",
    "site_url": "Page it stands on",
    "auto_winner": "Winner named by klink",
    "winner_threshold": "Clicks before a winner",
    "winner": "Winner",
    "forward_query": "Hands the query on",
    "redirect_status": "Redirect status",
    "conversion_tracking": "Tracks conversions",
    "conversion_redirect_url": "After a conversion, to",
    "max_clicks": "Most clicks",
    "expired_url": "After the end, to",
    "failover_url": "While it is down, to",
    "is_active": "Active",
    "quarantined_by": "Quarantined by",
    "quarantine_reason": "Reason of the quarantine",
    "tags": "Tags",
    "starts_at": "Starts",
    "expires_at": "Expires",
    "password": "Password",
    "utm.source": "UTM source",
    "utm.medium": "UTM medium",
    "utm.campaign": "UTM campaign",
    "utm.content": "UTM content",
    "utm.term": "UTM term",
    "trashed": "In the trash",
}
"""What the fields of a link's history are called on a page."""

_VALUES = {
    ("mode", "single"): "one destination",
    ("mode", "split"): "split by weights",
    ("mode", "rules"): "by rules",
    ("default", "split"): "the weights decide",
    ("type", "direct"): "direct",
    ("type", "inpage"): "in a page",
    ("quarantined_by", "scan"): "a blocklist",
    ("quarantined_by", "workspace"): "the workspace",
    ("quarantined_by", "operator"): "the server's operator",
}
_CONDITIONS = {
    "country": "country",
    "device": "device",
    "os": "system",
    "browser": "browser",
    "language": "language",
    "weekday": "weekday",
    "after": "after",
    "before": "before",
    "timezone": "time zone",
}

_LINES = ("variants", "rules")
_LISTS = (*_LINES, "tags")

# Any: a field's value, of its own type.
Value = Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that changed.

    :ivar gone: what it was, or those of its parts that it has no more; texts, or markup of ours.
    :ivar come: what it is, or the new parts.
    :ivar has_lines: whether each part wants a line of its own.
    """

    label: str
    gone: tuple[str, ...]
    come: tuple[str, ...]
    has_lines: bool = False


def differences(
    changes: Mapping[str, tuple[Value, Value]], zone: ZoneInfo | None = None
) -> list[Difference]:
    """The changes of an entry of a link's history.

    :param zone: the reader's.
    """
    found = []
    for name, (old, new) in changes.items():
        gone, come = _parts(name, old, new, zone)
        if gone or come or name in _LISTS:  # an empty text is as good as none
            found.append(Difference(LABELS.get(name, name), gone, come, name in _LINES))
    return found


def _parts(
    name: str, old: Value, new: Value, zone: ZoneInfo | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if name == "rules":
        gone, come = (_numbered([_rule(each) for each in many]) for many in (old, new))
    elif name == "variants":
        gone, come = ([_variant(each) for each in many] for many in (old, new))
    elif name == "tags":
        gone, come = list(old), list(new)
    else:
        gone, come = ([_text(name, each, zone)] if _is(each) else [] for each in (old, new))
    return _without(gone, come), _without(come, gone)


def _is(value: Value) -> bool:
    return value is not None and value != ""


def _without(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in these if each not in those)


def _text(name: str, value: Value, zone: ZoneInfo | None) -> str:
    if isinstance(value, datetime):
        return words.when(value, zone)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return words.count(value) if name != "redirect_status" else str(value)
    return _VALUES.get((name, value), str(value))


def _variant(variant: Mapping[str, Value]) -> str:
    return f"{variant['label']} · {variant['weight']} % · {variant['url']}"


def _numbered(rules: Sequence[str]) -> list[str]:
    """Rules with their places: which comes first decides."""
    return [f"{place}. {rule}" for place, rule in enumerate(rules, 1)]


def _rule(rule: Mapping[str, Value]) -> str:
    """A rule in words: ``country DE or AT, device mobile → b``."""
    when = rule["when"]
    told = [_condition(name, value) for name, value in when.items()]
    use = "the weights decide" if rule["use"] == "split" else rule["use"]
    return f"{', '.join(told)} → {use}"


def _condition(name: str, value: Value) -> str:
    if name == "query":
        return " and ".join(f"?{key}={text}" for key, text in value.items())
    if name == "hours":
        return f"from {value[0]} to {value[1]} o'clock"
    shown = " or ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    return f"{_CONDITIONS.get(name, name)} {shown}"
