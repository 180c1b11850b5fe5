"""Loads: wrk with requests that were written out before, and what it measured."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 32
LOCAL = "127.0.0.1"

_SCRIPT = Path(__file__).with_name("load.lua")
_AGAIN_S = 0.5
_SPARE_S = 120  # for reading the requests before, and the last answers after


class LoadFailed(Exception):
    """A load that measured nothing; its text says why."""


@dataclass(frozen=True)
class Load:
    """What a load got.

    :ivar asked: requests begun; one more than really, which wrk makes up to look at it.
    :ivar refused: answers with a status from 400 on.
    :ivar broken: connections that failed.
    :ivar late: requests without an answer within wrk's patience.
    """

    answered: int
    asked: int
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    refused: int
    broken: int
    late: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds


@dataclass(frozen=True)
class Running:
    """A load under way."""

    process: subprocess.Popen[str]
    seconds: int

    def stop(self) -> Load:
        """End it now; what it measured so far.

        :raises LoadFailed: as :meth:`result`.
        """
        while self.process.poll() is None:
            # One that comes before wrk has begun to wait does not wake it.
            self.process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(_AGAIN_S)
        return self.result()

    def result(self) -> Load:
        """Wait for its end.

        :raises LoadFailed: when wrk measured nothing.
        """
        out, err = self.process.communicate(timeout=self.seconds + _SPARE_S)
        lines = [line for line in out.splitlines() if line.startswith("{")]
        if self.process.returncode or not lines:
            raise LoadFailed(f"wrk ended with {self.process.returncode}: {(err or out)[-300:]}")
        return Load(**json.loads(lines[-1]))


@contextmanager
def started(
    port: int,
    requests: Path,
    seconds: int,
    *,
    connections: int = CONNECTIONS,
    rate: float | None = None,
    once: bool = False,
    method: str = "GET",
) -> Iterator[Running]:
    """Load a server during the block.

    :param requests: the folder that :func:`traffic.write` filled.
    :param rate: requests a second to offer; None: as fast as they are answered.
    :param once: end when every request was made once.
    """
    options = [f"rate={round(rate)}"] if rate else []
    options += ["once=1"] if once else []
    host = f"{LOCAL}:{port}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    command += ["-s", str(_SCRIPT), f"http://{host}/", "--", str(requests), method, host, *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield Running(process, seconds)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def run(
    port: int,
    requests: Path,
    seconds: int,
    *,
    connections: int = CONNECTIONS,
    rate: float | None = None,
    once: bool = False,
    method: str = "GET",
) -> Load:
    """Load a server that must answer every request with a redirect or a success.

    :raises LoadFailed: when it did not.
    """
    with started(
        port, requests, seconds, connections=connections, rate=rate, once=once, method=method
    ) as running:
        found = running.result()
    if found.refused or found.broken or not found.answered:
        what = f"{found.answered} answers, {found.refused} refusals, {found.broken} broken"
        raise LoadFailed(what)
    return found
