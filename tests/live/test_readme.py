"""The README's walk to the first link does what it says, command by command."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.live.program import command
from tests.live.server import Server

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]


def blocks(heading: str) -> list[str]:
    """The shell blocks below a heading of the README."""
    text = (ROOT / "README.md").read_text()
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    return re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)


def run(server: Server, commands: list[str]) -> list[str]:
    """Run the blocks in one shell against the server; return what each printed."""
    mark = "--- next block ---"
    script = f"\necho; echo {shlex.quote(mark)}\n".join(commands)
    script = script.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    script = script.replace(".venv/bin/klink", shlex.join(command()))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=server.env,
        cwd=server.data_dir.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split(mark)


def test_the_walk_to_the_first_link(server: Server) -> None:
    _, made, followed, stats = run(server, blocks("Your first link"))
    assert '"slug": "spring"' in made
    assert "HTTP/1.1 302 Found" in followed
    assert "Location: https://example.com/landing\n" in followed.replace("\r", "")
    assert '"totals": {"clicks": 1, "views": 1' in stats


def test_the_commands_beside_the_server(server: Server) -> None:
    [block] = blocks("On the command line")
    [printed] = run(server, [block])
    assert f"http://127.0.0.1:{server.port}/sale" in printed
    assert "Usage: klink" in printed
