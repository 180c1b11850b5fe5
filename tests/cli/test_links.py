from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from klink.core import passwords
from klink.core.destination_checks import Answer, Problem, next_check, record
from klink.core.errors import NotFound
from klink.core.links import NewLink, NewVariant, create, find
from klink.core.principal import Principal
from klink.core.times import format_rfc3339
from klink.db.models import Link
from tests.cli.conftest import Klink, core

BASE = "https://go.example.org"
URL = "https://example.com/landing?a=1"
OWNER = Principal(1, 1, None, "cli")

FIELDS = {
    *("id", "number", "slug", "domain", "short_url", "url", "title", "description", "tags"),
    *("type", "post_id", "site_url", "site_verified_at", "scheduled_deletion_at", "routing"),
    *("experiment", "utm", "forward_query", "redirect_status", "conversion_tracking"),
    *("conversion_redirect_url", "starts_at", "expires_at", "max_clicks", "expired_url"),
    *("password_protected", "quarantined_at", "quarantined_by", "quarantine_reason"),
    *("failover_url", "check"),
    *("is_active", "clicks", "views", "unique_visitors", "conversions", "revenue"),
    *("created_at", "updated_at", "deleted_at"),
}


def test_a_new_link_prints_its_short_url_alone(klink: Klink, here: Path):
    short_url = klink("links", "create", URL).line
    base, _, slug = short_url.rpartition("/")
    assert base == BASE
    with core(here) as ctx:
        link = find(ctx, OWNER, slug)
        assert (link.url, link.created_via) == (URL, "cli")
        assert link.created_by is not None


def test_a_link_is_made_with_all_that_is_given(klink: Klink, here: Path):
    made = klink(
        *("links", "create", URL, "--slug", "spring", "--title", "Frühling", "--json"),
        *("--description", "two\nlines", "--tag", "a", "--tag", "b", "--redirect-status", "308"),
        *("--starts-at", "2031-01-01T00:00:00+01:00", "--expires-at", "2032-01-01T00:00:00Z"),
        *("--max-clicks", "9", "--expired-url", "https://example.com/over", "--forward-query"),
        *("--failover-url", "https://example.com/mirror"),
        *("--utm-source", "news", "--utm-term", "x", "--inactive", "--password-stdin"),
        stdin=b"open sesame\n",
    ).json
    assert set(made) == FIELDS
    assert made["short_url"] == f"{BASE}/spring"
    assert (made["title"], made["tags"], made["redirect_status"]) == ("Frühling", ["a", "b"], 308)
    assert made["starts_at"] == "2030-12-31T23:00:00Z"
    assert made["expires_at"] == "2032-01-01T00:00:00Z"
    assert (made["max_clicks"], made["expired_url"]) == (9, "https://example.com/over")
    assert made["failover_url"] == "https://example.com/mirror"
    assert made["utm"] == {
        "source": "news",
        "medium": None,
        "campaign": None,
        "content": None,
        "term": "x",
    }
    assert made["forward_query"]
    assert not made["is_active"]
    assert made["password_protected"]
    assert made["routing"] == {"mode": "single", "variants": [], "rules": [], "default": None}
    with core(here):
        hashed = Link.get(Link.slug == "spring").password_hash
        assert hashed is not None
        assert passwords.matches(hashed, "open sesame")


@pytest.mark.parametrize("name", ["slug", "number", "id"])
def test_a_link_is_found_by_slug_number_and_id(klink: Klink, here: Path, name):
    made = klink("links", "create", URL, "--slug", "spring", "--json").json
    assert klink("links", "show", str(made[name]), "--json").json == made
    shown = klink("links", "show", str(made[name])).out
    assert f"{BASE}/spring" in shown
    assert URL in shown
    assert "active" in shown


def test_a_link_with_variants_is_shown_with_them(klink: Klink, here: Path):
    with core(here) as ctx:
        variants = (NewVariant("a", URL, 30), NewVariant("b", "https://example.com/b", 70))
        create(ctx, OWNER, NewLink(slug="two", variants=variants))
    shown = klink("links", "show", "two")
    assert " 30 % a: https://example.com/landing?a=1 (0 clicks)" in shown.out
    routing = klink("links", "show", "two", "--json").json["routing"]
    assert routing["mode"] == "split"
    assert routing["variants"][1] == {
        "label": "b",
        "url": "https://example.com/b",
        "weight": 70,
        "clicks": 0,
        "conversions": 0,
        "check": None,
    }


def test_what_a_check_has_found_is_shown(klink: Klink, here: Path):
    with core(here) as ctx:
        variants = (NewVariant("a", URL, 30), NewVariant("b", "https://example.com/b", 70))
        create(ctx, OWNER, NewLink(slug="one", url="http://10.0.0.7/", failover_url=URL))
        create(ctx, OWNER, NewLink(slug="two", variants=variants, failover_url=URL))
        for hours in (1, 2, 3):
            later = replace(ctx, now=ctx.now + timedelta(hours=hours))
            while (check := next_check(later, not_since=later.now)) is not None:
                record(later, check, Answer(Problem.NOT_FOUND, 404, "other.example"))
    at = format_rfc3339(ctx.now + timedelta(hours=3))
    began = format_rfc3339(ctx.now + timedelta(hours=1))
    told = f"{at}: status 404 from other.example, not_found since {began}, down since {at}\n"
    one = klink("links", "show", "one").out
    assert f"failover url     {URL}\n" in one
    assert f"checked          {told}" in one
    assert klink("links", "show", "two").out.count(f"\n        checked {told}") == 2
    assert klink("links", "show", "one", "--json").json["check"] == {
        "checked_at": at,
        "status": 404,
        "final_host": "other.example",
        "problem": "not_found",
        "failing_since": began,
        "down_since": at,
    }
    klink("links", "create", URL, "--slug", "fine")
    slugs = {
        flag: [each["slug"] for each in klink("links", "list", "--json", flag).json]
        for flag in ("--problem", "--no-problem")
    }
    assert slugs == {"--problem": ["two", "one"], "--no-problem": ["fine"]}


def test_a_failover_url_is_cleared_by_an_empty_text(klink: Klink):
    klink("links", "create", URL, "--slug", "one", "--failover-url", "https://example.com/m")
    changed = klink("links", "update", "one", "--failover-url", "", "--json").json
    assert changed["failover_url"] is None


def test_links_are_listed_newest_first_and_filtered(klink: Klink, here: Path):
    for slug, tag in (("one", "x"), ("two", "y"), ("three", "x")):
        klink("links", "create", URL, "--slug", slug, "--tag", tag, "--title", f"Title {slug}")
    klink("links", "update", "two", "--inactive")

    def slugs(*words: str) -> list[str]:
        return [each["slug"] for each in klink("links", "list", "--json", *words).json]

    assert slugs() == ["three", "two", "one"]
    assert slugs("--tag", "x") == ["three", "one"]
    assert slugs("--q", "title TWO") == ["two"]
    assert slugs("--state", "inactive") == ["two"]
    assert slugs("--sort", "slug") == ["one", "three", "two"]
    assert slugs("--domain", "elsewhere.example") == []
    assert slugs("--limit", "2") == ["three", "two"]
    table = klink("links", "list").out.splitlines()
    assert len(table) == 4
    assert table[2].split()[:4] == ["2", f"{BASE}/two", "0", "inactive"]


def test_a_list_may_be_longer_than_a_page_of_the_core(klink: Klink, here: Path):
    with core(here) as ctx:
        for _ in range(205):
            create(ctx, OWNER, NewLink(url=URL))
    assert len(klink("links", "list", "--limit", "300", "--json").json) == 205
    assert len(klink("links", "list", "--limit", "203", "--json").json) == 203
    assert len(klink("links", "list").out.splitlines()) == 51


def test_what_steers_a_terminal_is_not_printed(klink: Klink, here: Path):
    klink("links", "create", URL, "--slug", "evil", "--title", "a\u202eb")
    with core(here):
        Link.update(title="\x1b]0;owned\x07").where(Link.slug == "evil").execute()
    for words in (("list",), ("show", "evil"), ("list", "--json"), ("show", "evil", "--json")):
        out = klink("links", *words).out
        assert "owned" in out
        assert not set(out) & {"\x1b", "\x07"}


def test_a_link_is_changed_where_it_is_told_to(klink: Klink, here: Path):
    before = klink(
        *("links", "create", URL, "--slug", "spring", "--title", "T", "--tag", "a", "--json"),
        *("--expires-at", "2032-01-01T00:00:00Z", "--max-clicks", "3"),
        *("--utm-source", "news", "--utm-medium", "mail", "--password-stdin"),
        stdin=b"open sesame",
    ).json
    new_url = "https://example.com/new"
    words = ("--url", new_url, "--slug", "summer", "--utm-medium", "")
    assert klink("links", "update", "spring", *words).line == f"{BASE}/summer"
    after = klink("links", "show", "summer", "--json").json
    assert (after["url"], after["title"], after["tags"]) == (new_url, "T", ["a"])
    assert (after["utm"]["source"], after["utm"]["medium"]) == ("news", None)
    assert after["id"] == before["id"]
    cleared = ("--title", "", "--expires-at", "", "--max-clicks", "0", "--no-tags", "--no-password")
    after = klink("links", "update", "summer", *cleared, "--json").json
    assert (after["title"], after["tags"], after["expires_at"]) == (None, [], None)
    assert (after["max_clicks"], after["password_protected"]) == (None, False)
    after = klink("links", "update", "summer", "--inactive", "--tag", "z", "--json").json
    assert (after["is_active"], after["tags"]) == (False, ["z"])
    assert klink("links", "update", "summer", "--active", "--json").json["is_active"]


def test_a_change_of_nothing_is_a_usage_error(klink: Klink, here: Path):
    klink("links", "create", URL, "--slug", "spring")
    assert klink("links", "update", "spring").status == 2


def test_a_deleted_link_is_in_the_trash_and_comes_back(klink: Klink, here: Path):
    klink("links", "create", URL, "--slug", "spring")
    done = klink("links", "delete", "spring")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert klink("links", "list", "--json").json == []
    trashed = klink("links", "list", "--state", "trashed", "--json").json
    assert [each["slug"] for each in trashed] == ["spring"]
    assert "trashed" in klink("links", "show", "spring").out
    assert "restore" in klink("links", "delete", "spring").refusal
    assert klink("links", "restore", "spring").line == f"{BASE}/spring"
    assert klink("links", "show", "spring", "--json").json["deleted_at"] is None


def test_a_purged_link_is_gone_and_its_slug_is_free(klink: Klink, here: Path):
    made = klink("links", "create", URL, "--slug", "spring", "--json").json
    assert klink("links", "delete", "spring", "--purge", "--json").json == {
        "id": made["id"],
        "number": made["number"],
        "slug": "spring",
        "purged": True,
    }
    assert "'spring'" in klink("links", "show", "spring").refusal
    assert klink("links", "create", URL, "--slug", "spring").line == f"{BASE}/spring"
    assert klink("links", "show", "spring", "--json").json["number"] > made["number"]


def test_a_link_of_another_workspace_is_not_found(klink: Klink, here: Path):
    klink("workspaces", "create", "acme")
    klink("links", "create", URL, "--slug", "theirs", "--workspace", "acme")
    for words in (("show",), ("update", "--title", "x"), ("delete",), ("delete", "--purge")):
        done = klink("links", words[0], "theirs", *words[1:])
        assert "'theirs'" in done.refusal
    assert (
        klink("links", "show", "theirs", "--workspace", "acme", "--json").json["slug"] == "theirs"
    )
    assert klink("links", "list", "--workspace", "acme", "--json").json[0]["slug"] == "theirs"


def test_a_link_is_made_by_the_user_who_is_named(klink: Klink, here: Path):
    klink("users", "create", "ann@example.org")
    slug = klink("links", "create", URL, "--user", "ann@example.org").line.rpartition("/")[2]
    with core(here) as ctx:
        assert find(ctx, OWNER, slug).created_by == 2


def test_the_plan_of_the_workspace_holds_for_the_command_line(klink: Klink, here: Path):
    klink("workspaces", "set-plan", "default", "kliqs-free")
    for _ in range(5):
        assert klink("links", "create", URL).status == 0
    assert "5 active links" in klink("links", "create", URL).refusal


@pytest.mark.parametrize(
    "words, why",
    [
        (["javascript:alert(1)"], "url: "),
        (["https://user:pass@example.com"], "url: "),
        ([f"{BASE}/taken"], "url: "),
        ([URL, "--slug", "taken"], "'taken'"),
        ([URL, "--slug", "api"], "reserved"),
        ([URL, "--slug", "a b"], "slug: "),
        ([URL, "--title", "\x1b[2J"], "title: "),
        ([URL, "--expires-at", "2001-01-01T00:00:00Z"], "expires_at: "),
        ([URL, "--domain", "other.example"], "domain: "),
        ([URL, "--workspace", "nobody"], "'nobody'"),
        ([URL, "--password-stdin"], "no password"),
        ([URL, "--tag", "x" * 51], "tags: "),
    ],
)
def test_a_link_that_cannot_be_is_refused_in_one_line(klink: Klink, here: Path, words, why):
    klink("links", "create", URL, "--slug", "taken")
    refusal = klink("links", "create", *words).refusal
    assert why in refusal
    assert "\x1b" not in refusal
    assert len(klink("links", "list", "--json").json) == 1


@pytest.mark.parametrize("at", ["tomorrow", "2031-02-30T00:00:00Z", "2031-01-01"])
def test_a_time_that_cannot_be_read_is_a_usage_error(klink: Klink, here: Path, at):
    done = klink("links", "create", URL, "--expires-at", at)
    assert done.status == 2
    assert "--expires-at" in done.err


def test_a_purged_link_is_not_found_in_the_core(klink: Klink, here: Path):
    klink("links", "create", URL, "--slug", "spring")
    klink("links", "delete", "spring", "--purge")
    with core(here) as ctx, pytest.raises(NotFound):
        find(ctx, OWNER, "spring")


def test_a_page_by_number_says_which_of_how_many(klink: Klink, here: Path):
    for i in range(5):
        klink("links", "create", URL, "--slug", f"n{i}")
    shown = klink("links", "list", "--page", "2", "--limit", "2")
    assert [slug for slug in ("n0", "n1", "n2", "n3", "n4") if f"/{slug} " in shown.out] == [
        "n1",
        "n2",
    ]
    assert shown.err == "page 2 of 3, 5 links\n"
    page = klink("links", "list", "--page", "3", "--limit", "2", "--json").json
    assert [link["slug"] for link in page.pop("items")] == ["n0"]
    assert page == {"page": 3, "pages": 3, "total": 5}
