"""Static files under URLs that change with them, so that caches may keep them for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Response, request

__all__ = ["StaticFiles"]

_A_YEAR_S = 365 * 24 * 3600


class StaticFiles:
    """The static files of a door.

    :param folder: where they lie.
    :param url: the path that they are served below.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._versions: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The path of a file.

        Flask's ``url_for`` knows none in an answer to a request whose Host is garbage.
        """
        if name not in self._versions:
            content = (self._folder / name).read_bytes()
            self._versions[name] = hashlib.sha256(content).hexdigest()[:8]
        return f"{self._url}/{name}?v={self._versions[name]}"

    @staticmethod
    def keep(response: Response) -> None:
        """Let caches keep the answer, when it was asked for by its version."""
        if response.status_code == 200 and "v" in request.args:
            response.headers["Cache-Control"] = f"public, max-age={_A_YEAR_S}, immutable"
