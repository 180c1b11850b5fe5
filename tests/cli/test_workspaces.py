from __future__ import annotations

from pathlib import Path

from klink.core import users, workspaces
from tests.cli.conftest import Klink, core


def test_a_new_workspace_prints_its_id_and_belongs_to_the_first_owner(klink: Klink, here: Path):
    uid = klink("workspaces", "create", "acme", "--plan", "kliqs-free").line
    with core(here):
        made = workspaces.find(uid)
        assert (made.name, made.plan) == ("acme", "kliqs-free")
        assert users.find(None, made.id).email == "owner@localhost"


def test_workspaces_are_listed_with_the_first_one_first(klink: Klink, here: Path):
    made = klink("workspaces", "create", "acme", "--json").json
    assert set(made) == {
        "id", "number", "public_id", "name", "plan", "currency", "conversion_names", "created_at",
    }  # fmt: skip
    found = klink("workspaces", "list", "--json").json
    assert [each["name"] for each in found] == ["default", "acme"]
    assert found[1] == made
    table = klink("workspaces", "list").out.splitlines()
    assert table[0].split() == ["NUMBER", "NAME", "PLAN", "CREATED", "ID"]
    assert table[2].split()[:3] == ["2", "acme", "-"]


def test_a_workspace_gets_a_plan_by_its_name_or_an_id(klink: Klink, here: Path):
    uid = klink("workspaces", "create", "acme").line
    for name, plan in (("acme", "qklnk"), ("2", "kliqs-pro"), (uid, "unlimited")):
        done = klink("workspaces", "set-plan", name, plan)
        assert (done.status, done.out, done.err) == (0, "", "")
        with core(here):
            assert workspaces.find("acme").plan == plan
    assert klink("workspaces", "set-plan", "acme", "qklnk", "--json").json["plan"] == "qklnk"


def test_what_is_wrong_with_a_workspace_is_told_in_one_line(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    assert "'acme'" in klink("workspaces", "create", "acme").refusal
    assert "name" in klink("workspaces", "create", "a\x1b[0m").refusal
    refusal = klink("workspaces", "create", "b", "--plan", "gold").refusal
    assert "'gold'" in refusal
    assert "kliqs-free" in refusal
    assert "'nobody'" in klink("workspaces", "set-plan", "nobody", "qklnk").refusal
    with core(here):
        assert len(workspaces.all_of_them()) == 2


def test_a_workspace_says_which_events_are_conversions(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    done = klink("workspaces", "set-conversions", "acme", "order", "Größe L", "order")
    assert (done.status, done.out, done.err) == (0, "", "")
    found = klink("workspaces", "list", "--json").json
    assert [each["conversion_names"] for each in found] == [None, ["order", "Größe L"]]
    again = klink("workspaces", "set-conversions", "2", "--default", "--json").json
    assert (again["name"], again["conversion_names"]) == ("acme", None)


def test_conversions_that_cannot_be_are_refused_in_one_line(klink: Klink, here: Path):
    for names in ([], ["a", "--default"]):
        done = klink("workspaces", "set-conversions", "default", *names)
        assert (done.status, "give --default" in done.err) == (2, True)
    assert "control" in klink("workspaces", "set-conversions", "default", "a\x1b").refusal
    assert "'nobody'" in klink("workspaces", "set-conversions", "nobody", "a").refusal
    many = [str(n) for n in range(101)]
    assert "100" in klink("workspaces", "set-conversions", "default", *many).refusal
    with core(here):
        assert workspaces.find(None).conversion_names is None
