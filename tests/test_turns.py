"""One thread computes at a time, and lets the others when it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from klink import turns


@contextmanager
def another(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()


def test_the_next_computes_when_the_first_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 10.0)
    order: list[str] = []

    def second() -> None:
        with turns.taken():
            order.append("second")

    thread = threading.Thread(target=second)
    with turns.taken():
        thread.start()
        assert turns.are_taken()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert not turns.are_taken()


def test_whoever_waits_gives_the_turn_back_and_has_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 10.0)
    done = threading.Event()

    def second() -> None:
        with turns.taken():
            done.set()

    with turns.taken():
        with another(second), turns.given_back():
            assert done.wait(10)
        assert turns.are_taken()
    assert not turns.are_taken()


def test_nobody_waits_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 0.0)
    done = threading.Event()

    def second() -> None:
        with turns.taken():
            done.set()

    with turns.taken(), another(second):
        assert done.wait(10)
        assert turns.are_taken()  # whoever had no turn took none with it
    assert not turns.are_taken()


def test_whoever_has_no_turn_gives_none_back() -> None:
    with turns.given_back():
        assert not turns.are_taken()
    assert not turns.are_taken()


def test_an_error_gives_the_turn_back() -> None:
    with pytest.raises(ValueError, match="x"), turns.taken(), turns.given_back():
        raise ValueError("x")
    assert not turns.are_taken()
