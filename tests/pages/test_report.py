from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from klink.core.captcha import Challenge, Verdict
from klink.core.reports import MAX_TEXT
from klink.core.reports.taking import MAX_OPEN_OF_LINK
from klink.db.connection import read
from klink.db.models import Report
from tests.dialects.house import BASE_URL, House, Reply

HTML = {"Accept": "text/html"}


@pytest.fixture
def house(db: str, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    made.person("klink").post("/api/v1/links", {"url": "https://example.com/", "slug": "spring"})
    yield made
    made.close()


def send(house: House, **fields: object) -> Reply:
    """Send a report as programs do."""
    report = {"link": "spring", "reason": "phishing"} | fields
    peer = str(report.pop("peer", "203.0.113.7"))
    return house.ask(
        "POST", "/_report", json=report, headers={"Accept": "application/json"}, peer=peer
    )


def kept() -> list[Report]:
    with read():
        return list(Report.select().order_by(Report.id))


def test_a_page_with_a_form_knows_the_link_that_it_was_asked_about(house: House):
    page = house.ask("GET", "/_report?code=spring", headers=HTML)
    assert page.status_code == 200
    assert page.mimetype == "text/html"
    assert 'name="link" required maxlength="2048" value="spring"' in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "private, no-store"
    hostile = house.ask("GET", '/_report?url="><script>alert(1)</script>', headers=HTML)
    assert "<script>alert" not in hostile.text
    assert "&lt;script&gt;" in hostile.text


def test_a_form_is_kept_without_its_sender(house: House):
    form = {
        "link": f"{BASE_URL}/spring",
        "reason": "phishing",
        "text": "It asks for my <b>bank</b>.\r\nReally.",
        "email": "ann@example.org",
    }
    done = house.ask("POST", "/_report", data=form, headers=HTML)
    assert (done.status_code, done.mimetype) == (202, "text/html")
    assert "Thank you" in done.text
    [row] = kept()
    assert (row.reason, row.state, row.count, row.email) == (
        "phishing",
        "open",
        1,
        "ann@example.org",
    )
    assert row.text == form["text"]
    assert "203.0.113" not in str(row.__data__)


@pytest.mark.parametrize(
    "link",
    [
        "spring",
        " spring ",
        "go.example.org/spring",
        "https://go.example.org/spring",
        "http://GO.example.org:8080/spring/page?x=1#y",
        "https://go.example.org/spring/",
    ],
)
def test_a_link_is_found_however_it_is_typed(house: House, link: str):
    assert send(house, link=link).status_code == 202
    assert len(kept()) == 1


@pytest.mark.parametrize(
    "link",
    [
        "",
        "winter",
        "Spring",
        "https://elsewhere.example/spring",
        "https://go.example.org/",
        "https://go.example.org/spring/stats",
        "https://[::1/spring",
        "x" * 3000,
        "spring\0",
    ],
)
def test_what_is_no_link_of_this_server_is_refused(house: House, link: str):
    reply = send(house, link=link)
    assert (reply.status_code, list(reply.json["error"]["errors"])) == (422, ["link"])
    assert kept() == []


def test_a_slug_alone_is_the_one_of_the_host_that_was_asked(house: House):
    person = house.person("klink")
    house.domain("links.acme.example")
    there = {"url": "https://example.com/2", "slug": "spring", "domain": "links.acme.example"}
    number = person.post("/api/v1/links", there).json["number"]
    report = {"link": "spring", "reason": "spam"}
    reply = house.ask("POST", "/_report", json=report, base_url="https://links.acme.example")
    assert reply.status_code == 202
    assert [row.link_id for row in kept()] == [number]


def test_a_host_without_links_takes_no_reports(house: House):
    reply = house.ask("GET", "/_report", headers=HTML, base_url="https://elsewhere.example")
    assert reply.status_code == 421


@pytest.mark.parametrize(
    "field, value",
    [
        ("reason", "ugly"),
        ("reason", ""),
        ("reason", 5),
        ("text", "x" * (MAX_TEXT + 1)),
        ("text", "\ud800"),
        ("text", ["x"]),
        ("email", "nobody"),
        ("email", "a@b\r\nBcc: all@example.org"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_field(house: House, field: str, value: object):
    reply = send(house, **{field: value})
    assert (reply.status_code, list(reply.json["error"]["errors"])) == (422, [field])
    assert kept() == []


def test_a_form_with_a_mistake_is_shown_again_with_what_was_typed(house: House):
    form = {"link": "winter", "reason": "spam", "text": "<i>why</i>"}
    page = house.ask("POST", "/_report", data=form, headers=HTML)
    assert page.status_code == 422
    assert "Give the whole address of a short link of this server." in page.text
    assert "&lt;i&gt;why&lt;/i&gt;" in page.text
    assert '<option value="spam" selected>' in page.text
    large = house.ask("POST", "/_report", data=form | {"text": "x" * 40_000}, headers=HTML)
    assert large.status_code == 422


def test_a_longest_text_in_any_script_gets_through_a_form(house: House):
    form = {"link": "spring", "reason": "spam", "text": "😀" * MAX_TEXT}
    assert house.ask("POST", "/_report", data=form, headers=HTML).status_code == 202
    assert kept()[0].text == form["text"]


def test_the_same_said_again_is_counted(house: House):
    for i in range(3):
        house.later(minutes=1)
        assert send(house, text="bad", peer=f"198.51.100.{i}").status_code == 202
    [row] = kept()
    assert (row.count, row.reported_at) == (3, house.now)
    assert row.at < row.reported_at


def test_a_link_has_so_many_reports_and_no_more(house: House):
    for i in range(MAX_OPEN_OF_LINK + 5):
        assert send(house, text=f"bad {i}", peer=f"198.51.100.{i}").status_code == 202
    rows = kept()
    assert len(rows) == MAX_OPEN_OF_LINK
    assert rows[-1].count == 6
    assert send(house, reason="malware", text="worse", peer="198.51.100.99").status_code == 202
    assert (kept()[-1].reason, kept()[-1].text) == ("malware", "worse")  # buried by no other


def test_an_address_sends_five_and_then_one_a_minute(house: House):
    for _ in range(6):
        assert send(house, reason="mistyped").status_code == 422  # counts as none
    for _ in range(5):
        assert send(house).status_code == 202
    refused = send(house)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) in range(50, 62)
    assert send(house, peer="198.51.100.9").status_code == 202
    house.monotonic_s += 61
    assert send(house).status_code == 202


def test_a_link_in_quarantine_is_none(house: House):
    person = house.person("klink")
    [link] = person.get("/api/v1/links").json["items"]
    person.post(f"/api/v1/links/{link['id']}/quarantine", {"reason": "spam"})
    assert send(house).status_code == 422


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(house: House, method: str):
    assert house.ask(method, "/_report").status_code == 405


def test_broken_json_is_refused(house: House):
    reply = house.ask("POST", "/_report", data="{", content_type="application/json")
    assert reply.status_code == 400
    reply = house.ask("POST", "/_report", json=["spring"], headers={"Accept": "application/json"})
    assert (reply.status_code, list(reply.json["error"]["errors"])) == (422, ["body"])


def test_programs_are_told_what_a_report_needs(house: House):
    told = house.ask("GET", "/_report", headers={"Accept": "application/json"}).json
    assert told["fields"] == ["link", "reason", "text", "email"]
    assert "phishing" in told["reasons"]


@dataclass
class Word:
    """A captcha whose answer is a word."""

    def challenge(self, purpose: str, subject: str, now: object) -> Challenge:
        return Challenge("none")

    def check(
        self, purpose: str, subject: str, form: Mapping[str, str], now: object, address: str
    ) -> Verdict:
        assert (purpose, subject, address) == ("report", "", "203.0.113.7")
        return Verdict.PASSED if form.get("word") == "please" else Verdict.WRONG


def test_a_captcha_is_asked_for(house: House):
    house.report_captcha = Word()
    house.configure()
    refused = send(house)
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "captcha_wrong")
    assert kept() == []
    assert send(house, word="please").status_code == 202
