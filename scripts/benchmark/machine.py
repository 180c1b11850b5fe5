"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def about() -> dict[str, object]:
    """The machine, its programs, the commit and the time."""
    commit = _said("git", "rev-parse", "--short", "HEAD")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit + ("+" if _said("git", "status", "--porcelain", "-uno") else ""),
        "cpu": _first(r"model name\s*: (.*)", Path("/proc/cpuinfo")),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "memory_mib": int(_first(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")) or 0) // 1024,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "nginx": _version(_said(shutil.which("nginx") or "/usr/sbin/nginx", "-v")),
        "wrk": _version(_said("wrk", "-v")),
    }


def _first(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text()) if path.exists() else None
    return found[1].strip() if found else ""


def _said(*command: str) -> str:
    """What a program says about itself, '' when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return (done.stdout + done.stderr).strip()


def _version(text: str) -> str:
    found = re.search(r"\d+\.\d+[\w.+-]*", text)
    return found[0] if found else text
