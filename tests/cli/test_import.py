"""``klink import``: files taken in, once, whatever comes between."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Klink

pytestmark = pytest.mark.usefixtures("here")

BASIC = """slug,url,title,clicks
a,https://a.example/,First,7
b,https://b.example/,,
admin,https://c.example/,,
"""


def test_a_file_is_taken_in_and_what_went_wrong_is_told(klink: Klink, home: Path) -> None:
    (home / "links.csv").write_text(BASIC)
    done = klink("import", "csv", "links.csv")
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "        2  made",
        "        1  cannot be taken in",
        "row 4, admin: refused: slug: 'admin' is reserved; choose another slug",
    ]
    assert [link["clicks"] for link in klink("links", "list", "--json").json] == [0, 7]


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_when_no_row_can_be_taken_in_the_command_has_failed(
    klink: Klink, dry: tuple[str, ...]
) -> None:
    rows = b"slug,url\nadmin,https://a.example/\nb,ftp://b.example/\n"
    done = klink("import", "csv", "-", *dry, stdin=rows)
    assert done.status == 1
    assert "        2  cannot be taken in" in done.out
    assert done.err.startswith("klink: none of the rows can be taken in")
    assert klink("import", "csv", "-", *dry, stdin=b"slug,url\n").status == 0


def test_links_are_made_in_the_order_of_their_dates(klink: Klink, home: Path) -> None:
    days = {"b": "2021-03-01", "now": "", "a": "2020-01-01", "c": "2023-01-01", "b2": "2021-03-01"}
    rows = "".join(f"{slug},https://example.com/,{day}\n" for slug, day in days.items())
    told = rows + "admin,https://example.com/,\n"
    done = klink("import", "csv", "-", "--json", stdin=f"slug,url,created_at\n{told}".encode())
    assert (done.json["made"], done.json["refused"]) == (5, 1)
    listed = klink("links", "list", "--json").json
    assert [link["slug"] for link in listed] == ["now", "c", "b2", "b", "a"]


def test_what_a_source_gives_before_it_breaks_off_is_taken_in_and_told(
    klink: Klink, home: Path
) -> None:
    dump = """INSERT INTO `yourls_url` VALUES
('a','https://a.example/','A','2021-01-02 03:04:05','192.0.2.1',7),
('b','https://b.example/','B','2021-01-02 03:04:05',"""
    done = klink("import", "yourls", "-", "--report", "report.jsonl", stdin=dump.encode())
    assert (done.status, done.out) == (1, "        1  made\n")
    assert "breaks off" in done.err
    assert json.loads((home / "report.jsonl").read_text())["slug"] == "a"
    assert [link["slug"] for link in klink("links", "list", "--json").json] == ["a"]


def test_a_second_time_nothing_is_done(klink: Klink, home: Path) -> None:
    (home / "links.csv").write_text(BASIC)
    klink("import", "csv", "links.csv")
    done = klink("import", "csv", "links.csv", "--json").json
    assert (done["made"], done["there"], done["refused"]) == (0, 2, 1)


def test_a_dry_run_writes_nothing_and_says_what_would_be(klink: Klink, home: Path) -> None:
    (home / "links.csv").write_text(BASIC + "a,https://other.example/,,\n")
    done = klink("import", "csv", "links.csv", "--dry-run", "--report", "report.csv")
    assert done.status == 0
    assert "        2  would be made\n        1  in conflict" in done.out
    assert done.out.endswith("Nothing was written.\n")
    assert klink("links", "list", "--json").json == []
    report = home / "report.csv"
    with report.open(newline="") as file:
        found = [(row["row"], row["outcome"]) for row in csv.DictReader(file)]
    assert found == [("2", "made"), ("3", "made"), ("4", "refused"), ("5", "conflict")]
    assert report.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir() if path.name.startswith(".report")] == []


def test_conflicts_are_left_or_settled(klink: Klink, home: Path) -> None:
    klink("import", "csv", "-", stdin=BASIC.encode())
    changed = BASIC.replace("https://a.example/,First,7", "https://a.example/new,First,9").encode()
    done = klink("import", "csv", "-", "--report", "r.jsonl", "--json", stdin=changed).json
    assert (done["conflict"], done["updated"], done["there"]) == (1, 0, 1)
    first = json.loads((home / "r.jsonl").read_text().splitlines()[0])
    assert (first["row"], first["outcome"]) == (2, "conflict")
    assert "'https://a.example/' here, 'https://a.example/new' there" in first["reason"]
    assert klink("links", "show", "a", "--json").json["url"] == "https://a.example/"
    words = ("import", "csv", "-", "--on-conflict", "update", "--json")
    tried = klink(*words, "--dry-run", stdin=changed).json
    assert tried["updated"] == klink(*words, stdin=changed).json["updated"] == 1
    link = klink("links", "show", "a", "--json").json
    assert (link["url"], link["clicks"]) == ("https://a.example/new", 9)


def test_formulas_in_a_file_are_none_in_the_report(klink: Klink, home: Path) -> None:
    klink("import", "csv", "-", "--report", "r.csv", stdin=b"slug,url\n=cmd|x,https://a.test/\n")
    with (home / "r.csv").open(newline="") as file:
        assert [row["slug"] for row in csv.DictReader(file)] == ["'=cmd|x"]


def test_links_go_to_the_domain_and_workspace_that_are_named(klink: Klink, home: Path) -> None:
    klink("workspaces", "create", "shop")
    klink("domains", "add", "s.example", "--workspace", "shop", "--verified")
    to = ("--workspace", "shop", "--domain", "s.example")
    assert klink("import", "csv", "-", *to, stdin=BASIC.encode()).status == 0
    found = klink("links", "list", "--workspace", "shop", "--json").json
    assert {link["domain"] for link in found} == {"s.example"}
    refused = klink("import", "csv", "-", "--domain", "s.example", stdin=BASIC.encode())
    assert "no such domain 's.example' in this workspace" in refused.refusal


@pytest.mark.parametrize(
    "kind, raw, why",
    [
        ("csv", b"name,street\nAda,Main\n", "no CSV of the kind csv"),
        ("jsonl", b"slug,url\n", "no JSON lines"),
        ("yourls", b"CREATE TABLE a (b int);", "no table of YOURLS' links"),
        ("shlink", b'{"links": []}', "no answer of Shlink's short-urls"),
        ("bitly", b"", "the file is empty"),
        ("dub", b"\x1f\x8b123", "compressed by gzip"),
    ],
)
def test_the_wrong_kind_of_file_is_one_clear_line(
    klink: Klink, home: Path, kind: str, raw: bytes, why: str
) -> None:
    (home / "file").write_bytes(raw)
    assert why in klink("import", kind, "file", "--report", "r.csv").refusal
    assert [path.name for path in home.iterdir() if "r.csv" in path.name] == []


def test_a_file_that_is_not_there_is_one_clear_line(klink: Klink) -> None:
    assert "nothing.csv" in klink("import", "csv", "nothing.csv").refusal


def test_help_names_every_kind(klink: Klink) -> None:
    done = klink("import", "--help")
    for kind in ("csv", "jsonl", "yourls", "shlink", "kutt", "bitly", "dub"):
        assert f"  {kind} " in done.out
