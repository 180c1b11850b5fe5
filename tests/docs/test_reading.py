"""The tests of the pages see what is wrong in one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.commands import lines, wrong_with
from tests.docs.pages import Page
from tests.docs.shown import Shown

HOST, URL = "https://go.example.org", "http://127.0.0.1:4711"
ID, OTHER = "01a2244e-33e3-79fc-b128-108e075b51c7", "01a2244e-33e3-79fc-b128-000000000000"


@pytest.mark.parametrize(
    "line, is_whole",
    [
        ("klink lynks list", False),
        ("klink links lst", False),
        ("klink links list --nope", False),
        ("klink migrate now", False),
        ("klink keys create", True),
        ("klink links create --slug s", True),
        ("klink keys", True),
    ],
)
def test_a_command_line_that_klink_would_refuse(line: str, is_whole: bool) -> None:
    assert wrong_with(line, is_whole=is_whole) is not None


@pytest.mark.parametrize(
    "line",
    [
        "klink keys create --name website --scope read --scope=create",
        "klink --config other.toml links create https://example.com/ --slug s --tag t",
        "klink workspaces set-conversions acme signup purchase",
        "klink serve --help",
        "klink links list --json | wc -l",
    ],
)
def test_a_command_line_that_klink_takes(line: str) -> None:
    assert wrong_with(line, is_whole=True) is None


def test_command_lines_in_a_block() -> None:
    block = """
        cd x && .venv/bin/klink jobs list
        # klink nothing
        KEY=$(klink keys create \\
              --name a)
        useradd --home-dir /var/lib/klink --shell /usr/sbin/nologin klink
        sudo -u klink klink doctor
    """
    found = [" ".join(line.split()) for line in lines(block)]
    assert found == ["klink jobs list", "klink keys create --name a", "klink doctor"]


@pytest.mark.parametrize(
    "language, shown, printed",
    [
        ("json", '{"a": 1}', '{"a": 2}'),
        ("json", '{"a": 1}', '{"a": 1, "b": 2}'),
        ("json", '{"a": 1, "…": "…"}', '{"b": 2}'),
        ("json", '{"a": [1]}', '{"a": [1, 2]}'),
        ("json", '{"a": 1}', '{"a": true}'),
        ("http", "HTTP/1.1 200 OK\n", "HTTP/1.1 201 CREATED\r\n\r\n"),
        ("http", 'HTTP/1.1 200 OK\nEtag: "1"\n', 'HTTP/1.1 200 OK\r\nEtag: "2"\r\n\r\n'),
        ("text", "spring", "summer"),
        ("text", f"{ID} {ID}", f"{ID} {OTHER}"),
    ],
)
def test_what_is_not_as_shown_is_seen(language: str, shown: str, printed: str) -> None:
    with pytest.raises(AssertionError):
        Shown(HOST, URL).check(language, shown, printed)


def test_an_id_stands_for_another_from_where_it_is_first_shown() -> None:
    shown = Shown(HOST, URL)
    at = "2026-11-28T22:37:14Z"
    shown.check("json", f'{{"id": "{ID}", "at": "{at}"}}', f'{{"id": "{OTHER}", "at": "{at}"}}')
    assert shown.real(f"curl {HOST}/{ID}") == f"curl {URL}/{OTHER}"
    shown.check("text", f"{HOST}/x {ID}", f"{URL}/x {OTHER}")


def test_anchors_are_named_as_github_names_them(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(
        "# What *it* is, and `why`\n\n## Errors\n\n## Errors\n\n```sh\n# no heading\n```\n"
    )
    assert Page(file).anchors == {"what-it-is-and-why", "errors", "errors-1"}


def test_a_block_has_the_comment_before_it_and_the_heading_above_it(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text("## Start\n\n<!-- runnable -->\n```sh\ntrue\n```\n\n```sh\nfalse\n```\n")
    first, second = Page(file).blocks
    assert (first.mark, first.heading, first.text) == ("runnable", "Start", "true\n")
    assert (second.mark, second.line) == ("", 8)
