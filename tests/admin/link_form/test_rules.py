"""The rows of the form for a link: destinations with weights, and rules."""

from __future__ import annotations

from typing import Any

import pytest

from klink.admin.link_form.rows import evenly, mended
from klink.core import links
from klink.core.links import LinkView, NewRule, NewVariant
from klink.db.models import Link
from tests.admin.link_form.test_form import (
    BASE,
    HOME,
    NEW,
    edit,
    error_at,
    error_list,
    shown,
    the_only,
)
from tests.admin.office import Office, Page, Person

V, R = "routing.variants", "routing.rules"
AB = (NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50))
TWO = {
    f"{V}.0.label": "a",
    f"{V}.0.url": "https://a.example/",
    f"{V}.0.weight": "50",
    f"{V}.1.label": "b",
    f"{V}.1.url": "https://b.example/",
    f"{V}.1.weight": "50",
    "routing.default": "split",
}


@pytest.fixture
def editor(office: Office) -> Person:
    return office.sign_in("editor")


def press(person: Person, page: Page | dict[str, Any], button: str, path: str = NEW) -> Page:
    """Press a button of the form as it stands on a page."""
    sent = page if isinstance(page, dict) else shown(page)
    return person.post(path, sent | {"do": button})


def create(person: Person, **fields: Any) -> Page:
    return person.post(NEW, BASE | TWO | {"do": "save"} | fields)


def rule(i: int, use: str = "b", **when: Any) -> dict[str, Any]:
    asked = {f"{R}.{i}.when.{name.replace('__', '.')}": value for name, value in when.items()}
    return {f"{R}.{i}.use": use} | asked


def variants(page: Page) -> list[tuple[str, str, str]]:
    sent = shown(page)
    names = ("label", "url", "weight")
    many = sum(name.startswith(V) and name.endswith(".label") for name in sent)
    rows = [[sent[f"{V}.{i}.{name}"][0] for name in names] for i in range(many)]
    return [(label, url, weight) for label, url, weight in rows]


def countries(page: Page) -> list[str]:
    sent = shown(page)
    many = sum(name.startswith(R) and name.endswith(".use") for name in sent)
    return [sent[f"{R}.{i}.when.country"][0] for i in range(many)]


def the_rules(link: LinkView) -> list[tuple[dict[str, object], str]]:
    return [(each.when, each.use) for each in link.rules]


@pytest.mark.parametrize(
    "many,weights", [(0, []), (1, [100]), (3, [34, 33, 33]), (7, [15, 15] + [14] * 5)]
)
def test_weights_are_spread_evenly(many: int, weights: list[int]) -> None:
    assert evenly(many) == weights


@pytest.mark.parametrize(
    "given,weights",
    [
        ([50, 50], [50, 50]),
        ([50, 40], [56, 44]),
        ([1, 1, 1], [34, 33, 33]),
        ([0, 0], [50, 50]),
        ([300, 0, 100], [75, 0, 25]),
        ([9999], [100]),
        ([], []),
    ],
)
def test_weights_are_mended_by_their_parts(given: list[int], weights: list[int]) -> None:
    assert mended(given) == weights


def test_the_first_row_splits_the_destination_that_was_typed(editor: Person) -> None:
    page = press(editor, BASE | {"title": "Kept"}, "add-variant")
    assert page.status_code == 200
    assert variants(page) == [("a", HOME, "50"), ("b", "", "50")]
    assert 'data-focus="f-routing-variants-1-url"' in page.text
    assert shown(page)["title"] == ["Kept"]
    page = press(editor, page, "add-variant")
    assert [row[2] for row in variants(page)] == ["34", "33", "33"]
    assert Link.select().count() == 0


def test_a_new_row_gets_what_is_missing(editor: Person) -> None:
    page = press(editor, BASE | TWO | {f"{V}.0.weight": "30"}, "add-variant")
    assert [row[2] for row in variants(page)] == ["30", "50", "20"]


def test_rows_are_removed_and_the_last_one_is_a_single_destination_again(editor: Person) -> None:
    page = press(editor, BASE | TWO, "add-variant")
    page = press(editor, page, "remove-variant-2")
    assert variants(page) == [("a", "https://a.example/", "50"), ("b", "https://b.example/", "50")]
    page = press(editor, page, "remove-variant-0")
    assert variants(page) == []
    assert shown(page)["url"] == ["https://b.example/"]


def test_the_form_says_what_the_weights_lack_and_mends_them_on_request(editor: Person) -> None:
    page = create(editor, **{f"{V}.0.weight": "30", f"{V}.1.weight": "50"})
    assert page.status_code == 422
    assert "must sum to 100, not 80" in error_at(page, V)
    assert "The weights sum to 80: 20 missing." in page.text
    page = press(editor, page, "mend")
    assert [row[2] for row in variants(page)] == ["38", "62"]
    page = press(editor, page, "spread")
    assert [row[2] for row in variants(page)] == ["50", "50"]


def test_a_split_is_made_and_read_back(office: Office, editor: Person) -> None:
    reply = create(editor, **{f"{V}.1.weight": "40", f"{V}.0.weight": "60"})
    assert reply.status_code == 303, error_list(reply)
    link = the_only(office, editor)
    assert [(each.label, each.weight) for each in link.variants] == [("a", 60), ("b", 40)]
    assert (link.mode, link.default, link.rules) == ("split", None, ())
    assert "Nothing was changed." in editor.follow(edit(editor, link)).text


WHEN: dict[str, tuple[dict[str, Any], dict[str, object]]] = {
    "country": ({"country": "Germany, at,FR"}, {"country": ["DE", "AT", "FR"]}),
    "device": ({"device": ["mobile", "tablet"]}, {"device": ["mobile", "tablet"]}),
    "os": ({"os": 'iOS, "A, B"'}, {"os": ["iOS", "A, B"]}),
    "browser": ({"browser": "Safari"}, {"browser": ["Safari"]}),
    "language": ({"language": "de, pt_BR"}, {"language": ["de", "pt-br"]}),
    "query": ({"query": "?src=a+b%26&x="}, {"query": {"src": "a b&", "x": ""}}),
    "after": ({"after": "2026-07-01T09:30"}, {"after": "2026-07-01T07:30:00Z"}),
    "before": ({"before": "2026-01-01T00:00:30"}, {"before": "2025-12-31T23:00:30Z"}),
    "weekday": (
        {"weekday": ["1", "7"], "timezone": "Asia/Tokyo"},
        {"weekday": [1, 7], "timezone": "Asia/Tokyo"},
    ),
    "hours": (
        {"hours__from": "22", "hours__to": "6", "timezone": "Asia/Tokyo"},
        {"hours": [22, 6], "timezone": "Asia/Tokyo"},
    ),
}


@pytest.mark.parametrize("name", WHEN)
def test_every_condition_makes_a_rule_and_reads_back(
    office: Office, editor: Person, name: str
) -> None:
    fields, when = WHEN[name]
    reply = create(editor, zone="Europe/Berlin", **rule(0, **fields))
    assert reply.status_code == 303, error_list(reply)
    link = the_only(office, editor)
    assert the_rules(link) == [(when, "b")]
    assert (link.mode, link.default) == ("rules", "split")
    assert "Nothing was changed." in editor.follow(edit(editor, link)).text
    assert edit(editor, link, **{f"{V}.0.weight": "60", f"{V}.1.weight": "40"}).status_code == 303
    after = links.get(office.context(), editor.principal, link.uid)
    assert the_rules(after) == [(when, "b")]


BAD: list[tuple[dict[str, Any], str, str]] = [
    (rule(0, country="Nowhere"), f"{R}.0.when.country", "not an ISO 3166"),
    (rule(0, country='"DE'), f"{R}.0.when.country", "quotation mark"),
    (rule(0, language="!"), f"{R}.0.when.language", "language tag"),
    (rule(0, os="x" * 101), f"{R}.0.when.os", "100"),
    (rule(0, query="src"), f"{R}.0.when.query", "like in a URL"),
    (rule(0, after="soon"), f"{R}.0.when.after", "date and a time"),
    (rule(0, before="2026-03-29T02:30"), f"{R}.0.when.before", "skip"),
    (
        rule(0, after="2026-02-01T00:00", before="2026-01-01T00:00"),
        f"{R}.0.when.before",
        "later than",
    ),
    (rule(0, weekday="1", timezone="Mars"), f"{R}.0.when.timezone", "IANA"),
    (rule(0, country="DE") | rule(1, country="X"), f"{R}.1.when.country", "ISO 3166"),
    (rule(0, country="DE", use="z"), f"{R}.0.use", "no destination called"),
    ({f"{V}.0.url": "nowhere"}, f"{V}.0.url", "http"),
    ({f"{V}.1.url": ""}, f"{V}.1.url", ""),
    ({f"{V}.0.label": ""}, f"{V}.0.label", "1 to 50"),
    ({f"{V}.0.label": "split"}, f"{V}.0.label", "another label"),
    ({f"{V}.0.weight": "half"}, f"{V}.0.weight", "whole number"),
    ({f"{V}.0.weight": "-1"}, f"{V}.0.weight", "0 to 100"),
    ({f"{V}.1.label": "a"}, V, "each name may stand once"),
    ({"routing.default": "z"}, "routing.default", "no destination called"),
]


@pytest.mark.parametrize("fields,name,words", BAD)
def test_what_is_wrong_stands_at_its_row_and_nothing_typed_is_lost(
    editor: Person, fields: dict[str, Any], name: str, words: str
) -> None:
    reply = create(editor, zone="Europe/Berlin", **fields)
    assert reply.status_code == 422
    assert words.lower() in error_at(reply, name).lower()
    found = shown(reply)
    assert {each: found[each][0] for each in fields if each != "routing.default"} == {
        each: value for each, value in fields.items() if each != "routing.default"
    }
    assert Link.select().count() == 0


@pytest.mark.parametrize(
    "fields,words",
    [
        (rule(0), "Rule 1 must ask for something."),
        (rule(0, hours__from="9"), "give both"),
        (rule(0, hours__from="9", hours__to="x"), "give both"),
        (rule(0, hours__from="9", hours__to="9"), "two different whole hours"),
    ],
)
def test_what_is_wrong_with_a_rule_stands_in_it(
    editor: Person, fields: dict[str, Any], words: str
) -> None:
    reply = create(editor, **fields)
    assert reply.status_code == 422
    assert words in reply.text
    assert 'id="f-routing-rules-0" open>' in reply.text


def test_a_rule_is_added_with_destinations_when_there_are_none(editor: Person) -> None:
    page = press(editor, BASE | {"zone": "Europe/Berlin"}, "add-rule")
    assert variants(page)[0] == ("a", HOME, "50")
    assert shown(page)[f"{R}.0.use"] == ["b"]
    assert shown(page)[f"{R}.0.when.timezone"] == ["Europe/Berlin"]
    assert 'data-focus="f-routing-rules-0-when-country"' in page.text


def test_rules_are_moved_and_removed(editor: Person) -> None:
    three = rule(0, country="DE") | rule(1, country="AT", use="a") | rule(2, country="CH")
    page = press(editor, BASE | TWO | three, "up-rule-1")
    assert countries(page) == ["AT", "DE", "CH"]
    assert shown(page)[f"{R}.0.use"] == ["a"]
    page = press(editor, page, "down-rule-1")
    assert countries(page) == ["AT", "CH", "DE"]
    page = press(editor, page, "remove-rule-0")
    assert countries(page) == ["CH", "DE"]
    for nothing in ("up-rule-0", "down-rule-1", "remove-rule-9", "remove-variant-9", "dance"):
        page = press(editor, page, nothing)
        assert (countries(page), len(variants(page))) == (["CH", "DE"], 2)


def test_rules_follow_a_destination_to_its_new_name(office: Office, editor: Person) -> None:
    link = office.link(
        "spring",
        AB[1].url,
        variants=AB,
        rules=(NewRule({"country": ["DE"]}, "b"), NewRule({"country": ["AT"]}, "a")),
        default="b",
    )
    reply = edit(editor, link, **{f"{V}.1.label": "Berlin"})
    assert reply.status_code == 303, error_list(reply)
    after = links.get(office.context(), editor.principal, link.uid)
    assert [each.use for each in after.rules] == ["Berlin", "a"]
    assert after.default == "Berlin"


def test_a_rule_whose_destination_is_removed_says_so(editor: Person) -> None:
    page = press(editor, BASE | TWO, "add-variant")
    page = press(editor, shown(page) | rule(0, country="DE", use="c"), "remove-variant-2")
    assert "c (removed)" in page.text
    assert "no destination called" in error_at(press(editor, page, "save"), f"{R}.0.use")


def test_a_link_goes_back_to_one_destination(office: Office, editor: Person) -> None:
    link = office.link("spring", AB[0].url, variants=AB)
    path = f"/admin/links/{link.uid}/edit"
    page = press(editor, editor.get(path), "remove-variant-1", path)
    assert press(editor, page, "save", path).status_code == 303
    after = links.get(office.context(), editor.principal, link.uid)
    assert (after.mode, after.url, after.variants) == ("single", "https://a.example/", ())


def test_a_single_link_gets_destinations_and_rules(office: Office, editor: Person) -> None:
    link = office.link("spring", HOME)
    path = f"/admin/links/{link.uid}/edit"
    page = press(editor, editor.get(path), "add-rule", path)
    fields = {f"{V}.1.url": "https://b.example/", f"{R}.0.when.device": "mobile"}
    assert press(editor, shown(page) | fields, "save", path).status_code == 303
    after = links.get(office.context(), editor.principal, link.uid)
    assert [(each.label, each.url) for each in after.variants] == [
        ("a", HOME),
        ("b", "https://b.example/"),
    ]
    assert the_rules(after) == [({"device": ["mobile"]}, "b")]


def test_everybody_may_get_one_destination_while_others_stand_by(
    office: Office, editor: Person
) -> None:
    assert create(editor, **{"routing.default": "b"}).status_code == 303
    link = the_only(office, editor)
    assert (link.mode, link.default) == ("rules", "b")
    assert "Nothing was changed." in editor.follow(edit(editor, link)).text


def test_too_many_rows_are_refused_and_come_back(editor: Person) -> None:
    many: dict[str, str] = {}
    for i in range(30):
        row = {"label": f"v{i}", "url": HOME, "weight": "0"}
        many |= {f"{V}.{i * 7}.{name}": value for name, value in row.items()}
    reply = editor.post(NEW, BASE | many | {"do": "save"})
    assert "at most 20 destinations" in error_at(reply, V).lower()
    page = press(editor, BASE | many | {f"{V}.99999.label": "x", f"{V}.x.label": "y"}, "spread")
    assert len(variants(page)) == 21


def test_who_gets_what_is_told_of_rules_and_weights(editor: Person) -> None:
    fields = rule(0, country="DE, AT", device="mobile") | rule(1, language="fr", use="split")
    page = editor.post("/admin/links/explain-draft", BASE | TWO | fields)
    for words in ("A phone in Germany or Austria", "rule 1", "French", "rule 2, by the weights"):
        assert words in page.text
    assert "50 %" in page.text
    both = rule(0, device="mobile") | rule(1, device="mobile", country="DE")
    page = editor.post("/admin/links/explain-draft", BASE | TWO | both)
    assert "Rule 2 reaches nobody" in page.text


def test_one_visitor_may_be_asked_about(editor: Person) -> None:
    fields = BASE | TWO | rule(0, country="DE", language="fr", hours__from="20", hours__to="22")
    ask = {"ask.country": "de", "ask.language": "fr", "ask.at": "2026-05-01T20:30"}
    page = editor.post("/admin/links/explain-draft", fields | ask)
    assert "Somebody in Germany, French, on Fri 1 May 2026, 20:30" in page.text
    row = page.text[page.text.index("<tbody>") :].split("</tr>")[0]
    assert "rule 1" in row
    other = editor.post("/admin/links/explain-draft", fields | ask | {"ask.country": "AT"})
    assert "by the weights" in other.text[other.text.index("<tbody>") :].split("</tr>")[0]


def test_labels_and_values_are_escaped(editor: Person) -> None:
    evil = '"><script>alert(1)</script>'
    fields = {f"{V}.0.label": evil} | rule(0, use=evil, os=evil, query="a=<script>")
    page = press(editor, BASE | TWO | fields, "explain")
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_folded_rule_says_what_it_asks_for(editor: Person) -> None:
    fields = rule(0, country="AT, DE", after="2026-03-01T08:00") | rule(1, language="fr")
    page = press(editor, BASE | TWO | fields, "preview")
    assert "Austria, Germany · from 2026-03-01 08:00 → b" in page.text
