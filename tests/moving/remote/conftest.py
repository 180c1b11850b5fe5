"""APIs of one answer after another, on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from klink.moving.remote.asking import Api
from tests.fetching import sites
from tests.stats.conftest import ctx, owner

__all__ = ["Answers", "ctx", "json_page", "owner"]


def json_page(body: object, *headers: str, status: str = "200 OK") -> bytes:
    """An answer with JSON; text is sent as it is."""
    sent = body if isinstance(body, str) else json.dumps(body)
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    lines.append(f"Content-Length: {len(sent.encode())}")
    return "\r\n".join([*lines, "", sent]).encode()


@dataclass
class Answers:
    """An API, what it was asked, and how long its clients were made to wait."""

    world: sites.World
    waits: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def give(self, answer: Callable[[str, dict[str, str]], bytes] | list[bytes]) -> None:
        """Answer by path and query, or one after another, the last one for ever."""
        if isinstance(answer, list):
            left = list(answer)
            self._serve(lambda path, query: left.pop(0) if len(left) > 1 else left[0])
        else:
            self._serve(answer)

    def _serve(self, answer: Callable[[str, dict[str, str]], bytes]) -> None:
        def reply(visit: sites.Visit) -> None:
            text = visit.request.decode()
            parts = urlsplit(text.split(" ")[1])
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.requests.append(text)
            self.asked.append((parts.path, query))
            visit.send(answer(parts.path, query))

        self.world.site(reply)

    def api(self, base: str = "http://site.example", **more: Any) -> Api:
        def wait(seconds: float, why: str) -> None:
            self.waits.append(seconds)
            self.said.append(why)

        given: dict[str, Any] = {"is_private": True, "timeout_s": 5.0} | more
        header = {"Authorization": "Bearer secret-key"}
        return Api(self.world.fetcher(), base, "qklnk", header, wait=wait, **given)


@pytest.fixture
def answers() -> Iterator[Answers]:
    with sites.world() as world:
        yield Answers(world)
        for site in world.sites:
            with suppress(OSError):
                site.end()
