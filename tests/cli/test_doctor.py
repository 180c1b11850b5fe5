from __future__ import annotations

from pathlib import Path

import pytest

from klink.doctor import CHECKS
from tests.cli.conftest import Klink, core
from tests.live.server import free_port


@pytest.fixture
def stopped(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A klink that was used and does not run, with HTTPS before it."""
    monkeypatch.setenv("KLINK_SERVER__LISTEN", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("KLINK_SERVER__TRUSTED_PROXIES", "127.0.0.1")
    with core(here):
        pass
    return here


def test_where_all_is_well_it_says_what_it_looked_at(klink: Klink, stopped: Path):
    done = klink("doctor")
    assert (done.status, done.err) == (0, "")
    assert "Good: configuration, permissions, disk, database, schema, clock" in done.out
    assert "Not checked: address (no server runs at server.listen)" in done.out
    shown = klink("doctor", "--json").json
    assert shown["findings"] == []
    assert {*shown["passed"], *shown["not_checked"]} == {check.name for check in CHECKS}


def test_what_is_found_is_told_with_what_to_do_and_the_status_is_1(klink: Klink, stopped: Path):
    (stopped / "secret").chmod(0o644)
    (stopped / "journal").mkdir(mode=0o700)
    (stopped / "journal" / "set-aside.jsonl").write_text("{}")
    done = klink("doctor")
    assert done.status == 1
    assert done.err == "klink: 2 found: secret-open, clicks-set-aside\n"
    assert "secret is open to others (mode 0644)" in done.out
    assert "Do:   chmod 600 on the file" in done.out
    done = klink("doctor", "--json", "--ignore", "clicks-set-aside")
    assert done.status == 1
    assert [each["kind"] for each in done.json["findings"]] == ["secret-open"]
    assert done.json["findings"][0].keys() == {"kind", "what", "why", "what_to_do"}
    words = ("doctor", "--ignore", "clicks-set-aside", "--ignore", "secret-open")
    assert klink(*words).status == 0
    assert klink("doctor", "--ignore", "measles").status == 2


def test_a_broken_configuration_is_all_that_is_told(klink: Klink, home: Path):
    (home / "config.toml").write_text("[keys]\nmax_active_per_user = 0\n")
    done = klink("doctor", "--json")
    assert (done.status, done.err) == (1, "klink: 1 found: configuration\n")
    [finding] = done.json["findings"]
    assert "keys.max_active_per_user" in finding["what"]
    assert not (home / "data").exists()
