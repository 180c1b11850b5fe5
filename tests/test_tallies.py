from __future__ import annotations

import threading

from klink.tallies import BOUNDS_S, Distribution, Requests


def test_durations_are_counted_in_groups_whose_upper_bound_belongs_to_them():
    took = Distribution()
    took.add(BOUNDS_S[0])
    took.add(BOUNDS_S[0] * 1.01, times=3)
    took.add(BOUNDS_S[-1] * 2)
    counts, sum_s = took.spread()
    assert counts == (1, 3, *[0] * (len(BOUNDS_S) - 2), 1)
    assert round(sum_s, 6) == round(BOUNDS_S[0] * 4.03 + BOUNDS_S[-1] * 2, 6)


def test_a_spread_that_was_read_stays_as_it_was():
    took = Distribution()
    before = took.spread()
    took.add(0.001)
    assert sum(before.counts) == 0


def test_requests_of_many_threads_are_all_counted():
    requests = Requests()

    def ask():
        for _ in range(2000):
            requests.add("links", 302, 0.001)
            requests.add("klink", 404, 0.01)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert requests.answers() == {("links", 302): 8000, ("klink", 404): 8000}
    assert {door: sum(each.counts) for door, each in requests.durations().items()} == {
        "links": 8000,
        "klink": 8000,
    }
