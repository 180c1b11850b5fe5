"""A rule matches when what it says holds, read again here in another way."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klink.core.compiled import Agent, Visit
from klink.core.countries import COUNTRIES
from klink.core.routing import matches, parse_condition
from klink.core.times import parse_rfc3339, to_ms
from tests.core.visits import FixedLookups, a_visit

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe")
CODES = ("US", "DE", "CH")
TAGS = ("en", "en-gb", "en-gb-oxendict", "de", "de-at", "e")
WORDS = ("", "1", "x y", "ü&=")

# Around changes of the clock in some of these zones, and anywhere else.
TURNS = ("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z")
MOMENTS = st.one_of(
    st.integers(1_767_225_600, 1_830_297_600).map(lambda at: datetime.fromtimestamp(at, UTC)),
    st.tuples(st.sampled_from(TURNS), st.integers(-7200, 7200)).map(
        lambda at: datetime.fromtimestamp(parse_rfc3339(at[0]).timestamp() + at[1], UTC)
    ),
)


def some(values: Any) -> Any:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


RULES = st.fixed_dictionaries(
    {},
    optional={
        "country": some(CODES),
        "device": some(("mobile", "desktop")),
        "os": some(("iOS", "Windows")),
        "browser": some(("Firefox", "Konqueror")),
        "language": some(TAGS),
        "query": st.dictionaries(st.sampled_from(("a", "b c")), st.sampled_from(WORDS), max_size=2),
        "after": MOMENTS,
        "before": MOMENTS,
        "weekday": some(DAYS),
        "hours": st.tuples(st.integers(0, 24), st.integers(0, 24)).filter(lambda h: h[0] != h[1]),
        "timezone": st.sampled_from(ZONES),
    },
).filter(lambda when: not {"after", "before"} <= when.keys() or when["after"] < when["before"])

AGENTS = st.builds(
    Agent,
    st.sampled_from(("", "mobile", "desktop")),
    st.sampled_from(("", "iOS", "Windows")),
    st.sampled_from(("", "Firefox", "Konqueror")),
)
QUERIES = st.lists(
    st.tuples(st.sampled_from(("a", "b c", "d")), st.sampled_from(WORDS)), max_size=4
)


def holds(when: dict[str, Any], visit: Visit, at: datetime, country: str, agent: Agent) -> bool:
    """What a rule says, one field after the other."""
    local = at.astimezone(ZoneInfo(when.get("timezone", "UTC")))
    answers = {
        "country": lambda asked: country in asked,
        "device": lambda asked: agent.device in asked,
        "os": lambda asked: agent.os in asked,
        "browser": lambda asked: agent.browser in asked,
        "language": lambda asked: any(
            visit.languages
            and visit.languages[0].split("-")[: len(tag.split("-"))] == tag.split("-")
            for tag in asked
        ),
        "query": lambda asked: all(
            pair in parse_qsl(visit.query, keep_blank_values=True) for pair in asked.items()
        ),
        "after": lambda asked: at >= asked,
        "before": lambda asked: at < asked,
        "weekday": lambda asked: local.strftime("%a").lower() in asked,
        "hours": lambda asked: int(local.strftime("%H")) in hours(*asked),
        "timezone": lambda _: True,
    }
    return all(answers[name](asked) for name, asked in when.items())


def hours(start: int, end: int) -> list[int]:
    """Every hour from one to the other, past midnight when it must."""
    return [hour % 24 for hour in range(start, end if start < end else end + 24)]


@settings(max_examples=500, deadline=None)
@given(RULES, MOMENTS, st.sampled_from((*CODES, "")), AGENTS, some(TAGS) | st.just([]), QUERIES)
def test_a_rule_matches_when_all_that_it_says_holds(
    when: dict[str, Any],
    at: datetime,
    country: str,
    agent: Agent,
    languages: list[str],
    query: list[tuple[str, str]],
) -> None:
    visit = a_visit(at_ms=to_ms(at), languages=tuple(languages), query=urlencode(query))
    written = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in when.items()
    }
    found = matches(parse_condition(written), visit, FixedLookups(country, agent))
    assert found is holds(when, visit, at, country, agent)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("turn", TURNS)
def test_around_a_change_of_the_clock_each_quarter_hour_is_in_one_hour_and_day(
    zone: str, turn: str
) -> None:
    began = to_ms(parse_rfc3339(turn))
    for quarter in range(-96, 97):
        at_ms = began + quarter * 900_000
        local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
        visit = a_visit(at_ms=at_ms)
        for asked, wanted in (
            ([{"hours": [hour, hour + 1]} for hour in range(24)], local.hour),
            ([{"weekday": day} for day in DAYS], local.weekday()),
        ):
            fits = [
                matches(parse_condition(when | {"timezone": zone}), visit, FixedLookups())
                for when in asked
            ]
            assert [place for place, fit in enumerate(fits) if fit] == [wanted]


def test_each_assigned_country_is_one_and_no_other_pair_of_letters() -> None:
    assert len(COUNTRIES) == 250
    assert {"US", "GB", "XK", "SS", "AX"} < COUNTRIES
    assert not {"UK", "EU", "XX", "AN", "CS", "YU", "ZZ"} & COUNTRIES
