from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.opening import held
from tests.cli.conftest import Klink

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on a free port that the command line chose; gives its address."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with subprocess.Popen(
        [sys.executable, "-m", "klink", "serve", "--host", "127.0.0.1", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", running.stdout.readline())
        try:
            assert found is not None
            yield found[0]
        finally:
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=30)
    assert running.returncode == 0


@pytest.mark.live
def test_the_server_listens_where_the_command_line_says(server: str, klink: Klink):
    with urllib.request.urlopen(f"{server}/health", timeout=30) as reply:
        assert reply.status == 200
    assert klink("keys", "create", "--name", "me").line.startswith("klink_")
    assert "stop the server" in klink("migrate").refusal


@pytest.mark.live
def test_a_second_server_on_the_same_data_is_refused(server: str, home: Path):
    done = subprocess.run(
        [sys.executable, "-m", "klink", "serve", "--port", "0"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("klink: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("--port", "9"), ("--host", "192.0.2.1", "--port", "9")])
def test_that_other_commands_know_nothing_of_the_port_is_said(klink: Klink, home: Path, words):
    (home / "data").mkdir()
    with held(home / "data"):
        told, refusal = klink("serve", *words).err.splitlines()
        assert "print links with http://127.0.0.1:8080; server.listen" in told
        assert "another klink" in refusal
        (home / "config.toml").write_text('[server]\nbase_url = "https://go.example.org"\n')
        assert "another klink" in klink("serve", *words).refusal


@pytest.mark.parametrize("words", [("--host", "bad host"), ("--host", "1.2.3"), ("--host", "")])
def test_an_address_that_cannot_be_is_refused_in_one_line(klink: Klink, home: Path, words):
    assert "server.listen" in klink("serve", *words).refusal
    assert not (home / "data").exists()
