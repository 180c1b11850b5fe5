"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from klink.moving.out.files import NotAFile, whole_file


def test_a_file_is_there_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "links.jsonl"
    path.write_text("old")
    path.chmod(0o644)
    with whole_file(path) as file:
        file.write("new\r\n")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_there_stays_when_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "links.jsonl"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole_file(path) as file:
        file.write("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["links.jsonl"]


def test_a_link_to_a_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    named = tmp_path / "links.csv"
    named.symlink_to(tmp_path / "real" / "today.csv")
    with whole_file(named) as file:
        file.write("a")
    assert named.is_symlink()
    assert (tmp_path / "real" / "today.csv").read_text() == "a"


def test_a_device_a_pipe_or_a_folder_is_not_written_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/null"), tmp_path / "pipe", tmp_path):
        with pytest.raises(NotAFile), whole_file(path):
            pass
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "links.csv"
    with pytest.raises(FileNotFoundError) as refused, whole_file(path):
        pass
    assert refused.value.filename == str(path)
