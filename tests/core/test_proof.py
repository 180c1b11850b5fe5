"""Who knows the secret recognises who knows it, and nobody else can do it for them."""

from __future__ import annotations

import pytest

from klink.core import proof

SECRET, OTHER = b"s" * 32, b"t" * 32
FACTS = {"version": "1.2.3", "host": "go.example.org", "lag": {"s": 0.5}}


def test_a_question_is_known_as_ones_own():
    asked = proof.question(SECRET)
    assert proof.is_question(SECRET, asked)
    assert not proof.is_question(OTHER, asked)
    assert proof.question(SECRET) != asked


@pytest.mark.parametrize("text", ["", ".", "x" * 97, "0" * 32 + "." + "0" * 64, "\xff" * 97])
def test_what_is_no_question_is_none(text: str):
    assert not proof.is_question(SECRET, text)


def test_the_answer_is_to_this_very_question_and_whole():
    asked = proof.question(SECRET)
    answer = proof.answer_of(SECRET, asked, FACTS)
    assert proof.read_answer(SECRET, asked, answer) == FACTS
    assert proof.read_answer(SECRET, proof.question(SECRET), answer) is None
    assert proof.read_answer(OTHER, asked, answer) is None
    packed, _, mark = answer.partition(".")
    for changed in (answer[:-1], f"{packed[:-4]}.{mark}", f"A{packed[1:]}.{mark}", "", asked):
        assert proof.read_answer(SECRET, asked, changed) is None
