"""A live server on each engine, and the load that is put on it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Outcome:
    """What clients saw: requests begun, numbers answered with a redirect, other statuses.

    Of a hundred answers 99 took no longer than ``p99_s``.
    """

    asked: int
    answered: list[int]
    other: dict[str, int]
    p99_s: float


class Load:
    """A running load; ``finish`` waits for its end."""

    def __init__(self, port: int, slugs: Sequence[str], seconds: float, first: int) -> None:
        self.connections = 8
        arguments = [str(port), str(self.connections), str(seconds), str(first), *slugs]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.load", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"clicking\n"

    def finish(self) -> Outcome:
        printed, _ = self._process.communicate(timeout=120)
        assert self._process.returncode == 0
        return Outcome(**json.loads(printed))
