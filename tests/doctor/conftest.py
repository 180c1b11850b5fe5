from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from klink.backups import Source, make
from klink.db import connection
from tests.doctor.home import NOW, SECRET, Answering, Home


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    made = Answering()
    yield made
    made.end()


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Callable[[], Path]:
    """Makes a real backup, which takes a while, when somebody first asks for it."""

    @cache
    def made() -> Path:
        folder = tmp_path_factory.mktemp("backed-up")
        shutil.copy(sqlite_template, folder / "klink.db")
        connection.connect("sqlite:///klink.db", folder)
        try:
            return make(Source(folder, "1.2.3"), folder / "backups", NOW).path
        finally:
            connection.disconnect()

    return made


@pytest.fixture
def home(
    tmp_path: Path,
    backup: Callable[[], Path],
    answering: Answering,
    sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Home:
    """A klink that is well."""
    monkeypatch.delenv("KLINK_SECRET", raising=False)
    answering.well()
    made = Home(tmp_path, answering, backup)
    made.data.mkdir(mode=0o700)
    shutil.copy(sqlite_template, made.data / "klink.db")
    (made.data / "klink.db").chmod(0o600)
    (made.data / "secret").write_text(SECRET.hex())
    (made.data / "secret").chmod(0o600)
    (made.data / "journal").mkdir(mode=0o700)
    address = f"127.0.0.1:{answering.port}"
    made.set("server", listen=address, base_url=f"http://{address}")
    return made
