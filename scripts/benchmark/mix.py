"""The row about smart links: splits, rules by country and device, conversion tracking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from klink.core.links import NewLink, NewRule, NewVariant
from klink.db.connection import read
from klink.db.models import Link
from scripts.benchmark import links, traffic
from scripts.benchmark.history import COUNTRIES, countries_file
from scripts.benchmark.inside import inside
from scripts.benchmark.load import LOCAL, Load
from scripts.benchmark.measuring import Line, Row, Run, compare, least
from scripts.benchmark.servers import Klink, Nginx, klink, nginx

FULL = least(0.25, "x nginx")
MANY = 1000
"""Links of each kind."""

KINDS = {
    "plain": "redirects of plain links",
    "split": "redirects, two variants by weight",
    "rules": "redirects, rules by country and device",
    "tracking": "redirects, two variants by weight, conversions tracked",
}


def mix(run: Run) -> list[Line]:
    """Each kind of link beside nginx, and how much of a plain link's rate that is."""
    folder = run.own_links()
    _make(folder)
    countries_file(folder)
    rates: dict[str, float] = {}
    lines = []
    with (
        nginx(run.folder / "nginx") as theirs,
        klink(folder, KLINK_SERVER__TRUSTED_PROXIES=LOCAL) as ours,
    ):
        ours.check([_slug(kind, MANY - 1) for kind in KINDS])
        for kind, what in KINDS.items():
            lines.append(_line(run, kind, what, ours, theirs, rates))
    return lines


def _line(
    run: Run, kind: str, what: str, ours: Klink, theirs: Nginx, rates: dict[str, float]
) -> Line:
    requests = run.requests(f"mix-{kind}", lambda: _targets(kind), _heads())

    def klinks(seconds: int = run.short_s) -> Load:
        found = ours.load(requests, seconds)
        ours.drained()
        return found

    def nginxs() -> Load:
        found = theirs.load(requests, run.short_s)
        run.nginx_busy.setdefault(requests.name, []).append(round(theirs.busy, 2))
        return found

    klinks(1)
    found = compare(run.pairs, klinks, nginxs)
    rates[kind] = found.ratio
    note = f"{rates[kind] / rates['plain']:.3f} x plain; p99 {found.p99_ms:.1f} ms"
    return Line(what, found.ours, "/s", found.theirs, found.ratio, FULL, note)


def _slug(kind: str, number: int) -> str:
    return f"mix-{kind}-{number}"


def _targets(kind: str) -> Iterator[traffic.Target]:
    for each in traffic.uniform(MANY, 200_000):
        yield each._replace(slug=f"mix-{kind}-{each.slug.rpartition('-')[2]}")


def _heads() -> Sequence[str]:
    """The browsers' headers, from an address in each country."""
    plain = traffic.heads()
    return [
        head.removesuffix("\r\n") + f"X-Forwarded-For: 60.{i % len(COUNTRIES)}.1.7\r\n\r\n"
        for i, head in enumerate(plain)
    ]


def _make(data_dir: Path) -> None:
    """Make the links, unless they are there."""
    with inside(data_dir) as opened:
        with read():
            is_there = Link.select().where(Link.slug == _slug("plain", 0)).exists()
        if not is_there:
            for kind in KINDS:
                links.create(opened, [_link(kind, number) for number in range(MANY)])


def _link(kind: str, number: int) -> NewLink:
    where = f"https://www.example.com/{links.words(number)}"
    slug = _slug(kind, number)
    if kind == "plain":
        return NewLink(slug=slug, url=where)
    variants = tuple(NewVariant(label, f"{where}?page={label}", 50) for label in "ab")
    if kind != "rules":
        return NewLink(slug=slug, variants=variants, conversion_tracking=kind == "tracking")
    rules = (
        NewRule({"country": COUNTRIES[:5]}, "a"),
        NewRule({"country": COUNTRIES[5:10], "device": "mobile"}, "b"),
        NewRule({"device": ["mobile", "tablet"]}, "a"),
    )
    return NewLink(slug=slug, variants=variants, rules=rules, mode="rules", default="b")


ROWS = (Row("mix", "splits, rules, tracking: each kind of smart link", (FULL,), mix, "links"),)
