"""``scripts/simulate-week --quick``: all jobs run inside a server under load, and have work."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from klink.jobs import JOBS

pytestmark = pytest.mark.live

ROOT = Path(__file__).resolve().parents[2]


def test_every_job_runs_and_does_work_beside_redirects(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.week", "--quick", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    # Beside what, how many runs, what they did.
    rows = re.findall(r"^\| ([\w -]+) \| (\d*) \| ([\w, ]*) \|", done.stdout, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["no job", *(job.name for job in JOBS)]
    for name, runs, what in rows[1:]:
        assert int(runs) >= 2, name
        assert re.search(r"[1-9]", what), name
    assert list(tmp_path.iterdir()) == [tmp_path / "links-2000"]
