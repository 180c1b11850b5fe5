"""A PostgreSQL cluster of the tests' own: made in a temporary folder, gone with the run."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from klink.db import connection, migrate


def _programs() -> Path:
    """The folder with initdb and pg_ctl; Debian keeps them off the PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    if found is None:
        raise RuntimeError("these tests need PostgreSQL: install Debian's package postgresql")
    return Path(found).parent


class Cluster:
    """One running server that listens on a Unix socket only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = "klink_template"

    @classmethod
    def start(cls) -> Cluster:
        """Make a cluster, start it, and migrate the template database."""
        folder = Path(tempfile.mkdtemp(prefix="klink-pg-"))
        self = cls(folder)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:  # initdb refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
            shutil.chown(data, "postgres", "postgres")
        self._run("initdb", "-D", str(data), "-A", "trust", "-U", "klink", "-E", "UTF8", "-N")
        options = (
            f"-k {folder} -c listen_addresses='' -c fsync=off -c synchronous_commit=off "
            "-c full_page_writes=off -c max_connections=200 "
            # What pays for itself in a database that lives longer than a test.
            "-c jit=off -c autovacuum=off -c wal_level=minimal -c max_wal_senders=0"
        )
        log = str(folder / "log")
        self._run("pg_ctl", "-D", str(data), "-w", "-l", log, "-o", options, "start")
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {self.template}")
        connection.connect(self.url(self.template), folder)
        migrate.migrate()
        connection.disconnect()
        return self

    def url(self, name: str) -> str:
        """The URL of a database of this cluster."""
        return f"postgresql:///{name}?host={self.folder}&user=klink"

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """A migrated database of its own, dropped afterwards."""
        name = f"klink_{secrets.token_hex(6)}"
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            with self._admin() as admin:
                admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """End the server and remove its files."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def _admin(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        with psycopg.connect(self.url("postgres"), autocommit=True) as opened:
            yield opened

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(_programs() / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", timeout=60
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")
