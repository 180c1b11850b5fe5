"""Litestream copies klink's database while it is written, and klink opens what comes back."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from klink.db import connection, copying, meta, migrate

LITESTREAM = Path(sys.executable).with_name("litestream")


def test_a_database_comes_back_from_a_replica(sqlite_template: Path, tmp_path: Path) -> None:
    database, replica = tmp_path / "klink.db", tmp_path / "replica"
    shutil.copy(sqlite_template, database)
    connection.connect("sqlite:///klink.db", tmp_path)
    epoch, written = migrate.epoch(), 0
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            [LITESTREAM, "replicate", str(database), replica.as_uri()], stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + 30
            while not list(replica.rglob("*.ltx")) or written < 50:
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                meta.put(f"row-{written:06}", "x" * 100)
                written += 1
        finally:
            running.terminate()  # it copies what is left
            assert running.wait(30) == 0, (tmp_path / "log").read_text()
    connection.disconnect()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run(
        [LITESTREAM, "restore", "-o", str(elsewhere / "klink.db"), replica.as_uri()],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert copying.integrity(elsewhere / "klink.db") == ""
    connection.connect("sqlite:///klink.db", elsewhere)
    assert (migrate.pending(), migrate.epoch()) == ([], epoch)
    assert len(meta.under("row-")) >= written
    assert f"{written - 1:06}" in meta.under("row-")
    connection.disconnect()
