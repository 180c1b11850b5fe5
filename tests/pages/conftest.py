"""A site over a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.core.captcha import Altcha
from tests.pages.forms import PASSWORD
from tests.redirects.site import SECRET, Site


@pytest.fixture
def site(db: str, tmp_path: Path) -> Iterator[Site]:
    """Front and pages over a fresh database and journal."""
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def asking(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that asks for a little work, with a link of each kind that is guarded."""
    monkeypatch.setattr("klink.core.captcha.altcha.MAX_COUNTER", 200)  # Python is slow
    made = Site(tmp_path, captcha=Altcha(SECRET))
    made.link("shown", type="inpage", title="Example App", description="Verified")
    made.link("both", type="inpage", password=PASSWORD)
    made.link("locked", password=PASSWORD)
    yield made
    made.close()
