"""klink's own functions on a data folder that no server uses: how data is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from klink.config import load
from klink.core import users, workspaces
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db import connection, migrate
from klink.opening import core_settings, held


@dataclass(frozen=True)
class Inside:
    """What the core's functions are called with."""

    data_dir: Path
    ctx: Context
    who: Principal


@contextmanager
def inside(data_dir: Path) -> Iterator[Inside]:
    """Open a data folder during the block, made and brought up to date if need be.

    :raises DataFolderHeld: when a server runs on it.
    """
    config = load(None, {"KLINK_DATA_DIR": str(data_dir)}, data_dir.parent, None)
    with held(config.data_dir):
        connection.connect(config.database.url, config.data_dir)
        try:
            migrate.migrate()
            ctx = Context(datetime.now(UTC), core_settings(config))
            workspaces.ensure_first(ctx)
            where = workspaces.find(None)
            user = users.find(None, where.id)
            yield Inside(data_dir, ctx, Principal(where.id, user.id, None, "cli"))
        finally:
            connection.disconnect()
