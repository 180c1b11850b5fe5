"""The rows of the form for a link: destinations with weights, and rules.

Rows are changed by buttons that send the whole form, so it works without a script, and one place
knows what a new row is. Nothing is saved by that.

A row's fields are ``routing.variants.I.NAME`` and ``routing.rules.I.NAME``, as the core names
them; ``was`` is the label that a variant had when it was shown, so that rules follow a new name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_lowercase

from klink.admin.forms import Form
from klink.core.links.destinations import MAX_RULES, MAX_VARIANTS, SPLIT, WHOLE

__all__ = ["Rows", "evenly", "mended"]

_VARIANTS, _RULES, _DEFAULT = "routing.variants", "routing.rules", "routing.default"
_FIELD = re.compile(r"(routing\.(?:variants|rules))\.(\d{1,4})\.([a-z.]{1,30})")
_MOST = {_VARIANTS: MAX_VARIANTS + 1, _RULES: MAX_RULES + 1}  # one more, for the core to refuse
_WEIGHT = re.compile(r"[0-9]{1,4}")
_MOVE = re.compile(r"(remove-variant|remove-rule|up-rule|down-rule)-([0-9]{1,4})")

Row = dict[str, list[str]]
"""The values of a row's fields, by their names within the row."""


@dataclass(slots=True)
class Rows:
    """A form taken apart: its rows, numbered from 0 without gaps, and all other fields."""

    rest: dict[str, list[str]]
    variants: list[Row]
    rules: list[Row]

    @classmethod
    def of(cls, form: Form) -> Rows:
        """Take a form apart; rules follow labels that have a new name."""
        rest: dict[str, list[str]] = {}
        found: dict[str, dict[int, Row]] = {_VARIANTS: {}, _RULES: {}}
        for name in form.names():
            match = _FIELD.fullmatch(name)
            if match is None:
                rest[name] = form.texts(name)
            else:
                found[match[1]].setdefault(int(match[2]), {})[match[3]] = form.texts(name)
        variants, rules = (
            [rows[i] for i in sorted(rows)][: _MOST[kind]] for kind, rows in found.items()
        )
        made = cls(rest, variants, rules)
        made._rename()
        return made

    def form(self) -> Form:
        """The form put together again."""
        values: dict[str, list[str]] = dict(self.rest)
        for kind, rows in ((_VARIANTS, self.variants), (_RULES, self.rules)):
            for i, row in enumerate(rows):
                values |= {f"{kind}.{i}.{name}": each for name, each in row.items()}
        return Form(values)

    @property
    def labels(self) -> list[str]:
        """What the variants are called."""
        return [_first(row, "label") for row in self.variants]

    @property
    def weights(self) -> list[int]:
        """Their weights; what is no number is 0."""
        return [_weight(_first(row, "weight")) for row in self.variants]

    def act(self, what: str, zone: str = "") -> str | None:
        """Do what a button says; the field to go on with, or None for no such button.

        :param zone: the reader's time zone, for the hours of a new rule.
        """
        match what:
            case "add-variant":
                return self._add_variant()
            case "add-rule":
                return self._add_rule(zone)
            case "spread":
                self._weigh(evenly(len(self.variants)))
                return f"{_VARIANTS}.0.weight"
            case "mend":
                self._weigh(mended(self.weights))
                return f"{_VARIANTS}.0.weight"
        move = _MOVE.fullmatch(what)
        if move is None:
            return None
        row = int(move[2])
        if move[1] == "remove-variant":
            return self._remove_variant(row)
        return self._move_rule(move[1], row)

    def _add_variant(self) -> str:
        if not self.variants:
            url = self.rest.pop("url", [""])
            self.variants = [_variant("a", url[0]), _variant("b", "")]
            self._weigh(evenly(2))
            self.rest.setdefault(_DEFAULT, [SPLIT])
        elif len(self.variants) < MAX_VARIANTS:
            was = self.weights
            self.variants.append(_variant(self._free_label(), ""))
            if was == evenly(len(was)):
                self._weigh(evenly(len(self.variants)))
            else:
                self._weigh([*was, max(0, WHOLE - sum(was))])
        urls = [_first(row, "url") for row in self.variants]
        return f"{_VARIANTS}.{urls.index('') if '' in urls else len(urls) - 1}.url"

    def _remove_variant(self, row: int) -> str:
        was_even = self.weights == evenly(len(self.variants))
        if row < len(self.variants):
            del self.variants[row]
        if len(self.variants) == 1 and not self.rules:  # back to one destination
            self.rest["url"] = [_first(self.variants[0], "url")]
            self.rest.pop(_DEFAULT, None)
            self.variants = []
        if not self.variants:
            return "url"
        if was_even or len(self.variants) == 1:
            self._weigh(evenly(len(self.variants)))
        return f"{_VARIANTS}.{min(row, len(self.variants) - 1)}.url"

    def _add_rule(self, zone: str) -> str:
        if not self.variants:
            self._add_variant()
        if len(self.rules) < MAX_RULES:
            use = self.labels[-1]
            self.rules.append({"use": [use], "when.timezone": [zone], "open": ["1"]})
        return f"{_RULES}.{len(self.rules) - 1}.when.country"

    def _move_rule(self, move: str, row: int) -> str:
        if row >= len(self.rules):
            return "do-add-rule"
        if move == "remove-rule":
            del self.rules[row]
            return f"{_RULES}.{min(row, len(self.rules) - 1)}" if self.rules else "do-add-rule"
        to = row + (-1 if move == "up-rule" else 1)
        if 0 <= to < len(self.rules):
            self.rules[row], self.rules[to] = self.rules[to], self.rules[row]
            row = to
        return f"{_RULES}.{row}"

    def _rename(self) -> None:
        labels = set(self.labels)
        new = {}
        for row in self.variants:
            was, label = _first(row, "was"), _first(row, "label")
            if was and label and was not in labels:
                new[was] = label
            row["was"] = [label]
        for rule in self.rules:
            use = _first(rule, "use")
            rule["use"] = [new.get(use, use)]
        if _DEFAULT in self.rest:
            default = _first(self.rest, _DEFAULT)
            self.rest[_DEFAULT] = [new.get(default, default)]

    def _weigh(self, weights: Iterable[int]) -> None:
        for row, weight in zip(self.variants, weights, strict=True):
            row["weight"] = [str(weight)]

    def _free_label(self) -> str:
        taken = set(self.labels)
        return next(each for each in ascii_lowercase if each not in taken)


def evenly(many: int) -> list[int]:
    """Weights that are as equal as whole numbers can be."""
    return [WHOLE // many + (i < WHOLE % many) for i in range(many)] if many else []


def mended(weights: list[int]) -> list[int]:
    """The weights made to sum to 100, each keeping its part as well as whole numbers can."""
    total = sum(weights)
    if not total:
        return evenly(len(weights))
    exact = [weight * WHOLE / total for weight in weights]
    whole = [int(each) for each in exact]
    order = sorted(range(len(exact)), key=lambda i: whole[i] - exact[i])
    for i in order[: WHOLE - sum(whole)]:
        whole[i] += 1
    return whole


def _variant(label: str, url: str) -> Row:
    return {"label": [label], "url": [url], "weight": ["0"], "was": [label]}


def _first(row: Mapping[str, list[str]], name: str) -> str:
    return (row.get(name) or [""])[0].strip()


def _weight(text: str) -> int:
    return int(text) if _WEIGHT.fullmatch(text) else 0
