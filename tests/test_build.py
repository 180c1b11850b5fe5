"""Which klink this is, as ``klink --version`` says it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from klink import __version__, build

ROOT = Path(__file__).resolve().parents[1]


def test_a_checkout_says_its_commit_and_the_commits_day() -> None:
    commit = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%H %cs"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert build.described() == f"{__version__} (commit {commit[0][:12]}, {commit[1]})"


def test_without_git_the_version_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert build.described() == __version__


def test_what_is_packed_says_its_commit_without_git(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    subprocess.run([str(ROOT / "scripts/packing/source"), str(folder)], check=True)
    program = "import klink.build; print(klink.build.__file__, klink.build.described())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "/nowhere", "PYTHONPATH": str(folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    file, _, said = done.stdout.strip().partition(" ")
    assert Path(file).is_relative_to(folder)
    shown = rf"{re.escape(__version__)} \(commit [0-9a-f]{{12}}(\+changes)?, \d{{4}}-\d\d-\d\d\)"
    assert re.fullmatch(shown, said)
