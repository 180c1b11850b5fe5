"""What visitors send: the headers of browsers, and which link they ask for.

Requests are written out whole before a load begins (``load.lua`` reads them), the very same
for klink and for nginx; while it runs nothing is made.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, product
from pathlib import Path
from typing import NamedTuple

SEED = 20_260_101
SEPARATOR = "\1"
LINKS_API = "api/v1/links"

_CHROME = (
    "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 {}Safari/537.36{}"
)
_FIREFOX = "Mozilla/5.0 ({0}; rv:{1}.0) Gecko/20100101 Firefox/{1}.0"
_SAFARI = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{} {}Safari/{}"
_DESKTOPS = (
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "X11; Linux x86_64",
)
_PHONES = ("Linux; Android 10; K", "Linux; Android 14; Pixel 8", "Linux; Android 13; SM-S911B")


def _agents() -> Iterator[str]:
    for system, chrome in product(_DESKTOPS, (128, 129, 130, 131)):
        yield _CHROME.format(system, chrome, "", "")
    for system, edge in product(_DESKTOPS[:2], (129, 130)):
        yield _CHROME.format(system, edge, "", f" Edg/{edge}.0.0.0")
    for system, chrome in product(_PHONES, (128, 129, 130)):
        yield _CHROME.format(system, chrome, "Mobile ", "")
    for system, firefox in product(_DESKTOPS, (115, 128, 132)):
        yield _FIREFOX.format(system, firefox)
    for safari in ("17.6", "18.1"):
        yield _SAFARI.format(_DESKTOPS[1], safari, "", "605.1.15")
    for ios in ("16_7", "17_6", "18_0", "18_1"):
        phone = f"iPhone; CPU iPhone OS {ios} like Mac OS X"
        yield _SAFARI.format(phone, ios.replace("_", "."), "Mobile/15E148 ", "604.1")


AGENTS = tuple(_agents())
"""40 User-Agents of people."""

LANGUAGES = (
    "en-GB,en;q=0.9,de;q=0.7",
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "fr-FR,fr;q=0.9,en;q=0.8",
)
REFERRERS = (
    "",
    "https://news.example.org/today",
    "https://www.example.com/",
    "https://social.example.net/@someone/1138",
    "android-app://com.example.reader/",
)


class Target(NamedTuple):
    """One request: the number of its head (from 1), the link's slug, what is its own."""

    head: int
    slug: str
    own: str = ""


def slug_of(number: int) -> str:
    """The slug of the benchmark's link of this number, from 0."""
    return f"go-{number}"


def heads(version: str = "HTTP/1.1", more: str = "", mark: str = "") -> list[str]:
    """All that follows the path in a request, without ``Host``, in every combination.

    :param more: further header lines, each ended by a line end.
    :param mark: stands behind the User-Agent; ``%`` is where a request's own text goes.
    """
    return [
        f"{version}\nUser-Agent: {agent}{mark}\r\n"
        "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        f"Accept-Language: {language}\r\nAccept-Encoding: gzip, deflate, br\r\n"
        + (f"Referer: {referrer}\r\n" if referrer else "")
        + f"Upgrade-Insecure-Requests: 1\r\n{more}\r\n"
        for agent, language, referrer in product(AGENTS, LANGUAGES, REFERRERS)
    ]


def unseen_heads() -> list[str]:
    """Heads for :func:`never_seen`: a User-Agent and a cookie that no other request has."""
    return heads(mark=" build/%", more="Cookie: session=%\r\n")


def write(folder: Path, heads: Sequence[str], targets: Iterable[Target]) -> Path:
    """Write a load for ``load.lua``; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "heads").write_bytes(SEPARATOR.join(heads).encode("ascii"))
    with (folder / "targets").open("w", encoding="ascii") as file:
        file.writelines(f"{each.head} {each.slug} {each.own}\n" for each in targets)
    return folder


def _with_heads(numbers: Iterable[int], seed: int) -> Iterator[Target]:
    draw, many = random.Random(seed), len(AGENTS) * len(LANGUAGES) * len(REFERRERS)
    for number in numbers:
        yield Target(draw.randrange(many) + 1, slug_of(number))


def create_head(key: str) -> str:
    """The head and body of a request to :data:`LINKS_API` that makes a link."""
    body = '{"url": "https://www.example.com/a/page?from=klink", "title": "A page", "tags": ["b"]}'
    return (
        f"HTTP/1.1\nAuthorization: Bearer {key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def uniform(links: int, many: int) -> Iterator[Target]:
    """Visits to the first ``links``, each as likely as the other."""
    draw = random.Random(SEED)
    return _with_heads((draw.randrange(links) for _ in range(many)), SEED + 1)


def by_rank(links: int, many: int, seed: int) -> Iterator[Target]:
    """Visits to all ``links``, the one of rank r with a chance of 1/r."""
    return _with_heads(ranked(links, many, random.Random(seed)), seed)


def each_once(links: int) -> Iterator[Target]:
    """Every link once, in no order."""
    numbers = list(range(links))
    random.Random(SEED + 4).shuffle(numbers)
    return _with_heads(numbers, SEED + 5)


def never_seen(links: int, many: int) -> Iterator[Target]:
    """As :func:`uniform`, each with a text that no other request has."""
    for number, each in enumerate(uniform(links, many)):
        yield each._replace(own=f"{number:x}")


def ranked(links: int, many: int, draw: random.Random) -> list[int]:
    """Numbers of links, drawn by 1/rank; neighbours in rank are none in number."""
    chances = list(accumulate(1 / rank for rank in range(1, links + 1)))
    return [place(rank, links) for rank in draw.choices(range(links), cum_weights=chances, k=many)]


def place(rank: int, links: int) -> int:
    """The number of the link with this rank (both from 0): one for one, and scattered."""
    return (rank * 611_953 + 7) % links  # a prime that divides no number of links asked for
