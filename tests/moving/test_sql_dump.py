"""What a dump of MySQL or MariaDB inserts is read as it was written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from klink.moving.sql_dump import DumpError, Inserted, Made, Value, read

ESCAPES = {
    "\0": "\\0",
    "\n": "\\n",
    "\r": "\\r",
    "\x1a": "\\Z",
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
}


def _quoted(value: Value, doubled: bool) -> str:
    """A cell as mysqldump writes it, or with doubled quotes, as phpMyAdmin does."""
    if value is None:
        return "NULL"
    text = "".join(ESCAPES.get(char, char) for char in value)
    return "'" + (text.replace("\\'", "''") if doubled else text) + "'"


def _dump(rows: list[tuple[Value, ...]], doubled: bool, between: str) -> str:
    values = between.join("(" + ",".join(_quoted(v, doubled) for v in row) + ")" for row in rows)
    return f"-- a dump; (with marks)\nINSERT INTO `x_url` VALUES {values};\n"


def _chunks(raw: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(raw), size):
        yield raw[start : start + size]


def _values(text: str, size: int = 1 << 16) -> list[tuple[Value, ...] | None]:
    found = read(_chunks(text.encode(), size))
    return [each.values for each in found if isinstance(each, Inserted)]


CELLS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NASTY = st.text(st.sampled_from("'\"\\`(),;-#/*\n n0Z%_é"), max_size=12)
ROWS = st.integers(1, 4).flatmap(
    lambda many: st.lists(st.tuples(*[CELLS | NASTY] * many), min_size=1, max_size=5)
)


@given(
    ROWS, st.booleans(), st.sampled_from([",", ",\n", " , "]), st.integers(1, 40) | st.just(1 << 16)
)
@settings(max_examples=200)
def test_what_was_written_is_read_however_it_comes_in_pieces(
    rows: list[tuple[Value, ...]], doubled: bool, between: str, size: int
) -> None:
    assert _values(_dump(rows, doubled, between), size) == rows


@given(st.binary(max_size=200) | NASTY.map(lambda t: f"INSERT INTO a VALUES ({t}".encode()))
def test_whatever_it_is_given_it_ends_and_says_why(raw: bytes) -> None:
    found, why = [], ""
    try:
        found = list(read([raw]))
    except DumpError as error:
        why = str(error)
    assert all(isinstance(each, Inserted | Made) for each in found)
    assert not why or "line" in why


def test_a_table_tells_its_columns_and_not_its_keys() -> None:
    text = """
        CREATE TABLE IF NOT EXISTS `db`.`x_url` (
          `keyword` varchar(100) COLLATE utf8mb4_bin DEFAULT 'a,(b',
          `clicks` int(10) unsigned NOT NULL COMMENT 'one, `two`',
          PRIMARY KEY (`keyword`), KEY `timestamp` (`timestamp`), CONSTRAINT c CHECK (clicks > 0)
        ) ENGINE=InnoDB;
    """
    assert list(read([text.encode()])) == [Made("x_url", ("keyword", "clicks"))]


def test_rows_have_the_columns_and_the_line_that_they_are_written_with() -> None:
    text = "INSERT IGNORE INTO x_url (`a`, b) VALUES\n(1, -2.5),\n(_utf8mb4'x', 0xAB);\n"
    first, second = read([text.encode()])
    assert first == Inserted("x_url", ("a", "b"), ("1", "-2.5"), 2)
    assert second == Inserted("x_url", ("a", "b"), ("x", "0xAB"), 3)


def test_a_row_of_more_than_values_is_told_and_the_next_one_is_read() -> None:
    assert _values("INSERT INTO a VALUES ('x', NOW()), ('y', 1 + 1), ('z', '2');") == [
        None,
        None,
        ("z", "2"),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO a SELECT 'x; y' FROM b;",
        "/*!40101 SET NAMES 'x;' */;",
        "DROP TABLE IF EXISTS `INSERT INTO a`;",
        "CREATE VIEW v AS SELECT ');' ;",
        "# INSERT INTO a VALUES (2);\n",
    ],
)
def test_other_statements_are_passed_over(statement: str) -> None:
    assert _values(f"{statement}INSERT INTO a VALUES ('1');-- the end") == [("1",)]


@pytest.mark.parametrize(
    "text",
    ["INSERT INTO a VALUES ('1'),('2", "INSERT INTO a VALUES ('1'),", "INSERT INTO a VALUES ('1'"],
)
def test_a_dump_that_breaks_off_is_told_so(text: str) -> None:
    with pytest.raises(DumpError, match=r"breaks off .*line 1"):
        _values(text)


def test_a_value_of_ten_megabytes_is_read_in_time_that_grows_with_it() -> None:
    long = "x" * 10_000_000
    assert _values(f"INSERT INTO a VALUES ('{long}'),('1');") == [(long,), ("1",)]


def test_a_value_without_end_is_given_up() -> None:
    with pytest.raises(DumpError, match="line 2 begins a value that does not end"):
        list(read([b"INSERT INTO a VALUES\n('", *[b"x" * 1_000_000] * 40]))


@pytest.mark.parametrize("raw", [b"(_abc,'x'),(_binary 'y',1)", b"(_utf8'z',2),(_abc,1)"])
def test_a_bare_word_is_no_string_and_ends_nothing(raw: bytes) -> None:
    dump = b"INSERT INTO `x_url` (`a`, `b`) VALUES " + raw + b";\n"
    for size in (7, len(dump)):
        found = [each.values for each in read(_chunks(dump, size)) if isinstance(each, Inserted)]
        assert len(found) == 2
        assert ("y", "1") in found or ("z", "2") in found
