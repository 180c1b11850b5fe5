"""Measures how fast links are taken in from files; see scripts/measure-import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

_USUAL = 100_000
_AT_ONCE = 500  # rows of a statement
_TABLE = """CREATE TABLE `yourls_url` (
  `keyword` varchar(100) NOT NULL, `url` text NOT NULL, `title` text,
  `timestamp` timestamp NOT NULL, `ip` varchar(41) NOT NULL, `clicks` int unsigned NOT NULL,
  PRIMARY KEY (`keyword`)
);
"""


def _write_dump(file: TextIO, many: int) -> None:
    file.write(_TABLE)
    for start in range(0, many, _AT_ONCE):
        rows = ",".join(
            f"('k{i}','https://example.com/articles/{i}?ref={i % 97}','It\\'s article {i}',"
            f"'2021-{1 + i % 12:02d}-{1 + i % 28:02d} 10:00:{i % 60:02d}','192.0.2.1',{i % 1000})"
            for i in range(start, min(start + _AT_ONCE, many))
        )
        file.write(f"INSERT INTO `yourls_url` VALUES {rows};\n")  # noqa: S608 - for a file


def _write_table(file: TextIO, many: int) -> None:
    file.write("slug,url,title,clicks,created_at\n")
    for i in range(many):
        url = f"https://example.com/articles/{i}?ref={i % 97}"
        file.write(f"k{i},{url},It's article {i},{i % 1000},2021-01-31T10:00:{i % 60:02d}Z\n")


def _measure(folder: Path, what: str, *words: str) -> None:
    own = os.environ | {"KLINK_DATA_DIR": str(folder / "data")}
    command = [sys.executable, "-m", "klink", "import", *words, "--json"]
    before, begun = os.times(), time.monotonic()
    done = subprocess.run(command, env=own, check=True, capture_output=True)
    whole_s, after = time.monotonic() - begun, os.times()
    found = json.loads(done.stdout)
    busy_s = after.children_user + after.children_system
    busy_s -= before.children_user + before.children_system
    rate = found["rows"] / found["took_s"]
    print(
        f"{what:32} {rate:9,.0f} rows/s   {whole_s:6.1f} s in all, {busy_s:6.1f} s of processor;"
        f" made {found['made']:,}, there {found['there']:,}"
    )


def main() -> None:
    """Measure each kind in a fresh database, then once more."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else _USUAL
    print(f"load before: {os.getloadavg()[0]:.1f}")
    for kind, name, write in (
        ("csv", "links.csv", _write_table),
        ("yourls", "dump.sql", _write_dump),
    ):
        with tempfile.TemporaryDirectory(prefix="klink-import-") as made:
            folder = Path(made)
            with (folder / name).open("w") as file:
                write(file, many)
            path = str(folder / name)
            _measure(folder, f"{kind}, tried", kind, path, "--dry-run")
            _measure(folder, f"{kind}, into an empty database", kind, path)
            _measure(folder, f"{kind}, again", kind, path)


if __name__ == "__main__":
    main()
