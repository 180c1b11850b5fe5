from __future__ import annotations

import pytest

from klink.core import links, reports
from klink.core.reports import NewReport
from tests.admin.office import Office


def report(office: Office, slug: str, reason: str = "phishing", text: str = "") -> None:
    reports.take(office.context(), NewReport(link=slug, reason=reason, text=text))


def numbers(office: Office, who) -> list[int]:
    page = reports.search(office.context(), who.principal, state=None)
    return [each.id for each in page.items]


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_managers_see_what_visitors_have_reported(office: Office, role: str):
    office.link("bank", "https://bank.example/login")
    for _ in range(3):
        report(office, "bank", "phishing", "It asks for\nmy <b>PIN</b>.")
    page = office.sign_in(role).get("/admin/reports").text
    assert "go.example.org/bank" in page
    assert "https://bank.example/login" in page
    assert "Reported 3 times" in page
    assert "It asks for\nmy &lt;b&gt;PIN&lt;/b&gt;." in page
    assert "Open (1)" in page


@pytest.mark.parametrize("role", ["editor", "viewer"])
def test_others_do_not(office: Office, role: str):
    office.link("bank")
    report(office, "bank")
    somebody = office.sign_in(role)
    assert somebody.get("/admin/reports").status_code == 403
    assert somebody.post("/admin/reports/1/dismiss").status_code == 403
    assert somebody.post("/admin/reports/1/act").status_code == 403


def test_a_workspace_sees_and_decides_its_own_alone(office: Office):
    office.link("bank")
    report(office, "bank", text="look at this")
    stranger = office.stranger()
    page = stranger.get("/admin/reports?state=all").text
    assert "look at this" not in page
    for action in ("dismiss", "act"):
        assert stranger.post(f"/admin/reports/1/{action}").status_code == 404
    assert reports.open_count(office.sign_in("owner").principal) == 1


def test_an_empty_inbox_says_what_it_is(office: Office):
    owner = office.sign_in("owner")
    assert "No reports wait for you" in owner.get("/admin/reports").text
    assert "None of these" in owner.get("/admin/reports?state=acted").text


def test_a_report_is_dismissed(office: Office):
    office.link("bank")
    report(office, "bank")
    owner = office.sign_in("owner")
    reply = owner.post("/admin/reports/1/dismiss", {"state": "open"})
    page = owner.follow(reply).text
    assert "Report dismissed." in page
    assert "No reports wait for you" in page
    assert "dismissed" in owner.get("/admin/reports?state=dismissed").text


def test_a_reported_link_is_put_in_quarantine_with_all_its_reports(office: Office):
    link = office.link("bank")
    report(office, "bank", "phishing")
    report(office, "bank", "spam")
    owner = office.sign_in("owner")
    page = owner.follow(owner.post("/admin/reports/1/act", {"state": "open"})).text
    assert "/bank is in quarantine" in page
    assert links.get(office.context(), owner.principal, link.uid).quarantined_by == "workspace"
    acted = owner.get("/admin/reports?state=acted").text
    assert acted.count("in quarantine</span>") == 2
    assert office.house.visit(link.short_url).status_code == 404


def test_many_reports_have_pages(office: Office):
    for i in range(30):
        office.link(f"link-{i}")
        report(office, f"link-{i}")
    owner = office.sign_in("owner")
    first = owner.get("/admin/reports").text
    assert (first.count("<article"), "link-29" in first) == (25, True)
    cursor = numbers(office, owner)[24]
    rest = owner.get(f"/admin/reports?state=open&cursor={cursor}").text
    assert (rest.count("<article"), "link-0" in rest, "First page" in rest) == (5, True, True)
    assert owner.get("/admin/reports?cursor=x").status_code == 422


def test_the_navigation_says_how_many_wait(office: Office):
    office.link("bank")
    waiting = '1<span class="visually-hidden"> open</span>'
    assert waiting not in office.sign_in("owner").get("/admin/settings/domains").text
    report(office, "bank")
    assert waiting in office.sign_in("admin").get("/admin/settings/domains").text
    assert waiting not in office.sign_in("editor").get("/admin/settings/domains").text
    assert waiting not in office.stranger().get("/admin/settings/domains").text


def test_who_reported_is_not_shown(office: Office):
    office.link("bank")
    new = NewReport(link="bank", reason="spam", email="ann@example.net")
    reports.take(office.context(), new)
    assert "ann@example.net" not in office.sign_in("owner").get("/admin/reports").text
