"""The job that fetches countries: when it is due, and never for longer than the server runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from klink.geoip import Origin, UpdateFailed, Updates, read_state, state_file
from klink.geoip.verifying import KNOWN
from klink.jobs import JOBS, JobRun, JobSettings, Pace, RunLog, run
from tests.fetching.sites import PUBLIC, Visit, World, world
from tests.jobs.conftest import Site
from tests.mmdb import write_mmdb

[JOB] = [job for job in JOBS if job.name == "update-geoip"]


@pytest.fixture
def net() -> Iterator[World]:
    with world() as made:
        made.names.known["geo.example"] = [[PUBLIC]]
        yield made


@pytest.fixture
def settings(net: World, tmp_path: Path) -> JobSettings:
    origin = Origin("http://geo.example/lite.mmdb")
    fetcher = net.fetcher()
    return JobSettings(geoip=Updates(tmp_path / "geoip.mmdb", tmp_path, origin, 86_400.0, fetcher))


def serve(net: World, site: Site, path: Path) -> None:
    nets = {f"{net.rpartition('.')[0]}.0/24": {"country_code": code} for net, code in KNOWN.items()}
    built = int(site.ctx.now.timestamp()) - 3600
    body = write_mmdb(path, nets, build_epoch=built).read_bytes()
    net.site(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def test_it_asks_when_it_is_due_and_not_before(
    net: World, site: Site, settings: JobSettings, tmp_path: Path
):
    serve(net, site, tmp_path / "made.mmdb")

    def ran(**later: float) -> JobRun:
        done = run(JOB, site.later(**later), settings, RunLog())
        assert done is not None
        return done

    assert ran(hours=0).counts == {"updated": 1}
    assert ran(hours=23).counts == {"updated": 0}
    assert len(net.sites[0].requests) == 1
    assert ran(hours=25).counts == {"updated": 0}  # the same again
    assert len(net.sites[0].requests) == 2


def test_where_it_is_off_it_asks_nobody_by_itself(
    net: World, site: Site, settings: JobSettings, tmp_path: Path
):
    serve(net, site, tmp_path / "made.mmdb")
    assert settings.geoip is not None
    off = replace(settings, geoip=replace(settings.geoip, every_s=None))
    done = run(JOB, site.ctx, off, RunLog())
    assert done is not None
    assert done.counts == {"updated": 0}
    assert net.sites[0].requests == []
    asked = run(JOB, site.ctx, replace(off, everything=True), RunLog())
    assert asked is not None
    assert asked.counts == {"updated": 1}


def test_why_it_failed_is_told_where_jobs_are(net: World, site: Site, settings: JobSettings):
    net.site(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    runs = RunLog()
    with pytest.raises(UpdateFailed):
        run(JOB, site.ctx, settings, runs)
    error = runs.last()["update-geoip"].error
    assert error is not None
    assert "geo.example answered 503" in error


def test_a_server_that_ends_waits_for_no_other(net: World, site: Site, settings: JobSettings):
    stop = threading.Event()

    def stop_and_say_nothing(visit: Visit) -> None:
        stop.set()
        visit.say_nothing()

    net.site(stop_and_say_nothing)
    began = time.monotonic()
    done = run(JOB, site.ctx, settings, RunLog(), Pace(stop))
    assert done is not None
    assert (done.counts, done.error) == ({"updated": 0}, None)
    assert time.monotonic() - began < 5
    assert settings.geoip is not None
    assert read_state(state_file(settings.geoip.data_dir)).failures == 0
