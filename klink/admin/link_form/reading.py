"""The fields of the form for a link as what the core takes: a new link, or a change of one.

Only the shape of things is read here; the core decides what is right, and its errors name the
fields by the same names.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from klink.admin.forms import Form
from klink.admin.link_form.fields import LISTS
from klink.admin.link_form.words import code_of
from klink.core.links import LinkPatch, NewLink, NewRule, NewVariant, Utm
from klink.core.links.destinations import MAX_RULES, MAX_VARIANTS, SPLIT
from klink.core.links.model import UTM_NAMES

__all__ = ["change", "changed_fields", "moment", "new_link", "zone_of"]

Values = dict[str, Any]
"""Fields of :class:`NewLink` by their names. Any: each of its own type."""

_ROUTING = ("url", "mode", "variants", "rules", "default")
_TEXTS = (
    "title", "description", "post_id", "site_url", "expired_url", "failover_url",
    "conversion_redirect_url",
)  # fmt: skip
_FLAGS = ("forward_query", "conversion_tracking", "auto_winner", "is_active")
_ROW = re.compile(r"routing\.(variants|rules)\.([0-9]{1,4})\.(?:label|use)")
_MOST = {"variants": MAX_VARIANTS + 1, "rules": MAX_RULES + 1}  # one more, for the core to refuse
_HOUR = re.compile(r"[0-9]{1,2}")
_MAX_QUERY_PAIRS = 100


def new_link(form: Form) -> NewLink:
    """The link to make; what cannot be read is noted in the form, and left out."""
    values = _read(form)
    return NewLink(
        **values, domain=form.text("domain") or None, password=form.raw("password") or None
    )


def change(form: Form, before: Form) -> LinkPatch:
    """What the form changes of a link; what cannot be read is noted in the form.

    :param before: the fields as they were shown.
    """
    now, was = _read(form), _read(before)
    names = {name for name in now if now[name] != was[name]}
    if names & set(_ROUTING):  # they make sense together only
        names |= set(_ROUTING) if now["variants"] else {"url", "variants", "rules"}
    if not now["variants"]:
        names -= {"mode", "default"}
    elif "url" in names:
        names.remove("url")  # it follows from the variants
    changes = {name: now[name] for name in names}
    if "url" in changes:
        changes["url"] = changes["url"] or ""  # there must be one; the core says so
    if form.raw("password"):
        changes["password"] = form.raw("password")
    elif form.flag("password_off"):
        changes["password"] = None
    if "slug" in changes and changes["slug"] is None:
        changes["slug"] = ""
    return LinkPatch(**changes)


def changed_fields(now: Form, before: Form) -> set[str]:
    """Which values differ, by the names of the core's fields; routing's are one."""
    one, other = _read(now), _read(before)
    names = {name for name in one if one[name] != other[name]}
    return {"routing" if name in _ROUTING else name for name in names}


def _read(form: Form) -> Values:
    zone = zone_of(form)
    values: Values = {name: _text(form, name) for name in _TEXTS}
    values |= {name: form.flag(name) for name in _FLAGS}
    values |= {
        "slug": form.text("slug") or None,
        "tags": tuple(_list(form, "tags")),
        "type": form.text("type") or "direct",
        "utm": Utm(*(form.text(f"utm.{name}") or None for name in UTM_NAMES)),
        "redirect_status": form.number("redirect_status") or 302,
        "winner_threshold": _threshold(form),
        "max_clicks": form.number("max_clicks"),
        "starts_at": moment(form, "starts_at", zone),
        "expires_at": moment(form, "expires_at", zone),
    }
    return values | _routing(form, zone)


def _text(form: Form, name: str) -> str | None:
    """A text, with lines as the API has them; browsers send two characters between them."""
    return form.text(name).replace("\r\n", "\n") or None


def zone_of(form: Form) -> ZoneInfo:
    """The time zone in which the form's times were shown."""
    try:
        return ZoneInfo(form.text("zone")[:64] or "UTC")
    except (ValueError, KeyError, OSError):
        return ZoneInfo("UTC")


def _routing(form: Form, zone: ZoneInfo) -> Values:
    many = {"variants": 0, "rules": 0}
    for name in form.names():
        match = _ROW.fullmatch(name)
        if match:
            # A number that somebody has made up must not become as many rows.
            most = _MOST[match[1]]
            many[match[1]] = min(max(many[match[1]], int(match[2]) + 1), most)
    variants = tuple(_variant(form, f"routing.variants.{i}") for i in range(many["variants"]))
    rules = tuple(_rule(form, f"routing.rules.{i}", zone) for i in range(many["rules"]))
    if not variants:
        return {
            "url": form.text("url") or None,
            "mode": None,
            "variants": (),
            "rules": rules,
            "default": None,
        }
    default = form.text("routing.default") or SPLIT
    is_split = not rules and default == SPLIT
    return {
        "url": None,
        "mode": "split" if is_split else "rules",
        "variants": variants,
        "rules": rules,
        "default": None if is_split else default,
    }


def _variant(form: Form, row: str) -> NewVariant:
    label, url = form.text(f"{row}.label"), form.text(f"{row}.url")
    return NewVariant(label, url, form.number(f"{row}.weight") or 0)


def _rule(form: Form, row: str, zone: ZoneInfo) -> NewRule:
    at = f"{row}.when"
    lists = {name: _list(form, f"{at}.{name}") for name in LISTS}
    when: dict[str, object] = {**lists, "country": [code_of(each) for each in lists["country"]]}
    when["device"] = form.texts(f"{at}.device")
    when["weekday"] = [int(day) for day in form.texts(f"{at}.weekday") if _HOUR.fullmatch(day)]
    when["query"] = _query(form, f"{at}.query")
    for name in ("after", "before"):
        bound = moment(form, f"{at}.{name}", zone)
        when[name] = None if bound is None else _rfc3339(bound)
    when["hours"] = _hours(form, f"{at}.hours")
    if when["weekday"] or when["hours"]:
        when["timezone"] = form.text(f"{at}.timezone") or None
    asked = {name: value for name, value in when.items() if value}
    return NewRule(asked, form.text(f"{row}.use"))


def _rfc3339(at: datetime) -> str:
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace(".000", "")


def _list(form: Form, name: str) -> list[str]:
    """Texts with commas between them; one with a comma stands in quotes."""
    text = form.text(name).replace("\r", " ").replace("\n", ",")
    try:
        (texts,) = csv.reader([text], skipinitialspace=True, strict=True) if text else ([],)
    except csv.Error:
        form.refuse(name, 'has a quotation mark that does not close; write a, b, "c, d"')
        return []
    return [each.strip() for each in texts if each.strip()]


def _query(form: Form, name: str) -> dict[str, str]:
    """Parameters as in a URL: ``src=mail&x=1``."""
    text = form.text(name).removeprefix("?")
    if not text:
        return {}
    pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=None)[:_MAX_QUERY_PAIRS]
    if any("=" not in piece for piece in text.split("&")):
        form.refuse(name, "must be like in a URL: src=mail, or src=mail&lang=de")
    return dict(pairs)


def _hours(form: Form, name: str) -> list[int] | None:
    texts = [form.text(f"{name}.from"), form.text(f"{name}.to")]
    if not any(texts):
        return None
    if not all(_HOUR.fullmatch(text) for text in texts):
        form.refuse(name, "give both, as whole hours of 0 to 24")
        return None
    return [int(text) for text in texts]


def _threshold(form: Form) -> int:
    number = form.number("winner_threshold")
    return NewLink().winner_threshold if number is None else number


def moment(form: Form, name: str, zone: ZoneInfo) -> datetime | None:
    """A moment by the clock of ``zone``.

    One that the clock shows twice is the first of the two.
    """
    text = form.text(name)
    if not text:
        return None
    try:
        there = datetime.fromisoformat(text)
        found = (there if there.tzinfo else there.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        form.refuse(name, "must be a date and a time, like 2026-01-31T09:30")
        return None
    if there.tzinfo is None and found.astimezone(zone).replace(tzinfo=None) != there:
        form.refuse(
            name,
            f"is a time that the clocks of {zone.key} skip that day; take an hour later",
        )
        return None
    return found
