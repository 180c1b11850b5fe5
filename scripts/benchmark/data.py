"""The data folder: many links, and a history of clicks on a copy of them.

What lies there depends on how many of each were asked for, and a run can go on where
another was interrupted.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.benchmark import history, links

_DAY_MS = 86_400_000


class OtherData(Exception):
    """The folder holds other data than what is asked for."""


@dataclass(frozen=True)
class Plan:
    """What a data folder holds when it is full.

    :ivar ends_at_ms: when the history of clicks ends: the start of a UTC day.
    """

    links: int
    clicks: int
    ends_at_ms: int

    @classmethod
    def new(cls, links: int, clicks: int) -> Plan:
        """One whose history ends with yesterday."""
        return cls(links, clicks, time.time_ns() // 1_000_000 // _DAY_MS * _DAY_MS)


class Data:
    """A data folder, filled as far as it is asked for."""

    def __init__(self, folder: Path, links: int, clicks: int) -> None:
        """Find out what is there, or is to be.

        :raises OtherData: when it was begun with other numbers.
        """
        self.folder = folder
        self.links_dir = folder / "links"
        self.clicks_dir = folder / "clicks"
        file = folder / "plan.json"
        if file.exists():
            self.plan = Plan(**json.loads(file.read_text()))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            self.plan = Plan.new(links, clicks)
            file.write_text(json.dumps(asdict(self.plan)) + "\n")
        if (self.plan.links, self.plan.clicks) != (links, clicks):
            raise OtherData(
                f"{folder} holds {self.plan.links:,} links and {self.plan.clicks:,} clicks, "
                f"not {links:,} and {clicks:,}; name another folder, or delete it"
            )

    def make_links(self) -> None:
        """Make the links that are not there yet."""
        links.make(self.links_dir, self.plan.links)

    def make_clicks(self) -> None:
        """Make the links and clicks that are not there yet."""
        self.make_links()
        history.make(self.links_dir, self.clicks_dir, self.plan.clicks, self.plan.ends_at_ms)
