"""A real Prometheus that scrapes a live klink under load sees what the clients counted."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.conftest import ROOT, Load
from tests.live.server import Server, free_port

pytestmark = pytest.mark.live

PATIENCE_S = 20.0
CONFIG = """
global:
  scrape_interval: 500ms
  scrape_timeout: 500ms
  evaluation_interval: 500ms
rule_files: ["{rules}"]
scrape_configs:
  - job_name: klink
    static_configs:
      - targets: ["127.0.0.1:{port}"]
"""


class Prometheus:
    """A Prometheus of our own, with one server to watch."""

    def __init__(self, folder: Path, watched: Server) -> None:
        self.port = free_port()
        config = folder / "prometheus.yml"
        rules = ROOT / "docs" / "alerts.yml"
        config.write_text(CONFIG.format(rules=rules, port=watched.port))
        self._log = (folder / "prometheus.log").open("wb")
        self._process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )

    def get(self, path: str, **query: str) -> Any:  # what Prometheus' API says
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as reply:
            return json.load(reply)["data"]

    def value(self, query: str) -> float | None:
        """The one value of a query; None as long as there is none."""
        try:
            found = self.get("query", query=query)["result"]
        except OSError:
            return None  # it has not begun yet
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def end(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._log.close()


def wait_until(met: Callable[[], bool], about: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, about()
        time.sleep(0.1)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One engine is enough: what is watched here asks it little."""
    return f"sqlite:///{tmp_path / 'klink.db'}"


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server that logs as much as it may, as JSON."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    made = Server(data_dir, database_url, KLINK_LOG__FORMAT="json", KLINK_LOG__REQUESTS="true")
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture
def prometheus(server: Server, tmp_path: Path) -> Iterator[Prometheus]:
    running = Prometheus(tmp_path, server)
    yield running
    running.end()


def test_prometheus_sees_what_the_clients_counted(
    server: Server, key: str, prometheus: Prometheus
) -> None:
    link = server.create(key, url="https://example.com/", slug="spring")
    wait_until(lambda: prometheus.value('up{job="klink"}') == 1, lambda: "not scraped")
    outcome = Load(server.port, ["spring"], 1.5, 0).finish()
    for _ in range(7):
        server.get("/nothing-here")
    for _ in range(5):
        server.get("/qklnk/api/v1/links")
    server.settled(key, link)
    answered = len(outcome.answered)
    assert answered > 100
    counted = {
        'klink_requests_total{door="links",status="302"}': answered,
        'klink_requests_total{door="links",status="404"}': 7,
        'klink_requests_total{door="qklnk",status="401"}': 5,
        'klink_requests_total{door="klink",status="201"}': 1,
        'sum(klink_request_duration_seconds_count{door="links"})': answered + 7,
        'klink_visits_total{kind="person"}': answered,
        "klink_ledger_waiting_bytes": 0,
        "klink_clicks_lost_total": 0,
        "klink_database_up": 1,
        'sum(klink_cache_lookups_total{result="miss"}) > bool 0': 1,
    }

    def seen() -> dict[str, float | None]:
        return {query: prometheus.value(query) for query in counted}

    wait_until(lambda: seen() == counted, seen)
    assert prometheus.value("sum(resets(klink_requests_total[1m]))") == 0
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert [rule["name"] for rule in rules if rule["state"] == "firing"] == []
    _its_log_is_json_that_tells_no_paths(server)


def _its_log_is_json_that_tells_no_paths(server: Server) -> None:
    server.get("/admin/setup/a-secret-token", headers={"X-Forwarded-For": "93.184.215.14"})
    text = server.log.read_text()
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    greeting = [line for line in text.splitlines() if not line.startswith("{")]
    assert 1 <= len(greeting) <= 4
    routes = {line.get("route") for line in lines}
    assert {"/metrics", "/api/v1/links", "/admin/setup/<token>"} <= routes
    assert all(
        re.fullmatch("[0-9a-f]{16}", line["request_id"]) for line in lines if "route" in line
    )
    assert any("X-Forwarded-For" in line["message"] for line in lines)
    for secret in ("a-secret-token", "93.184.215.14", "klink_"):
        assert secret not in json.dumps(lines).replace("klink_unclaimed", "")
