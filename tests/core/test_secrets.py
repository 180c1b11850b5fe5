"""The server's secret: made once, kept to itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from klink.core import secrets


def test_the_secret_is_made_once_with_mode_0600(tmp_path: Path) -> None:
    first = secrets.load(tmp_path / "data", {})
    assert len(first) == 32
    assert secrets.load(tmp_path / "data", {}) == first
    assert (tmp_path / "data" / "secret").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["secret"]


def test_the_environment_wins(tmp_path: Path) -> None:
    assert secrets.load(tmp_path, {"KLINK_SECRET": "ab" * 32}) == b"\xab" * 32
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["short", "zz" * 32, "ab" * 31])
def test_a_secret_that_is_none_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(secrets.BadSecret) as caught:
        secrets.load(tmp_path, {"KLINK_SECRET": text})
    assert text not in str(caught.value)


def test_secrets_for_different_purposes_differ() -> None:
    assert secrets.derive(b"x" * 32, "visitor") != secrets.derive(b"x" * 32, "session")
