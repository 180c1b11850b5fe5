from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from klink.config import all_settings, example_toml
from tests.cli.conftest import Klink


def test_a_right_configuration_is_ok(klink: Klink):
    assert klink("config", "check").line == "ok"
    assert not Path("data").exists()


def test_what_is_wrong_is_told_in_one_line(klink: Klink, home: Path):
    (home / "config.toml").write_text("[server]\nlisten = 5\n")
    assert "server.listen" in klink("config", "check").refusal
    (home / "config.toml").write_text('[server]\nlissten = "127.0.0.1:80"\n')
    assert "server.listen" in klink("config", "check").refusal
    (home / "config.toml").write_text("[server\n")
    assert "TOML" in klink("config", "check").refusal
    assert "missing.toml" in klink("--config", "missing.toml", "config", "check").refusal


@pytest.mark.parametrize("words", [("keys", "list"), ("migrate",), ("jobs", "list")])
def test_a_wrong_setting_stops_every_command_before_it_begins(klink: Klink, home: Path, words):
    (home / "config.toml").write_text("[keys]\nmax_active_per_user = 0\n")
    assert "keys.max_active_per_user" in klink(*words).refusal
    assert not (home / "data").exists()


def test_files_and_folders_are_looked_at_too(klink: Klink, home: Path, monkeypatch):
    monkeypatch.setenv("KLINK_GEOIP__DATABASE", "missing.mmdb")
    assert "missing.mmdb" in klink("config", "check").refusal
    monkeypatch.delenv("KLINK_GEOIP__DATABASE")
    monkeypatch.setenv("KLINK_SECRET", "short")
    refusal = klink("config", "check").refusal
    assert "KLINK_SECRET" in refusal
    assert "short" not in refusal
    monkeypatch.delenv("KLINK_SECRET")
    (home / "file").write_text("")
    monkeypatch.setenv("KLINK_DATA_DIR", "file/data")
    assert "data_dir" in klink("config", "check").refusal


def test_the_effective_settings_are_those_of_the_file_and_by_their_names(klink: Klink, home: Path):
    (home / "config.toml").write_text(example_toml())
    shown = klink("config", "check", "--json").json
    assert shown.pop("file") == str(home / "config.toml")
    expected = tomllib.loads(example_toml())
    assert shown["data_dir"] == str(home / expected.pop("data_dir"))
    plans = expected.pop("plans")
    for name, plan in plans.items():
        for key, value in plan.items():
            assert shown["plans"][name][key] == value
    assert shown["plans"]["unlimited"]["max_links"] == "unlimited"
    assert shown["jobs"].pop("expire_every") == "60s"
    assert expected["jobs"].pop("expire_every") == "1m"
    assert shown["conversions"].pop("attribution_window") == "2592000s"
    assert expected["conversions"].pop("attribution_window") == "30d"
    assert shown["verification"].pop("interval") == "21600s"
    assert expected["verification"].pop("interval") == "6h"
    assert shown["verification"].pop("grace") == "86400s"
    assert expected["verification"].pop("grace") == "24h"
    assert shown["destinations"].pop("failover_check_every") == "900s"
    assert expected["destinations"].pop("failover_check_every") == "15m"
    assert shown["backups"].pop("every") == "3600s"
    assert expected["backups"].pop("every") == "1h"
    assert shown["geoip"].pop("update_every") == expected["geoip"].pop("update_every") == "off"
    assert shown["geoip"].pop("update_url") == "https://***"
    assert expected["geoip"].pop("update_url").startswith("https://")
    for section, values in expected.items():
        assert shown[section] == values
    assert {*expected, "data_dir", "plans"} == {
        name.partition(".")[0] for name in all_settings(("unlimited",))
    }


@pytest.mark.parametrize("fsync", ["always", "off", "5s"])
def test_words_for_durations_come_back_as_they_were_given(klink: Klink, monkeypatch, fsync):
    monkeypatch.setenv("KLINK_CLICKS__FSYNC", fsync)
    assert klink("config", "check", "--json").json["clicks"]["fsync"] == fsync


def test_hosts_are_shown_as_the_file_could_hold_them(klink: Klink, monkeypatch):
    monkeypatch.setenv("KLINK_DIALECTS__HOSTS", "go.example.org=klookup")
    shown = klink("config", "check", "--json").json["dialects"]
    assert shown["hosts"] == {"go.example.org": "klookup"}


def test_secrets_are_masked(klink: Klink, monkeypatch):
    monkeypatch.setenv("KLINK_DATABASE__URL", "postgresql://ann:hunter2@db.example/klink")
    monkeypatch.setenv("KLINK_SECRET", "ab" * 32)
    monkeypatch.setenv("KLINK_CAPTCHA__TURNSTILE_SECRET", "hunter2-of-turnstile")
    done = klink("config", "check", "--json")
    assert done.json["database"]["url"] == "postgresql://***"
    assert done.json["captcha"]["turnstile_secret"] == "***"
    assert "hunter2" not in done.out
    assert "abab" not in done.out
