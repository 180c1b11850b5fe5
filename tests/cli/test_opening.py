from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Klink


def test_a_file_that_is_no_database_is_refused(klink: Klink, home: Path):
    (home / "data").mkdir()
    (home / "data/klink.db").write_bytes(b"no database at all " * 300)
    assert "not a database" in klink("keys", "list").refusal


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hunter2@127.0.0.1:1/klink",
        "postgresql://ann:hunter2@127.0.0.1/klink?nothing=1",
        "postgresql://ann:hunter2@[::1/klink",
    ],
)
def test_a_database_that_does_not_answer_is_refused_without_its_password(
    klink: Klink, monkeypatch: pytest.MonkeyPatch, url
):
    monkeypatch.setenv("KLINK_DATABASE__URL", url)
    refusal = klink("keys", "list").refusal
    assert "database" in refusal
    assert "hunter2" not in refusal


def test_a_data_folder_that_cannot_be_made_is_refused(
    klink: Klink, home: Path, monkeypatch: pytest.MonkeyPatch
):
    (home / "file").write_text("")
    for folder in ("file", "file/data", "/proc/klink"):
        monkeypatch.setenv("KLINK_DATA_DIR", folder)
        assert Path(folder).name in klink("keys", "list").refusal


def test_a_locked_database_can_be_read_and_is_refused_for_writing(klink: Klink, home: Path):
    klink("keys", "create", "--name", "one")
    other = sqlite3.connect(home / "data/klink.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert len(klink("keys", "list", "--json").json) == 1
        assert "busy" in klink("keys", "create", "--name", "two").refusal
    finally:
        other.close()
    assert klink("keys", "create", "--name", "two").status == 0


def test_a_secret_that_is_none_is_refused(klink: Klink, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KLINK_SECRET", "xyz")
    refusal = klink("keys", "list").refusal
    assert "KLINK_SECRET" in refusal
    assert "xyz" not in refusal
