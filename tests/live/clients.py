"""Runs the clients of tests/clients, each by its own language, against a server.

A client knows the server's address and its key, and nothing else of klink.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from tests.live.server import Reply, Server

__all__ = ["Clients", "Json", "Printed", "clients_of"]

Json: TypeAlias = Any  # what an answer has, which the tests describe

FOLDER = Path(__file__).resolve().parents[1] / "clients"

_PROGRAMS = {
    ".sh": ["bash"],
    ".py": [sys.executable],
    ".mjs": ["node"],
    ".php": ["php", "-d", "display_errors=stderr"],
}
_CONFIG = """
[geoip]
country_header = "CF-IPCountry"
[dialects.hosts]
"kliqs.localhost" = "kliqs"
"klookup.localhost" = "klookup"
[plans.one-a-month]
requests_per_month = 1
"""
_ANSWER = re.compile(
    r"^HTTP/1\.1 (\d{3})[^\n]*\n(.*?)\n\n(.*?)(?=^HTTP/1\.1 |\Z)", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Printed:
    """What a client said, and the status it ended with."""

    status: int
    out: str
    err: str


class Clients:
    """The clients of one service, with a key.

    :param folder: where what is compiled may lie.
    """

    def __init__(self, server: Server, service: str, folder: Path) -> None:
        self.server = server
        self._service = service
        self._folder = folder
        self.key = self.another_key()

    def another_key(self, *options: str) -> str:
        """One more key; ``options`` are those of ``klink keys create``."""
        return self.server.klink(
            "keys", "create", "--name", "client", "--dialect", self._service, *options
        )

    def run(self, file: str, *arguments: str, key: str | None = None) -> Printed:
        """Run a client of this service."""
        done = subprocess.run(
            [*self._command(FOLDER / self._service / file), *arguments],
            env={
                **os.environ,
                "KLINK_CLIENT_URL": f"http://127.0.0.1:{self.server.port}",
                "KLINK_CLIENT_KEY": self.key if key is None else key,
                "NO_PROXY": "*",
                "no_proxy": "*",
            },
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Printed(done.returncode, done.stdout, done.stderr)

    def lines(self, file: str, *arguments: str) -> list[str]:
        """The lines that a client prints which ends well."""
        printed = self.run(file, *arguments)
        assert printed.status == 0, printed.err
        return printed.out.splitlines()

    def curl(self, sample: str, *arguments: str, key: str | None = None) -> Reply:
        """The one answer to a sample of curl.sh."""
        [answer] = self.answers(sample, *arguments, key=key)
        return answer

    def answers(self, sample: str, *arguments: str, key: str | None = None) -> list[Reply]:
        """The answers to a sample of curl.sh, in their order."""
        printed = self.run("curl.sh", sample, *arguments, key=key)
        assert printed.status == 0, printed.err
        return [
            Reply(
                int(status),
                {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head.splitlines())
                },
                body.strip().encode(),
            )
            for status, head, body in _ANSWER.findall(printed.out)
        ]

    def visit(self, short_url: str, **headers: str) -> Reply:
        """Follow a short URL one step, as a browser."""
        url = urlsplit(short_url)
        assert url.scheme == "http"
        return self.server.get(url.path, headers={"Host": url.netloc, **headers})

    def _command(self, file: Path) -> list[str]:
        if file.suffix != ".ts":
            return [*_PROGRAMS[file.suffix], str(file)]
        compiled = self._folder / f"{file.stem}.mjs"
        subprocess.run(
            ["esbuild", str(file), f"--outfile={compiled}", "--format=esm", "--log-level=warning"],
            check=True,
            timeout=60,
        )
        return ["node", str(compiled)]


@contextmanager
def clients_of(service: str, folder: Path, template: Path, **settings: str) -> Iterator[Clients]:
    """The clients of a service, and a server that they have for themselves.

    :param folder: empty; the database, the configuration and the data go there.
    :param template: a migrated SQLite file.
    """
    (folder / "data").mkdir()
    (folder / "klink.db").write_bytes(template.read_bytes())
    (folder / "config.toml").write_text(_CONFIG)
    settings = {"KLINK_SERVER__TRUSTED_PROXIES": "127.0.0.1", **settings}
    server = Server(folder / "data", f"sqlite:///{folder / 'klink.db'}", **settings)
    try:
        server.start()
        yield Clients(server, service, folder)
    finally:
        server.end()
