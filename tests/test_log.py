"""The log's lines: what a stranger sent cannot pass for one."""

from __future__ import annotations

import logging
import sys

import pytest

from klink.logs import OneLine

FORGED = "2026-01-01T00:00:00Z INFO klink.app: all is well"
EVIL = f"bad\n{FORGED}\r{FORGED}\x1b[2J\x9b1m\u2028{FORGED}\x85{FORGED}\ud800\0\x08"


def logged(message: str, *args: object, failed: bool = False) -> str:
    formatter = OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s")
    reason = sys.exc_info() if failed else None
    record = logging.LogRecord("klink.app", logging.ERROR, "", 0, message, args, reason)
    return formatter.format(record)


def test_a_message_is_one_line() -> None:
    line = logged("odd: %s", EVIL)
    assert line.isprintable()
    assert line.isascii()


def test_an_exceptions_text_can_neither_begin_a_line_nor_move_the_cursor() -> None:
    try:
        try:
            raise ValueError(EVIL)
        except ValueError as error:
            raise RuntimeError(EVIL) from error
    except RuntimeError as error:
        error.add_note(EVIL)
        text = logged("it failed", failed=True)
    first, *rest = text.splitlines()
    assert first.endswith("ERROR klink.app: it failed")
    assert all(line.startswith("    ") and line.isprintable() for line in rest)
    assert rest[0] == "    Traceback (most recent call last):"
    assert rest[1].startswith('      File "')
    assert any("RuntimeError: bad" in line for line in rest)


@pytest.mark.parametrize("text", ["plain", "Grüße", "two  spaces"])
def test_what_harms_nobody_stays(text: str) -> None:
    assert logged(text).endswith(f": {text}")
