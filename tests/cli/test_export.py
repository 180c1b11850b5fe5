from __future__ import annotations

import csv
import io
import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from klink.core import bio, domains, events, links, users, workspaces
from klink.core.bio import NewBioPage, PlacedLink
from klink.core.context import Context
from klink.core.events import NewEvent
from klink.core.links import NewLink, NewRule, NewVariant
from klink.core.principal import Principal
from klink.moving.out.kinds import KINDS
from tests.cli.conftest import Done, Klink, core
from tests.stats.visits import Visit, count

URL = "https://example.com/landing"
AB = (NewVariant("a", "https://a.example/", 30), NewVariant("b", "https://b.example/", 70))


def owner(workspace: str | None = None) -> Principal:
    home = workspaces.find(workspace)
    return Principal(home.id, users.find(None, home.id).id, None, "cli", role="owner")


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def of(found: list[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [line for line in found if line["type"] == type_]


def fill(ctx: Context) -> datetime:
    """One of everything, in two workspaces; return when it was clicked."""
    who = owner()
    at = ctx.now - timedelta(minutes=5)
    spring = links.create(
        ctx,
        who,
        NewLink(
            variants=AB,
            rules=(NewRule({"country": ["DE"]}, "b"),),
            default="split",
            slug="spring",
            title="=1+1",
            tags=("x", "y"),
            conversion_tracking=True,
            password="sesame",
        ),
    ).link
    gone = links.create(ctx, who, NewLink(url=URL, slug="gone")).link
    first = spring.variants[0]
    facts = {"country": "DE"}
    count([Visit(at, spring.id, variant_id=first.id, label=first.label, facts=facts)])
    events.record(ctx, who, NewEvent(visitor_id="v_1", event_name="purchase"))
    domains.claim(ctx, who, "go.example.com", verified=True)
    bio.create(ctx, who, NewBioPage(name="anna", title="Anna"))
    bio.place(ctx, who, "anna", [PlacedLink(spring.uid, "Look")])
    links.trash(ctx, who, gone.uid)
    workspaces.create(ctx, "elsewhere")
    links.create(ctx, owner("elsewhere"), NewLink(url=URL, slug="away"))
    return at


def test_json_lines_hold_everything_of_every_workspace(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        fill(ctx)
    done = klink("export", "all.jsonl")
    assert (done.status, done.out) == (0, "")
    assert "3 links" in done.err
    file = here.parent / "all.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = lines(file.read_text())
    assert found[0]["type"] == "export"
    assert found[-1] == {
        "type": "end",
        "counts": {
            **{"workspaces": 2, "domains": 3, "links": 3, "tags": 2, "bio-pages": 1},
            **{"events": 1, "days": len(of(found, "day"))},
        },
    }
    spring, gone, away = (line["link"] for line in of(found, "link"))
    assert [line["workspace"] for line in of(found, "link")] == ["default"] * 2 + ["elsewhere"]
    assert (spring["slug"], spring["title"], spring["tags"]) == ("spring", "=1+1", ["x", "y"])
    assert spring["routing"]["variants"][0]["url"] == "https://a.example/"
    assert spring["routing"]["variants"][0]["clicks"] == spring["clicks"] == 1
    assert spring["routing"]["rules"] == [{"when": {"country": ["DE"]}, "use": "b"}]
    assert spring["password_hash"].startswith("$argon2id$")
    assert (gone["slug"], gone["deleted_at"] is not None) == ("gone", True)
    assert (away["slug"], away["password_hash"]) == ("away", None)
    assert of(found, "bio_page")[0]["links"] == [
        {"link": spring["id"], "slug": "spring", "label": "Look"}
    ]
    assert [each["host"] for each in of(found, "domain")][1] == "go.example.com"
    assert of(found, "event")[0]["event_name"] == "purchase"
    days = {(each["by"], each["value"]): each["clicks"] for each in of(found, "day")}
    assert days[("total", None)] == days[("country", "DE")] == days[("variant", "a")] == 1


def test_a_link_is_as_the_api_shows_it(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        fill(ctx)
    shown = klink("links", "show", "spring", "--json").json
    found = of(lines(klink("export", "-", "--kind", "links").out), "link")[0]["link"]
    assert shown.keys() <= found.keys()
    assert {name: found[name] for name in shown} == shown


def test_single_clicks_come_when_they_are_asked_for(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        at = fill(ctx)
    found = lines(klink("export", "-", "--with-clicks").out)
    (seen,) = of(found, "click")
    assert (seen["slug"], seen["variant"], seen["country"]) == ("spring", "a", "DE")
    assert datetime.fromisoformat(seen["at"]) == at.replace(microsecond=0)
    assert of(found, "link")
    only = lines(klink("export", "-", "--kind", "clicks").out)
    assert [line["type"] for line in only] == ["export", "click", "end"]


def test_one_workspace_is_exported_alone(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        fill(ctx)
    found = lines(klink("export", "-", "--workspace", "elsewhere").out)
    assert [line["link"]["slug"] for line in of(found, "link")] == ["away"]
    assert "no" in klink("export", "-", "--workspace", "nowhere").refusal


def test_every_kind_is_a_table_too(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        fill(ctx)
    file = here.parent / "some.csv"
    for kind in KINDS:
        done = klink("export", str(file), "--kind", kind, "--json")
        rows = list(csv.DictReader(io.StringIO(file.read_text())))
        assert done.json == {"file": str(file), "format": "csv", "records": {kind: len(rows)}}
        assert rows
        assert all(None not in row and None not in row.values() for row in rows)
        assert rows[0]["workspace"] == "default"


def test_a_table_of_links_has_no_formulas(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        fill(ctx)
    rows = list(csv.DictReader(io.StringIO(klink("export", "-", "--format", "csv").out)))
    assert [row["slug"] for row in rows] == ["spring", "gone", "away"]
    assert rows[0]["title"] == "'=1+1"
    assert json.loads(rows[0]["variants"])[1]["weight"] == 70
    assert "argon2" not in str(rows)


def test_more_than_a_page_of_links_comes_in_order(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        new = [NewLink(url=URL, slug=f"s{i}") for i in range(1_100)]
        for start in range(0, 1_100, 550):
            links.create_many(ctx, owner(), new[start : start + 550], atomic=True)
    found = of(lines(klink("export", "-", "--kind", "links").out), "link")
    assert [line["link"]["slug"] for line in found] == [f"s{i}" for i in range(1_100)]
    done = klink("export", "-", "--format", "cloudflare")
    slugs = [row[0].rpartition("/")[2] for row in csv.reader(io.StringIO(done.out))]
    assert slugs == sorted(f"s{i}" for i in range(1_100))


def test_a_map_says_what_it_left_out_and_why(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        fill(ctx)
        links.create(ctx, owner(), NewLink(variants=AB, slug="ab"))
    done = klink("export", "klink.conf", "--format", "nginx", "--json")
    assert done.json == {
        "file": "klink.conf",
        "format": "nginx",
        "redirects": 2,
        "left_out": {"trashed": 1, "password": 1},
        "lost": {"split": 1},
        "examples": {
            "trashed": ["https://go.example.org/gone"],
            "password": ["https://go.example.org/spring"],
        },
    }
    text = (here.parent / "klink.conf").read_text()
    assert "# left out: spring asks for a password" in text
    assert '"go.example.org/ab" "302 https://b.example/";  # splits traffic' in text
    told = klink("export", "klink.conf", "--format", "caddy")
    assert told.out == ""
    assert "2 redirects, 2 links left out" in told.err
    assert "1 left out, each asks for a password: https://go.example.org/spring" in told.err


def test_a_list_for_cloudflare_has_its_columns(klink: Klink, here: Path) -> None:
    with core(here) as ctx:
        url = "https://example.com/?a,b;=cmd|' /C'!A0"
        links.create(ctx, owner(), NewLink(url=url, slug="s", forward_query=True))
        links.create(ctx, owner(), NewLink(url=URL, slug="t", redirect_status=307))
    rows = list(csv.reader(io.StringIO(klink("export", "-", "--format", "cloudflare").out)))
    target = "https://example.com/?a,b%3B=cmd%7C%27%20/C%27!A0"
    assert rows == [
        ["go.example.org/s", target, "302", "TRUE", "FALSE", "FALSE", "FALSE"],
        ["go.example.org/t", URL, "307", "FALSE", "FALSE", "FALSE", "FALSE"],
    ]


def usage(done: Done) -> str:
    assert (done.status, done.out) == (2, "")
    return done.err


def test_what_cannot_be_exported_so_is_refused(klink: Klink, here: Path) -> None:
    assert "--format" in usage(klink("export", "links.foo"))
    assert "one kind" in usage(klink("export", "a.csv", "--kind", "links", "--kind", "tags"))
    assert "one kind" in usage(klink("export", "a.csv", "--with-clicks"))
    assert "links alone" in usage(klink("export", "a", "--format", "nginx", "--kind", "tags"))
    assert "is no file" in klink("export", "/dev/null", "--format", "csv").refusal
    assert "nowhere/a.csv: No such file" in klink("export", "nowhere/a.csv").refusal
    assert not list(here.parent.glob("*.csv"))


def test_nothing_is_copied_where_there_is_no_database(
    klink: Klink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "typo"
    monkeypatch.setenv("KLINK_DATA_DIR", str(elsewhere))
    monkeypatch.delenv("KLINK_DATABASE__URL", raising=False)
    for command in (("export", str(tmp_path / "all.jsonl")), ("backup",)):
        refused = klink(*command)
        assert refused.status == 1
        assert "there is no database in" in refused.err
    assert not elsewhere.exists()
