"""Rows that mean harm, or are broken, and never stop the rest."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from tests.cli.conftest import Done, Klink

GOOD = {"slug": "good", "url": "https://example.com/good"}


def take(klink: Klink, here: Path, *rows: object, words: tuple[str, ...] = ()) -> Done:
    """Import rows as JSON lines, each beside good ones."""
    file = here.parent / "links.jsonl"
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    file.write_bytes(b"\n".join([*lines, json.dumps(GOOD).encode(), b""]))
    return klink("import", "jsonl", str(file), "--json", *words)


def slugs(klink: Klink) -> set[str]:
    return {each["slug"] for each in klink("links", "list", "--limit", "500", "--json").json}


BAD: dict[str, Any] = {
    "a slug with NUL": {"slug": "a\x00b", "url": "https://example.com/"},
    "a slug of half a character": {"slug": "a\ud800", "url": "https://example.com/"},
    "a slug with SQL": {"slug": "x'; DROP TABLE links; --", "url": "https://example.com/"},
    "a slug of 100 kB": {"slug": "x" * 100_000, "url": "https://example.com/"},
    "a slug that is a path": {"slug": "../../etc", "url": "https://example.com/"},
    "a slug that klink answers": {"slug": "api", "url": "https://example.com/"},
    "a reserved slug in capitals": {"slug": "ADMIN", "url": "https://example.com/"},
    "a slug that is a number": {"slug": 5, "url": "https://example.com/"},
    "a domain of half a character": {**GOOD, "slug": "d1", "domain": "\udfff.test"},
    "a domain with NUL": {**GOOD, "slug": "d2", "domain": "a\x00.test"},
    "a domain that is another's": {**GOOD, "slug": "d3", "domain": "other.test"},
    "a domain of 100 kB": {**GOOD, "slug": "d4", "domain": "x" * 100_000},
    "javascript": {"slug": "b1", "url": "javascript:alert(1)"},
    "a URL with NUL": {"slug": "b2", "url": "https://example.com/\x00"},
    "a URL with half a character": {"slug": "b3", "url": "https://example.com/\ud800"},
    "a URL with a line break": {"slug": "b4", "url": "https://example.com/\r\nSet-Cookie: a=b"},
    "a URL with a password": {"slug": "b5", "url": "https://me:secret@example.com/"},
    "a URL that is too long": {"slug": "b6", "url": "https://example.com/" + "x" * 10_000},
    "no URL": {"slug": "b7"},
    "itself": {"slug": "me", "url": "https://go.example.org/me"},
    "klink's own pages": {"slug": "b8", "url": "https://go.example.org/admin"},
    "a title with NUL": {**GOOD, "slug": "t1", "title": "a\x00b"},
    "a title with half a character": {**GOOD, "slug": "t2", "title": "a\ud800b"},
    "a title that is a list": {**GOOD, "slug": "t3", "title": ["a"]},
    "a tag with an escape": {**GOOD, "slug": "t4", "tags": ["a\x1b[31m"]},
    "a tag of half a character": {**GOOD, "slug": "t5", "tags": ["\ud800"]},
    "tags that are numbers": {**GOOD, "slug": "t6", "tags": [1]},
    "a post with NUL": {**GOOD, "slug": "p1", "type": "inpage", "post_id": "\x00"},
    "a post of half a character": {**GOOD, "slug": "p2", "type": "inpage", "post_id": "\ud800"},
    "a page with NUL": {**GOOD, "slug": "p3", "type": "inpage", "site_url": "https://x.test/\x00"},
    "clicks below none": {**GOOD, "slug": "c1", "clicks": -1},
    "clicks beyond all": {**GOOD, "slug": "c2", "clicks": 10**30},
    "clicks that are infinite": b'{"slug": "c3", "url": "https://example.com/", "clicks": 1e999}',
    "clicks with 5,000 digits": b'{"slug": "c4", "url": "https://example.com/", "clicks": %s}'
    % (b"9" * 5000),
    "a time that is none": {**GOOD, "slug": "w1", "created_at": "yesterday"},
    "a time beyond the calendar": {**GOOD, "slug": "w2", "expires_at": "99999-01-01T00:00:00Z"},
    "a status that is none": {**GOOD, "slug": "s1", "redirect_status": 200},
    "a mode that is none": {**GOOD, "slug": "m1", "routing": {"mode": "x", "variants": [1]}},
    "a rule that is none": {
        **GOOD,
        "slug": "m2",
        "routing": {
            "variants": [{"label": "a", "url": "https://example.com/", "weight": 100}],
            "rules": [{"when": {"country": {"a": []}}, "use": "a"}],
        },
    },
    "a password of 1 MB": {**GOOD, "slug": "q1", "password": "x" * 1_000_000},
    "a password of half a character": {**GOOD, "slug": "q2", "password": "\ud800"},
    "a line of 10 MB": b'{"slug": "l1", "url": "https://example.com/", "title": "'
    + b"x" * 10_000_000
    + b'"}',
    "a line that is no JSON": b"{'slug': 'j1'}",
    "a list": b'["slug", "url"]',
    "JSON without an end": b"[" * 100_000,
    "a line that is no UTF-8": b'{"slug": "u1", "url": "https://example.com/\xff"}',
}


def test_no_bad_row_is_taken_in_and_none_stops_the_rest(klink: Klink, here: Path):
    done = take(klink, here, GOOD, *BAD.values())
    assert done.status == 0, done.err
    told = done.json
    assert slugs(klink) == {"good"}
    assert (told["made"], told["there"]) == (1, 1)
    assert told["refused"] + told["conflict"] == len(BAD)
    named = {each["row"]: each["reason"] for each in told["told"]}
    for row, name in enumerate(BAD, 2):
        assert named.get(row), name
        assert len(named[row]) < 500, name
    dry = take(klink, here, *BAD.values(), words=("--dry-run",))
    assert dry.status == 0, dry.err
    assert (dry.json["made"], dry.json["there"]) == (0, 1)


def test_rows_that_lead_to_each_other_make_no_loop(klink: Klink, here: Path):
    done = take(
        klink,
        here,
        {"slug": "a", "url": "https://go.example.org/b"},
        {"slug": "b", "url": "https://go.example.org/a"},
    )
    assert done.status == 0
    assert slugs(klink) == {"a", "good"}


def test_what_is_told_steers_no_terminal_and_no_spreadsheet(klink: Klink, here: Path):
    file = here.parent / "links.csv"
    file.write_text(
        "slug,url,title\n"
        "\"=cmd|' /C calc'!A0\",https://example.com/,x\n"
        "\x1b[2Jx,https://example.com/,x\n"
    )
    report = here.parent / "report.csv"
    done = klink("import", "csv", str(file), "--report", str(report))
    assert done.status == 1  # nothing of it can be taken in
    assert "\x1b" not in done.out + done.err
    assert report.stat().st_mode & 0o777 == 0o600
    for row in csv.reader(report.read_text().splitlines()):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_a_quotation_mark_that_is_never_closed_is_told_with_the_lines_it_takes(
    klink: Klink, here: Path
):
    file = here.parent / "links.csv"
    rest = "".join(f"s{i},https://example.com/{i},{'x' * 1_000}\n" for i in range(1_200))
    file.write_text(
        f'slug,url,title\ns-a,https://example.com/,x\ns-b,https://example.com/,"x\n{rest}'
        "s-c,https://example.com/,x\n"
    )
    done = klink("import", "csv", str(file), "--json")
    assert done.status == 0
    first = done.json["told"][0]
    assert first["row"] == 3
    assert "a quotation mark is not closed, so the lines to 1" in first["reason"]
    assert slugs(klink) == {"s-a", "s-c"}
