"""Runs the real server as a process of its own, on a free loopback port."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live import warm
from tests.live.program import PACKED, command

START_TIMEOUT_S = 30.0
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36"
)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Reply:
    """An answer: status, headers in lower case, and the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # whatever the server says
        """The body as JSON."""
        return json.loads(self.body)


class Server:
    """A klink server that a test starts, kills and starts again on the same data."""

    program = "klink"
    """The module to run."""

    def __init__(self, data_dir: Path, database_url: str, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if "KLINK" not in name}
        self.env |= {
            "KLINK_DATA_DIR": str(data_dir),
            "KLINK_DATABASE__URL": database_url,
            "KLINK_SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "KLINK_SERVER__BASE_URL": f"http://127.0.0.1:{self.port}",
            "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
            **settings,
        }
        self.headers = {"User-Agent": BROWSER}
        """What every request sends."""
        self.log = data_dir.parent / "server.log"
        self._process: subprocess.Popen[bytes] | warm.Process | None = None

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self._process = self._started()
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                if self.get("/health").status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise AssertionError(f"the server did not start:\n{self.log.read_text()[-3000:]}")

    def _started(self) -> subprocess.Popen[bytes] | warm.Process:
        folder = self.data_dir.parent
        if self.program == "klink" and not PACKED:
            files = (Path(os.devnull), self.log, self.log)
            return warm.nursery().start(["serve"], env=self.env, cwd=folder, files=files)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command("serve") if PACKED else [sys.executable, "-m", self.program, "serve"],
                env=self.env,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        assert self._process is not None
        return self._process.pid

    @property
    def memory_bytes(self) -> int:
        """What the process has in memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        [kib] = re.findall(r"^VmRSS:\s*(\d+) kB$", status, re.MULTILINE)
        return int(kib) * 1024

    @property
    def open_files(self) -> int:
        """How many files and connections the process has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        os.kill(self.pid, signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def stop(self) -> tuple[int, float]:
        """End it politely; return its exit status and the seconds that took."""
        assert self._process is not None
        began = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)
        status = self._process.wait(30)
        self._process = None
        return status, time.monotonic() - began

    def end(self) -> None:
        """Make sure that nothing is left running."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def klink(self, *arguments: str, stdin: str = "") -> str:
        """Run a klink command beside the server; return what it printed."""
        folder = Path(tempfile.mkdtemp())
        files = (folder / "stdin", folder / "stdout", folder / "stderr")
        files[0].write_text(stdin)
        try:
            assert self._ran(arguments, files) == 0, files[2].read_text()
            return files[1].read_text().strip()
        finally:
            shutil.rmtree(folder)

    def _ran(self, arguments: Sequence[str], files: tuple[Path, Path, Path]) -> int:
        folder = self.data_dir.parent
        if not PACKED:
            started = warm.nursery().start(arguments, env=self.env, cwd=folder, files=files)
            return started.wait(60)
        with files[0].open() as stdin, files[1].open("w") as out, files[2].open("w") as err:
            return subprocess.run(
                command(*arguments),
                env=self.env,
                cwd=folder,
                stdin=stdin,
                stdout=out,
                stderr=err,
                timeout=60,
                check=False,
            ).returncode

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 15.0,
    ) -> Reply:
        """One request on a connection of its own."""
        sent = {**self.headers, **(headers or {})}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        try:
            connection.request(method, path, payload, sent)
            answer = connection.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **more: Any) -> Reply:  # passed on to request()
        """A GET."""
        return self.request("GET", path, **more)

    def create(self, key: str, **fields: object) -> dict[str, Any]:
        """Make a link over the API."""
        reply = self.request("POST", "/api/v1/links", key=key, body=fields)
        assert reply.status == 201, reply.body
        made: dict[str, Any] = reply.json
        return made

    def settled(self, key: str, link: Mapping[str, Any], timeout_s: float = 60.0) -> dict[str, Any]:
        """The link's JSON once the ledger has caught up."""
        deadline = time.monotonic() + timeout_s
        while True:
            reply = self.get(f"/api/v1/links/{link['id']}", key=key)
            if reply.status == 200 and "klink-ledger-lag" not in reply.headers:
                found: dict[str, Any] = reply.json
                return found
            assert time.monotonic() < deadline, (reply, self.get("/ready").body)
