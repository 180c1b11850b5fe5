"""Plain CSV and JSON lines, good and bad."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from klink.core.links import NewLink, NewRule, NewVariant, Utm
from klink.core.passwords import HashedPassword, hash_password
from klink.moving.files import MAX_LINE
from klink.moving.native import HELD, LOCKED
from klink.moving.rows import WrongSource
from tests.moving.sources import problems_of, rows_of, source

PLAIN = NewLink(slug="a", url="https://a.example/")


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_table_is_read_however_it_is_written(mark: str, end: str, bom: str) -> None:
    lines = [["Slug", "URL", "Title"], ["a", "https://a.example/", '"one' + end + 'two"']]
    text = bom + end.join(mark.join(line) for line in lines) + end + end
    (row,) = rows_of("csv", text)
    assert row.at == 2
    assert row.arrival
    assert row.arrival.new.title is not None
    assert row.arrival.new.title.split() == ["one", "two"]


def test_cells_become_fields_and_empty_ones_are_not_spoken_of() -> None:
    (row,) = rows_of(
        "csv",
        "slug,url,tags,is_active,redirect_status,expires_at,utm_source,clicks,created_at,title\n"
        'a,https://a.example/,"x, y",no,301,2031-02-03,mail,7,2020-01-02T03:04:05Z,\n',
    )
    assert row.arrival
    assert row.arrival.new == NewLink(
        slug="a",
        url="https://a.example/",
        tags=("x", "y"),
        is_active=False,
        redirect_status=301,
        expires_at=datetime(2031, 2, 3, 23, 59, 59, tzinfo=UTC),
        utm=Utm(source="mail"),
    )
    assert row.arrival.created_at == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert row.arrival.clicks == 7
    assert "title" not in row.arrival.given


def test_a_column_that_is_not_read_is_told_once() -> None:
    table = source("csv", "slug,url,colour\na,https://a.example/,red\n")
    assert [row.problem for row in table.rows()] == [""]
    assert table.notices == ["columns that are not read: colour"]


def test_a_row_without_a_slug_gets_the_same_one_each_time() -> None:
    text = "slug,url\n,https://a.example/\n,https://b.example/\n"
    first = [row.slug for row in rows_of("csv", text)]
    assert first == [row.slug for row in rows_of("csv", text)]
    assert len({*first}) == 2
    assert all(len(slug) == 10 for slug in first)


def test_what_keeps_spreadsheets_from_formulas_is_taken_off() -> None:
    (row,) = rows_of("csv", "slug,url,title\na,https://a.example/,'=1+1\n")
    assert row.arrival
    assert row.arrival.new.title == "=1+1"


def _line(**values: object) -> str:
    return json.dumps({"slug": "a", "url": "https://a.example/"} | values) + "\n"


def test_a_line_of_json_is_a_link_of_the_api() -> None:
    rules = [{"when": {"country": ["DE"]}, "use": "b"}]
    variants = [{"label": n, "url": f"https://{n}.example/", "weight": 50} for n in "ab"]
    (row,) = rows_of(
        "jsonl",
        _line(
            url="https://a.example/",
            type="inpage",
            routing={"mode": "rules", "variants": variants, "rules": rules, "default": "a"},
            experiment={"auto_winner": True, "threshold": 250, "winner": "b"},
            utm=dict.fromkeys(("source", "medium", "campaign", "content"), "x") | {"term": None},
            tags=["one, two"],
            max_clicks=None,
            clicks=9,
        ),
    )
    assert row.arrival
    assert row.arrival.new == NewLink(
        slug="a",
        type="inpage",
        variants=(
            NewVariant("a", "https://a.example/", 50),
            NewVariant("b", "https://b.example/", 50),
        ),
        rules=(NewRule({"country": ["DE"]}, "b"),),
        mode="rules",
        default="a",
        auto_winner=True,
        winner_threshold=250,
        utm=Utm("x", "x", "x", "x"),
        tags=("one, two",),
    )
    assert (row.arrival.clicks, row.arrival.is_ours) == (9, True)
    assert "winner" in row.warnings[0]


def test_lines_of_another_type_are_left_out() -> None:
    text = _line(type="link") + _line(type="workspace") + '{"type": "link", "link": {"slug": "b"}}'
    first, second = rows_of("jsonl", text)
    assert first.arrival
    assert first.arrival.new == PLAIN
    assert second.arrival
    assert (second.at, second.arrival.new) == (3, NewLink(slug="b"))


def test_a_link_never_comes_without_the_password_that_it_had() -> None:
    ours = hash_password("sesame")
    rows = rows_of(
        "jsonl",
        _line(password_hash=ours)
        + _line(password="sesame")
        + _line(password_protected=True)
        + _line(password_hash="$2b$12$abcdefghijklmnopqrstuv")
        + _line(password_hash=ours.replace("m=19456", "m=999999"))
        + _line(quarantined_at="2026-01-01T00:00:00Z"),
    )
    news = [row.arrival.new for row in rows if row.arrival]
    assert [new.password for new in news] == [HashedPassword(ours), "sesame", *[None] * 4]
    assert [new.is_active for new in news] == [True, True, *[False] * 4]
    assert [row.warnings for row in rows[2:]] == [(LOCKED,)] * 3 + [(HELD,)]


def test_a_link_in_the_trash_there_stays_there() -> None:
    text = _line(deleted_at="2026-01-01T00:00:00Z")
    assert problems_of("jsonl", text) == {1: "deleted_at: it is in the trash there"}


@pytest.mark.parametrize(
    "values, problem",
    [
        ({"url": 7}, "url: must be text"),
        ({"tags": [1]}, "tags: must be a list of texts"),
        ({"is_active": "perhaps"}, "is_active: 'perhaps' is neither true nor false"),
        ({"variants": [1]}, "variants: must be a list of objects"),
        ({"variants": [{"url": "https://a.example/"}]}, "variants: label is missing"),
        ({"clicks": 2**60}, f"clicks: {2**60} clicks cannot be"),
        ({"created_at": "1" * 5000}, None),
    ],
)
def test_a_value_of_the_wrong_kind_is_told(values: dict[str, object], problem: str | None) -> None:
    (told,) = problems_of("jsonl", _line(**values)).values()
    assert told == problem or (problem is None and len(told) < 200)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_hostile_lines_are_told_and_the_others_read(kind: str) -> None:
    def line(slug: str) -> bytes:
        url = f"https://{slug}.example/"
        return (_line(slug=slug, url=url) if kind == "jsonl" else f"{slug},{url}\n").encode()

    raw = b"".join(
        [
            b"" if kind == "jsonl" else b"slug,url\n",
            line("a"),
            b"x" * (10 * MAX_LINE) + b"\n",
            line("b"),
            line("c").replace(b"https", b"\xff\xfe"),
            line("d"),
        ]
    )
    rows = rows_of(kind, raw)
    assert [row.slug for row in rows if row.arrival] == ["a", "b", "d"]
    long, bad = [row.problem for row in rows if not row.arrival]
    assert long == f"the line has more than {MAX_LINE:,} bytes"
    assert bad == f"line {5 if kind == 'csv' else 4} is no UTF-8: byte 0xff"


def test_a_quotation_mark_that_is_not_closed_costs_no_more_than_a_megabyte() -> None:
    long = "x" * 1_000
    good = "".join(f"s{i},https://example.com/{long}\n" for i in range(2_000))
    rows = rows_of("csv", f'slug,url\na,"https://a.example/\n{good}')
    assert rows[0].problem.startswith("this line is no CSV")
    assert rows[-1].slug == "s1999"
    assert sum(1 for row in rows if row.arrival) > 900


@pytest.mark.parametrize("kind", ["csv", "jsonl", "yourls", "shlink"])
@pytest.mark.parametrize(
    "raw, why",
    [
        (b"", "empty"),
        (gzip.compress(b"slug,url", mtime=0), "compressed by gzip"),
        (b"PK\x03\x04" + b"\0" * 50, "a ZIP archive or a spreadsheet"),
        (b"SQLite format 3\x00" + b"\0" * 90, "an SQLite database"),
        ("slug,url\na,b\n".encode("utf-16"), "no UTF-8"),
    ],
)
def test_a_file_that_is_no_text_is_told_what_it_is(kind: str, raw: bytes, why: str) -> None:
    with pytest.raises(WrongSource, match=why):
        rows_of(kind, raw)


def test_lines_that_are_no_objects_are_told() -> None:
    text = _line() + "[1]\n{\n" + "[" * 100_000 + "\n"
    assert list(problems_of("jsonl", text)) == [2, 3, 4]
    with pytest.raises(WrongSource, match="no JSON lines"):
        rows_of("jsonl", "slug,url\n")


def test_links_of_the_other_klinks_own_address_come_to_this_ones() -> None:
    lines = [
        {"type": "domain", "domain": {"host": "old.example", "is_base": True}},
        {"type": "domain", "domain": {"host": "shop.example", "is_base": False}},
        {
            "type": "link",
            "link": {"slug": "a", "url": "https://a.example/", "domain": "old.example"},
        },
        {
            "type": "link",
            "link": {"slug": "b", "url": "https://b.example/", "domain": "shop.example"},
        },
    ]
    rows = rows_of("jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    found = [row.arrival.new.domain for row in rows if row.arrival]
    assert found == [None, "shop.example"]
