"""Writes a map: host by host, slug by slug."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from klink import __version__
from klink.core import workspaces
from klink.core.context import Context
from klink.core.domains.reading import served
from klink.core.links.export import how_many, on_domain, same_but_for_case
from klink.core.times import format_rfc3339
from klink.db.connection import snapshot
from klink.moving.out.maps.caddy import Caddy
from klink.moving.out.maps.cloudflare import Cloudflare
from klink.moving.out.maps.nginx import Nginx
from klink.moving.out.maps.redirects import LEFT_OUT, redirect_of
from klink.moving.out.maps.syntax import Facts, Host, Syntax

SYNTAXES: dict[str, Callable[[], Syntax]] = {
    "nginx": Nginx,
    "caddy": Caddy,
    "cloudflare": Cloudflare,
}
"""Each server's by its name."""

_EXAMPLES = 10
_PORT = re.compile(r":\d+\Z")


@dataclass(slots=True)
class MapSummary:
    """What a map has and what it has not.

    :ivar left_out: how many links, by the word that says why.
    :ivar lost: redirects that lack something, by the word that says what.
    :ivar examples: the first short URLs that were left out, by the word.
    """

    redirects: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)


def write_map(
    ctx: Context,
    out: TextIO,
    syntax: str,
    *,
    workspace: str | None = None,
    tick: Callable[[str, int], None] = lambda _, __: None,
) -> MapSummary:
    """Write the links of all hosts as a map, as they were at one moment.

    :param syntax: one of :data:`SYNTAXES`.
    :param workspace: a name or an id; None: those of every workspace.
    :param tick: told how many more links were looked at.
    :raises NotFound: there is no such workspace.
    """
    words = SYNTAXES[syntax]()
    summary = MapSummary()
    with snapshot():
        whose = None if workspace is None else workspaces.find(workspace).id
        hosts = served(ctx.settings)
        by = f"klink {__version__}, {format_rfc3339(ctx.now)}"
        out.write(words.begin(Facts(by, how_many(whose))))
        for number, host in hosts:
            _write_host(ctx, out, words, summary, number, host, whose, tick)
        out.write(words.end())
    return summary


def _write_host(
    ctx: Context,
    out: TextIO,
    words: Syntax,
    summary: MapSummary,
    number: int,
    host: str,
    whose: int | None,
    tick: Callable[[str, int], None],
) -> None:
    has_begun = False
    address = f"{ctx.settings.base_scheme}://{host}"
    for page in on_domain(ctx, number, whose):
        if not has_begun:
            out.write(words.host(Host(address, _PORT.sub("", host), same_but_for_case(number))))
            has_begun = True
        for link in page:
            found = redirect_of(link, ctx.now)
            line = None if isinstance(found, str) else words.redirect(found)
            if isinstance(found, str) or line is None:
                found = found if isinstance(found, str) else "too_long"
                summary.left_out[found] += 1
                examples = summary.examples.setdefault(found, [])
                if len(examples) < _EXAMPLES:
                    examples.append(link.short_url)
                out.write(words.left_out(link.slug, LEFT_OUT[found]))
            else:
                summary.redirects += 1
                summary.lost.update(found.lost)
                out.write(line)
        tick("links", len(page))
    if has_begun:
        out.write(words.end_host())
