"""U10, altcha: work that is done counts once, for one form and one link, five minutes."""

from __future__ import annotations

import base64
import copy
import json
from datetime import timedelta
from typing import Any

import altcha
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.core.captcha import MAX_COUNTER, Altcha, Verdict
from klink.db.models import UsedPass
from tests.core.captcha.solving import pack, packed, solved
from tests.core.conftest import NOW
from tests.dialects.house import at_once

SECRET = b"s" * 32
ADDRESS = "203.0.113.7"
MINUTES_5 = timedelta(minutes=5)


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python is slower than browsers."""
    monkeypatch.setattr("klink.core.captcha.altcha.MAX_COUNTER", 200)


@pytest.fixture
def captcha(db: str) -> Altcha:
    return Altcha(SECRET)


def challenge_of(captcha: Altcha, purpose: str = "preview", subject: str = "7") -> dict[str, Any]:
    made = captcha.challenge(purpose, subject, NOW)
    assert (made.provider, made.answer_field, made.hidden) == ("altcha", "altcha", {})
    found = json.loads(json.dumps(made.as_json()))["challenge"]
    assert isinstance(found, dict)
    return found


def check(
    captcha: Altcha, answer: str, after: timedelta = timedelta(), subject: str = "7"
) -> Verdict:
    return captcha.check("preview", subject, {"altcha": answer}, NOW + after, ADDRESS)


def test_u10_the_work_that_was_done_counts_once(captcha: Altcha) -> None:
    answer = solved(challenge_of(captcha))
    assert len(answer) < 1000
    assert check(captcha, answer) is Verdict.PASSED
    assert check(captcha, answer) is Verdict.USED
    assert check(Altcha(SECRET), answer) is Verdict.USED  # after a restart


def test_of_thirty_two_that_send_an_answer_at_once_one_passes(captcha: Altcha) -> None:
    answer = solved(challenge_of(captcha))
    found = at_once([lambda: check(captcha, answer)] * 32)
    assert found.count(Verdict.PASSED) == 1
    assert found.count(Verdict.USED) == 31


def test_an_answer_for_another_link_form_or_server_does_not_count(captcha: Altcha) -> None:
    assert check(captcha, solved(challenge_of(captcha, subject="8"))) is Verdict.WRONG
    assert check(captcha, solved(challenge_of(captcha, purpose="report"))) is Verdict.WRONG
    assert check(captcha, solved(challenge_of(Altcha(b"t" * 32)))) is Verdict.WRONG
    assert UsedPass.select().count() == 0


def test_an_answer_counts_for_five_minutes(captcha: Altcha) -> None:
    early, late = solved(challenge_of(captcha)), solved(challenge_of(captcha))
    assert check(captcha, early, MINUTES_5 - timedelta(milliseconds=1)) is Verdict.PASSED
    assert check(captcha, late, MINUTES_5) is Verdict.EXPIRED
    assert check(captcha, late, timedelta(minutes=-1)) is Verdict.EXPIRED  # a clock set back
    assert check(captcha, late) is Verdict.PASSED


def test_without_an_answer_it_is_missing(captcha: Altcha) -> None:
    assert check(captcha, "") is Verdict.MISSING
    assert captcha.check("preview", "7", {}, NOW, ADDRESS) is Verdict.MISSING


def test_work_that_was_not_done_does_not_count(captcha: Altcha) -> None:
    challenge = challenge_of(captcha)
    right = json.loads(base64.b64decode(solved(challenge)))["solution"]
    wrong: list[tuple[object, object]] = [
        (right["counter"] + 1, right["derivedKey"]),
        (right["counter"], "00" * 32),
        (right["counter"], challenge["parameters"]["keyPrefix"]),
        (str(right["counter"]), right["derivedKey"]),
        (-1, right["derivedKey"]),
        (1 << 32, right["derivedKey"]),
        (True, right["derivedKey"]),
        (None, None),
    ]
    for counter, digest in wrong:
        assert check(captcha, packed(challenge, counter, digest)) is Verdict.WRONG
    assert check(captcha, packed(challenge, *right.values())) is Verdict.PASSED


@pytest.mark.parametrize(
    "change",
    [
        {"cost": 0},
        {"cost": 10**9},
        {"keyPrefix": ""},
        {"keyPrefix": "0"},
        {"algorithm": "SCRYPT"},
        {"algorithm": "ARGON2ID"},
        {"data": {"pass": "A" * 67}},
        {"data": None},
        {"expiresAt": 4_000_000_000},
        {"keySignature": "00"},
        {"keyLength": 1},
        {"nonce": "00" * 16},
    ],
)
def test_a_challenge_that_was_made_easier_is_forged(
    captcha: Altcha, change: dict[str, object]
) -> None:
    challenge = challenge_of(captcha)
    answer = json.loads(base64.b64decode(solved(challenge)))
    answer["challenge"]["parameters"] |= change
    assert check(captcha, pack(answer)) is Verdict.WRONG


def test_a_challenge_of_somebodys_own_is_forged(captcha: Altcha) -> None:
    pass_of_ours = challenge_of(captcha)["parameters"]["data"]
    theirs = altcha.create_challenge(
        algorithm="SHA-256", cost=1, counter=3, data=pass_of_ours, hmac_secret=b"x" * 32
    ).to_dict()
    assert check(captcha, solved(theirs)) is Verdict.WRONG
    signatures: list[object] = [None, "", 7, [], {"a": 1}]
    for signature in signatures:
        unsigned = copy.deepcopy(theirs) | {"signature": signature}
        assert check(captcha, solved(unsigned)) is Verdict.WRONG


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(["challenge", "solution", "parameters", "signature", "data", "counter"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, st.dictionaries(KEYS, JSON) | JSON), st.text(max_size=40))
def test_whatever_is_sent_is_wrong_and_nothing_breaks(shape: object, text: str) -> None:
    # Nothing signed by us, so the database is never asked.
    captcha = Altcha(SECRET)
    assert check(captcha, pack(shape)) is Verdict.WRONG
    assert check(captcha, text) in (Verdict.WRONG, Verdict.MISSING)


@pytest.mark.parametrize(
    "answer",
    ["A" * 100_000, pack("[" * 1000), "[" * 1500, pack(10**600), "\ud800", "e30=", "W10="],
)
def test_hostile_answers_are_wrong(answer: str) -> None:
    assert check(Altcha(SECRET), answer) is Verdict.WRONG


def test_counters_are_drawn_from_all_that_may_be(captcha: Altcha) -> None:
    answers = [json.loads(base64.b64decode(solved(challenge_of(captcha)))) for _ in range(400)]
    counters = {each["solution"]["counter"] for each in answers}
    assert len(counters) > 120
    assert max(counters) <= 200
    assert 100_000 <= MAX_COUNTER <= 500_000
