"""What the figures of the parts look like to Prometheus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from klink.backups import Backup
from klink.clicks.geoip import GeoStatus
from klink.clicks.ledger import LedgerStatus
from klink.core.times import to_ms
from klink.db.connection import engine
from klink.db.size import sizes
from klink.jobs import JobRun, JobStatus
from klink.metrics import Metrics
from klink.metrics.backups import backup_families
from klink.metrics.clicks import click_families
from klink.metrics.database import database_families
from klink.metrics.jobs import job_families
from klink.metrics.traffic import traffic_families
from klink.metrics.trouble import trouble_families
from klink.redirects.cache import CacheFigures
from klink.server import ServerFigures
from klink.tallies import BOUNDS_S, Distribution, Requests

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def shown(families: Iterable[Metric]) -> dict[str, float]:
    """Every sample of the text by its name with its labels."""
    metrics = Metrics("1.2.3")
    metrics.add(lambda: families)
    found = {}
    for family in text_string_to_metric_families(metrics.text().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def test_the_version_and_the_process_are_always_there():
    found = shown([])
    assert found["klink_build_info{version=1.2.3}"] == 1
    assert found["process_resident_memory_bytes"] > 0
    assert not [name for name in found if name.startswith("python_")]


def test_redirects_of_the_loop_and_of_workers_are_counted_together():
    requests = Requests()
    requests.add("links", 302, 0.002)
    requests.add("links", 404, 0.002)
    requests.add("kliqs", 201, 0.02)
    loop = Distribution()
    loop.add(0.0002, times=5)
    server = ServerFigures(7, {"visitors": 1, "office": 2}, loop.spread())
    cache = CacheFigures(hits=90, misses=10, links=8, bytes=4096)
    found = shown(traffic_families(requests, {302: 5, 301: 0}, server, cache))
    assert found["klink_requests_total{door=links,status=302}"] == 6
    assert found["klink_requests_total{door=links,status=301}"] == 0
    assert found["klink_requests_total{door=kliqs,status=201}"] == 1
    bucket = "klink_request_duration_seconds_bucket{{by={},door=links,le={}}}"
    assert found[bucket.format("loop", 0.0001)] == 0
    assert found[bucket.format("loop", 0.00025)] == 5
    assert found[bucket.format("loop", BOUNDS_S[-1])] == 5
    assert found[bucket.format("worker", "+Inf")] == 2
    assert found["klink_request_duration_seconds_count{by=worker,door=kliqs}"] == 1
    assert round(found["klink_request_duration_seconds_sum{by=loop,door=links}"], 6) == 0.001
    assert found["klink_connections"] == 7
    assert found["klink_worker_queue_length{workers=office}"] == 2
    assert found["klink_cache_lookups_total{result=hit}"] == 90
    assert found["klink_cache_lookups_total{result=miss}"] == 10
    assert found["klink_cache_bytes"] == 4096
    assert found["klink_cache_links"] == 8


def test_where_no_loop_answers_there_are_no_durations_of_one():
    server = ServerFigures(0, {}, None)
    found = shown(traffic_families(Requests(), {}, server, CacheFigures(0, 0, 0, 0)))
    assert not [name for name in found if "by=loop" in name]


def test_clicks_and_what_went_wrong_with_them():
    ledger = LedgerStatus(1234, 2.5, 3, 4, 5, 6)
    geoip = GeoStatus("loaded", to_ms(NOW - timedelta(days=2)), "")
    found = shown(click_families(ledger, {"person": 10, "bot": 4}, 99, geoip, NOW))
    assert found["klink_visits_total{kind=person}"] == 10
    assert found["klink_visits_total{kind=bot}"] == 4
    assert found["klink_ledger_lag_seconds"] == 2.5
    assert found["klink_ledger_waiting_bytes"] == 1234
    assert found["klink_clicks_lost_total"] == 3
    assert found["klink_clicks_set_aside_total"] == 4
    assert found["klink_journal_damages_total"] == 5
    assert found["klink_journal_foreign_segments_total"] == 6
    assert found["klink_journal_bytes"] == 99
    assert found["klink_geoip_loaded"] == 1
    assert found["klink_geoip_age_seconds"] == 2 * 86_400


def test_without_a_country_database_there_is_no_age():
    found = shown(
        click_families(LedgerStatus(0, 0, 0, 0, 0, 0), {}, 0, GeoStatus("absent", None, ""), NOW)
    )
    assert found["klink_geoip_loaded"] == 0
    assert "klink_geoip_age_seconds" not in found


def test_how_old_the_newest_good_backup_is(tmp_path: Path):
    def backup(hours: int, size: int, problem: str = "") -> Backup:
        return Backup(tmp_path, NOW - timedelta(hours=hours), size, None, problem)

    def of_backups(*found: Backup) -> dict[str, float]:
        told = shown(backup_families(found, NOW))
        return {name: value for name, value in told.items() if name.startswith("klink_backup")}

    assert of_backups(backup(0, 9, "cut"), backup(1, 5), backup(2, 7)) == {
        "klink_backups": 2,
        "klink_backups_bytes": 12,
        "klink_backup_age_seconds": 3600,
        "klink_backup_size_bytes": 5,
    }
    assert of_backups() == {"klink_backups": 0, "klink_backups_bytes": 0}


def test_every_job_with_its_last_run():
    run = JobRun(
        name="clean-up",
        started_at=NOW,
        duration_ms=1500,
        counts={},
        error="DatabaseBusy",
        longest_step_ms=40,
        runs=9,
        failures=2,
        last_success_at=NOW - timedelta(hours=1),
    )
    swept = JobRun("sweep", NOW, 1, {"rows": 12}, last_success_at=NOW)
    jobs = [
        JobStatus("clean-up", "", 3600.0, True, None, run),
        JobStatus("sweep", "", 60.0, False, None, swept),
        JobStatus("never-run", "", 60.0, False, None, None),
    ]
    found = shown(job_families(jobs))
    assert found["klink_job_runs_total{name=clean-up,outcome=success}"] == 7
    assert found["klink_job_runs_total{name=clean-up,outcome=failure}"] == 2
    assert found["klink_job_last_failed{name=clean-up}"] == 1
    assert found["klink_job_last_failed{name=sweep}"] == 0
    assert found["klink_job_last_duration_seconds{name=clean-up}"] == 1.5
    assert found["klink_job_last_longest_step_seconds{name=clean-up}"] == 0.04
    assert found["klink_job_last_run_timestamp_seconds{name=clean-up}"] == NOW.timestamp()
    assert found["klink_job_last_success_timestamp_seconds{name=clean-up}"] == (
        NOW.timestamp() - 3600
    )
    assert found["klink_job_last_items{name=sweep,what=rows}"] == 12
    assert found["klink_job_running{name=clean-up}"] == 1
    assert found["klink_job_interval_seconds{name=never-run}"] == 60
    assert [name for name in found if "never-run" in name] == [
        "klink_job_interval_seconds{name=never-run}",
        "klink_job_running{name=never-run}",
    ]


def test_how_large_the_database_is(db: str):
    found = shown(database_families(engine(), sizes()))
    assert found[f"klink_database_up{{engine={engine()}}}"] == 1
    assert found["klink_database_bytes"] > 0
    assert ("klink_database_wal_bytes" in found) is (engine() == "sqlite")


def test_a_database_that_does_not_answer_is_said_to():
    found = shown(database_families("sqlite", None))
    assert found["klink_database_up{engine=sqlite}"] == 0
    assert "klink_database_bytes" not in found


def test_what_tells_of_trouble_to_come(tmp_path: Path):
    found = shown(trouble_families(tmp_path, 3, {"warning": 5, "error": 2}))
    assert 0 < found["klink_data_disk_free_bytes"] < found["klink_data_disk_size_bytes"]
    assert found["klink_forwarded_ignored_total"] == 3
    assert found["klink_log_lines_total{level=warning}"] == 5
    assert found["klink_log_lines_total{level=error}"] == 2
    gone = shown(trouble_families(tmp_path / "gone", 0, {}))
    assert "klink_data_disk_free_bytes" not in gone
