"""A real klink with two hosts, told apart by the Host header; docs/domains.md does what it says."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dns import Names, name_server
from tests.live.program import command
from tests.live.server import Server

pytestmark = pytest.mark.live

HOST, OTHER = "go.acme.example", "go.beta.example"
URL = "https://example.com/landing"
DOC = Path(__file__).resolve().parents[2] / "docs" / "domains.md"


@pytest.fixture
def names() -> Iterator[Names]:
    with name_server() as made:
        yield made


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path, names: Names) -> Iterator[Server]:
    (tmp_path / "data").mkdir()
    shutil.copy(sqlite_template, tmp_path / "klink.db")
    address, port = names.address
    settings = {"KLINK_DOMAINS__NAMESERVERS": f"{address}:{port}"}
    made = Server(tmp_path / "data", f"sqlite:///{tmp_path / 'klink.db'}", **settings)
    try:
        made.start()
        yield made
    finally:
        made.end()


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold in this time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_two_hosts_serve_their_own_links_and_no_api(server: Server, key: str, names: Names) -> None:
    made = server.request("POST", "/api/v1/domains", key=key, body={"host": HOST}).json
    names.prove(HOST, made["proof"]["file"]["content"])
    assert server.get("/nobody", headers={"Host": HOST}).status == 421
    found = server.request("POST", f"/api/v1/domains/{HOST}/verify", key=key).json
    assert found["state"] == "verified"
    server.klink("domains", "add", OTHER, "--verified")
    for host in (HOST, OTHER):
        server.create(key, url=f"{URL}?{host}", slug="spring", domain=host)
    for host in (HOST, OTHER):
        for _ in range(3):  # by a worker, by the lane
            reply = server.get("/spring", headers={"Host": host})
            assert (reply.status, reply.headers["location"]) == (302, f"{URL}?{host}")
        assert server.get("/api/v1/me", key=key, headers={"Host": host}).status == 421
        assert server.get("/.well-known/klink-verify.txt", headers={"Host": host}).status == 404
        assert server.get("/health", headers={"Host": host}).status == 200
    assert server.get("/spring").status == 404


def test_what_the_command_line_changes_is_followed_within_a_second(
    server: Server, key: str
) -> None:
    def location(path: str) -> str | None:
        return server.get(path, headers={"Host": HOST}).headers.get("location")

    assert server.get("/x", headers={"Host": HOST}).status == 421
    server.klink("domains", "add", HOST, "--verified")
    assert within(1.5, lambda: server.get("/x", headers={"Host": HOST}).status == 404)
    words = ("--root-url", f"{URL}?root", "--not-found-url", f"{URL}?lost", "--default")
    server.klink("domains", "set", HOST, *words)
    assert server.create(key, url=URL)["domain"] == HOST
    assert within(1.5, lambda: location("/") == f"{URL}?root")
    assert within(1.5, lambda: location("/x") == f"{URL}?lost")


def test_the_documents_commands_do_what_it_says(server: Server, key: str, names: Names) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", DOC.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 4
    printed = []
    for block in blocks:
        script = block.replace("https://klink.example.org", f"http://127.0.0.1:{server.port}")
        script = re.sub(r"^klink ", f"{shlex.join(command())} ", script, flags=re.MULTILINE)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            env=server.env | {"KEY": key},
            cwd=server.data_dir.parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, (block, done.stderr)
        printed.append(done.stdout)
        token = re.search(r"klink-verify=([0-9a-f]{32})", done.stdout)
        if token:  # what the reader does with it
            host = re.search(r"_klink\.([a-z.]+)", done.stdout)
            assert host
            names.prove(host[1].rstrip("."), token[1])
    assert '"state": "pending"' in printed[0]
    assert '"state": "verified"' in printed[1]
    assert '"is_default": true' in printed[2]
    for path, where in (
        ("/", "https://www.acme.example/"),
        ("/x", "https://www.acme.example/lost"),
    ):
        reply = server.get(path, headers={"Host": HOST})
        assert (reply.status, reply.headers["location"]) == (302, where)
