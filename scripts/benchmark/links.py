"""The links that are visited: two-way splits, made by the core as an importer makes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from klink.core import links
from klink.core.errors import KlinkError
from klink.core.links import NewLink, NewVariant
from klink.db.connection import read, write
from klink.db.models import Link
from scripts.benchmark.inside import Inside, inside
from scripts.benchmark.progress import Progress
from scripts.benchmark.traffic import slug_of

BULK = 1000
TAGS = 997
"""So many tags; each link has one of them."""

_WORDS = (
    *("spring", "summer", "autumn", "winter", "sale", "launch"),
    *("letter", "poster", "radio", "podcast", "partner", "retour"),
)


def make(data_dir: Path, many: int) -> None:
    """Fill a data folder with the links from 0 to ``many``; goes on where it was interrupted."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    with inside(data_dir) as opened:
        with read():
            there = Link.select().count()
        progress = Progress("links", many, there)
        for first in range(there, many, BULK):
            create(opened, [link(number) for number in range(first, min(first + BULK, many))])
            progress.at(min(first + BULK, many))
        progress.end()


def create(opened: Inside, wanted: Sequence[NewLink]) -> None:
    """Make links in one transaction, as an importer does."""
    with write():
        outcomes = links.create_many(opened.ctx, opened.who, wanted, atomic=False)
    refused = [each for each in outcomes if isinstance(each, KlinkError)]
    if refused:
        raise refused[0]


def link(number: int) -> NewLink:
    """The link of this number, from 0."""
    where = f"https://www.example.com/{words(number)}"
    return NewLink(
        slug=slug_of(number),
        title=" ".join(words(number).split("-")),
        tags=(tag_of(number),),
        variants=(
            NewVariant("a", f"{where}?page=a", 50),
            NewVariant("b", f"{where}?page=b", 50),
        ),
    )


def tag_of(number: int) -> str:
    """The tag of a link."""
    return f"tag-{number % TAGS}"


def words(number: int) -> str:
    """Three words and the number: what a search can find."""
    return "-".join(_picked(number)) + f"-{number}"


def _picked(number: int) -> Iterator[str]:
    for _ in range(3):
        number, rest = divmod(number, len(_WORDS))
        yield _WORDS[rest]
