from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import audit_log
from klink.core.audit_log import AuditQuery
from klink.core.errors import Conflict, NotFound
from klink.jobs import JobRun, JobStatus
from klink.web.parts import EXTENSION
from tests.admin.office import Office

PATH = "/admin/settings/jobs"


class Jobs:
    """The jobs of a server, as its clock tells of them."""

    def __init__(self, office: Office) -> None:
        now = office.now
        failed = JobRun("scan-links", now, 2500, {}, "no room <left>", failures=1, runs=3)
        failed = replace(failed, last_error=failed.error, last_error_at=now)
        done = JobRun("clean-up", now - timedelta(hours=3), 1234, {"old_answers": 4100})
        self.statuses = [
            JobStatus("scan-links", "look at links", 60, False, now, failed),
            JobStatus("clean-up", "drop what is old", 3600, False, now, done),
            JobStatus("purge-trash", "erase", 3600, True, None, None),
        ]
        self.begun: list[str] = []
        app = office.house.app
        parts = app.extensions[EXTENSION]
        app.extensions[EXTENSION] = replace(
            parts, jobs_status=lambda: self.statuses, run_job=self.run
        )

    def run(self, name: str) -> None:
        if name not in [each.name for each in self.statuses]:
            raise NotFound("job")
        if name == "purge-trash":
            raise Conflict("purge-trash is running already")
        self.begun.append(name)


@pytest.fixture
def jobs(office: Office) -> Jobs:
    return Jobs(office)


def test_only_who_runs_the_server_sees_jobs(office: Office, jobs: Jobs):
    for person in (office.sign_in("admin"), office.sign_in("viewer"), office.stranger()):
        assert person.get(PATH).status_code == 403
        assert person.get(f"{PATH}/table").status_code == 403
        assert person.post(f"{PATH}/clean-up/run").status_code == 403
    assert office.browser().get(PATH).status_code == 303
    assert jobs.begun == []


def test_each_job_is_told_with_how_it_went(office: Office, jobs: Jobs):
    owner = office.sign_in("owner")
    page = owner.get(PATH).text
    assert "no room &lt;left&gt;" in page
    assert "4,100 old answers" in page
    assert ">1.2 s<" in page
    assert "1 hour" in page
    assert "not by the clock here" in page
    table = owner.get(f"{PATH}/table", headers={"X-Klink": "fragment"}).text
    assert "<html" not in table
    assert "data-running" in table


def test_a_job_is_begun_by_hand_and_that_is_written_down(office: Office, jobs: Jobs):
    owner = office.sign_in("owner")
    assert "clean-up has begun." in owner.follow(owner.post(f"{PATH}/clean-up/run")).text
    assert jobs.begun == ["clean-up"]
    found = audit_log.search(owner.principal, AuditQuery(action="job.run")).items
    assert [each.subject.label for each in found] == ["clean-up"]


def test_a_job_that_runs_is_not_begun_again(office: Office, jobs: Jobs):
    owner = office.sign_in("owner")
    reply = owner.post(f"{PATH}/purge-trash/run")
    assert reply.status_code == 422
    assert "Purge-trash is running already." in reply.text
    assert owner.post(f"{PATH}/nothing/run").status_code == 404
    assert audit_log.search(owner.principal, AuditQuery(action="job.run")).items == []
