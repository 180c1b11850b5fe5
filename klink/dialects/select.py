"""Which dialect answers a request: decided once, before routing, never by the body.

The first of these that applies (contract: "Which dialect answers a request"): an explicit
mount, the prefix of the key, the Host header, a path that only one dialect has, the default.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from klink.core import keys
from klink.web.client import ASKED_PATH
from klink.web.principal import sent_key

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["Selector", "dialect_of", "place_of"]

NATIVE = "klink"

_SHARED = "/api/v1"
_MOUNTED = {f"/{name}/api": name for name in keys.FORMATS}
_ALIASES = {"klookup": ("/api/links", "/api/v1/links")}
"""Klook Up's own PUT sample leaves out ``/v1``."""

_OWN = {f"{_SHARED}/user": "qklnk", f"{_SHARED}/events/record": "qklnk"}
_OWN_BELOW = {f"{_SHARED}/public": "klinky"}


def dialect_of(
    path: str, key: str | None, host: Callable[[], str], hosts: Mapping[str, str], default: str
) -> str | None:
    """The dialect that answers, or None for a path that no dialect has.

    :param path: decoded, with one slash at its beginning.
    :param key: as it was sent, valid or not; ``Authorization`` before ``X-API-Key``.
    :param host: gives the Host header's, lower case and without port; asked only if need be.
    :param hosts: dialects by host (``[dialects.hosts]``).
    :param default: ``[dialects] default``.
    """
    for mount, name in _MOUNTED.items():
        if _is_below(path, mount):
            return name
    if not _is_below(path, _SHARED) and not any(_is_below(path, a) for a, _ in _ALIASES.values()):
        return None
    return _by_key(key or "") or hosts.get(host()) or _by_path(path) or default


def place_of(dialect: str, path: str) -> str:
    """Where the routes of ``dialect`` have a path: below its explicit mount."""
    inner = path.removeprefix(f"/{dialect}")
    alias, meant = _ALIASES.get(dialect, ("", ""))
    if alias and _is_below(inner, alias):
        inner = meant + inner.removeprefix(alias)
    return f"/{dialect}{inner}"


class Selector:
    """The WSGI application between the front and Flask: hands each request to its dialect.

    What Flask then routes is the path below the dialect's own mount, so that its errors, too,
    are that dialect's; the path that was asked for stays in the environment.

    :param host: the host that a request names, lower case and without port.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        host: Callable[[WSGIEnvironment], str],
        hosts: Mapping[str, str],
        default: str,
    ) -> None:
        self._app = app
        self._host = host
        self._hosts = hosts
        self._default = default

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        path = environ["PATH_INFO"]
        name = dialect_of(
            path,
            sent_key(environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_X_API_KEY")),
            lambda: self._host(environ),
            self._hosts,
            self._default,
        )
        if name is not None and name != NATIVE:
            environ[ASKED_PATH] = path
            environ["PATH_INFO"] = place_of(name, path)
        return self._app(environ, start_response)


def _by_key(key: str) -> str | None:
    return next((name for name, form in keys.FORMATS.items() if key.startswith(form.prefix)), None)


def _by_path(path: str) -> str | None:
    below = next((name for above, name in _OWN_BELOW.items() if _is_below(path, above)), None)
    return below or _OWN.get(path)


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")
