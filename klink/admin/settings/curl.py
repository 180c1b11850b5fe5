"""Command lines that try a key of each dialect."""

from __future__ import annotations

import json
import shlex
from collections.abc import Container
from dataclasses import dataclass

from klink.core.context import Context

__all__ = ["VARIABLE", "line"]

VARIABLE = "$KLINK_KEY"
"""Stands for a key that is not to be shown."""

_BEARER = "Authorization: Bearer"
_CREATED = {"url": "https://example.com/"}


@dataclass(frozen=True, slots=True)
class _Way:
    """How one dialect is asked.

    :param path: what any key may read, or where links are listed and made.
    :param needs: the scope for reading there; '' is none.
    :param body: what makes a link; None where reading will always do.
    """

    path: str
    needs: str = ""
    header: str = _BEARER
    body: dict[str, object] | None = None


_WAYS = {
    "klink": _Way("/api/v1/me"),
    "qklnk": _Way("/api/v1/user"),
    "klookup": _Way("/api/v1/links", "read", body={**_CREATED, "type": "direct"}),
    "klinky": _Way(
        "/api/v1/public/links",
        "read",
        header="X-API-Key:",
        body={
            "name": "Try",
            "variants": [
                {"label": "a", "destination_url": "https://example.com/", "weight": 100},
            ],
        },
    ),
    # It makes links and does no more.
    "kliqs": _Way("/api/v1/links", "none of its scopes", body=dict(_CREATED)),
}


def line(ctx: Context, dialect: str, scopes: Container[str], key: str = VARIABLE) -> str:
    """A command line that works with this key; it makes a link only where nothing can be read.

    :param key: the key, which has no characters that a shell takes for its own.
    """
    way = _WAYS[dialect]
    words = [f'curl -H "{way.header} {key}"']
    if way.needs and way.needs not in scopes and way.body is not None:
        words.append('-H "Content-Type: application/json"')
        words.append(f"-d {shlex.quote(json.dumps(way.body))}")
    return " ".join([*words, shlex.quote(ctx.settings.base_url + way.path)])
