"""What docs/api-by-example.md shows is what happens: commands and programs run as they stand."""

from __future__ import annotations

import http.client
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, Page
from tests.docs.shown import Shown
from tests.live.program import command
from tests.live.server import Server

pytestmark = pytest.mark.live

PAGE = Page(ROOT / "docs" / "api-by-example.md")
HOST = "https://go.example.org"
SHOWS = ("json", "http", "text")
MARK = "--- next block ---"
PROGRAMS = {
    "python": ([sys.executable], ".py", f"print({MARK!r})\n"),
    "js": (["node"], ".mjs", f"console.log({MARK!r});\n"),
    "php": (["php", "-d", "display_errors=stderr"], ".php", f'echo "{MARK}\\n";\n'),
}


class Walk:
    """A run through the page against a server: what was printed, and what it stands for."""

    def __init__(self, folder: Path, template: Path) -> None:
        (folder / "data").mkdir()
        (folder / "klink.db").write_bytes(template.read_bytes())
        [plans] = [block.text for block in PAGE.blocks if block.language == "toml"]
        (folder / "config.toml").write_text(plans)
        self.folder = folder
        self.server = Server(folder / "data", f"sqlite:///{folder / 'klink.db'}")
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.shown = Shown(HOST, self.url)
        self.ran = 0
        self._said: list[str] = []

    def shell(self, text: str) -> str:
        """Run a block in bash; what it set is there for those after it."""
        text = self.shown.real(text)
        klink = f'klink() {{ {shlex.join(command())} "$@"; }}'
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([klink, *self._said, text])],
            env=self.server.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), text
        self.ran += 1
        self._said += re.findall(r"^[A-Z]+=[^$].*$", text, re.MULTILINE)
        return done.stdout

    def program(self, language: str, blocks: list[str], url: str) -> list[str]:
        """Run the blocks of a language as one program; return what each printed."""
        interpreter, suffix, mark = PROGRAMS[language]
        file = self.folder / f"program{suffix}"
        file.write_text(self.shown.real(mark.join(blocks)))
        key = self.server.klink("keys", "create", "--name", language)
        done = subprocess.run(
            [*interpreter, str(file)],
            env={**os.environ, "KLINK": url, "KLINK_KEY": key},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout.split(MARK + "\n")


def shown_by(block: Block) -> str | None:
    """The language of what the page shows as a block's output, if it shows any."""
    after = {one.line: other for one, other in pairwise(PAGE.blocks)}.get(block.line)
    return after.language if after is not None and after.language in SHOWS else None


def output_of(block: Block) -> str:
    """What the page shows below a block."""
    return next(other.text for one, other in pairwise(PAGE.blocks) if one == block)


@pytest.fixture(scope="module")
def walk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The page's commands, each run and held against what the page shows."""
    made = Walk(tmp_path_factory.mktemp("server"), sqlite_template)
    try:
        made.server.start()
        for block in PAGE.blocks:
            if block.language == "sh":
                printed = made.shell(block.text)
                if language := shown_by(block):
                    made.shown.check(language, output_of(block), printed)
                else:
                    assert printed == "", block.text
        yield made
    finally:
        made.server.end()


class Moody(BaseHTTPRequestHandler):
    """Hands requests on to klink; but the first of a kind is told to come again, and the second is
    done and its answer lost.
    """

    server: Mood

    def _pass_on(self) -> None:
        turn = self.server.turn_of(self.command)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if turn == 1:
            self.send_response(503 if self.command == "POST" else 429)
            self.send_header("Retry-After", "0")
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(b'{"detail": "come again", "code": "database_busy"}')
            return
        klink = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=15)
        asked = {name.title(): value for name, value in self.headers.items()}
        asked |= {"Host": f"127.0.0.1:{self.server.port}", "Connection": "close"}
        klink.request(self.command, self.path, body, asked)
        reply = klink.getresponse()
        answer = reply.read()
        klink.close()
        if turn == 2 and self.command == "POST":
            return
        self.send_response(reply.status)
        for name in ("Content-Type", "Content-Length", "ETag"):
            if value := reply.headers[name]:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Mood(ThreadingHTTPServer):
    """The server of :class:`Moody`."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Moody)
        self.port = port
        self._turns: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def turn_of(self, method: str) -> int:
        """Which request of this method it is."""
        self._turns[method] = self._turns.get(method, 0) + 1
        return self._turns[method]


@pytest.fixture
def moody(walk: Walk) -> Iterator[Mood]:
    with Mood(walk.server.port) as front:
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        yield front
        front.shutdown()
        thread.join()


def test_every_command_answers_as_shown(walk: Walk) -> None:
    shells = [block for block in PAGE.blocks if block.language == "sh"]
    assert walk.ran == len(shells) > 20


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_program_prints_as_shown_and_makes_nothing_twice_on_a_bad_line(
    walk: Walk, moody: Mood, language: str
) -> None:
    blocks = [block for block in PAGE.blocks if block.language == language]
    printed = walk.program(language, [block.text for block in blocks], moody.url)
    for block, text in zip(blocks, printed, strict=True):
        if kind := shown_by(block):
            walk.shown.check(kind, output_of(block), text)
        else:
            assert text == ""
    exported = (walk.folder / f"{language}.csv").read_text().splitlines()
    assert len(exported) == 5
