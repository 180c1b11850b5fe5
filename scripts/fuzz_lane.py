"""What ``scripts/fuzz-lane`` runs: atheris over a pair of servers.

An input is a byte of flags (1: from the trusted proxy, 2: in two pieces), a byte that says
where it is cut, and what a client sends.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import atheris

from klink.db import connection, migrate

with atheris.instrument_imports(include=["klink.redirects", "klink.server", "waitress"]):
    from tests.redirects import corpus
    from tests.redirects.inline import InlinePair
    from tests.redirects.kinds import make_one_of_each
    from tests.redirects.site import Site

BUILD = Path("build/fuzz")
MAX_BYTES = 4096

# In libFuzzer's own quoting, which knows \\xAB alone.
WORDS = (
    "GET ", "HEAD ", "POST ", " HTTP/1.1", " HTTP/1.0", "Host: ", "go.example.org", "localhost",
    "links.example.com", "Connection: ", "close", "keep-alive", "Content-Length: 0", "chunked",
    "Transfer-Encoding: ", "Expect: 100-continue", "Upgrade: ", "User-Agent: ", "DNT: 1",
    "Cookie: klid=v_0123456789abcdef", "Sec-GPC: 1", "Purpose: prefetch", "CF-IPCountry: US",
    "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: ",
    "Referer: https://", "Accept-Language: de", "utm_source=mail", "/plain", "/everything",
    "/rules", "/split", "/forward?", "\\x0d\\x0a", "\\x0d\\x0a\\x0d\\x0a", "\\x00", "\\x85", "%2f",
)  # fmt: skip


class _Errors(logging.Handler):
    """Raises for what is logged as an error: no request may be one of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError(f"logged as an error: {record.getMessage()}")


def read(data: bytes) -> corpus.Case:
    """What an input means."""
    flags, cut, raw = data[0], data[1], data[2:]
    at = cut * len(raw) // 256
    pieces = (raw[:at], raw[at:]) if flags & 2 and at else (raw,)
    return corpus.Case("input", pieces, corpus.TRUSTED if flags & 1 else corpus.LOOPBACK)


def main(argument: str) -> None:
    """Fuzz for so many seconds, or try one input."""
    folder = Path(os.environ["KLINK_FUZZ_FOLDER"])
    connection.connect("sqlite:///klink.db", folder)
    migrate.migrate()
    site = Site(folder)
    make_one_of_each(site)
    pair = InlinePair(site)
    logging.getLogger().addHandler(_Errors(logging.ERROR))

    def compare(data: bytes) -> None:
        if len(data) < 3:
            return
        case = read(data)
        found = pair.difference(case)
        if found is not None:
            raise AssertionError(f"{case}\nwith the lane: {found[0]}\nwithout it: {found[1]}")

    if not argument.isdigit():
        compare(Path(argument).read_bytes())
        return
    for number, case in enumerate(corpus.cases()):
        if len(case.pieces[0]) <= MAX_BYTES:
            flags = bytes([case.peer == corpus.TRUSTED, 0])
            (BUILD / "corpus" / f"seed-{number}").write_bytes(flags + case.pieces[0])
    words = BUILD / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS))
    options = [
        f"-max_total_time={argument}",
        f"-max_len={MAX_BYTES}",
        f"-artifact_prefix={BUILD}/",
        f"-dict={words}",
        "-rss_limit_mb=2048",
        "-timeout=30",
        "-print_final_stats=1",
        str(BUILD / "corpus"),
    ]
    atheris.Setup([sys.argv[0], *options], compare)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1])
