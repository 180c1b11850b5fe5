"""Whether the database is whole, and what it says about time."""

from __future__ import annotations

from klink.db.connection import database, engine, read

__all__ = ["made_ms", "newest_ms", "problems"]

_MAX_PROBLEMS = 5
_MAX_TEXT = 200


def problems() -> list[str]:
    """What the engine itself finds wrong, in its words; reads everything on SQLite.

    :raises DatabaseBusy: when it does not answer.
    """
    with read():
        if engine() == "postgresql":
            rows = database.execute_sql(
                "SELECT 'the index ' || indexrelid::regclass || ' is not valid' "
                "FROM pg_index WHERE NOT indisvalid AND indrelid IN "
                "(SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace) "
                "LIMIT %s",
                (_MAX_PROBLEMS,),
            ).fetchall()
            if database.execute_sql("SHOW transaction_read_only").fetchone()[0] == "on":
                rows.append(("it can only be read: it is a standby, or set so",))
        else:
            rows = database.execute_sql(f"PRAGMA quick_check({_MAX_PROBLEMS})").fetchall()
    found = [" ".join(str(row[0]).split())[:_MAX_TEXT] for row in rows]
    return [] if found == ["ok"] else found


def newest_ms() -> int | None:
    """The latest time that anything in the database says it happened, in ms; None: nothing did.

    :raises DatabaseBusy: when it does not answer.
    """
    with read():
        row = database.execute_sql(
            'SELECT max("at") FROM ('
            'SELECT * FROM (SELECT "at" FROM clicks ORDER BY id DESC LIMIT 1000) AS c UNION ALL '
            'SELECT * FROM (SELECT "at" FROM audit ORDER BY id DESC LIMIT 1000) AS a) AS newest'
        ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def made_ms() -> int | None:
    """When the database was made, in ms: its first domain is as old as it is.

    :raises DatabaseBusy: when it does not answer.
    """
    with read():
        row = database.execute_sql("SELECT min(created_at) FROM domains").fetchone()
    return None if row is None or row[0] is None else int(row[0])
