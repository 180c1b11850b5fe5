"""Experiments through the doors: from visits and events to a winner, and back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from klink.core.principal import Principal
from klink.db.models import Audit, Click, ExperimentRun, Exposure
from klink.jobs.job import JobSettings
from klink.jobs.pace import Pace
from klink.jobs.table import pick_winners
from klink.jobs.winners import ExperimentsFailed
from tests.dialects.house import House, Person

LABELS = {"a": "https://a.example.com/", "b": "https://b.example.com/"}
SPLIT = [{"label": label, "url": url, "weight": 50} for label, url in LABELS.items()]


@pytest.fixture
def owner(house: House) -> Person:
    return house.person("klink")


def split_link(owner: Person, **fields: Any) -> dict[str, Any]:
    body = {
        "routing": {"mode": "split", "variants": SPLIT},
        "conversion_tracking": True,
        "experiment": {"auto_winner": True, "threshold": 10},
    }
    reply = owner.post("/api/v1/links", body | fields)
    assert reply.status_code == 201, reply.text
    return dict(reply.json)


def visit(house: House, link: dict[str, Any], number: int) -> tuple[str, str]:
    """Somebody new follows the link: the label they got, and their klid."""
    reply = house.visit(link["short_url"], peer=f"198.51.{number // 250}.{number % 250 + 1}")
    location = reply.headers["Location"]
    label = next(label for label, url in LABELS.items() if location.startswith(url))
    return label, parse_qs(urlsplit(location).query)["klid"][0]


def buy(owner: Person, klid: str, revenue: str = "9.99") -> None:
    body = {"visitor_id": klid, "event_name": "purchase", "revenue": revenue}
    reply = owner.post("/api/v1/events", body)
    assert reply.status_code == 201, reply.text


def standing(owner: Person, link: dict[str, Any], **query: Any) -> dict[str, Any]:
    reply = owner.get(f"/api/v1/links/{link['id']}/experiment", query_string=query)
    assert reply.status_code == 200, reply.text
    return dict(reply.json)


def seen(house: House, owner: Person, link: dict[str, Any]) -> None:
    """Visits that leave no doubt: 120 visitors, of whom those of b convert and those of a not."""
    for number in range(120):
        label, klid = visit(house, link, number)
        if label == "b" and number % 2:
            buy(owner, klid)


def pick(house: House) -> dict[str, int]:
    return pick_winners(house.ctx, JobSettings(), Pace()).counts


def test_visitors_and_their_conversions_stand_at_their_variant(house: House, owner: Person) -> None:
    link = split_link(owner)
    for number in range(30):
        label, klid = visit(house, link, number)
        visit(house, link, number)  # again: one exposure a visitor
        if label == "b":
            buy(owner, klid)
            buy(owner, klid)  # twice: one converting visitor
    found = standing(owner, link)
    a, b = found["variants"]
    assert (a["label"], a["weight"], b["label"]) == ("a", 50, "b")
    assert a["visitors"] + b["visitors"] == 30
    assert (a["conversions"], b["conversions"]) == (0, b["visitors"])
    assert b["revenue"] == f"{b['visitors'] * 2 * 9.99:.2f}"
    assert b["rate"] == 1.0
    assert b["interval"][0] > a["interval"][1]
    assert b["probability_best"] > 0.99
    assert found["verdict"] == "collecting"
    assert "visitors that a decision needs" in found["reason"]
    assert found["clicks"] == 60


def test_no_sum_of_revenue_is_too_large(house: House, owner: Person) -> None:
    link = split_link(owner)
    for number in range(12):
        visit(house, link, number)
    assert len(standing(owner, link)["variants"]) == 2  # the ledger has counted them
    largest = 2**63 - 1  # what an exposure holds at most
    Exposure.update(revenue=largest).execute()
    found = standing(owner, link)
    assert sum(Decimal(each["revenue"]) for each in found["variants"]) == Decimal(
        12 * largest
    ).scaleb(-4)
    assert pick(house) == {"winners": 0}


def test_an_experiment_that_cannot_be_judged_holds_up_no_other(
    house: House, owner: Person, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = split_link(owner), split_link(owner)
    ExperimentRun.insert(
        link_id=broken["number"], run=1, ended_at=house.ctx.now, clicks=0, variants="no JSON"
    ).execute()
    seen(house, owner, sound)
    house.later(minutes=1)
    with pytest.raises(ExperimentsFailed, match="1 experiments could not be judged"):
        pick(house)
    assert f"the experiment of link {broken['number']} could not be judged" in caplog.text
    assert owner.get(f"/api/v1/links/{sound['id']}").json["experiment"]["winner"] == "b"


def test_the_job_names_a_winner_on_evidence_and_all_traffic_goes_there(
    house: House, owner: Person
) -> None:
    link = split_link(owner)
    assert pick(house) == {"winners": 0}
    seen(house, owner, link)
    assert standing(owner, link)["verdict"] == "winner"
    house.later(minutes=1)
    assert pick(house) == {"winners": 1}
    read = owner.get(f"/api/v1/links/{link['id']}").json
    assert read["experiment"]["winner"] == "b"
    assert read["experiment"]["decided_at"] is not None
    assert {visit(house, link, number)[0] for number in range(200, 230)} == {"b"}
    found = standing(owner, link)
    assert (found["verdict"], found["winner"]) == ("winner", "b")
    assert sum(each["visitors"] for each in found["variants"]) == 120  # those before it
    entry = Audit.get(Audit.action == "link.winner")
    assert '"evidence":' in entry.details.replace(" ", "")
    klinky = house.person("klinky").get(f"/api/v1/public/links/{link['id']}").json
    assert klinky["winner"] == "b"
    assert pick(house) == {"winners": 0}


def test_the_job_leaves_alone_who_did_not_ask(house: House, owner: Person) -> None:
    link = split_link(owner, experiment={"auto_winner": False})
    seen(house, owner, link)
    assert pick(house) == {"winners": 0}
    assert owner.get(f"/api/v1/links/{link['id']}").json["experiment"]["winner"] is None


def test_a_winner_is_named_by_hand_and_taken_back(house: House, owner: Person) -> None:
    link = split_link(owner, experiment={"auto_winner": False})
    for number in range(10):
        visit(house, link, number)
    path = f"/api/v1/links/{link['id']}/experiment/winner"
    house.later(minutes=1)
    named = owner.post(path, {"label": "a"})
    assert named.status_code == 200
    assert named.json["experiment"]["winner"] == "a"
    assert {visit(house, link, number)[0] for number in range(20, 40)} == {"a"}
    found = standing(owner, link)
    assert (found["verdict"], found["winner"], found["run"]) == ("winner", "a", 1)
    assert found["reason"].startswith("a was chosen by hand.")
    undone = owner.delete(path)
    assert undone.json["experiment"]["winner"] is None
    assert {visit(house, link, number)[0] for number in range(40, 80)} == {"a", "b"}
    now = standing(owner, link)
    assert (now["run"], now["winner"], now["clicks"]) == (2, None, 40)
    before = standing(owner, link, run=1)
    assert (before["winner"], before["last_run"]) == ("a", 2)
    assert sum(each["visitors"] for each in before["variants"]) == 10
    actions = [row.action for row in Audit.select().order_by(Audit.id)]
    assert actions[-2:] == ["link.winner", "link.winner.undo"]


def test_another_winner_leaves_the_figures_of_the_split_as_they_were(
    house: House, owner: Person
) -> None:
    link = split_link(owner)
    for number in range(10):
        visit(house, link, number)
    path = f"/api/v1/links/{link['id']}/experiment/winner"
    house.later(minutes=1)
    owner.post(path, {"label": "a"})
    house.later(minutes=1)
    for number in range(20, 30):
        visit(house, link, number)
    assert owner.post(path, {"label": "b"}).json["experiment"]["winner"] == "b"
    before = standing(owner, link, run=1)
    assert (before["winner"], sum(each["visitors"] for each in before["variants"])) == ("a", 10)
    now = standing(owner, link)
    assert (now["run"], now["winner"], now["clicks"]) == (2, "b", 0)


def test_new_weights_begin_a_new_run_and_the_old_one_stays_readable(
    house: House, owner: Person
) -> None:
    link = split_link(owner)
    for number in range(20):
        visit(house, link, number)
    changed = [{**SPLIT[0], "weight": 90}, {**SPLIT[1], "weight": 10}]
    owner.put(f"/api/v1/links/{link['id']}/variants", changed)
    for number in range(20, 25):
        visit(house, link, number)
    now, before = standing(owner, link), standing(owner, link, run=1)
    assert (now["run"], now["clicks"]) == (2, 5)
    assert [each["weight"] for each in now["variants"]] == [90, 10]
    assert [each["weight"] for each in before["variants"]] == [50, 50]
    assert sum(each["visitors"] for each in before["variants"]) == 20
    assert before["ended_at"] == now["started_at"]
    assert standing(owner, link, run=2)["run"] == 2
    missing = owner.get(f"/api/v1/links/{link['id']}/experiment", query_string={"run": 3})
    assert missing.status_code == 404


def test_a_link_with_one_destination_has_nothing_to_compare(owner: Person) -> None:
    link = owner.post("/api/v1/links", {"url": "https://example.com/"}).json
    found = standing(owner, link)
    assert found["variants"] == []
    assert found["verdict"] == "collecting"


def test_bad_winners_are_refused(house: House, owner: Person) -> None:
    link = split_link(owner)
    path = f"/api/v1/links/{link['id']}/experiment/winner"
    assert list(owner.post(path, {"label": "c"}).json["errors"]) == ["label"]
    assert owner.post(path, {}).status_code == 422
    assert owner.post(path, {"label": "a", "why": "x"}).status_code == 422
    reader = house.person("klink", scopes=["read"])
    assert reader.post(path, {"label": "a"}).status_code == 403
    assert reader.delete(path).status_code == 403
    stranger = house.person("klink", workspace="elsewhere")
    assert stranger.post(path, {"label": "a"}).status_code == 404
    assert stranger.get(f"/api/v1/links/{link['id']}/experiment").status_code == 404
    stale = owner.post(path, {"label": "a"}, headers={"If-Match": '"99"'})
    assert stale.status_code == 412
    assert owner.get(f"/api/v1/links/{link['id']}").json["experiment"]["winner"] is None


def test_bots_and_private_visitors_are_no_part_of_it(house: House, owner: Person) -> None:
    link = split_link(owner)
    house.visit(link["short_url"], headers={"User-Agent": "curl/8.0"})
    house.visit(link["short_url"], headers={"Sec-GPC": "1"})
    assert sum(each["visitors"] for each in standing(owner, link)["variants"]) == 0
    assert Exposure.select().count() == 0
    assert Click.select().count() == 2


def test_what_was_purged_leaves_no_runs(house: House, owner: Person) -> None:
    from klink.core import links

    link = split_link(owner)
    visit(house, link, 1)
    owner.post(f"/api/v1/links/{link['id']}/experiment/winner", {"label": "a"})
    owner.delete(f"/api/v1/links/{link['id']}/experiment/winner")
    assert ExperimentRun.select().count() == 1
    links.purge(house.ctx, Principal(owner.workspace_id, None, None, "test"), link["id"])
    house.later(minutes=2)
    assert sum(links.sweep(house.now)) > 0
    assert ExperimentRun.select().count() == 0
    assert Exposure.select().count() == 0


# --- Rules beside weights


def decided(owner: Person, link: dict[str, Any], country: str) -> str:
    reply = owner.get(f"/api/v1/links/{link['id']}/explain", query_string={"country": country})
    return str(reply.json["decided_by"])


def test_a_rule_added_to_a_split_leaves_everybody_else_split(owner: Person) -> None:
    link = split_link(owner, routing={"variants": SPLIT})
    rule = {"when": {"country": ["DE"]}, "use": "b"}
    path = f"/api/v1/links/{link['id']}"
    routing = owner.patch(path, {"routing": {"rules": [rule]}}).json["routing"]
    assert (routing["mode"], routing["default"]) == ("rules", "split")
    assert (decided(owner, link, "DE"), decided(owner, link, "US")) == ("rule", "split")
    both = split_link(owner, routing={"variants": SPLIT, "rules": [rule]})
    assert decided(owner, both, "US") == "split"
    back = owner.patch(path, {"routing": {"rules": []}}).json["routing"]
    assert (back["mode"], back["default"]) == ("split", None)


def test_who_asks_for_rules_alone_gets_the_default_or_the_first_variant(owner: Person) -> None:
    rule = {"when": {"country": ["DE"]}, "use": "b"}
    routing = {"mode": "rules", "variants": SPLIT, "rules": [rule]}
    link = split_link(owner, routing=routing)
    assert link["routing"]["default"] is None
    assert decided(owner, link, "US") == "default"
    path = f"/api/v1/links/{link['id']}"
    other = {"when": {"country": ["FR"]}, "use": "b"}
    changed = owner.patch(path, {"routing": {"rules": [rule, other]}}).json["routing"]
    assert changed["default"] is None  # as before
    asked = owner.patch(path, {"routing": {"default": "split"}})
    assert asked.json["routing"]["default"] == "split"
    assert decided(owner, link, "US") == "split"
    replaced = owner.put(f"{path}/variants", SPLIT)
    assert replaced.json["routing"]["default"] == "split"


def test_weights_as_the_default_are_nothing_that_klinky_can_say(
    house: House, owner: Person
) -> None:
    rule = {"when": {"country": ["DE"]}, "use": "b"}
    link = split_link(owner, routing={"variants": SPLIT, "rules": [rule]})
    klinky, path = house.person("klinky"), f"/api/v1/public/links/{link['id']}"
    assert klinky.get(path).json["geo_rules"] == {"DE": "b"}
    refused = klinky.put(path, {"geo_rules": {"DE": "a"}})
    assert refused.status_code == 422
    assert owner.get(f"/api/v1/links/{link['id']}").json["routing"]["rules"] == [rule]


def test_an_experiment_without_tracking_says_why_nothing_converts(owner: Person) -> None:
    untracked = split_link(owner, conversion_tracking=False)
    assert "conversion_tracking is off" in standing(owner, untracked)["reason"]
    assert "conversion_tracking" not in standing(owner, split_link(owner))["reason"]
