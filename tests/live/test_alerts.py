"""The alerts and the dashboard: what Prometheus' own tools say, and what they would say when."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.everything import exported

pytestmark = pytest.mark.live

DOCS = Path(__file__).resolve().parents[2] / "docs"
ALERTS = DOCS / "alerts.yml"
AT = 'instance="well", job="klink"'
DAY_S = 86_400

# An increase over half of an hour, and what stays.
GROWS, STAYS = "0+10x200", "7x200"

WELL = {
    f"up{{{AT}}}": "1x200",
    f'klink_database_up{{{AT}, engine="sqlite"}}': "1x200",
    f"klink_clicks_lost_total{{{AT}}}": STAYS,
    f"klink_clicks_set_aside_total{{{AT}}}": STAYS,
    f"klink_journal_damages_total{{{AT}}}": STAYS,
    f"klink_data_disk_free_bytes{{{AT}}}": "50000000000x200",
    f"klink_data_disk_size_bytes{{{AT}}}": "90000000000x200",
    f'klink_requests_total{{{AT}, door="links", status="302"}}': "0+6000x200",
    f'klink_requests_total{{{AT}, door="klink", status="500"}}': "0+1x200",
    f'klink_request_duration_seconds_bucket{{{AT}, door="links", by="loop", le="0.25"}}': (
        "0+6000x200"
    ),
    f'klink_request_duration_seconds_bucket{{{AT}, door="links", by="loop", le="1.0"}}': (
        "0+6001x200"
    ),
    f'klink_request_duration_seconds_bucket{{{AT}, door="links", by="loop", le="+Inf"}}': (
        "0+6001x200"
    ),
    f'klink_worker_queue_length{{{AT}, workers="office"}}': "3x200",
    f"klink_ledger_lag_seconds{{{AT}}}": "0.5x200",
    f'klink_job_last_failed{{{AT}, name="clean-up"}}': "0x200",
    f'klink_job_interval_seconds{{{AT}, name="clean-up"}}': "600x200",
    f'klink_job_last_success_timestamp_seconds{{{AT}, name="clean-up"}}': "0+60x200",
    f"klink_backups{{{AT}}}": "30x200",
    f"klink_backup_age_seconds{{{AT}}}": "1800x200",
    f"klink_database_wal_bytes{{{AT}}}": "4000000x200",
    f"klink_geoip_age_seconds{{{AT}}}": f"{3 * DAY_S}x200",
    f"klink_forwarded_ignored_total{{{AT}}}": STAYS,
    f"process_open_fds{{{AT}}}": "100x200",
    f"process_max_fds{{{AT}}}": "4096x200",
}

# By alert: a metric (the series above whose name begins so) and what becomes of it.
TROUBLE = {
    "KlinkDown": ("up{", "0x200"),
    "KlinkDatabaseAway": ("klink_database_up", "0x200"),
    "KlinkClicksLost": ("klink_clicks_lost", GROWS),
    "KlinkDiskAlmostFull": ("klink_data_disk_free", "400000000x200"),
    "KlinkDiskFillsUp": ("klink_data_disk_free", "50000000000-20000000x200"),
    "KlinkErrors": (f'klink_requests_total{{{AT}, door="klink"', "0+100x200"),
    "KlinkRedirectsSlow": (
        f'klink_request_duration_seconds_bucket{{{AT}, door="links", by="loop", le="0.25"',
        "0+5000x200",
    ),
    "KlinkRequestsWait": ("klink_worker_queue", "300x200"),
    "KlinkLedgerBehind": ("klink_ledger_lag", "90x200"),
    "KlinkClicksSetAside": ("klink_clicks_set_aside", GROWS),
    "KlinkJobFails": ("klink_job_last_failed", "1x200"),
    "KlinkJobLate": ("klink_job_last_success", "60x200"),
    "KlinkBackupOld": ("klink_backup_age", "30000x200"),
    "KlinkWalGrows": ("klink_database_wal", "300000000x200"),
    "KlinkCountriesOld": ("klink_geoip_age", f"{70 * DAY_S}x200"),
    "KlinkProxyNotTrusted": ("klink_forwarded_ignored", GROWS),
    "KlinkFilesRunOut": ("process_open_fds", "4000x200"),
}


def promtool(*words: str) -> str:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_promtool_finds_nothing_to_say_about_the_alerts():
    assert f"SUCCESS: {len(TROUBLE)} rules found" in promtool("check", "rules", str(ALERTS))


def _at(instance: str, series: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"series": name.replace('"well"', f'"{instance}"'), "values": values}
        for name, values in series.items()
    ]


def test_each_alert_fires_in_its_trouble_and_none_when_all_is_well(tmp_path: Path):
    """One server is well, and each of the others has a trouble of its own."""
    series = _at("well", WELL)
    for alert, (metric, values) in TROUBLE.items():
        changed = {name: values if name.startswith(metric) else now for name, now in WELL.items()}
        assert changed != WELL, alert
        series += _at(alert, changed)
    query = {
        "expr": 'count by (alertname, instance) (ALERTS{alertstate="firing"})',
        "eval_time": "150m",
        "exp_samples": [
            {"labels": f'{{alertname="{alert}", instance="{alert}"}}', "value": 1}
            for alert in TROUBLE
        ],
    }
    case = {"interval": "1m", "input_series": series, "promql_expr_test": [query]}
    file = tmp_path / "tests.yml"  # which JSON is, too
    file.write_text(
        json.dumps({"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": [case]})
    )
    assert "SUCCESS" in promtool("test", "rules", str(file))


METRIC = re.compile(r"\b((?:klink|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"')
GROUPING = re.compile(r"\b(?:by|on) \(([^)]*)\)")
PROMETHEUS_OWN = {"instance", "job"}  # labels that it gives


def _expressions() -> list[tuple[str, str]]:
    """Every query of the dashboard and of the alerts, with its legend."""
    found = [(target["expr"], target["legendFormat"]) for target in _targets()]
    text = ALERTS.read_text()
    blocks = re.findall(r"expr: (?:>-\n)?(.*?)\n        (?:for|labels):", text, re.DOTALL)
    assert len(blocks) == len(TROUBLE)
    return found + [(" ".join(block.split()), "") for block in blocks]


def _dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "grafana.json").read_text())
    return found


def _targets() -> list[dict[str, Any]]:
    return [target for panel in _dashboard()["panels"] for target in panel.get("targets", [])]


def test_every_query_asks_for_what_klink_exports_by_labels_that_it_has():
    known = exported()
    for query, legend in _expressions():
        labels: set[str] = set()
        for name, matchers in METRIC.findall(query):
            if name == "up":
                continue
            assert name in known, (name, query)
            labels |= known[name]
            asked = set(MATCHER.findall(matchers))
            assert asked <= known[name] | PROMETHEUS_OWN, query
        for group in GROUPING.findall(query):
            assert set(re.findall(r"\w+", group)) <= labels | PROMETHEUS_OWN, query
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= labels | PROMETHEUS_OWN, query


def test_nothing_that_klink_exports_is_left_out_of_both():
    asked = {name for query, _ in _expressions() for name, _ in METRIC.findall(query)}
    own = {name for name in exported() if name.startswith("klink_")}
    seldom = {
        "klink_request_duration_seconds_sum",
        "klink_request_duration_seconds_count",
        "klink_cache_links",
        "klink_geoip_loaded",
        "klink_job_running",
        "klink_job_last_run_timestamp_seconds",
        "klink_job_last_longest_step_seconds",
        "klink_job_last_items",
    }
    assert own - asked == seldom


def test_promtool_can_read_every_query_of_the_dashboard(tmp_path: Path):
    variables = {"$__rate_interval": "5m", "$instance": ".*"}
    rules = []
    for number, (query, _) in enumerate(_expressions()):
        for name, value in variables.items():
            query = query.replace(name, value)  # noqa: PLW2901
        rules.append({"record": f"query:{number}", "expr": query})
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", str(file))


def test_the_dashboard_is_whole():
    found = _dashboard()
    assert found["schemaVersion"] >= 39
    assert {each["name"] for each in found["templating"]["list"]} == {"datasource", "instance"}
    numbers = [panel["id"] for panel in found["panels"]]
    assert len(numbers) == len(set(numbers))
    taken: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}"
