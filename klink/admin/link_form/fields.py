"""A link as the fields of its form: what :mod:`klink.admin.link_form.reading` reads again.

Both ways agree: what nobody touches reads as it was shown, so a change names only what changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from klink.admin.forms import Form
from klink.core.links import LinkView, NewLink
from klink.core.links.destinations import SPLIT
from klink.core.links.model import UTM_NAMES
from klink.core.times import parse_rfc3339

__all__ = ["LISTS", "baseline", "baseline_of", "blank", "copied", "fields_of", "listed", "local"]

LISTS = ("country", "os", "browser", "language")
"""What a rule asks for by several texts in one field, with commas between."""

Fields = dict[str, object]

_PLAIN = (
    "slug", "title", "description", "type", "post_id", "site_url", "max_clicks", "expired_url",
    "failover_url", "redirect_status", "forward_query", "conversion_tracking",
    "conversion_redirect_url", "auto_winner", "winner_threshold", "is_active",
)  # fmt: skip


def blank(zone: ZoneInfo, **given: object) -> Fields:
    """The fields of a link to make.

    :param zone: the reader's, in which times are shown and read.
    :param given: what is known of it already.
    """
    new = NewLink()
    shown: Fields = {name: getattr(new, name) for name in _PLAIN}
    return shown | {"zone": zone.key} | given


def copied(link: LinkView, zone: ZoneInfo) -> Fields:
    """The fields of a new link that does what another one does.

    What is that one's alone stays there: its slug, its post, its password, and whether it is
    switched off.
    """
    new = blank(zone)
    own = {name: new[name] for name in ("slug", "post_id", "is_active")}
    shown = fields_of(link, zone) | own
    return {name: value for name, value in shown.items() if not name.endswith(".was")}


def fields_of(link: LinkView, zone: ZoneInfo) -> Fields:
    """The fields of a link that is there."""
    shown: Fields = {name: getattr(link, name) for name in _PLAIN}
    shown |= {
        "zone": zone.key,
        "domain": link.domain,
        "url": "" if link.variants else link.url,
        "tags": listed(link.tags),
        "starts_at": local(link.starts_at, zone),
        "expires_at": local(link.expires_at, zone),
    }
    shown |= {f"utm.{name}": getattr(link.utm, name) for name in UTM_NAMES}
    if link.variants:
        first = link.variants[0].label
        shown["routing.default"] = SPLIT if link.mode == "split" else link.default or first
    for i, variant in enumerate(link.variants):
        row = {"label": variant.label, "url": variant.url, "weight": variant.weight}
        row["was"] = variant.label
        shown |= {f"routing.variants.{i}.{name}": value for name, value in row.items()}
    for i, rule in enumerate(link.rules):
        row = {f"when.{name}": value for name, value in _condition(rule.when, zone).items()}
        row["use"] = rule.use
        shown |= {f"routing.rules.{i}.{name}": value for name, value in row.items()}
    return shown


def _condition(when: Mapping[str, object], zone: ZoneInfo) -> Fields:
    """A rule's ``when`` as fields."""
    shown: Fields = {}
    for name, value in when.items():
        if name in LISTS and isinstance(value, list):
            shown[name] = listed(value)
        elif name == "query" and isinstance(value, dict):
            shown[name] = urlencode(value)
        elif name in ("after", "before"):
            shown[name] = local(parse_rfc3339(str(value)), zone)
        elif name == "hours" and isinstance(value, list):
            shown["hours.from"], shown["hours.to"] = value
        else:  # device and weekday, which are boxes to tick, and the time zone
            shown[name] = value
    return shown


def local(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment as ``<input type=datetime-local>`` has it, as exactly as it is known."""
    if at is None:
        return ""
    there = at.astimezone(zone).replace(tzinfo=None)
    if there.microsecond:
        return there.isoformat(timespec="milliseconds")
    return there.isoformat(timespec="seconds" if there.second else "minutes")


def listed(texts: Iterable[object]) -> str:
    """Texts in one field: ``a, "b, c"``."""
    return ", ".join(_quoted(str(text)) for text in texts)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def baseline(form: Form) -> str:
    """The fields as they are shown, for the form to bring back: what changed is told by them."""
    return json.dumps({name: form.texts(name) for name in sorted(form.names())})


def baseline_of(text: str) -> Form:
    """The fields as they were shown; what is no text of :func:`baseline` is an empty form."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # the latter of a hundred thousand brackets
        found = None
    if not isinstance(found, dict):
        return Form({})
    return Form(
        {
            name: [str(each) for each in values]
            for name, values in found.items()
            if isinstance(values, list)
        }
    )
