"""A data folder with links, clicks and a secret, and what a backup of it must give back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from klink.backups import Backup, Restored, Source, Target, Watch, make, restore
from klink.clicks.enrich import Enricher
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.db import connection, migrate
from klink.db.models import Click, Link, LinkTotal
from tests.clicks.world import NOW, clicks, make_links

__all__ = ["House", "Made", "apart", "nothing", "read_back"]

SECRET = "5e" * 32 + "\n"


def nothing(*_: object) -> None:
    """What neither watches nor checks."""


def apart(work: Callable[[], object]) -> None:
    """Do something in a thread of its own, with a connection of its own."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close_thread()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not failed, failed


@dataclass(frozen=True)
class Made:
    """What a database holds, as far as a backup is tried by."""

    links: list[str]
    clicks: int
    totals: dict[int, int]


def read_back() -> Made:
    """What the bound database holds."""
    with connection.read():
        return Made(
            sorted(row.slug for row in Link.select()),
            Click.select().count(),
            {row.link_id: row.clicks for row in LinkTotal.select() if row.clicks},
        )


class House:
    """A journal and its ledger beside the bound database."""

    def __init__(self, data_dir: Path, url: str, **options: int) -> None:
        make_links()
        self._is_ended = False
        self.url = url
        self.data_dir = data_dir
        self.folder = data_dir / "backups"
        self.journal = Journal.open(data_dir, migrate.epoch(), fsync_every_s=None, **options)
        self.ledger = Ledger(self.journal, Enricher(lambda _: ""), lambda: NOW)
        (data_dir / "secret").write_text(SECRET)

    def click(self, count: int, **fields: int) -> None:
        assert self.journal.append(clicks(count, **fields))

    def back_up(self, *, watch: Watch = nothing, name: str | None = None) -> Backup:
        """Make a backup without a try of it, which takes a process."""
        source = Source(self.data_dir, "1.2.3", nothing)
        return make(source, self.folder, NOW, watch=watch, name=name)

    def end(self) -> None:
        """End what runs; safe to call twice."""
        if not self._is_ended:
            self._is_ended = True
            self.ledger.stop()
            self.journal.close()

    def bring_back(
        self, backup: Path, target: Target, *, force: bool = False
    ) -> tuple[Restored, Made]:
        """End, restore elsewhere, and look at what came back, which is bound afterwards."""
        self.end()
        connection.disconnect()
        done = restore(backup, target, Enricher(lambda _: ""), NOW, force=force)
        connection.connect(target.url, target.data_dir)
        return done, read_back()
