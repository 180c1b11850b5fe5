from __future__ import annotations

from pathlib import Path

import pytest

from klink.core import reports
from klink.core.principal import Principal
from klink.core.reports import NewReport
from tests.cli.conftest import Klink, core


def test_a_host_is_blocked_and_no_more(klink: Klink, here: Path):
    number = klink("blocking", "add", "*.Bad.example", "--note", "phishing").line
    refused = klink("links", "create", "https://www.bad.example/")
    assert refused.refusal == "url: is blocked by this workspace's list of hosts"
    [entry] = klink("blocking", "list", "--json").json
    assert (entry["kind"], entry["value"], entry["note"]) == ("host", "bad.example", "phishing")
    assert (entry["by_operator"], entry["global"]) == (True, False)
    assert "bad.example" in klink("blocking", "list").out
    assert klink("blocking", "remove", number).status == 0
    assert klink("links", "create", "https://www.bad.example/").status == 0
    assert klink("blocking", "remove", number).status == 1


def test_a_global_entry_holds_in_all_workspaces(klink: Klink, here: Path):
    klink("workspaces", "create", "elsewhere")
    assert klink("blocking", "add", "*/wp-login*", "--global").status == 0
    refused = klink("links", "create", "https://x.example/wp-login", "--workspace", "elsewhere")
    assert refused.refusal == "url: is blocked by this server's list of patterns"
    assert klink("blocking", "list", "--json").json == []
    [entry] = klink("blocking", "list", "--global", "--json").json
    assert (entry["kind"], entry["global"]) == ("pattern", True)


def test_check_says_which_list_and_what_of_it(
    klink: Klink, here: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KLINK_BLOCKING__FILES", "hosts.txt, gone.txt")
    monkeypatch.setenv("KLINK_BLOCKING__BRANDS", "paypal.com")
    klink("blocking", "list")
    (here / "hosts.txt").write_text("0.0.0.0 bad.example\n")
    told = klink("blocking", "check", "https://www.bad.example/", "--json").json
    assert told == {
        "blocked": True,
        "kind": "host",
        "list": "hosts.txt",
        "value": "bad.example",
        "is_servers": True,
    }
    assert "looks like paypal.com" in klink("blocking", "check", "https://paypa1.com/").out
    fine = klink("blocking", "check", "https://fine.example/")
    assert (fine.out, "gone.txt cannot be read" in fine.err) == ("nothing blocks it\n", True)
    assert klink("blocking", "check", "nothing").refusal.startswith("url: must be an absolute URL")
    listed = klink("blocking", "list", "--global").err
    assert "hosts.txt: 1 entries\n" in listed
    assert "gone.txt: 0 entries; it cannot be read: No such file" in listed
    klink("blocking", "add", "bad.example", "--kind", "allow")
    assert klink("blocking", "check", "https://bad.example/").out == "nothing blocks it\n"


def test_a_pattern_of_the_configuration_that_is_none_is_told(
    klink: Klink, here: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KLINK_BLOCKING__PATTERNS", "bad.example")
    assert "blocking.patterns" in klink("links", "list").refusal
    monkeypatch.setenv("KLINK_BLOCKING__PATTERNS", "a b.example/*")
    assert "blocking.patterns" in klink("links", "list").refusal


def test_the_command_line_says_which_list_it_cannot_read(
    klink: Klink, here: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KLINK_BLOCKING__FILES", "list.txt")
    klink("blocking", "list")  # makes the folder
    listed = here / "list.txt"
    listed.write_text("bad.example\n")
    assert klink("links", "create", "https://bad.example/").status == 1
    listed.write_text("<html>error</html>\n")
    for command in (("blocking", "check"), ("links", "create")):
        ran = klink(*command, "https://bad.example/")
        assert (ran.status, "the blocklist list.txt cannot be read" in ran.err) == (0, True)


def test_a_link_is_put_in_quarantine_and_released(klink: Klink, here: Path):
    klink("links", "create", "https://a.example/", "--slug", "spring")
    assert klink("links", "quarantine", "spring", "--reason", "abuse").status == 0
    shown = klink("links", "show", "spring", "--json").json
    assert (shown["quarantined_by"], shown["quarantine_reason"]) == ("operator", "abuse")
    assert "quarantined" in klink("links", "list", "--state", "quarantined").out
    assert klink("links", "release", "spring").line == "https://go.example.org/spring"
    assert klink("links", "show", "spring", "--json").json["quarantined_at"] is None


def test_a_scan_by_hand_goes_through_all_links(klink: Klink, here: Path):
    klink("links", "create", "https://bad.example/", "--slug", "spring")
    klink("blocking", "add", "bad.example")
    assert klink("jobs", "run", "scan-links").line == (
        "scan-links: 1 links, 1 quarantined, 0 released, 0 domains"
    )
    assert klink("jobs", "run", "scan-links").line == (
        "scan-links: 1 links, 0 quarantined, 0 released, 0 domains"
    )
    assert klink("links", "release", "spring").status == 0
    assert klink("jobs", "run", "scan-links").line == (
        "scan-links: 1 links, 0 quarantined, 0 released, 0 domains"
    )


def test_what_a_workspace_closes_stays_open_to_the_operator(klink: Klink, here: Path):
    klink("links", "create", "https://a.example/", "--slug", "a")
    with core(here) as ctx:
        reports.take(ctx, NewReport(link="a", reason="phishing", email="ann@example.org"))
        who = Principal(1, 1, 1, "klink", role="owner")
        [mine] = reports.search(ctx, who).items
        assert reports.dismiss(ctx, who, mine.id).closed_by == "workspace"
        assert reports.search(ctx, who).items == []
    [still] = klink("reports", "list", "--json").json
    assert (still["state"], still["closed_by"], still["email"]) == (
        "dismissed",
        "workspace",
        "ann@example.org",
    )
    assert klink("reports", "dismiss", str(still["id"])).status == 0
    assert klink("reports", "list", "--json").json == []
    [closed] = klink("reports", "list", "--state", "all", "--json").json
    assert (closed["closed_by"], closed["email"]) == ("operator", None)


def test_the_operator_reads_and_decides_all_reports(klink: Klink, here: Path):
    klink("workspaces", "create", "elsewhere")
    klink("links", "create", "https://a.example/", "--slug", "a", "--workspace", "elsewhere")
    klink("links", "create", "https://b.example/", "--slug", "b")
    with core(here) as ctx:
        for slug in "ab":
            text = "It asks\nfor my bank" if slug == "b" else ""
            new = NewReport(link=slug, reason="phishing", text=text, email="ann@example.org")
            reports.take(ctx, new)
    shown = klink("reports", "list")
    assert "elsewhere" in shown.out
    assert r"It asks\nfor my bank (ann@example.org)" in shown.out
    b, a = klink("reports", "list", "--json").json
    assert a["email"] == "ann@example.org"
    assert klink("reports", "act", str(a["id"])).line == "https://go.example.org/a"
    held = klink("links", "show", "a", "--workspace", "elsewhere", "--json").json
    assert (held["quarantined_by"], held["quarantine_reason"]) == (
        "operator",
        "reported as phishing",
    )
    assert klink("reports", "dismiss", str(b["id"])).status == 0
    assert klink("reports", "list", "--json").json == []
    closed = klink("reports", "list", "--state", "all", "--json").json
    assert [(each["state"], each["email"]) for each in closed] == [
        ("dismissed", None),
        ("acted", None),
    ]
    assert (
        klink("reports", "list", "--workspace", "default", "--state", "acted", "--json").json == []
    )
    assert klink("reports", "act", "999").status == 1
