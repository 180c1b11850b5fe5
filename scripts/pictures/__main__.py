"""Takes pictures of every screen of the admin page: ``scripts/screenshots --help``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.pictures.demo import Demo, enter, fill
from scripts.pictures.readme import take_for_readme
from scripts.pictures.taking import HOST, LOOKS, chromium, take
from scripts.pictures.tour import EMPTY, ENTRANCE, Stop, tour
from tests.live.server import Server

_ROOT = Path(__file__).resolve().parents[2]
_CLICKS_A_DAY = 1_100
_LOOKS = {f"{width}-{theme}": (width, theme) for width, theme in LOOKS}
_JUST_NOW = 14  # clicks of the last minutes


def main(arguments: Sequence[str]) -> int:
    """Fill a klink, walk through it, end it."""
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description=__doc__)
    parser.add_argument("--to", type=Path, default=_ROOT / "build" / "screenshots", help="folder")
    parser.add_argument("--only", default="", help="only pictures whose names begin so")
    parser.add_argument(
        "--looks", nargs="+", choices=_LOOKS, default=list(_LOOKS), help="only these looks"
    )
    parser.add_argument(
        "--readme", action="store_true", help="the best ones, into docs/pictures, and no others"
    )
    chosen = parser.parse_args(arguments)

    def some(stops: Sequence[tuple[Stop, str]]) -> list[tuple[Stop, str]]:
        return [(stop, path) for stop, path in stops if stop.name.startswith(chosen.only)]

    looks = [_LOOKS[name] for name in chosen.looks]
    with _filled() as (server, demo), chromium(server.port) as browser:
        if chosen.readme:
            take_for_readme(browser, demo, _ROOT / "docs" / "pictures")
            return 0
        many = take(browser, some(tour(demo)), chosen.to, demo.session, looks)
        many += take(browser, some(tour(demo, ENTRANCE)), chosen.to, looks=looks)
    with _empty() as (server, demo, set_up), chromium(server.port) as browser:
        many += take(browser, some([(Stop("set_up", set_up), set_up)]), chosen.to, looks=looks)
        many += take(browser, some(tour(demo, EMPTY)), chosen.to, demo.session, looks)
    print(f"{many} pictures in {chosen.to}")
    return 0


@contextmanager
def _server() -> Iterator[Server]:
    """A klink of its own, not started yet; it has ended when the block has."""
    with TemporaryDirectory(prefix="klink-pictures-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        server = Server(data, f"sqlite:///{data / 'klink.db'}")
        server.env["KLINK_SERVER__BASE_URL"] = f"http://{HOST}"
        try:
            yield server
        finally:
            server.end()


@contextmanager
def _filled() -> Iterator[tuple[Server, Demo]]:
    with _server() as server:
        demo = fill(server.env, server.data_dir.parent, _CLICKS_A_DAY)
        server.start()
        for _ in range(_JUST_NOW):
            server.get("/spring", headers={"Host": HOST})
        yield server, demo


@contextmanager
def _empty() -> Iterator[tuple[Server, Demo, str]]:
    """One that nobody has set up, with a session of its first owner and the set-up's path."""
    with _server() as server:
        demo = Demo(enter(server.env, server.data_dir.parent), "", {}, "")
        server.start()
        [set_up] = re.findall(r"/admin/setup/\S+", server.log.read_text())
        yield server, demo, set_up


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
