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


# Keeps what a migrated database begins with, in a schema that klink does not look at.
_KEEP = """
    CREATE SCHEMA kept;
    DO $$ DECLARE name text; filled boolean; BEGIN
        FOR name IN SELECT relname FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
            EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', name) INTO filled;
            IF filled THEN
                EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name);
            END IF;
        END LOOP;
    END $$;
    CREATE TABLE kept.sequences AS
        SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public'
"""

# Makes a database again what it was then. To delete a few rows is ten times faster than to begin
# the files of a table anew, which is for those that have grown: nothing else clears up here.
_RESTORE = """
    DO $$ DECLARE name text; pages bigint; value bigint; names text := ''; BEGIN
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid();
        SET session_replication_role = replica;
        FOR name, pages IN SELECT relname, pg_relation_size(oid) / 8192 FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
            IF pages > 8 THEN
                names := names || format(', public.%I', name);
            ELSIF pages > 0 THEN
                EXECUTE format('DELETE FROM public.%I', name);
            END IF;
        END LOOP;
        IF names <> '' THEN
            EXECUTE 'TRUNCATE ' || substr(names, 3) || ' CASCADE';
        END IF;
        FOR name, value IN
            SELECT k.name, k.last_value FROM kept.sequences k
            JOIN pg_sequences s ON s.schemaname = 'public' AND s.sequencename = k.name
            WHERE k.last_value IS DISTINCT FROM s.last_value LOOP
            PERFORM setval(format('public.%I', name), coalesce(value, 1), value IS NOT NULL);
        END LOOP;
        FOR name IN SELECT relname FROM pg_class
                    WHERE relnamespace = 'kept'::regnamespace AND relname <> 'sequences' LOOP
            EXECUTE format('INSERT INTO public.%I TABLE kept.%I', name, name);
        END LOOP;
    END $$
"""

# All tables, columns and indexes, as a few numbers: what is made anew has a new oid.
_SHAPE = """
    SELECT count(*), sum(c.oid::bigint), sum(c.relnatts), (
        SELECT count(*) FROM pg_attribute WHERE attisdropped AND attrelid >= 16384
    ) FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
"""


class Cluster:
    """One running server that listens on a Unix socket only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = "klink_template"
        self._free: list[str] = []
        self._shape: object = None

    @classmethod
    def start(cls, *, vacuums: bool = False) -> Cluster:
        """Make a cluster, start it, and migrate the template database.

        :param vacuums: it looks after its tables every second, as servers do every minute. That
            pays for itself in a database that lives longer than most tests.
        """
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
            "-c jit=off -c wal_level=minimal -c max_wal_senders=0 "
            f"-c autovacuum={'on' if vacuums else 'off'} -c autovacuum_naptime=1"
        )
        log = str(folder / "log")
        self._run("pg_ctl", "-D", str(data), "-w", "-l", log, "-o", options, "start")
        with self._admin() as admin:
            admin.execute(f"CREATE DATABASE {self.template}")
        connection.connect(self.url(self.template), folder)
        migrate.migrate()
        connection.disconnect()
        with psycopg.connect(self.url(self.template), autocommit=True) as made:
            made.execute(_KEEP)
            self._shape = made.execute(_SHAPE).fetchone()
        with self._admin() as admin:  # nobody is there while it is copied
            admin.execute(f"ALTER DATABASE {self.template} ALLOW_CONNECTIONS false")
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

    @contextmanager
    def lent_database(self) -> Iterator[str]:
        """A migrated database that looks fresh; others have had it, and will.

        To empty one takes a tenth of the time that it takes to make one.
        """
        if not self._free:
            name = f"klink_{secrets.token_hex(6)}"
            with self._admin() as admin:
                admin.execute(f"CREATE DATABASE {name} TEMPLATE {self.template} STRATEGY file_copy")
            self._free.append(name)
        name = self._free.pop()
        try:
            yield self.url(name)
        finally:
            if self._restore(name):
                self._free.append(name)

    def _restore(self, name: str) -> bool:
        """Make a database as good as fresh; False when a test has changed more than its rows."""
        try:
            with psycopg.connect(self.url(name), autocommit=True) as used:
                if used.execute(_SHAPE).fetchone() != self._shape:
                    return False
                used.execute(_RESTORE)
        except psycopg.Error:
            return False
        return True

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
