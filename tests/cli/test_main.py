from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from klink import build
from klink.cli.main import COMMANDS, cli
from tests.cli.conftest import Klink

ROOT = Path(__file__).parents[2]

DOCUMENTED = [
    "serve",
    "workspaces create",
    "workspaces list",
    "workspaces set-plan",
    "workspaces set-conversions",
    "users create",
    "users invite",
    "users list",
    "users reset-password",
    "users reset-second-factor",
    "keys create",
    "keys list",
    "keys revoke",
    "links create",
    "links list",
    "links show",
    "links update",
    "links delete",
    "jobs list",
    "jobs run",
    "migrate",
    "config check",
]


def walk(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from walk(command, f"{path}{name} ")


ALL = dict(walk(cli))


@pytest.mark.parametrize("path", DOCUMENTED)
def test_every_documented_command_exists(path):
    assert path in ALL


@pytest.mark.parametrize("path", ALL)
def test_every_command_and_every_option_has_help(path):
    command = ALL[path]
    assert command.name == path.split()[-1]
    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name


@pytest.mark.parametrize("path", [path for path in ALL if not isinstance(ALL[path], click.Group)])
def test_every_command_that_prints_can_print_json(path):
    options = {option.name for option in ALL[path].params}
    assert "as_json" in options or path in ("serve", "import kliqs")  # which print nothing


@pytest.mark.parametrize("path", ["", *ALL])
def test_help_is_shown_and_is_no_refusal(klink: Klink, path):
    done = klink(*path.split(), "--help")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Usage: klink")


def test_the_first_help_names_every_command(klink: Klink):
    out = klink("--help").out
    for name, text in COMMANDS.items():
        assert name in out
        assert text in out


def test_the_version_is_shown(klink: Klink):
    assert klink("--version").line == f"klink {build.described()}"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing"],
        ["keys"],
        ["keys", "nothing"],
        ["keys", "create"],
        ["keys", "list", "more"],
        ["links", "create"],
        ["links", "create", "https://example.com", "--nothing"],
        ["jobs", "run", "nothing"],
        ["serve", "--port", "70000"],
        ["links", "show", "\udcff"],
    ],
)
def test_wrong_usage_is_status_2_and_says_what_is_wrong(klink: Klink, words):
    done = klink(*words)
    assert (done.status, done.out) == (2, "")
    assert "Usage: " in done.err or "Error: " in done.err
    assert "Traceback" not in done.err


def test_python_m_klink_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "klink", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == f"klink {build.described()}\n"


def test_making_a_key_imports_neither_server_nor_scheduler(home: Path):
    program = (
        "import sys; from klink.cli import main; main(['keys', 'create', '--name', 'me']);"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "KLINK_DATA_DIR": str(home / "data")},
    )
    key, modules = done.stdout.splitlines()
    assert key.startswith("klink_")
    heavy = {"flask", "werkzeug", "waitress", "apscheduler", "marshmallow", "ua_parser"}
    assert not heavy & set(modules.split())


def test_help_imports_no_database():
    program = (
        "import sys; from klink.cli import main; main(['--help']);sys.exit('peewee' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0


def test_ctrl_c_ends_quietly_with_130(home: Path):
    pipe = home / "config.toml"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "klink", "--config", str(pipe), "keys", "list"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        # A job in a shell's background ignores Ctrl-C, and so would what it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as running:
        writer = os.open(pipe, os.O_WRONLY)  # returns once the command has begun to read
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=30)
        os.close(writer)
    assert (running.returncode, out, err) == (130, b"", b"")


def test_a_reader_that_has_gone_is_no_error_worth_a_word(home: Path):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "klink", "keys", "list", "--json"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
        cwd=ROOT,
        env={**os.environ, "KLINK_DATA_DIR": str(home / "data")},
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
