"""Starts klink's processes as copies of one that has imported everything: in a tenth of the time.

Each is a process of its own, with its own environment, folder and files, and dies like any other.
The starts that people make are tried in ``tests/test_app.py`` and ``tests/cli``.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A running ``klink``, with what is needed of :class:`subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self._status: int | None = None
        self.pid = pid

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self._status is None:
            self._status = self._nursery.ask({"poll": self.pid})
        return self._status

    def wait(self, timeout_s: float) -> int:
        """Wait for its end; return the exit status."""
        deadline = time.monotonic() + timeout_s
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("klink", timeout_s)
            time.sleep(0.002)
        return status

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


class Nursery:
    """The process that has imported everything, and makes the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.warm"],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        files: tuple[Path, Path, Path],
    ) -> Process:
        """Start ``klink ARGUMENTS``; it reads the first file and adds to the other two."""
        asked = {"arguments": arguments, "env": dict(env), "cwd": str(cwd)}
        return Process(self, self.ask({**asked, "files": [str(file) for file in files]}))

    def ask(self, what: Mapping[str, Any]) -> Any:  # what stands in the answer
        """Ask for a process, or for a process's end."""
        with self._lock:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        """End it; what it has made goes on."""
        self._process.communicate()


@functools.cache
def nursery() -> Nursery:
    """The one of this process, started when it is first asked for."""
    made = Nursery()
    atexit.register(made.end)
    return made


def _main() -> None:
    import click

    from klink.cli.main import COMMANDS, cli

    importlib.import_module("klink.app")
    for name in COMMANDS:
        cli.get_command(click.Context(cli), name)  # imports it
    for line in sys.stdin:
        asked = json.loads(line)
        answer = _ended(asked["poll"]) if "poll" in asked else _made(**asked)
        print(json.dumps(answer), flush=True)


def _ended(pid: int) -> int | None:
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _made(arguments: list[str], env: dict[str, str], cwd: str, files: list[str]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        status = _run(arguments, env, cwd, files)
    finally:
        os._exit(status)  # nothing of the nursery's own goes on in the copy


def _run(arguments: list[str], env: dict[str, str], cwd: str, files: list[str]) -> int:
    for number, file in enumerate(files):
        added = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        opened = os.open(file, added if number else os.O_RDONLY, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    signal.set_wakeup_fd(-1)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for its whole life
    sys.argv = ["klink", *arguments]
    from klink.cli import main

    try:
        return main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


if __name__ == "__main__":
    _main()
