"""What a page of figures is asked for: its span of time, and which of its lists are shown."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from flask import g, request, url_for

from klink.admin.forms import Form
from klink.admin.rendering import reader_zone
from klink.stats import spans
from klink.stats.ranges import is_timezone
from klink.stats.spans import Span
from klink.web.parts import context

__all__ = [
    "CUSTOM",
    "asked_span",
    "before_in_words",
    "chosen_span",
    "in_words",
    "kept",
    "label",
    "same_page",
    "show_as",
]

CUSTOM = "custom"

_SHOWN = "page_shown"
_SPAN = ("range", "since", "until")
_LISTS = ("source", "place", "device", "more", "name", "run", "who")
_HYPHEN = "\u2013"  # as ranges are written


def chosen_span() -> tuple[Span, Form]:
    """The span that the query asks for, in the reader's time zone.

    :return: the span, and the form of the dates; where it has errors, the span is the default.
    """
    form = Form.asked()
    now, zone = context().now, _zone()
    name = form.text("range") or spans.DEFAULT
    span = spans.last(now, spans.DEFAULT, zone)
    if name == CUSTOM and not (form.text("since") or form.text("until")):
        dates = {"since": span.first.isoformat(), "until": span.last.isoformat()}
        return span, Form.of({"range": CUSTOM} | dates)
    with form.catching():
        if name == CUSTOM:
            span = spans.custom(now, form.text("since"), form.text("until"), zone)
        else:
            span = spans.last(now, name, zone)
    return span, form


def _zone() -> str:
    key = reader_zone().key
    return key if is_timezone(key) else "UTC"


def same_page(**changes: str | None) -> str:
    """The URL of the page that is asked for, with other choices; None takes one back.

    What was chosen besides stays, but for the place in a list, which may be another now.
    """
    here = {name: request.args[name] for name in (*_SPAN, *_LISTS) if name in request.args}
    chosen = {name: value for name, value in (here | changes).items() if value is not None}
    endpoint = g.get(_SHOWN) or request.endpoint or ""
    return url_for(endpoint, **(request.view_args or {}) | chosen)


def show_as(endpoint: str) -> None:
    """Say which page is shown, in answer to a form that could not be taken."""
    setattr(g, _SHOWN, endpoint)


def asked_span() -> dict[str, str]:
    """The span that was chosen: another page can be asked for the same."""
    return {name: request.args[name] for name in _SPAN if name in request.args}


def kept() -> dict[str, str]:
    """What was chosen besides the span: a form that chooses another one brings it along."""
    return {name: request.args[name] for name in _LISTS if name in request.args}


def in_words(span: Span) -> str:
    """The days of a span: such as from 23 Oct to 21 Nov 2026."""
    first, last = span.first, span.last
    if first == last:
        return f"{last:%-d %b %Y}"
    begin = f"{first:%-d %b}" if first.year == last.year else f"{first:%-d %b %Y}"
    return f"{begin} {_HYPHEN} {last:%-d %b %Y}"


def before_in_words(span: Span) -> str:
    """What its figures are held against: ``the 30 days before``."""
    if span.name == "24h":
        return "the 24 hours before"
    many = (span.last - span.first).days + 1
    return "the day before" if many == 1 else f"the {many:,} days before"


def label(span: Span, start: datetime) -> str:
    """A point of the span's series, in words."""
    local = start.astimezone(ZoneInfo(span.timezone))
    if span.over.bucket == "hour":
        return f"{local:%-d %b, %H:%M}"
    if span.over.bucket == "month":
        return f"{local:%b %Y}"
    return f"{local:%-d %b}"
