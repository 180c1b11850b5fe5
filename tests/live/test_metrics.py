"""``/metrics`` of the real server: what Prometheus' own checker says, and what happened."""

from __future__ import annotations

import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.live.server import Server

pytestmark = pytest.mark.live


def samples(server: Server) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    reply = server.get("/metrics", headers={"Host": "metrics.example.net"})
    assert reply.status == 200
    families = text_string_to_metric_families(reply.body.decode())
    return {
        (each.name, *(value for _, value in sorted(each.labels.items()))): each.value
        for family in families
        for each in family.samples
    }


def test_what_happened_is_counted_and_shown_as_it_should_be(server: Server, key: str) -> None:
    link = server.create(key, url="https://example.com/", slug="spring")
    for _ in range(5):
        assert server.get("/spring").status == 302
    server.get("/spring", headers={"User-Agent": "curl/8.0"})
    server.get("/nothing-here")
    server.get("/qklnk/api/v1/links")
    server.settled(key, link)
    server.klink("jobs", "run", "clean-up")
    found = samples(server)
    assert found["klink_requests_total", "links", "302"] == 6
    assert found["klink_requests_total", "links", "404"] == 1
    assert found["klink_requests_total", "qklnk", "401"] == 1
    assert found["klink_requests_total", "klink", "201"] == 1
    took = "klink_request_duration_seconds_count"
    assert sum(found.get((took, by, "links"), 0) for by in ("loop", "worker")) == 7
    assert found["klink_visits_total", "person"] == 5
    assert found["klink_visits_total", "bot"] == 1
    assert found["klink_ledger_waiting_bytes",] == 0
    assert found["klink_clicks_lost_total",] == 0
    assert found["klink_journal_bytes",] > 0
    assert found["klink_cache_lookups_total", "miss"] >= 1
    assert found["klink_job_runs_total", "clean-up", "success"] >= 1
    assert found["klink_job_last_success_timestamp_seconds", "clean-up"] > 0
    assert found["klink_database_bytes",] > 0
    assert found["klink_connections",] >= 1
    _promtool_has_nothing_to_say(server)
    _a_proxy_that_nobody_named_shows_nobody_the_metrics(server)


def _promtool_has_nothing_to_say(server: Server) -> None:
    text = server.get("/metrics").body
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def _a_proxy_that_nobody_named_shows_nobody_the_metrics(server: Server) -> None:
    reply = server.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
    assert reply.status == 404
    assert b"klink_" not in reply.body
    assert samples(server)["klink_forwarded_ignored_total",] >= 0
