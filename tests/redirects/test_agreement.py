"""Whatever a client sends, a server with the lane answers as one without it does."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from klink.core import links
from tests.redirects.corpus import Case, ask, cases, pieces_at_every_byte
from tests.redirects.kinds import make_one_of_each
from tests.redirects.pair import Half
from tests.redirects.site import Site


class Pair:
    """A server with the lane and one without, over the same links at the same time."""

    def __init__(self, site: Site, folder: Path, engine: str) -> None:
        load = links.compiled if engine == "sqlite" else None
        self.with_lane = Half(site, folder / "with", load, has_lane=True)
        self.without = Half(site, folder / "without", None, has_lane=False)

    def differences(self, each: list[Case]) -> dict[str, object]:
        """What the two see, by the name of each case in which they differ."""
        found: dict[str, object] = {}
        for case in each:
            seen, expected = self.with_lane.exchange(case), self.without.exchange(case)
            if seen != expected:
                found[case.name] = (seen, expected)
        return found

    def by_lane(self, each: list[Case]) -> int:
        """How many cases the lane has answered."""
        answered = self.with_lane.parts.lane.answered
        return sum(case.pieces[0] in answered for case in each)


@pytest.fixture
def pair(db: str, engine: str, tmp_path: Path, site: Site) -> Iterator[Pair]:
    make_one_of_each(site)
    made = Pair(site, tmp_path, engine)
    yield made
    made.with_lane.close()
    made.without.close()


def test_what_the_lane_answers_is_what_a_worker_answers(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    each = cases()
    assert pair.differences(each) == {}
    # Whatever strangers send, it is no mistake of ours.
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    # Neither way may be the only one that is tried.
    assert pair.by_lane(each) > 500
    assert len(each) - pair.by_lane(each) > 500


def test_requests_that_come_in_pieces_are_answered_alike(pair: Pair) -> None:
    each = pieces_at_every_byte()
    assert pair.differences(each) == {}
    assert pair.by_lane(each) == 0


def test_what_is_remembered_of_a_visitor_is_not_used_on_another_day(pair: Pair, site: Site) -> None:
    each = [case for case in cases() if "everything" in case.name]
    assert pair.differences(each) == {}
    site.later(days=1)
    assert pair.differences(each) == {}
    assert pair.by_lane(each) > 50


def mixed(seed: int) -> tuple[list[bytes], list[bytes]]:
    """Requests for the lane and for workers, some cut in two; and what tells their answers."""
    dice = random.Random(seed)
    pieces, expected = [], []
    for number in range(100):
        asked = dice.choice(("lane", "lane", "lane", "worker", "page"))
        mark = b"n=%d" % number
        if asked == "page":
            raw = ask(b"/nothing", method=b"HEAD")
            expected.append(b"HTTP/1.1 404")
        else:
            # A length, even of nothing, is not for the lane.
            lines = (b"Content-Length: 0",) if asked == "worker" else ()
            raw = ask(b"/forward?" + mark, *lines)
            expected.append(b"HTTP/1.1 302 " + mark)
        cut = dice.choice((0, 0, 0, dice.randrange(len(raw))))
        pieces += [raw[:cut], raw[cut:]]
    return pieces, expected


def test_answers_of_both_come_in_the_order_of_their_requests(pair: Pair) -> None:
    def click(seed: int) -> bool:
        pieces, expected = mixed(seed)
        came = pair.with_lane.converse(pieces)
        answers = came.split(b"\r\n\r\n")[:-2]  # the last is the probe's
        found = [re.findall(rb"^HTTP/1.1 [0-9]+|n=[0-9]+(?=#top)", each) for each in answers]
        return [b" ".join(each) for each in found] == expected

    with ThreadPoolExecutor(8) as several:
        assert all(several.map(click, range(24)))
    answered = pair.with_lane.parts.lane.answered
    assert sum(data.startswith(b"GET /forward?n=") for data in answered) > 50
