"""Which variant a visit gets (contract: native "Link", klinky K7 and K8)."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.conditions import FIELDS
from klink.core.errors import ValidationFailed
from klink.core.routing import (
    Agent,
    Condition,
    Rule,
    choose,
    dump_condition,
    matches,
    may_split,
    parse_condition,
)
from klink.core.times import parse_rfc3339, to_ms
from klink.core.visitors import visitor_id
from tests.core.visits import FixedLookups, a_link, a_visit, variant

A, B, C = variant("a"), variant("b"), variant("c")


def chosen(link, visit=None, lookups=None):
    return choose(link, visit or a_visit(), lookups or FixedLookups()).variant.label


def visitors(count):
    return [visitor_id(b"secret", str(n), "") for n in range(count)]


def shares(weights, count):
    variants = tuple(variant(str(n), weight) for n, weight in enumerate(weights))
    link = a_link(mode="split", variants=variants)
    base, none = a_visit(), FixedLookups()
    return Counter(
        choose(link, base._replace(visitor=visitor), none).variant.label
        for visitor in visitors(count)
    )


MANY = 200_000
CHI_SQUARE = {1: 10.83, 2: 13.82, 3: 16.27, 9: 27.88}
"""What a fair draw stays below in 999 of 1,000 cases, by degrees of freedom."""


@pytest.mark.parametrize(
    "weights", [(50, 50), (60, 40), (1, 99), (70, 20, 10), (97, 1, 1, 1), (10,) * 10]
)
def test_the_weights_are_kept_over_many_visitors(weights):
    seen = shares(weights, MANY)
    expected = [MANY * weight / 100 for weight in weights]
    chi_square = sum((seen[str(n)] - asked) ** 2 / asked for n, asked in enumerate(expected))
    assert chi_square < CHI_SQUARE[len(weights) - 1]


def test_moving_the_weights_by_ten_percent_moves_ten_percent_of_the_visitors():
    even = a_link(mode="split", variants=(A, B))
    tilted = a_link(mode="split", variants=(variant("a", 60), variant("b", 40)))
    moved = Counter(
        (chosen(even, visit), chosen(tilted, visit))
        for visit in (a_visit(visitor=visitor) for visitor in visitors(50_000))
    )
    assert moved["a", "b"] == 0
    assert 0.09 < moved["b", "a"] / 50_000 < 0.11


def test_one_visitor_keeps_one_variant():
    link = a_link(mode="split", variants=(A, B))
    assert len({chosen(link, a_visit(at_ms=at, query=str(at))) for at in range(100)}) == 1


def test_where_a_visitor_stands_on_one_link_says_nothing_of_another():
    one = a_link(id=1, mode="split", variants=(A, B))
    other = a_link(id=2, mode="split", variants=(A, B))
    pairs = Counter(
        (chosen(one, visit), chosen(other, visit))
        for visit in (a_visit(visitor=visitor) for visitor in visitors(20_000))
    )
    assert len(pairs) == 4
    assert all(0.23 < count / 20_000 < 0.27 for count in pairs.values())


def test_a_variant_without_weight_gets_nobody():
    assert set(shares((0, 100, 0), 500)) == {"1"}


def test_without_any_weight_the_default_or_the_first_serves():
    zero = (variant("a", 0), variant("b", 0))
    assert chosen(a_link(mode="split", variants=zero)) == "a"
    assert chosen(a_link(mode="split", variants=zero, default="b")) == "b"


def test_weights_need_not_sum_to_a_hundred():
    seen = shares((1, 2), 30_000)
    assert 0.32 < seen["0"] / 30_000 < 0.35


def test_a_choice_says_what_made_it():
    us, split = Rule(Condition(country=("US",)), "b"), Rule(Condition(country=("DE",)), "split")
    rules = a_link(mode="rules", variants=(A, B), rules=(us, split))
    halves = a_link(mode="split", variants=(A, variant("b", 0)))

    def why(link, country=""):
        found = choose(link, a_visit(), FixedLookups(country))
        return found.variant.label, found.by, found.rule

    assert why(a_link()) == ("", "only", None)
    assert why(halves) == ("a", "split", None)
    assert why(halves._replace(winner="b")) == ("b", "winner", None)
    assert why(rules, "US") == ("b", "rule", 0)
    assert why(rules, "DE") == (
        choose(rules._replace(mode="split"), a_visit(), FixedLookups()).variant.label,
        "split",
        1,
    )
    assert why(rules, "FR") == ("a", "default", None)
    assert why(rules._replace(default="split", variants=(variant("a", 0), B))) == (
        "b",
        "split",
        None,
    )


def test_where_no_variant_has_weight_no_weight_decides():
    none = (variant("a", 0), variant("b", 0))
    rule = Rule(Condition(country=("US",)), "split")
    link = a_link(mode="rules", variants=none, rules=(rule,), default="b")
    assert choose(link, a_visit(), FixedLookups("US")) == (none[1], "default", 0)
    assert choose(link._replace(mode="split"), a_visit(), FixedLookups())[1:] == ("default", None)


class TestOrder:
    US = Rule(Condition(country=("US",)), "b")

    def test_the_winner_takes_all_rules_and_weights_or_not(self):
        link = a_link(mode="split", variants=(A, B, C), rules=(self.US,), winner="c")
        assert chosen(link, lookups=FixedLookups("US")) == "c"

    def test_the_first_rule_that_matches_decides(self):
        rules = (Rule(Condition(country=("DE",)), "a"), self.US, Rule(Condition(), "c"))
        link = a_link(mode="rules", variants=(A, B, C), rules=rules)
        assert chosen(link, lookups=FixedLookups("DE")) == "a"
        assert chosen(link, lookups=FixedLookups("US")) == "b"
        assert chosen(link, lookups=FixedLookups("")) == "c"

    def test_without_a_match_the_default_serves_else_the_first(self):
        link = a_link(mode="rules", variants=(A, B, C), rules=(self.US,))
        assert chosen(link._replace(default="c")) == "c"
        assert chosen(link) == "a"
        assert chosen(link._replace(default="gone")) == "a"

    def test_a_rule_may_use_the_split(self):
        link = a_link(
            mode="rules",
            variants=(variant("a", 0), variant("b", 100)),
            rules=(Rule(Condition(country=("US",)), "split"),),
        )
        assert chosen(link, lookups=FixedLookups("US")) == "b"
        assert chosen(link, lookups=FixedLookups("DE")) == "a"

    def test_in_split_mode_what_no_rule_takes_is_split(self):
        link = a_link(
            mode="split", variants=(A, variant("b", 0), variant("c", 0)), rules=(self.US,)
        )
        assert chosen(link, lookups=FixedLookups("US")) == "b"
        assert chosen(link) == "a"

    def test_labels_that_are_gone_are_passed_over(self):
        rules = (Rule(Condition(), "gone"), Rule(Condition(), "b"))
        assert chosen(a_link(mode="rules", variants=(A, B), rules=rules, winner="lost")) == "b"

    def test_nothing_is_looked_up_that_no_rule_asks(self):
        lookups = FixedLookups("US")
        choose(a_link(mode="split", variants=(A, B)), a_visit(), lookups)
        rule = Rule(Condition(language=("fr",), country=("US",), device=("mobile",)), "a")
        choose(a_link(mode="rules", variants=(A, B), rules=(rule,)), a_visit(), lookups)
        assert lookups.asked == []

    def test_links_whose_weights_can_decide_are_known(self):
        assert not may_split(a_link())
        assert not may_split(a_link(mode="split", variants=(A,)))
        assert may_split(a_link(mode="split", variants=(A, B)))
        assert not may_split(a_link(mode="rules", variants=(A, B), rules=(self.US,)))
        split = Rule(Condition(), "split")
        assert may_split(a_link(mode="rules", variants=(A, B), rules=(self.US, split)))


PHONE = Agent("mobile", "iOS", "Mobile Safari")
LAPTOP = Agent("desktop", "Mac OS X", "Chrome")


@pytest.mark.parametrize(
    "when,fits",
    [
        ({}, True),
        ({"country": "US"}, True),
        ({"country": ["ca", "us"]}, True),
        ({"country": "DE"}, False),
        ({"device": "mobile"}, True),
        ({"device": ["tablet", "desktop"]}, False),
        ({"os": "ios"}, True),
        ({"os": ["Android", "iOS"]}, True),
        ({"os": "macOS"}, False),
        ({"browser": "Safari"}, True),
        ({"browser": "mobile safari"}, True),
        ({"browser": "Chrome"}, False),
        ({"language": "en"}, True),
        ({"language": "en-GB"}, True),
        ({"language": "en_gb"}, True),
        ({"language": "en-us"}, False),
        ({"language": "e"}, False),
        ({"language": "de"}, False),
        ({"query": {"a": "1"}}, True),
        ({"query": {"a": "1", "b": "x y"}}, True),
        ({"query": {"a": "2"}}, True),
        ({"query": {"a": ""}}, False),
        ({"query": {"c": ""}}, True),
        ({"query": {"d": ""}}, False),
        ({"after": "2026-01-31T12:00:00Z"}, True),
        ({"after": "2026-01-31T12:00:01Z"}, False),
        ({"before": "2026-01-31T12:00:00Z"}, False),
        ({"before": "2026-01-31T14:00:01+02:00"}, True),
        ({"weekday": 6}, True),
        ({"weekday": ["Mon", "sat"]}, True),
        ({"weekday": [1, 2, 3, 4, 5, 7]}, False),
        ({"hours": [12, 13]}, True),
        ({"hours": [9, 12]}, False),
        ({"hours": [22, 12]}, False),
        ({"hours": [22, 13]}, True),
        ({"hours": [0, 24]}, True),
        ({"hours": [21, 22], "timezone": "Asia/Tokyo"}, True),
        ({"weekday": 7, "timezone": "Pacific/Auckland"}, True),
        ({"weekday": 6, "timezone": "Pacific/Auckland"}, False),
        ({"country": "US", "device": "mobile", "language": "en", "hours": [12, 13]}, True),
        ({"country": "US", "device": "mobile", "language": "fr", "hours": [12, 13]}, False),
    ],
)
def test_all_that_a_condition_asks_must_hold(when, fits):
    visit = a_visit(query="a=1&b=x+y&a=2&c")
    assert matches(parse_condition(when), visit, FixedLookups("US", PHONE)) is fits


def test_editions_of_browsers_and_names_of_systems_are_understood():
    def fits(agent, **when):
        return matches(parse_condition(when), a_visit(), FixedLookups(agent=agent))

    assert fits(LAPTOP, os="macOS", browser="chrome")
    assert fits(LAPTOP, os="Mac OS X")
    assert fits(Agent("mobile", "Android", "Chrome Mobile"), browser="Chrome")
    assert fits(Agent("mobile", "iOS", "Firefox iOS"), browser="Firefox")
    assert fits(Agent("desktop", "Ubuntu", "Firefox"), os="Linux")
    assert fits(Agent("desktop", "Ubuntu", "Firefox"), os="ubuntu")
    assert not fits(Agent("desktop", "Ubuntu", "Firefox"), os="Debian")
    assert not fits(LAPTOP, browser="Chrome Mobile")
    assert not fits(Agent("", "", ""), browser="Chrome")
    assert not fits(Agent("", "", ""), device="desktop")


def test_an_unknown_country_or_language_matches_nothing():
    assert not matches(Condition(country=("US",)), a_visit(), FixedLookups(""))
    assert not matches(Condition(language=("en",)), a_visit(languages=()), FixedLookups())


def test_a_trusted_proxys_country_wins_over_the_look_up():
    visit = a_visit(country_hint="CA")
    assert matches(Condition(country=("CA",)), visit, FixedLookups("US"))


@pytest.mark.parametrize(
    "at,hour",
    [
        ("2026-01-31T08:00:00Z", 9),
        ("2026-07-01T07:59:59Z", 9),
        ("2026-03-29T00:59:59Z", 1),  # the last second before summer time
        ("2026-03-29T01:00:00Z", 3),
    ],
)
def test_hours_follow_the_clock_of_their_zone_through_summer_time(at, hour):
    condition = parse_condition({"hours": [hour, hour + 1], "timezone": "Europe/Berlin"})
    visit = a_visit(at_ms=to_ms(parse_rfc3339(at)))
    assert matches(condition, visit, FixedLookups())


@pytest.mark.parametrize(
    "raw,field",
    [
        ({"planet": "Mars"}, "planet"),
        ({"country": "USA"}, "country"),
        ({"country": "U1"}, "country"),
        ({"country": "XX"}, "country"),
        ({"country": ["US", "UK"]}, "country"),
        ({"country": [1]}, "country"),
        ({"country": {"a": 1}}, "country"),
        ({"country": ["US"] * 1000}, "country"),
        ({"device": "phone"}, "device"),
        ({"os": ""}, "os"),
        ({"browser": "x" * 101}, "browser"),
        ({"browser": "a\nb"}, "browser"),
        ({"browser": 7}, "browser"),
        ({"language": "english!"}, "language"),
        ({"language": "*"}, "language"),
        ({"query": "a=1"}, "query"),
        ({"query": {"": "1"}}, "query"),
        ({"query": {"a": 1}}, "query"),
        ({"query": {"a": "\ud800"}}, "query"),
        ({"query": {str(n): "" for n in range(21)}}, "query"),
        ({"after": "2026-01-31"}, "after"),
        ({"after": 1}, "after"),
        ({"before": "soon"}, "before"),
        ({"after": "2026-01-31T12:00:00Z", "before": "2026-01-31T12:00:00Z"}, "before"),
        ({"weekday": 0}, "weekday"),
        ({"weekday": 8}, "weekday"),
        ({"weekday": True}, "weekday"),
        ({"weekday": "someday"}, "weekday"),
        ({"weekday": [1.0]}, "weekday"),
        ({"hours": 9}, "hours"),
        ({"hours": [9]}, "hours"),
        ({"hours": [9, 9]}, "hours"),
        ({"hours": [9, 25]}, "hours"),
        ({"hours": [-1, 9]}, "hours"),
        ({"hours": [True, 9]}, "hours"),
        ({"hours": ["9", "17"]}, "hours"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": "/etc/localtime"}, "timezone"),
        ({"timezone": "Europe"}, "timezone"),
        ({"timezone": ""}, "timezone"),
        ({"timezone": 1}, "timezone"),
    ],
)
def test_conditions_that_make_no_sense_are_refused_by_field(raw, field):
    with pytest.raises(ValidationFailed) as refused:
        parse_condition(raw)
    assert list(refused.value.errors) == [field]


def test_all_wrong_fields_are_told_at_once():
    with pytest.raises(ValidationFailed) as refused:
        parse_condition({"country": "USA", "device": "phone", "os": "iOS"})
    assert set(refused.value.errors) == {"country", "device"}


def test_nothing_is_asked_by_nulls_and_empty_lists():
    assert parse_condition({"country": None, "os": [], "hours": None}) == Condition()


def test_a_condition_is_kept_as_json_and_read_back():
    raw = {
        "country": ["us", "CA", "US"],
        "device": "Mobile",
        "os": "macOS",
        "language": "pt_BR",
        "query": {"a": "1"},
        "after": "2026-01-31T14:00:00+02:00",
        "before": "2026-02-01T00:00:00.25Z",
        "weekday": ["sun", 1],
        "hours": [22, 6],
        "timezone": "Europe/Berlin",
    }
    condition = parse_condition(raw)
    dumped = dump_condition(condition)
    assert dumped == {
        "country": ["US", "CA"],
        "device": ["mobile"],
        "os": ["macOS"],
        "language": ["pt-br"],
        "query": {"a": "1"},
        "after": "2026-01-31T12:00:00Z",
        "before": "2026-02-01T00:00:00.250Z",
        "weekday": [1, 7],
        "hours": [22, 6],
        "timezone": "Europe/Berlin",
    }
    assert parse_condition(json.loads(json.dumps(dumped))) == condition
    assert dump_condition(Condition()) == {}


@given(
    st.dictionaries(
        st.sampled_from(FIELDS),
        st.recursive(
            st.none() | st.booleans() | st.integers(-3, 30) | st.text(max_size=6),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=5,
        ),
    )
)
def test_any_json_is_a_condition_or_refused(raw):
    try:
        condition = parse_condition(raw)
    except ValidationFailed:
        return
    assert parse_condition(dump_condition(condition)) == condition
    matches(condition, a_visit(), FixedLookups())


def test_a_hundred_rules_read_a_query_once(monkeypatch):
    reads = []

    def read(query):
        reads.append(query)
        return [("n", "99")]

    monkeypatch.setattr("klink.core.routing.query_pairs", read)
    rules = tuple(Rule(Condition(query=(("n", str(n)),)), "ab"[n == 99]) for n in range(100))
    link = a_link(variants=(A, B), rules=rules, mode="rules", default="a")
    assert chosen(link, a_visit(query="a query that only this test has")) == "b"
    assert len(reads) == 1
