from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from klink.cli.output import cell, escaped, print_fields, print_json, print_table


@pytest.mark.parametrize(
    "text, shown",
    [
        ("plain – ünï 日本", "plain – ünï 日本"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b2J\x7f", "\\x9b2J\\x7f"),
        ("right\u202eleft", "right\\u202eleft"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_steers_a_terminal_is_escaped(text, shown):
    assert escaped(text) == shown


def test_values_are_shown_as_people_read_them():
    assert cell(None) == "-"
    assert cell(True) == "yes"
    assert cell(False) == "no"
    assert cell(12) == "12"
    assert cell(datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)) == "2026-03-14T15:09:26Z"


def test_a_table_is_aligned_by_what_a_terminal_shows(capsys):
    print_table(["NAME", "N", "LAST"], [("日本", 1, "x"), ("e\u0301a", 22, None), ("\x1b", 3, "")])
    assert capsys.readouterr().out.splitlines() == [
        "NAME  N   LAST",
        "日本  1   x",
        "e\u0301a    22  -",
        "\\x1b  3",
    ]


def test_fields_stand_below_one_another(capsys):
    print_fields({"a": 1, "long name": "x\x07"})
    assert capsys.readouterr().out == "a          1\nlong name  x\\x07\n"


def test_json_is_ascii_and_its_times_are_rfc_3339(capsys):
    print_json({"at": datetime(2026, 3, 14, tzinfo=UTC), "text": "ü\x1b\u202e"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out) == {"at": "2026-03-14T00:00:00Z", "text": "ü\x1b\u202e"}
