"""The log's lines: what a stranger sent cannot pass for one."""

from __future__ import annotations

import json
import logging
import random
import sys
import threading
from collections.abc import Iterator

import pytest

from klink.asked import current_request
from klink.core.keys import FORMATS
from klink.logs import FIELDS, Json, OneLine, to_stderr, told

FORGED = "2026-01-01T00:00:00Z INFO klink.app: all is well"
EVIL = f"bad\n{FORGED}\r{FORGED}\x1b[2J\x9b1m\u2028{FORGED}\x85{FORGED}\ud800\0\x08"


def logged(message: str, *args: object, failed: bool = False) -> str:
    formatter = OneLine()
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


def record(message: str, /, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("klink.app", logging.WARNING, "", 0, message, args, None)
    setattr(made, FIELDS, fields)
    return made


def as_json(made: logging.LogRecord) -> dict[str, object]:
    line = Json().format(made)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, object] = json.loads(line)
    return found


def test_a_line_of_json_is_one_whatever_is_logged() -> None:
    found = as_json(record("odd: %s", EVIL, route=EVIL, took_ms=1.5, status=200, message="mine"))
    assert found["message"] == f"odd: {EVIL}"
    assert (found["route"], found["took_ms"], found["status"]) == (EVIL, 1.5, 200)
    assert (found["level"], found["logger"]) == ("warning", "klink.app")
    chance = random.Random(7)
    for _ in range(300):
        text = "".join(chr(chance.randrange(0x2100)) for _ in range(40)) + '"}\n{"level": "info"'
        assert as_json(record("%s", text))["level"] == "warning"


def test_json_has_the_traceback_in_a_field_of_its_own() -> None:
    made = record("it failed")
    try:
        raise ValueError(EVIL)
    except ValueError:
        made.exc_info = sys.exc_info()
    assert str(as_json(made)["exception"]).startswith("Traceback (most recent call last):")


@pytest.fixture
def request_id() -> Iterator[str]:
    before = current_request.set("abcdef0123456789")
    yield current_request.get()
    current_request.reset(before)


def test_what_is_logged_during_a_request_has_its_id(request_id: str) -> None:
    assert as_json(record("slow"))["request_id"] == request_id
    assert logged("slow").endswith(f"slow [request {request_id}]")
    assert logged(f"request {request_id} failed").count(request_id) == 1


def test_a_line_that_cannot_be_worded_is_not_lost() -> None:
    assert "%d" in str(as_json(record("no %d", "number"))["message"])
    assert "no %d" in logged("no %d", "number")


KEYS = [form.prefix + form.alphabet[0] * form.length for form in FORMATS.values()]


@pytest.mark.parametrize(
    "text, left",
    [
        ("postgresql://ann:hunter2@db/klink", "postgresql://***@db/klink"),
        ("at https://hunter2@host/x", "at https://***@host/x"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("from 93.184.215.14", "from 93.184.215.0/24"),
        ("from '93.184.215.14'", "from '93.184.215.0/24'"),
        ("('93.184.215.14', 4711)", "('93.184.215.0/24', 4711)"),
        ("93.184.215.14:4711", "93.184.215.0/24:4711"),
        ("::ffff:93.184.215.14", "::ffff:93.184.215.14"),
        ("[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:80", "[2606:2800:21f::/48]:80"),
        *((f"key {key}!", None) for key in KEYS),
    ],
)
def test_secrets_and_whole_addresses_do_not_stand_in_the_log(text: str, left: str | None) -> None:
    if "ffff" in text:
        left = "93.184.215.0/24"
    shown = told(text)
    assert shown == (left or shown)
    assert text not in shown


@pytest.mark.parametrize(
    "text",
    [
        "listens on 127.0.0.1:8080 and [::1]:8080",
        "10.0.0.7 is not in server.trusted_proxies",
        "at 12:34:56",
        "version 1.2.3",
        "klink_requests_total",
        "203.0.113.0/24",
        "http://go.example.org/a@b",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert told(text) == text


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Standard error; the log is as it was before, afterwards."""
    root, own = logging.getLogger(), logging.getLogger("klink")
    before = root.handlers[:], root.level, own.level
    root.handlers[:] = []  # pytest's own, which would be closed
    hook, raises = threading.excepthook, logging.raiseExceptions
    yield capsys
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
    threading.excepthook, logging.raiseExceptions = hook, raises


def test_only_what_is_worth_a_line_has_one_and_trouble_is_counted(
    stderr: pytest.CaptureFixture[str],
) -> None:
    seen = to_stderr("json", "warning")
    log = logging.getLogger("klink.somewhere")
    log.info("all is well")
    log.warning("it is late")
    logging.getLogger("elsewhere").error("it broke")
    lines = [json.loads(line) for line in stderr.readouterr().err.splitlines()]
    assert [each["message"] for each in lines] == ["it is late", "it broke"]
    assert seen.counts() == {"warning": 1, "error": 1}


def test_a_thread_that_dies_says_so_in_the_log(stderr: pytest.CaptureFixture[str]) -> None:
    to_stderr("json", "info")

    def die() -> None:
        raise RuntimeError(EVIL)

    thread = threading.Thread(target=die, name="klink-test")
    thread.start()
    thread.join()
    [line] = stderr.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "the thread klink-test died"
