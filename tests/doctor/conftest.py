from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.home import SECRET, Answering, Home


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    made = Answering()
    yield made
    made.end()


@pytest.fixture
def home(
    tmp_path: Path,
    answering: Answering,
    sqlite_template: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Home:
    """A klink that is well."""
    monkeypatch.delenv("KLINK_SECRET", raising=False)
    answering.well()
    made = Home(tmp_path, answering)
    made.data.mkdir(mode=0o700)
    shutil.copy(sqlite_template, made.data / "klink.db")
    (made.data / "klink.db").chmod(0o600)
    (made.data / "secret").write_text(SECRET.hex())
    (made.data / "secret").chmod(0o600)
    (made.data / "journal").mkdir(mode=0o700)
    address = f"127.0.0.1:{answering.port}"
    made.set("server", listen=address, base_url=f"http://{address}")
    return made
