from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from klink.clicks.geoip import GeoStatus
from klink.clicks.ledger import LedgerStatus
from klink.core.context import Context
from klink.core.times import to_ms
from klink.db import meta
from klink.stats.health import Fact, Seen, bytes_in_words, facts, span_in_words
from tests.stats.conftest import NOW

FINE = LedgerStatus(0, 0.0, 0, 0, 0, 0)


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    """A server that is well."""
    return Seen(
        version="1.2.3",
        started_at=NOW - timedelta(days=3, hours=2),
        data_dir=tmp_path,
        ledger=FINE,
        geoip=GeoStatus("loaded", to_ms(NOW - timedelta(days=5)), ""),
        failing_jobs=(),
        runs_jobs=True,
        forwarded_ignored=0,
        is_forwarded=False,
        scheme="https",
        host="go.example.org",
        has_proxies=False,
        metrics_allow=(ip_network("127.0.0.0/8"),),
    )


def fact(ctx: Context, seen: Seen, name: str, **changed: object) -> Fact:
    found = facts(ctx, replace(seen, **changed))  # type: ignore[arg-type]  # by name
    (one,) = (each for each in found if each.name == name)
    return one


def test_a_server_that_is_well_needs_nothing(ctx: Context, seen: Seen, engine: str):
    found = facts(ctx, seen)
    shown = {each.name: each for each in found}
    disk = shown.pop("Free disk")  # whatever this machine has
    assert disk.shown.count("iB") == 2
    assert {each.judgement for each in shown.values()} == {"good", "note"}
    assert not [each for each in shown.values() if each.advice]
    assert shown["Version"].shown == "klink 1.2.3, up for 3 days"
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine]
    assert shown["Database"].shown.startswith(f"{name}, ")
    assert ("Write-ahead log" in shown) is (engine == "sqlite")
    assert "the newest" in shown["Schema"].shown


def test_an_older_schema_asks_for_a_restart(ctx: Context, seen: Seen):
    meta.put("schema", "7")
    found = fact(ctx, seen, "Schema")
    assert (found.shown, found.judgement) == ("7", "warn")
    assert "Restart" in found.advice


def test_what_the_ledger_is_behind_and_has_lost_is_told(ctx: Context, seen: Seen, tmp_path: Path):
    late = FINE._replace(lag_s=12.0, waiting_bytes=2048)
    found = fact(ctx, seen, "Counting of clicks", ledger=late)
    assert (found.shown, found.judgement) == ("12 s behind, 2.0 KiB to count", "note")
    very = fact(ctx, seen, "Counting of clicks", ledger=FINE._replace(lag_s=3700.0))
    assert (very.shown, very.judgement) == ("1 hour behind, 0 B to count", "warn")
    lost = fact(ctx, seen, "Lost clicks", ledger=FINE._replace(lost=1200))
    assert (lost.shown[:5], lost.judgement) == ("1,200", "bad")
    odd = fact(ctx, seen, "Journal", ledger=FINE._replace(damaged=1))
    assert odd.judgement == "warn"
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "set-aside.jsonl").write_text("{}\n")
    aside = fact(ctx, seen, "Set aside")  # by a process before this one
    assert (aside.shown, aside.judgement) == ("0 since the start, 3 B in all", "warn")


@pytest.mark.parametrize(
    "geoip, judgement, word",
    [
        (GeoStatus("absent", None, ""), "note", ".mmdb"),
        (GeoStatus("broken", None, "x"), "bad", "whole file"),
        (GeoStatus("broken", to_ms(NOW), "x"), "bad", "whole file"),
        (GeoStatus("loaded", to_ms(NOW - timedelta(days=61)), ""), "warn", "newer"),
        (GeoStatus("loaded", to_ms(NOW + timedelta(days=1)), ""), "good", ""),
    ],
)
def test_the_age_of_the_geoip_database_is_judged(
    ctx: Context, seen: Seen, geoip: GeoStatus, judgement: str, word: str
):
    found = fact(ctx, seen, "Countries", geoip=geoip)
    assert found.judgement == judgement
    assert word in found.advice


def test_a_proxy_that_is_not_trusted_is_noticed(ctx: Context, seen: Seen):
    mine = fact(ctx, seen, "Proxies", is_forwarded=True)
    assert mine.judgement == "bad"
    assert "trusted_proxies" in mine.advice
    others = fact(ctx, seen, "Proxies", forwarded_ignored=1234)
    assert (others.judgement, "1,234" in others.shown) == ("note", True)


def test_the_base_url_is_held_against_how_one_has_come(ctx: Context, seen: Seen):
    name = "Short URLs begin with"
    assert fact(ctx, seen, name, host="10.0.0.7:8080").judgement == "warn"
    assert "X-Forwarded-Proto" in fact(ctx, seen, name, scheme="http").advice
    clear = replace(ctx, settings=replace(ctx.settings, base_url="http://go.example.org"))
    assert "HTTPS" in fact(clear, seen, name, scheme="http").advice
    local = replace(ctx, settings=replace(ctx.settings, base_url="http://127.0.0.1:8080"))
    found = fact(local, seen, name, scheme="http", host="127.0.0.1:8080")
    assert found.judgement == "good"


def test_metrics_for_everybody_and_jobs_that_fail_are_noticed(ctx: Context, seen: Seen):
    name = "/metrics and /ready"
    assert fact(ctx, seen, name, metrics_allow=(ip_network("::/0"),)).judgement == "warn"
    assert fact(ctx, seen, name, metrics_allow=()).shown == "answer nobody"
    failing = fact(ctx, seen, "Jobs", failing_jobs=("clean-up", "scan-links"))
    assert failing.shown == "the last run of clean-up, scan-links failed"
    assert fact(ctx, seen, "Jobs", runs_jobs=False).judgement == "note"


@pytest.mark.parametrize(
    "size, words",
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1 << 20, "1.0 MiB"), (5 << 40, "5.0 TiB")],
)
def test_sizes_read_well(size: int, words: str):
    assert bytes_in_words(size) == words


@pytest.mark.parametrize(
    "seconds, words", [(0.4, "0 s"), (59, "59 s"), (60, "1 minute"), (7300, "2 hours")]
)
def test_spans_read_well(seconds: float, words: str):
    assert span_in_words(seconds) == words
