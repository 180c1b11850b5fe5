"""A backup under full load gives back all that was answered before it, on another machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import empty_database
from tests.live.conftest import Load
from tests.live.server import Server
from tests.live.test_exactly_once import counted_numbers
from tests.postgres import Cluster

pytestmark = [pytest.mark.live, pytest.mark.alone]

SERIAL = 40
FIRST_SERIAL, FIRST_LATE = 5_000_000, 6_000_000


@pytest.fixture
def elsewhere(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server on another machine that has nothing yet; not started."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if engine == "sqlite":
        made = Server(folder / "data", "sqlite:///klink.db")
        yield made
        made.end()
        return
    cluster: Cluster = request.getfixturevalue("live_cluster")
    with cluster.fresh_database() as url:
        empty_database(url)
        made = Server(folder / "data", url)
        yield made
        made.end()


def test_a_backup_under_full_load_gives_back_all_that_was_answered_before_it(
    server: Server, key: str, elsewhere: Server, tmp_path: Path
) -> None:
    link = server.create(key, url="https://example.com/", slug="spring")
    early = Load(server.port, ["spring"], 0.7, 0).finish()
    load = Load(server.port, ["spring"], 60, 1_000_000)
    late_link = server.create(key, url="https://example.com/late")
    serial = [str(FIRST_SERIAL + n) for n in range(SERIAL)]
    for number in serial:
        assert server.get(f"/spring?utm_content={number}").status == 302
    server.klink("backup", str(tmp_path / "backup.tar"))
    assert server.get(f"/spring?utm_content={FIRST_LATE}").status == 302
    server.create(key, url="https://example.com/", slug="after")
    server.kill()
    outcome = load.finish()

    assert "2 links" in elsewhere.klink("restore", str(tmp_path / "backup.tar"))
    elsewhere.start()
    assert elsewhere.get("/after").status == 404
    assert elsewhere.get(f"/{late_link['slug']}").headers["location"] == late_link["url"]
    shown = elsewhere.settled(key, link)
    numbers = counted_numbers(elsewhere, key, link)
    assert [number for number, times in numbers.items() if times > 1] == []
    assert {*serial, *map(str, early.answered)} <= numbers.keys()
    assert str(FIRST_LATE) not in numbers
    during = {number for number in numbers if 1_000_000 <= int(number) < FIRST_SERIAL}
    assert 0 < len(during) <= outcome.asked
    # What is counted in each way is the same.
    stats = elsewhere.get(f"/api/v1/links/{link['id']}/stats", key=key).json
    assert shown["clicks"] == len(numbers) == stats["totals"]["clicks"]
    everything = elsewhere.get("/ready").json
    assert everything["ledger"]["lag_s"] == 0
