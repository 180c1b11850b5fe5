"""The APIs of four hosted products, spoken so that their clients work unchanged.

``select`` says which one answers; each is a module or folder of its own, on ``base``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from flask import Flask

from klink.dialects import klinky, kliqs, klookup, qklnk
from klink.dialects.base import Refusal, door
from klink.dialects.options import EXTENSION, Options
from klink.dialects.select import Selector, dialect_of
from klink.web import doors, openapi
from klink.web.principal import sent_key

__all__ = ["NAMES", "Options", "Selector", "install", "server_refusals"]

_DIALECTS = (klinky, qklnk, kliqs, klookup)
_BY_NAME = {each.DIALECT.name: each.DIALECT for each in _DIALECTS}
NAMES = tuple(_BY_NAME)


def install(app: Flask, options: Options, version: str) -> None:
    """Give the app its dialects, each below its explicit mount, and their descriptions.

    :param version: of klink.
    """
    app.extensions[EXTENSION] = options
    for each in _DIALECTS:
        dialect = each.DIALECT
        about = each.about(version)
        described = openapi.describe(
            app, [each.resource], dialect.prefix, about, dialect.all_statuses
        )
        app.register_blueprint(described, url_prefix="/api")
        doors.add(app, door(dialect))


def server_refusals(
    options: Options, plain_host: Callable[[str], str]
) -> Callable[[str, Mapping[str, str], int, str, str], bytes | None]:
    """What the server itself refuses (a body or header that is too large), in the dialect's words.

    :param plain_host: a Host header's host: lower case, no port.
    :returns: from path, headers by their CGI names, status, code and text to a dialect's JSON;
        None where no dialect answers.
    """

    def refuse(
        path: str, headers: Mapping[str, str], status: int, code: str, text: str
    ) -> bytes | None:
        name = dialect_of(
            "/" + path.lstrip("/"),
            sent_key(headers.get("AUTHORIZATION"), headers.get("X_API_KEY")),
            lambda: plain_host(headers.get("HOST", "")),
            options.hosts,
            options.default,
        )
        dialect = _BY_NAME.get(name or "")
        if dialect is None:
            return None
        return json.dumps(dialect.body(Refusal(status, code, text))).encode()

    return refuse
