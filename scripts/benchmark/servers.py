"""The servers that are measured: each a process of its own, ended with its block."""

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
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.benchmark.load import LOCAL, Load, LoadFailed, run

START_S = 60.0
FOLD_S = 900.0

_TICKS = os.sysconf("SC_CLK_TCK")
_NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {folder}/access.log combined buffer=64k flush=1s;
  keepalive_requests 1000000000;
  server {{ listen {address}; location / {{ return 302 https://example.com/a; }} }}
}}
"""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes], patience_s: float = 30) -> None:
    """End a process, politely at first."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until somebody accepts connections.

    :raises LoadFailed: when the process ends instead, or takes too long.
    """
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((LOCAL, port)) == 0:
                return
        time.sleep(0.01)
    said = log.read_text(errors="replace")[-500:] if log.exists() else ""
    raise LoadFailed(f"a server did not start: {said}")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


class Nginx:
    """nginx that answers every request with a redirect and writes a buffered access log.

    :ivar busy: the part of its time that its worker computed in the last load; about 1.0
        when it, and not the load generator, was the limit.
    """

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.busy = 0.0
        self._pid = pid

    def load(self, requests: Path, seconds: int, *, rate: float | None = None) -> Load:
        """Load it at full speed, or at a rate."""
        before = _cpu_s(self._pid)
        found = run(self.port, requests, seconds, rate=rate)
        self.busy = (_cpu_s(self._pid) - before) / found.seconds
        return found


@contextmanager
def nginx(folder: Path) -> Iterator[Nginx]:
    """Run nginx during the block, with its files in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, address=f"{LOCAL}:{port}"))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    log = folder / "nginx.out"
    with log.open("wb") as out:
        command = [program, "-c", str(config), "-p", str(folder)]
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait_for(process, port, log)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Nginx(port, int(children[0]))
    finally:
        _end(process)
        (folder / "access.log").unlink(missing_ok=True)  # 50 MB a second


@contextmanager
def program(folder: Path, module: str) -> Iterator[int]:
    """Run a Python module as a server during the block; give its port."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "program.out"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(port)], stdout=out, stderr=out
        )
    try:
        _wait_for(process, port, log)
        yield port
    finally:
        _end(process)


class Klink:
    """A klink server.

    :cvar program: the module that is started, and its arguments.

    :param settings: in the environment's words, such as ``KLINK_JOBS__ENABLED="false"``.
    """

    program: tuple[str, ...] = ("klink", "serve")

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.port = free_port()
        self.data_dir = data_dir
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self.env = {name: value for name, value in os.environ.items() if "KLINK" not in name}
        self.env |= {
            "KLINK_DATA_DIR": str(data_dir),
            "KLINK_SERVER__LISTEN": f"{LOCAL}:{self.port}",
            "KLINK_SERVER__BASE_URL": f"http://{LOCAL}:{self.port}",
            "KLINK_KEYS__MAX_ACTIVE_PER_USER": "10000",  # every run makes one in the same data
            **settings,
        }
        self.process = self._start()
        self._key = ""

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *self.program], env=self.env, stdout=log, stderr=log
            )

    def wait(self) -> None:
        """Wait until it accepts connections.

        :raises LoadFailed: when it ends instead.
        """
        _wait_for(self.process, self.port, self.log)

    def restart(self) -> None:
        """Start it again after it was ended or killed."""
        self.process = self._start()
        self.wait()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """End it politely."""
        _end(self.process)

    @property
    def key(self) -> str:
        """A key that may do everything, without limits."""
        if not self._key:
            self._key = self.command("keys", "create", "--name", f"bench-{time.time_ns()}")
        return self._key

    def command(self, *arguments: str) -> str:
        """Run a klink command beside the server; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "klink", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            raise LoadFailed(f"klink {' '.join(arguments)}: {done.stderr.strip()[-300:]}")
        return done.stdout.strip()

    def load(
        self, requests: Path, seconds: int, *, rate: float | None = None, once: bool = False
    ) -> Load:
        """Load it; every answer must be a redirect."""
        return run(self.port, requests, seconds, rate=rate, once=once)

    def drained(self) -> float:
        """Wait until the ledger has folded everything; return the seconds that took.

        :raises LoadFailed: when that takes too long, or clicks were lost.
        """
        began = time.monotonic()
        while time.monotonic() - began < FOLD_S:
            ledger = self.get("/ready")["ledger"]
            if ledger["lost"] or ledger["set_aside"]:
                raise LoadFailed(f"clicks were lost: {ledger}")
            if ledger["waiting_bytes"] == 0:
                return time.monotonic() - began
            time.sleep(0.05)
        raise LoadFailed(f"the ledger did not fold everything within {FOLD_S:.0f} s")

    def get(self, path: str) -> Any:  # whatever JSON it says
        """The JSON behind a path, without a key."""
        connection = http.client.HTTPConnection(LOCAL, self.port, timeout=60)
        try:
            connection.request("GET", path)
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def check(self, slugs: Sequence[str]) -> None:
        """Make sure that these slugs redirect, so that a load measures redirects.

        :raises LoadFailed: when one does not.
        """
        connection = http.client.HTTPConnection(LOCAL, self.port, timeout=60)
        for slug in slugs:
            connection.request("GET", f"/{slug}", headers={"User-Agent": "klink-bench"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 302:
                raise LoadFailed(f"/{slug} is answered {answer.status}, not 302")
        connection.close()

    def memory_mib(self) -> float:
        """Resident memory now, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024


@contextmanager
def klink(data_dir: Path, **settings: str) -> Iterator[Klink]:
    """Run klink on a data folder during the block."""
    server = Klink(data_dir, **settings)
    try:
        server.wait()
        yield server
    finally:
        server.end()
