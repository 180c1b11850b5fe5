from __future__ import annotations

from datetime import timedelta

import pytest

from klink.core import idempotency, links, usage
from klink.core.blocking import entries
from klink.core.errors import NotFound
from klink.core.times import to_ms
from klink.db.connection import read, write
from klink.db.models import (
    Audit,
    Change,
    Click,
    DayVisitor,
    Idempotent,
    LinkDay,
    LinkTotal,
    LinkValueTotal,
    LinkVisitor,
    Purge,
    Usage,
    VisitorClick,
    WorkspaceVisitor,
)
from klink.jobs import JOBS, JobSettings, Pace, RunLog, run
from tests.jobs.conftest import NOW, Site, add_clicks

DAY_MS = 86_400_000


def do(name: str, ctx, settings: JobSettings | None = None, pace: Pace | None = None):
    """Run a job of the table by its name; return its counts."""
    job = next(job for job in JOBS if job.name == name)
    done = run(job, ctx, settings or JobSettings(), RunLog(), pace)
    assert done is not None
    return done.counts


def sizes(totals: list[int]) -> list[int]:
    """How much each step did, from what was done after each."""
    return [after - before for before, after in zip([0, *totals], totals, strict=False)]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_does_nothing_on_a_database_with_nothing_due(site: Site, job):
    done = run(job, site.ctx, JobSettings(), RunLog())
    assert done is not None
    assert set(done.counts.values()) == {0}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_every_job_has_a_name_a_line_and_an_interval(job):
    assert job.name.replace("-", "").isalpha()
    assert job.about
    assert "\n" not in job.about
    assert job.every_s(JobSettings()) >= 1


def test_the_interval_of_expire_links_is_the_setting():
    job = next(job for job in JOBS if job.name == "expire-links")
    assert job.every_s(JobSettings(expire_every_s=7.0)) == 7.0


def test_expired_links_are_written_down_once(site: Site):
    due = [site.link(expires_at=NOW + timedelta(minutes=5)) for _ in range(120)]
    site.link(expires_at=NOW + timedelta(days=5))
    site.link()
    site.announced.clear()
    assert do("expire-links", site.ctx) == {"links": 0}
    totals: list[int] = []
    counts = do("expire-links", site.later(minutes=5), pace=Pace(progress=totals.append))
    assert counts == {"links": 120}
    assert max(sizes(totals)) <= 50
    assert do("expire-links", site.later(minutes=6)) == {"links": 0}
    assert {changed.link_id for changed in site.announced} == {link.id for link in due}
    with read():
        assert Audit.select().where(Audit.action == "link.expire").count() == 120


def test_links_are_purged_after_thirty_days_in_the_trash(site: Site):
    for _ in range(45):
        links.trash(site.ctx, site.owner, site.link().uid)
    fresh = site.link()
    links.trash(site.later(days=1), site.owner, fresh.uid)
    living = site.link()
    assert do("purge-trash", site.later(days=29)) == {"links": 0}
    assert do("purge-trash", site.later(days=30)) == {"links": 45}
    assert links.get(site.ctx, site.owner, living.uid).deleted_at is None
    assert links.get(site.ctx, site.owner, fresh.uid).deleted_at is not None
    assert do("purge-trash", site.later(days=31)) == {"links": 1}


def test_what_a_purged_link_left_behind_is_swept(site: Site):
    doomed, kept = site.link(), site.link()
    add_clicks(*[NOW] * 4500, link_id=doomed.id)
    add_clicks(NOW, link_id=kept.id)
    day = to_ms(NOW) // DAY_MS
    with write():
        for link_id in (doomed.id, kept.id):
            counts = {"link_id": link_id, "clicks": 1, "rest": 0, "uniques": 1}
            LinkDay.insert(**counts, day=day, dim=0, value="").execute()
            LinkVisitor.insert(link_id=link_id, visitor="v_1", day=day).execute()
            LinkValueTotal.insert(**counts, dim=1, value="DE").execute()
            for seen_on in (day, day - 1):
                DayVisitor.insert(
                    link_id=link_id, day=seen_on, visitor="v_1", variant_id=0
                ).execute()
        visitors = [{"link_id": doomed.id, "visitor": f"v{i}", "day": day} for i in range(2500)]
        for start in range(0, len(visitors), 500):
            LinkVisitor.insert_many(visitors[start : start + 500]).execute()
    links.purge(site.ctx, site.owner, doomed.uid)
    with pytest.raises(NotFound):
        links.get(site.ctx, site.owner, doomed.uid)
    totals: list[int] = []
    later = site.later(minutes=1)
    counts = do("sweep-purged", later, pace=Pace(progress=totals.append))
    assert counts["rows"] >= 4507 + 2500
    assert max(sizes(totals)) <= 2000
    with read():
        for model in (Click, LinkDay, LinkTotal, LinkValueTotal, LinkVisitor):
            assert [row.link_id for row in model.select()] == [kept.id]
        assert [row.link_id for row in DayVisitor.select()] == [kept.id] * 2
        assert Purge.select().count() == 0
    assert do("sweep-purged", later) == {"rows": 0}


def test_many_purged_links_are_swept_in_short_steps(site: Site):
    purged = [site.link() for _ in range(300)]
    for link in purged:
        links.purge(site.ctx, site.owner, link.uid)
    add_clicks(NOW, link_id=purged[-1].id)
    # Each has to be looked at again in a minute, so all stay on the list.
    steps: list[int] = []
    counts = do("sweep-purged", site.ctx, pace=Pace(progress=steps.append))
    assert counts == {"rows": 300 + 1}  # totals, and the click
    assert len(steps) >= 300 / 50
    with read():
        assert Purge.select().count() == 300
    assert do("sweep-purged", site.later(minutes=1)) == {"rows": 300}


def test_a_click_folded_beside_its_links_purge_is_swept_in_a_second_look(site: Site):
    link = site.link()
    links.purge(site.ctx, site.owner, link.uid)
    do("sweep-purged", site.ctx)
    counts = {"link_id": link.id, "clicks": 1, "uniques": 1, "rest": 0, "views": 1}
    with write():
        LinkTotal.insert(**counts, conversions=0, revenue=0).execute()
    do("sweep-purged", site.later(minutes=1))
    with read():
        assert LinkTotal.select().count() == Purge.select().count() == 0


def test_clicks_are_forgotten_after_the_days_that_are_set_and_no_earlier(site: Site):
    add_clicks(NOW - timedelta(days=10), NOW - timedelta(days=9, seconds=1), NOW, NOW)
    with write():
        LinkTotal.insert(
            link_id=1, clicks=4, views=4, uniques=1, rest=0, conversions=0, revenue=0
        ).execute()
    assert do("prune-clicks", site.ctx, JobSettings(keep_clicks_days=10))["clicks"] == 0
    assert do("prune-clicks", site.ctx, JobSettings(keep_clicks_days=9))["clicks"] == 2
    with read():
        assert Click.select().count() == 2
        assert LinkTotal.get().clicks == 4


def test_clicks_are_forgotten_in_small_transactions(site: Site):
    old = NOW - timedelta(days=500)
    add_clicks(*[old + timedelta(seconds=i) for i in range(3500)], NOW)
    totals: list[int] = []
    assert do("prune-clicks", site.ctx, pace=Pace(progress=totals.append))["clicks"] == 3500
    assert max(sizes(totals)) <= 1000


def test_a_click_that_was_folded_late_is_forgotten_with_those_around_it(site: Site):
    old = NOW - timedelta(days=500)
    add_clicks(NOW, old, NOW, old)
    assert do("prune-clicks", site.ctx)["clicks"] == 2
    with read():
        assert [row.at for row in Click.select()] == [to_ms(NOW)] * 2


def test_the_visitors_of_days_that_are_over_are_forgotten(site: Site):
    today = to_ms(NOW) // DAY_MS
    who = [
        {"day": today - age, "visitor": f"v_{i:04}"} for age in (0, 2, 3, 400) for i in range(900)
    ]
    of_link = {"link_id": 7, "variant_id": 3}
    with write():
        for start in range(0, len(who), 300):
            some = who[start : start + 300]
            DayVisitor.insert_many([row | of_link for row in some]).execute()
            WorkspaceVisitor.insert_many([row | {"workspace_id": 1} for row in some]).execute()
        LinkVisitor.insert(link_id=7, visitor="v_0001", day=today - 400).execute()
    totals: list[int] = []
    counts = do("prune-clicks", site.ctx, pace=Pace(progress=totals.append))
    assert counts == {"clicks": 0, "day_visitors": 2 * 2 * 900, "attributable_clicks": 0}
    assert max(sizes(totals)) <= 2000
    with read():
        for model in (DayVisitor, WorkspaceVisitor):
            days = {row.day for row in model.select()}
            assert (model.select().count(), days) == (2 * 900, {today, today - 2})
        assert LinkVisitor.select().count() == 1


def test_old_answers_windows_and_changes_are_cleaned_up(site: Site):
    with write():
        for i in range(250):
            answer = idempotency.Answer(201, "{}")
            idempotency.store(site.ctx, f"old-{i}", "hash", answer)
        idempotency.store(site.later(hours=20), "young", "hash", answer)
    meter = usage.Meter()
    meter.take(site.ctx, site.owner)
    meter.flush()
    with write():
        Change.insert(at=site.ctx.now, kind="link", slug="old").execute()
    later = site.later(days=1, seconds=1)
    counts = do("clean-up", later)
    dropped = {"answers": 250, "changes": 1}
    assert {name: count for name, count in counts.items() if count} == dropped
    with read():
        assert [row.id for row in Idempotent.select()] == ["young"]
        assert Change.select().count() == 0
        assert Usage.select().count() == 3
    assert do("clean-up", site.later(days=4))["windows"] == 2
    assert do("clean-up", site.later(days=90))["windows"] == 1


def test_an_old_answer_is_cleaned_up_after_exactly_a_day(site: Site):
    with write():
        idempotency.store(site.ctx, "it", "hash", idempotency.Answer(201, "{}"))
    assert do("clean-up", site.later(hours=23, minutes=59))["answers"] == 0
    assert do("clean-up", site.later(hours=24))["answers"] == 1


def test_what_events_go_to_is_forgotten_after_the_window(site: Site):
    limit = NOW - timedelta(days=30)
    times = [limit - timedelta(milliseconds=1), limit, *[limit - timedelta(days=3)] * 3_000, NOW]
    with write():
        for start in range(0, len(times), 500):
            VisitorClick.insert_many(
                {
                    "visitor": f"v_{start + n:016d}", "workspace_id": 1, "at": to_ms(at),
                    "link_id": 1, "variant_id": 0, "run": 1,
                }
                for n, at in enumerate(times[start : start + 500])
            ).execute()  # fmt: skip
    counts = do("prune-clicks", site.ctx)
    assert counts == {"clicks": 0, "day_visitors": 0, "attributable_clicks": 3_001}
    with read():
        left = sorted(row.at for row in VisitorClick.select())
    assert left == [to_ms(limit), to_ms(NOW)]
    assert do("prune-clicks", site.later(days=30))["attributable_clicks"] == 1


def test_links_are_scanned_when_a_list_changes_and_by_hand_at_any_time(site: Site):
    doomed = [site.link() for _ in range(45)]
    by_clock = do("scan-links", site.ctx)
    assert by_clock == {"links": 45, "quarantined": 0, "released": 0, "domains": 0}
    assert do("scan-links", site.later(minutes=1))["links"] == 0
    job = next(job for job in JOBS if job.name == "scan-links")
    by_hand = run(job, site.later(minutes=1), JobSettings(everything=True), RunLog())
    assert by_hand is not None
    assert by_hand.counts["links"] == 45
    entries.add(site.ctx, site.owner, "host", "example.com")
    site.announced.clear()
    assert do("scan-links", site.later(minutes=2))["quarantined"] == 45
    assert {changed.link_id for changed in site.announced} == {link.id for link in doomed}
    assert do("scan-links", site.later(days=2)) == {
        "links": 45,
        "quarantined": 0,
        "released": 0,
        "domains": 0,
    }


def test_a_scan_of_nothing_is_not_repeated_every_minute(site: Site):
    do("scan-links", site.ctx)
    site.link()
    assert do("scan-links", site.later(minutes=1))["links"] == 0
