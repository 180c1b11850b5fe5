"""The form for a link as a page: what it shows of the fields that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from zoneinfo import available_timezones

from flask import Response

from klink.admin.forms import TOP, Form
from klink.admin.link_form.conflict import Theirs
from klink.admin.link_form.fields import baseline, baseline_of
from klink.admin.link_form.preview import Told, asked_of, told
from klink.admin.link_form.reading import change, new_link, zone_of
from klink.admin.link_form.rows import Rows
from klink.admin.link_form.words import DEVICES, countries, country, field_name, language, worded
from klink.admin.rendering import page
from klink.core.domains.reading import find_all
from klink.core.explain_draft import explain_draft
from klink.core.links import LinkView
from klink.core.links.slug_check import SlugCheck, check_slug
from klink.core.links.tag_names import tag_names
from klink.web.parts import context
from klink.web.principal import principal

__all__ = ["Shown", "preview", "show", "slug_check"]

_MAX_SUGGESTIONS = 200

_FOLDS: dict[str, dict[str, str]] = {
    "about": {"description": "", "tags": ""},
    "utm": {"utm": ""},
    "routing": {"routing": ""},
    "guards": {"password": "", "type": "direct", "post_id": "", "site_url": ""},
    "dates": {"starts_at": "", "expires_at": ""},
    "limits": {"max_clicks": "", "expired_url": "", "failover_url": ""},
    "counting": {
        "conversion_tracking": "",
        "conversion_redirect_url": "",
        "auto_winner": "",
        "winner_threshold": "100",
    },
    "redirect": {"redirect_status": "302", "forward_query": "", "is_active": "1"},
}
"""The fields that a fold holds, with what they hold when it may stay closed."""


_RARE = {
    f"when.{name}"
    for name in (
        "os",
        "browser",
        "query",
        "after",
        "before",
        "weekday",
        "hours",
        "hours.from",
        "hours.to",
    )
}
"""What few rules ask for."""


@dataclass(slots=True)
class Shown:
    """What the page shows beside the form's own fields.

    :ivar link: the one that is changed; None: a new one.
    :ivar was: the fields as they were, by :func:`baseline`.
    :ivar focus: the field to go on with after a button that saved nothing.
    :ivar theirs: what somebody else has changed meanwhile.
    :ivar like: of a new link: the one that it begins as a copy of.
    """

    link: LinkView | None = None
    version: int = 0
    was: str = ""
    focus: str = ""
    theirs: Sequence[Theirs] = field(default_factory=list)
    like: LinkView | None = None


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule's row: what it asks for in a line, and what of it stands open.

    :ivar has_more: it asks for something that is rarely asked for, or something there is wrong.
    """

    summary: str
    is_open: bool
    has_more: bool


def show(form: Form, shown: Shown, *, status: int = 200) -> Response:
    """The page with the form."""
    link = shown.link
    rows = Rows.of(form)
    table, lacking = preview(form, link, shown.was)
    for texts in form.errors.values():
        texts[:] = map(worded, texts)
    domains = [] if link else _domains()
    return page(
        "links/form",
        title=f"Edit /{link.slug}" if link else "New link",
        at="links",
        status=status,
        form=form,
        shown=shown,
        link=link,
        link_domain=link.domain if link else domains[0],
        domains=domains,
        was=shown.was or baseline(form),
        errors=_errors(form),
        open=_open(form, link),
        rows=rows,
        sum=sum(rows.weights),
        uses=[("split", "split by weight"), *((label, label) for label in rows.labels)],
        rules=[_rule(form, i, row, len(rows.rules)) for i, row in enumerate(rows.rules)],
        tags=tag_names(principal(), _MAX_SUGGESTIONS),
        countries=countries(),
        devices=DEVICES,
        zones=_zones() if rows.rules else (),
        zone=zone_of(form).key,
        slug=slug_check(form, link),
        preview=table,
        lacking=lacking,
        id_of=_id_of,
    )


def preview(form: Form, link: LinkView | None, was: str) -> tuple[Told | None, list[str]]:
    """Who would get what, or else what there is to mend before that can be told.

    What is wrong with the visitor who was asked about is noted in the form.
    """
    read = Form({name: form.texts(name) for name in form.names()})
    asked = asked_of(form)
    found = None
    with read.catching():
        wanted = change(read, baseline_of(was)) if link else new_link(read)
        if not read.errors:
            made = explain_draft(
                context(), principal(), wanted, uid=link.uid if link else "", asked=asked
            )
            found = told(made, asked, zone_of(form))
    if found is None and not form.text("url") and not Rows.of(form).variants:
        return None, []
    return found, [f"{name or 'Form'}: {worded(text)}" for name, text, _ in _errors(read)]


def slug_check(form: Form, link: LinkView | None) -> SlugCheck:
    """What would become of the slug that stands in the form."""
    domain = link.domain if link else form.text("domain") or None
    return check_slug(
        context(), principal(), form.text("slug"), domain, of=link.uid if link else ""
    )


@cache
def _zones() -> tuple[str, ...]:
    """All time zones; looking for them reads a few hundred files."""
    return tuple(sorted(available_timezones()))


def _domains() -> list[str]:
    """Where the workspace's links may live, its default first."""
    found = [each for each in find_all(context(), principal()).items if each.state != "pending"]
    return [each.host for each in sorted(found, key=lambda each: not each.is_default)]


def _errors(form: Form) -> list[tuple[str, str, str]]:
    """What is wrong: the field's name in words, the text, and the place on the page."""
    return [
        (field_name(name), text, _id_of(name))
        for name, texts in form.errors.items()
        if name != TOP
        for text in texts
    ]


def _id_of(name: str) -> str:
    return "f-" + name.replace(".", "-")


def _open(form: Form, link: LinkView | None) -> set[str]:
    """The folds that hold something, or something wrong."""
    wrong = {_first(name) for name in form.errors}
    is_guarded = {"guards"} if link is not None and link.password_protected else set()
    return is_guarded | {
        fold
        for fold, fields in _FOLDS.items()
        if wrong & fields.keys()
        or any(form.text(name) != fields[_first(name)] for name in _held(form, fields))
    }


def _held(form: Form, fields: dict[str, str]) -> Iterator[str]:
    """The form's fields that a fold holds, and those of it that the form lacks."""
    names = [name for name in form.names() if _first(name) in fields]
    yield from names
    yield from fields.keys() - {_first(name) for name in names}


def _first(name: str) -> str:
    return name.partition(".")[0]


def _rule(form: Form, i: int, row: dict[str, list[str]], many: int) -> _Rule:
    is_wrong = any(name.startswith(f"routing.rules.{i}.") for name in form.errors)
    said = [_said(name, texts) for name, texts in row.items() if name.startswith("when.")]
    asked = " · ".join(each for each in said if each) or "asks for nothing yet"
    use = (row.get("use") or [""])[0]
    goes = "split by weight" if use == "split" else use
    held = {name for name, texts in row.items() if any(texts)}
    wrong = {name.removeprefix(f"routing.rules.{i}.") for name in form.errors}
    has_more = bool((held | wrong) & _RARE)
    return _Rule(f"{asked} → {goes}", is_wrong or "open" in row or many == 1, has_more)


def _said(name: str, texts: list[str]) -> str:
    """One thing that a rule asks for, short."""
    text = ", ".join(each for each in texts if each)
    part = name.removeprefix("when.")
    if not text or part in ("timezone", "hours.to"):
        return ""
    if part == "device":
        return ", ".join(word.lower() for value, word in DEVICES if value in texts)
    if part == "weekday":
        return f"days {text}"
    if part in ("country", "language"):
        name_of = country if part == "country" else language
        return ", ".join(name_of(each.strip()) for each in text.split(",") if each.strip())
    if part in ("after", "before"):
        text = text.replace("T", " ")
    words = {"after": "from ", "before": "until ", "hours.from": "from hour ", "query": "?"}
    return words.get(part, "") + text
