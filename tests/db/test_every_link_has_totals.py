"""Links that nobody had visited before the upgrade have a place in lists by clicks after it."""

from __future__ import annotations

import pytest

from klink.db import migrate
from klink.db.connection import write
from klink.db.models import LinkTotal
from tests.clicks.world import LINKS, make_links, rows


@pytest.mark.usefixtures("db")
def test_a_link_without_totals_gets_some_and_no_other_changes() -> None:
    make_links()
    counted = dict.fromkeys(("views", "uniques", "rest", "conversions", "revenue"), 3)
    (mine,) = [name for _, name in migrate.available() if name.endswith("every_link_has_totals")]
    with write():
        LinkTotal.insert(link_id=2, workspace_id=1, clicks=7, **counted).execute()
        for _ in range(2):  # a second time changes nothing
            migrate._run(mine)
    found = rows(LinkTotal, "link_id", "workspace_id", "clicks", "views")
    assert found == [(1, LINKS[1], 0, 0), (2, LINKS[2], 7, 3), (3, LINKS[3], 0, 0)]
