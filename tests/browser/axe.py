"""Barriers in a page, as axe-core finds them: https://github.com/dequelabs/axe-core.

``scripts/test`` fetches it from npm into ``build/axe``. A test asks for the fixture ``axe``, and
gives it a page as it stands: ``assert axe(page) == []``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

AXE = Path(__file__).resolve().parents[2] / "build" / "axe" / "axe.min.js"

Axe = Callable[[Page], list[str]]

_RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Names every violation of axe's rules on a page, best practices among them."""
    assert AXE.is_file(), "axe-core is missing; scripts/test fetches it"
    script = AXE.read_text()

    def violations(page: Page) -> list[str]:
        # Evaluated by the debugger, so a page's own policy does not stand in its way.
        page.evaluate(f"() => {{ {script} }}")
        return [_told(violation) for violation in page.evaluate(_RUN)]

    return violations


def _told(violation: dict[str, Any]) -> str:
    """The rule that was broken, and where."""
    places = [f"{node['html']} ({node['failureSummary']})" for node in violation["nodes"]]
    return f"{violation['id']}: {violation['help']}: {'; '.join(places)}"
