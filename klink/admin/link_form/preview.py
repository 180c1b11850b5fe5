"""Who would get what, in words: the table beside the form for a link."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from klink.admin.forms import Form
from klink.admin.link_form.reading import moment, zone_of
from klink.admin.link_form.words import DEVICES, code_of, country, language
from klink.core.countries import COUNTRIES
from klink.core.explain import Explanation, chances
from klink.core.explain_draft import Facts, Preview, Shown
from klink.core.times import from_ms, to_ms

__all__ = ["Goal", "Row", "Told", "asked_of", "told"]

_MANY = 4  # countries that are named before the rest is counted
_WHY = {
    "only": "the one destination",
    "winner": "the experiment's winner",
    "split": "by the weights",
    "default": "no rule holds",
}
_BEFORE = {"page": "the preview page, then", "password": "the password, then"}
_ENDED = {
    "expired": "expired",
    "limited": "all clicks used up",
    "gone": "not active",
    "not_found": "not started yet",
}


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a visitor may end up; ``label`` and ``chance`` are '' where there is one way only."""

    url: str
    label: str = ""
    chance: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of visitor.

    :ivar before: what stands before the goal, or why there is none.
    """

    who: str
    goals: tuple[Goal, ...]
    before: str
    why: str


@dataclass(frozen=True, slots=True)
class Told:
    """The table, and what there is to say of it.

    :ivar asked: the row of the visitor that was asked about.
    :ivar url: what visitors are sent to, with its UTM parameters, of the first destination.
    :ivar notes: rules that nobody reaches, rows that are left out.
    """

    rows: tuple[Row, ...]
    asked: Row | None
    url: str
    notes: tuple[str, ...]


def told(preview: Preview, asked: Facts | None, zone: ZoneInfo) -> Told:
    """A preview in words.

    :param asked: who was asked about.
    :param zone: the reader's.
    """
    rows = tuple(_row(_who(each, zone), each.gets) for each in preview.visitors)
    if len(rows) == 1:
        rows = (Row("Everybody", rows[0].goals, rows[0].before, rows[0].why),)
    row = None
    if asked is not None and preview.asked is not None:
        row = _row(_somebody(asked, (asked.country_code,), zone), preview.asked)
    notes = [
        f"Rule {i + 1} reaches nobody: rules before it take all its visitors."
        for i in preview.unreached
    ]
    if preview.is_cut:
        notes.append("There are more rules than are shown here.")
    anybody = rows[-1].goals
    return Told(rows, row, anybody[0].url if anybody else "", tuple(notes))


def asked_of(form: Form) -> Facts | None:
    """The visitor that the form asks about; what is wrong is noted in it.

    :return: None when nothing is asked, or something is wrong.
    """
    code = code_of(form.text("ask.country")).upper()
    tag = form.text("ask.language").lower().replace("_", "-")
    device = form.text("ask.device")
    at = moment(form, "ask.at", zone_of(form))
    if code and code not in COUNTRIES:
        form.refuse("ask.country", "must be a country, or its code of two letters, like DE")
    if form.error("ask.country") or form.error("ask.at"):
        return None
    if not (code or tag or device or at):
        return None
    return Facts(code, device, "", "", tag, (), None if at is None else to_ms(at))


def _who(shown: Shown, zone: ZoneInfo) -> str:
    if shown.named_by is None:
        return "Everybody else"
    return _somebody(shown.facts, shown.countries, zone)


def _somebody(facts: Facts, codes: Iterable[str], zone: ZoneInfo) -> str:
    device = dict(DEVICES).get(facts.device)
    text = f"A {device.lower()}" if device else "Somebody"
    named = [country(code) for code in codes if code]
    if named:
        text += f" in {_any_of(named)}"
    more = [facts.os, facts.browser]
    if facts.language:
        more.append(language(facts.language))
    if facts.query:
        more.append("with ?" + "&".join(f"{name}={value}" for name, value in facts.query))
    if facts.at_ms is not None:
        more.append(f"on {_moment(from_ms(facts.at_ms), zone)}")
    return ", ".join([text, *(each for each in more if each)])


def _any_of(names: list[str]) -> str:
    if len(names) > _MANY + 1:
        return f"{', '.join(names[:_MANY])} and {len(names) - _MANY} more"
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%a %-d %b %Y, %H:%M")


def _row(who: str, gets: Explanation) -> Row:
    if gets.by is None:
        ended = f"{gets.status}, {_ENDED.get(gets.end, '')}"
        goals: tuple[Goal, ...] = (Goal(gets.location),) if gets.location else ()
        return Row(who, goals, f"{_ENDED[gets.end]}, sent on to" if goals else ended, "")
    if gets.by == "split":
        goals = tuple(
            Goal(variant.location, variant.label, f"{chance:g} %")
            for variant, chance in chances(gets.shares)
        )
    else:
        goals = (Goal(gets.onward, gets.variant or ""),)
    why = _WHY.get(gets.by, "")
    if gets.rule is not None:
        why = f"rule {gets.rule + 1}" + (", by the weights" if gets.by == "split" else "")
    return Row(who, goals, _BEFORE.get(gets.end, ""), why)
