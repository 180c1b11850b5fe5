"""What a row of the table is, and what it needs to measure itself."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from scripts.benchmark import traffic
from scripts.benchmark.load import Load
from scripts.benchmark.traffic import Target


@dataclass(frozen=True)
class Bar:
    """What a figure must reach.

    :ivar of: what the figure is: ``x nginx``, ``ms``; a ratio begins with ``x``. ``always``
        stands for what either holds (1) or does not (0).
    """

    limit: float
    of: str
    is_most: bool = False

    def holds(self, figure: float) -> bool:
        """Whether ``figure`` is good enough."""
        return figure <= self.limit if self.is_most else figure >= self.limit

    def __str__(self) -> str:
        if self.of == "always":
            return self.of
        return f"{'<=' if self.is_most else '>='} {self.limit:,g} {self.of}"


def least(limit: float, of: str) -> Bar:
    """A figure that must not be smaller."""
    return Bar(limit, of)


def most(limit: float, of: str) -> Bar:
    """A figure that must not be larger."""
    return Bar(limit, of, is_most=True)


@dataclass(frozen=True)
class Line:
    """One line of the table.

    :ivar base: what it is compared with, in the same unit; None when with nothing.
    :ivar ratio: to ``base``; with pairs the median of theirs.
    :ivar note: what else was seen.
    """

    what: str
    value: float
    unit: str
    base: float | None = None
    ratio: float | None = None
    bar: Bar | None = None
    note: str = ""
    failed: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether the bar is reached; None without one."""
        if self.bar is None:
            return None
        figure = self.ratio if self.bar.of.startswith("x") else self.value
        return figure is not None and self.bar.holds(figure)


@dataclass
class Run:
    """One run of the benchmark.

    :ivar seconds: of the long load; the others take ``short_s``.
    :ivar folder: for what this run needs only.
    :ivar machine: what it runs on, as it was before.
    :ivar nginx_busy: the part of a processor that nginx took, by what was asked of it.
    :ivar links_dir: klink's data folder with all links and no clicks.
    :ivar clicks_dir: the one with all links and their history of clicks.
    """

    seconds: int
    short_s: int
    pairs: int
    folder: Path
    links_dir: Path
    clicks_dir: Path
    links: int
    clicks: int
    ends_at_ms: int
    quick: bool = False
    machine: dict[str, object] = field(default_factory=dict)
    nginx_busy: dict[str, list[float]] = field(default_factory=dict)
    _written: dict[str, Path] = field(default_factory=dict)

    @property
    def visited(self) -> int:
        """How many links the plain redirect rows visit."""
        return min(10_000, self.links)

    @property
    def drawn(self) -> int:
        """How many requests are drawn where they should not repeat."""
        return 200_000 if self.quick else 1_000_000

    def requests(
        self, name: str, targets: Callable[[], Iterable[Target]], heads: Sequence[str] | None = None
    ) -> Path:
        """The folder with a load's requests, written when first asked for."""
        if name not in self._written:
            folder = self.folder / "requests" / name
            self._written[name] = traffic.write(folder, heads or traffic.heads(), targets())
        return self._written[name]

    def uniform(self) -> Path:
        """Requests for 10,000 links, each as likely as the other."""
        return self.requests("uniform", lambda: traffic.uniform(self.visited, 200_000))

    def ranked(self) -> Path:
        """Requests for all links, by 1/rank."""
        return self.requests("rank", lambda: traffic.by_rank(self.links, self.drawn, 2))

    def every(self) -> Path:
        """A request for every link, in no order."""
        return self.requests("every", lambda: traffic.each_once(self.links))

    def unseen(self) -> Path:
        """Requests with headers that no other has."""
        targets = partial(traffic.never_seen, self.visited, self.drawn)
        return self.requests("unseen", targets, traffic.unseen_heads())

    def own_links(self) -> Path:
        """A data folder with all links that this run may write to; one for all rows."""
        folder = self.folder / "links"
        if not folder.exists():
            shutil.copytree(self.links_dir, folder)
        return folder


@dataclass(frozen=True)
class Compared:
    """Loads in pairs, as their medians."""

    ours: float
    theirs: float
    ratio: float
    p99_ms: float
    theirs_p99_ms: float


def compare(pairs: int, ours: Callable[[], Load], theirs: Callable[[], Load]) -> Compared:
    """Run both loads one after the other, ``pairs`` times."""
    found = [(ours(), theirs()) for _ in range(pairs)]
    middle = statistics.median
    return Compared(
        middle(a.rate for a, _ in found),
        middle(b.rate for _, b in found),
        middle(a.rate / b.rate for a, b in found),
        middle(a.p99_ms for a, _ in found),
        middle(b.p99_ms for _, b in found),
    )


@dataclass(frozen=True)
class Row:
    """A row: a name for ``--only``, what it measures, its bars, and how.

    :ivar needs: what must be there first: ``links``, ``clicks``, or nothing.
    """

    name: str
    what: str
    bars: tuple[Bar, ...]
    measure: Callable[[Run], list[Line]]
    needs: str = ""
