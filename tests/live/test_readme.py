"""The README and docs/operations.md do what they say, command by command."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.docs.commands import lines
from tests.docs.pages import ROOT, Page
from tests.live.program import command
from tests.live.server import Server

pytestmark = pytest.mark.live

UID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def blocks(name: str) -> list[str]:
    """The blocks of a page that are marked as runnable, in order."""
    return [block.text for block in Page(ROOT / name).blocks if block.mark == "runnable"]


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


def test_the_readme_leads_to_the_first_link(server: Server) -> None:
    _, made, followed, stats, listed = run(server, blocks("README.md"))
    assert '"slug": "spring"' in made
    assert "HTTP/1.1 302 Found" in followed
    assert "Location: https://example.com/landing\n" in followed.replace("\r", "")
    assert '"totals": {"clicks": 1, "views": 1' in stats
    assert f"http://127.0.0.1:{server.port}/sale" in listed
    assert "Usage: klink" in listed


def test_what_operations_shows_does_what_it_says(server: Server) -> None:
    checked, *rest = [
        [server.klink(*shlex.split(line)[1:]) for line in lines(text)]
        for text in blocks("docs/operations.md")
    ]
    assert checked != [""]
    (workspace, invitation, key), (jobs, pruned), (_, erased) = rest
    assert re.fullmatch(UID, workspace)
    assert invitation.startswith(f"http://127.0.0.1:{server.port}/admin/")
    me = server.get("/api/v1/me", key=key).json
    assert (me["workspace"]["name"], me["key"]["scopes"]) == ("acme", ["read", "create"])
    assert me["workspace"]["plan"]["name"] == "kliqs-pro"
    assert "prune-clicks" in jobs
    assert "clicks" in pruned
    assert erased == ""
    assert "bob@example.org" not in server.klink("users", "list")
