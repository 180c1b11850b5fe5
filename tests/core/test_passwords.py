"""Passwords are hashed slowly, and never by more than two threads at once."""

from __future__ import annotations

import threading

import pytest

from klink.core import passwords
from klink.core.errors import TooBusy


def test_a_password_matches_its_own_hash_only() -> None:
    hashed = passwords.hash_password("open sesame")
    assert passwords.matches(hashed, "open sesame")
    assert not passwords.matches(hashed, "Open sesame")
    assert not passwords.matches("no hash", "open sesame")


def test_who_finds_no_place_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_MATCH_WAIT_S", 0.0)
    monkeypatch.setattr(passwords, "_HASH_WAIT_S", 0.0)
    monkeypatch.setattr(passwords, "_two_at_once", threading.BoundedSemaphore(1))
    hashed = passwords.hash_password("open sesame")
    with passwords._two_at_once:
        with pytest.raises(TooBusy):
            passwords.matches(hashed, "open sesame")
        with pytest.raises(TooBusy):
            passwords.hash_password("open sesame")
    assert passwords.matches(hashed, "open sesame")  # the place is free again
