"""The command ``klink`` as a function, on a database of its own."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from klink.cli import main
from klink.cli.opening import opened
from klink.config import load
from klink.core.context import Context


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What ``--json`` printed."""
        return json.loads(self.out)

    @property
    def line(self) -> str:
        """The one line that was printed."""
        assert (self.status, self.err) == (0, "")
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        return self.out.rstrip("\n")

    @property
    def refusal(self) -> str:
        """The one line that says why a command was refused."""
        assert (self.status, self.out) == (1, "")
        assert self.err.startswith("klink: ")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err.removeprefix("klink: ").rstrip("\n")


Klink = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with no settings of klink's around."""
    for name in os.environ:
        if name.startswith("KLINK_") and not name.startswith("KLINK_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def klink(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Klink:
    """Run a command in this process; ``stdin`` is what a pipe gives it."""

    def run(*words: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        status = main(words)
        printed = capsys.readouterr()
        return Done(status, printed.out, printed.err)

    return run


@pytest.fixture
def here(home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of a folder with a fresh database; its data folder."""
    monkeypatch.setenv("KLINK_DATABASE__URL", database_url)
    monkeypatch.setenv("KLINK_SERVER__BASE_URL", "https://go.example.org")
    return home / "data"


@contextmanager
def core(here: Path) -> Iterator[Context]:
    """The core at the database that commands of this test use."""
    with opened(load(None, os.environ, here.parent)) as ctx:
        yield ctx


def empty_database(url: str) -> None:
    """Take everything out of a database, so that it is as it was before klink came."""
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).unlink()
        return
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")
