"""The command: which rows, how long, on which data; prints the table and writes JSON."""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from scripts.benchmark import machine, table
from scripts.benchmark.data import Data, OtherData
from scripts.benchmark.measuring import Line, Row, Run

FULL = (1_000_000, 10_000_000)
QUICK = (100_000, 300_000)
"""Links and clicks."""

NGINX_BUSY = 0.9
"""The part of a processor that nginx's one worker takes when nothing else is the limit."""


def main() -> int:
    """Do what the command line says; return the exit status."""
    given = _parse(sys.argv[1:])
    if given.list:
        for row in table.ROWS:
            print(f"{row.name:14} {row.what}  [{'; '.join(map(str, row.bars)) or 'no bar'}]")
        return 0
    signal.signal(signal.SIGTERM, _interrupt)
    _allow_many_files()
    try:
        return _run(given)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except OtherData as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 2


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _allow_many_files() -> None:
    """2,000 idle connections take as many files here, and in the servers."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure klink beside nginx on this machine. Figures are ratios within one "
        "run: do not compare those of different runs or machines otherwise.",
        epilog="Exit status: 0 when all bars are reached, 1 when one is missed or a row failed.",
    )
    parser.add_argument("--list", action="store_true", help="name every row and its bars, and end")
    parser.add_argument("--only", metavar="NAME[,NAME...]", help="measure these rows only")
    parser.add_argument(
        "--mix", dest="only", action="store_const", const="mix", help="the same as --only mix"
    )
    parser.add_argument(
        "--admin",
        dest="only",
        action="store_const",
        const="admin",
        help="the same as --only admin: the pages of the admin page",
    )
    parser.add_argument(
        "--quick", action="store_true", help="less data and 2 s loads: a look, no measurement"
    )
    parser.add_argument("--seconds", type=int, help="length of the long load (60); others take 10")
    parser.add_argument("--pairs", type=int, default=1, help="repeat each load, show medians (1)")
    parser.add_argument(
        "--json",
        type=Path,
        default=Path("build/bench.json"),
        help="where the result is written, and the table for docs/performance.md beside it",
    )
    parser.add_argument(
        "--data",
        nargs="?",
        const=Path(),
        type=Path,
        metavar="FOLDER",
        help="fill the data folder and end; it goes on where it was interrupted. By default "
        "$KLINK_BENCH_DATA, else build/bench-data, where the rows look for it, too",
    )
    parser.add_argument("--links", type=int, help="links in the data (1,000,000; quick: 100,000)")
    parser.add_argument(
        "--clicks", type=int, help="clicks in the data (10,000,000; quick: 300,000)"
    )
    parser.add_argument("--no-judge", action="store_true", help="exit 0 whatever was measured")
    given = parser.parse_args(words)
    names = {row.name for row in table.ROWS}
    for name in (given.only or "").split(","):
        if name and name not in names:
            parser.error(f"no row is called {name!r}; --list names them")
    return given


def _run(given: argparse.Namespace) -> int:
    links, clicks = QUICK if given.quick else FULL
    data = Data(_data_folder(given), given.links or links, given.clicks or clicks)
    if given.data is not None:
        _fill(data, {"links", "clicks"})
        return 0
    chosen = [row for row in table.ROWS if not given.only or row.name in given.only.split(",")]
    _fill(data, {row.needs for row in chosen})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_build()) as folder:
        seconds = given.seconds or (2 if given.quick else 60)
        run = Run(
            seconds=seconds,
            short_s=min(seconds, 10),
            pairs=given.pairs,
            folder=Path(folder),
            links_dir=data.links_dir,
            clicks_dir=data.clicks_dir,
            links=data.plan.links,
            clicks=data.plan.clicks,
            ends_at_ms=data.plan.ends_at_ms,
            quick=given.quick,
            machine=machine.about(),
        )
        results = {row.name: _measure(row, run) for row in chosen}
    lines = [line for each in results.values() for line in each]
    print(table.shown(lines))
    print(f"{time.monotonic() - began:,.0f} s")
    _warn(run)
    _write(given, run, results)
    missed = any(line.reached is False or line.failed for line in lines)
    return int(missed and not given.no_judge)


def _build() -> Path:
    folder = Path("build").resolve()
    folder.mkdir(exist_ok=True)
    return folder


def _data_folder(given: argparse.Namespace) -> Path:
    if given.data is not None and given.data != Path():
        return Path(given.data).resolve()
    named = os.environ.get("KLINK_BENCH_DATA")
    folder = Path(named) if named else _build() / "bench-data"
    return (folder / "quick" if given.quick else folder).resolve()


def _fill(data: Data, needs: set[str]) -> None:
    if "clicks" in needs:
        data.make_clicks()
    elif "links" in needs:
        data.make_links()


def _measure(row: Row, run: Run) -> list[Line]:
    """The lines of a row; one that says why when it fails, so that the others go on."""
    began = time.monotonic()
    try:
        lines = row.measure(run)
    except Exception as error:  # whatever it was, it stands in the table
        reason = f"{type(error).__name__}: {error}"
        lines = [Line(row.what, 0, "", note=reason, failed=True)]
    print(f"{row.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return lines


def _warn(run: Run) -> None:
    """Say where nginx was not the limit, but for what costs a client most: connecting."""
    for name, parts in run.nginx_busy.items():
        if min(parts) < NGINX_BUSY and name != "close":
            print(f"nginx had only {min(parts):.0%} of a processor in the load {name!r}: something")
            print("    else used the machine, and the ratio flatters klink; measure again")


def _write(given: argparse.Namespace, run: Run, results: dict[str, list[Line]]) -> None:
    rows = [
        {"row": name, **asdict(line), "bar": line.bar and str(line.bar), "reached": line.reached}
        for name, lines in results.items()
        for line in lines
    ]
    found = {
        "machine": run.machine,
        "seconds": run.seconds,
        "pairs": run.pairs,
        "links": run.links,
        "clicks": run.clicks,
        "nginx_busy": run.nginx_busy,
        "rows": rows,
    }
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(found, indent=2) + "\n")
    given.json.with_suffix(".md").write_text(table.markdown(results))


if __name__ == "__main__":
    sys.exit(main())
