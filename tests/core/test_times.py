"""Times in and out (contract: Times, native strictness)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.times import format_rfc3339, from_ms, parse_lenient, parse_rfc3339, to_ms

NOON = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31T12:00:00", NOON),
        ("2026-01-31T14:00:00+02:00", NOON),
        ("2026-01-31T06:30:00-05:30", NOON),
        ("2026-01-31T12:00:00-00:00", NOON),
        ("2026-02-01T11:59:00+23:59", NOON),
        ("2026-01-31T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-01-31T12:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_full_date_times_with_any_offset_are_read_as_utc(text, expected):
    assert parse_rfc3339(text) == expected
    assert parse_rfc3339(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00+0200",
        "2026-01-31T12:00:00+02",
        "2026-01-31 12:00:00Z",
        "2026-01-31T12:00:00 02:00",
        "2026-01-31T12:00:60Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-02-30T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "12026-01-31T12:00:00Z",
        "+2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+02:60",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00Z ",
        "2026-01-31T12:00:00Z\n",
        "2026-W05-6T12:00:00Z",
        "٢٠٢٦-01-31T12:00:00Z",
        "2026-01-31T12:00:00." + "1" * 100 + "Z",
        "1769860800",
        "tomorrow",
    ],
)
def test_anything_else_is_refused_with_a_reason(text):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    "text,expected",
    [
        ("2026-01-31T12:00:00Z", NOON),
        ("2026-01-31t12:00:00z", NOON),
        ("2026-01-31T12:00:00", NOON),
        ("2026-01-31T14:00:00+02:00", NOON),
        ("2026-01-31T14:00:00+0200", NOON),
        ("2026-01-31T12:00:00+0000", NOON),
        ("2026-01-31T12:00", NOON),
        ("2026-01-31T12:00Z", NOON),
        ("2026-01-31T06:30-05:30", NOON),
        ("2026-01-31T06:30-0530", NOON),
        ("2026-01-31T12:00:00.5+0000", NOON + timedelta(milliseconds=500)),
    ],
)
@pytest.mark.parametrize("bare_date", ["start", "end"])
def test_the_dialects_take_short_offsets_and_missing_seconds(text, expected, bare_date):
    assert parse_lenient(text, bare_date=bare_date) == expected


def test_a_bare_date_is_the_start_or_the_last_second_of_its_day():
    midnight = datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_lenient("2026-01-31", bare_date="start") == midnight
    end = parse_lenient("2026-01-31", bare_date="end")
    assert format_rfc3339(end) == "2026-01-31T23:59:59Z"
    assert parse_lenient("9999-12-31", bare_date="end").year == 9999


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-01",
        "20260131",
        "2026-1-31",
        "2026-02-30",
        "2026-01-31Z",
        "2026-01-31T12",
        "2026-01-31T12Z",
        "2026-01-31 12:00:00",
        "2026-01-31T12:00.5Z",
        "2026-01-31T12:00:00+02",
        "2026-01-31T12:00:00+2400",
        "2026-01-31T24:00",
        "2026-01-31T12:60",
        "2026-01-31T12:00:60Z",
        "2026-01-31\n",
        "2026-W05-6",
        "2026-W05-6T12:00:00Z",
        "2026-031",
        "٢٠٢٦-01-31",
        "1769860800",
        "tomorrow",
    ],
)
def test_the_dialects_refuse_other_times_with_a_reason(text):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_lenient(text, bare_date="end")


def test_times_go_out_in_utc_with_whole_seconds():
    berlin = timezone(timedelta(hours=1))
    assert format_rfc3339(datetime(2026, 1, 31, 13, 0, 0, 999_999, berlin)) == (
        "2026-01-31T12:00:00Z"
    )
    assert format_rfc3339(datetime(33, 1, 2, tzinfo=UTC)) == "0033-01-02T00:00:00Z"


def test_a_time_without_zone_is_not_guessed_at():
    with pytest.raises(ValueError, match="naive"):
        format_rfc3339(datetime(2026, 1, 31))  # noqa: DTZ001


def test_milliseconds_round_down_before_1970_too():
    assert to_ms(NOON) == 1_769_860_800_000
    assert to_ms(NOON + timedelta(microseconds=1999)) == 1_769_860_800_001
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_500, UTC)) == -1
    assert from_ms(1_769_860_800_000) == NOON


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_survive_the_way_there_and_back(ms):
    time = from_ms(ms)
    assert to_ms(time) == ms
    assert to_ms(parse_rfc3339(format_rfc3339(time))) == ms - ms % 1000
