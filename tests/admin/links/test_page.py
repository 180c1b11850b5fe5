"""The page of a link: how it does and how it stands, and what can be done with it there."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from klink.core import events, links
from klink.core.events import NewEvent
from klink.core.links import LinkPatch, LinkView, NewLink, NewRule, NewVariant
from klink.core.principal import Principal
from tests.admin.office import Office, Person
from tests.stats.visits import Visit, count

BOT = {"User-Agent": "Googlebot/2.1"}
SLACK = {"User-Agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"}
EVIL = "<script>alert(1)</script>"
SPLIT = (
    NewVariant("a", "https://example.com/a", 50),
    NewVariant("b", "https://example.com/b", 50),
)


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


def several(office: Office, variants: tuple[NewVariant, ...] = SPLIT, **fields: Any) -> LinkView:
    """A link to several destinations."""
    cli = Principal(1, None, None, "cli")
    new = NewLink(slug="spring", variants=variants, **fields)
    return links.create(office.context(), cli, new).link


def at(link: LinkView, more: str = "") -> str:
    return f"/admin/links/{link.uid}{more}"


def words(html: str) -> str:
    """What a person reads of it."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def notices(text: str) -> list[str]:
    return [words(each) for each in re.findall(r'<p class="notice.*?</p>', text, re.DOTALL)]


def test_it_says_what_the_link_is(office: Office, owner: Person) -> None:
    link = office.link("spring", "https://example.com/sale", title="Spring sale", tags=("mail",))
    text = owner.get(at(link)).text
    assert "go.example.org/spring</a></h1>" in text
    assert 'data-copy="https://go.example.org/spring"' in text
    assert "Spring sale" in text
    assert "https://example.com/sale" in text
    assert 'href="/admin/links?tag=mail"><span class="tag">mail</span></a>' in text
    assert notices(text) == []


def test_people_and_the_rest_are_apart_with_the_reasons(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link, times=3, country="DE")
    office.click(link, times=2, headers=BOT)
    office.click(link, headers=SLACK)
    office.click(link, method="HEAD")
    read = words(owner.get(at(link)).text)
    assert "Clicks new 3 0 in the 30 days before" in read
    assert "3 bots, 1 preview, 0 prefetches: they count as no clicks." in read
    assert "Known bots 2" in read
    assert "Link previews in messages and posts 1" in read
    assert "Asked with HEAD 1" in read
    assert "Germany 3" in read
    assert "Unknown 0 +4" in read


def test_only_people_is_said_so(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link)
    assert "Only people came in this range." in owner.get(at(link)).text


def test_what_nobody_has_clicked_says_what_to_do_instead_of_noughts(
    office: Office, owner: Person
) -> None:
    link = office.link("spring")
    text = owner.get(at(link)).text
    assert "No clicks yet" in text
    assert "Copy address" in text
    assert at(link, "/qr") in text
    assert "in the 30 days before" not in text
    assert "About this link" in text
    office.click(link, headers=BOT)
    text = owner.get(at(link)).text
    assert "No clicks yet" not in text
    assert "Known bots" in text


def test_nobody_is_asked_to_share_a_link_that_leads_nowhere(office: Office, owner: Person) -> None:
    link = office.link("spring")
    owner.post(at(link, "/disable"))
    text = owner.get(at(link)).text
    assert "Nobody has clicked this link." in text
    assert "Copy address" not in text


def test_a_range_that_is_none_is_said_of_an_untouched_link_too(
    office: Office, owner: Person
) -> None:
    reply = owner.get(at(office.link("spring"), "?range=8d"))
    assert reply.status_code == 422
    assert "must be one of" in reply.text


def test_states_are_told_in_words(office: Office, owner: Person) -> None:
    ctx, me = office.context(), owner.principal
    later, before = office.now + timedelta(days=2), office.now + timedelta(hours=1)
    early = office.link("early", starts_at=later)
    short = office.link("short", expires_at=before)
    off = office.link("off")
    bad = office.link("bad")
    links.update(ctx, me, off.uid, LinkPatch(is_active=False))
    links.quarantine(ctx, me, bad.uid, "reported as phishing")
    office.now += timedelta(hours=2)
    found = {link.slug: notices(owner.get(at(link)).text) for link in (early, short, off, bad)}
    assert found["early"][0].startswith("Not yet. Visitors are told that it is not there yet.")
    assert "in 1 day" in found["early"][0]
    assert found["short"][0].startswith("Expired. Visitors are told so. Since")
    assert found["off"] == ["Disabled. Visitors are told that it is gone."]
    assert "Quarantined." in found["bad"][0]
    assert "Why: reported as phishing." in found["bad"][0]


def test_a_link_is_disabled_and_enabled_again(office: Office, owner: Person) -> None:
    link = office.link("spring")
    page = owner.follow(owner.post(at(link, "/disable")))
    assert "Disabled." in page.text
    assert not links.get(office.context(), owner.principal, link.uid).is_active
    page = owner.follow(owner.post(at(link, "/enable")))
    assert notices(page.text) == ["Enabled."]
    assert links.get(office.context(), owner.principal, link.uid).is_active


def test_the_trash_can_be_undone_and_erasing_cannot(office: Office, owner: Person) -> None:
    link = office.link("spring")
    page = owner.follow(owner.post(at(link, "/trash")))
    assert "In the trash. Visitors are told that it is gone." in words(page.text)
    assert at(link, "/purge") in page.text
    assert at(link, "/disable") not in page.text
    page = owner.follow(owner.post(at(link, "/restore")))
    assert notices(page.text) == ["Restored."]
    owner.post(at(link, "/trash"))
    reply = owner.post(at(link, "/purge"))
    assert (reply.status_code, reply.headers["Location"]) == (303, "/admin/links")
    assert "spring is erased; its slug is free." in owner.get("/admin").text
    assert owner.get(at(link)).status_code == 404


def test_what_cannot_be_done_is_said_on_the_page(office: Office, owner: Person) -> None:
    link = several(office)
    office.click(link)
    reply = owner.post(at(link, "/winner"), {"label": "nobody"})
    assert reply.status_code == 422
    assert "No variant is labelled &#39;nobody&#39;" in reply.text
    assert f'href="{at(link)}?range=7d"' in reply.text  # the page's links lead to the page


def test_a_viewer_looks_and_does_nothing(office: Office) -> None:
    viewer = office.sign_in("viewer")
    link = office.link("spring")
    text = viewer.get(at(link)).text
    assert "Change its state" not in text
    for what in ("disable", "enable", "trash", "restore", "purge", "winner", "winner/undo"):
        assert viewer.post(at(link, f"/{what}")).status_code == 403
    assert links.get(office.context(), viewer.principal, link.uid).is_active


def test_a_stranger_finds_no_such_link(office: Office) -> None:
    stranger, link = office.stranger(), office.link("spring")
    for path in ("", "/clicks", "/clicks.csv"):
        assert stranger.get(at(link, path)).status_code == 404
    for what in ("disable", "enable", "trash", "restore", "purge", "winner", "winner/undo"):
        assert stranger.post(at(link, f"/{what}")).status_code == 404
    assert stranger.get("/admin/links/nonsense").status_code == 404


def test_variants_have_their_clicks(office: Office, owner: Person) -> None:
    link = several(
        office,
        (NewVariant("de", "https://example.com/de", 50), SPLIT[1]),
        rules=(NewRule({"country": ["DE"]}, "de"),),
        default="b",
    )
    office.click(link, times=3, country="DE")
    office.click(link, times=2)
    read = words(owner.get(at(link)).text)
    assert "de https://example.com/de 50 % 3 3 3 0" in read
    assert "b default https://example.com/b 50 % 2 2 2 0" in read


def test_an_experiment_is_told_in_figures_intervals_and_words(
    office: Office, owner: Person
) -> None:
    link = several(office, conversion_tracking=True)
    office.click(link, times=40)
    text = owner.get(at(link)).text
    assert "Collecting. 40 of the 100 clicks that a decision needs." in words(text)
    assert text.count('<svg viewBox="0 0 300 26"') == 2
    assert "95 % interval" in text
    assert "Run 1, since" in words(text)


def test_a_winner_is_named_by_hand_and_taken_back(office: Office, owner: Person) -> None:
    link = several(office)
    office.click(link, times=10)
    page = owner.follow(owner.post(at(link, "/winner"), {"label": "b"}))
    assert "b wins. b was chosen by hand." in words(page.text)
    assert "Undo winner" in page.text
    page = owner.follow(owner.post(at(link, "/winner/undo")))
    assert "Undo winner" not in page.text
    assert "Run 2, since" in words(page.text)
    first = owner.get(at(link, "?run=1")).text
    assert "b wins." in words(first)
    assert owner.get(at(link, "?run=99")).status_code == 200


def test_variants_that_only_rules_choose_are_not_compared(office: Office, owner: Person) -> None:
    link = several(
        office,
        (
            NewVariant("de", "https://example.com/de", 0),
            NewVariant("world", "https://example.com/", 100),
        ),
        rules=(NewRule({"country": ["DE"]}, "de"),),
        default="world",
    )
    office.click(link, times=3, country="DE")
    text = owner.get(at(link)).text
    assert "Nothing is compared: fewer than two variants have a weight." in text
    assert "95 % interval" not in text
    page = owner.follow(owner.post(at(link, "/winner"), {"label": "de"}))
    assert "de wins. de was chosen by hand." in words(page.text)
    assert "Undo winner" in page.text


def test_a_link_with_one_destination_has_no_experiment(office: Office, owner: Person) -> None:
    text = owner.get(at(office.link("spring"))).text
    assert "Experiment" not in text
    assert "Variants" not in text


# --- raw clicks -------------------------------------------------------------------------


def test_a_changed_destination_is_no_experiment(office: Office, owner: Person) -> None:
    link = office.link("spring")
    links.update(
        office.context(), owner.principal, link.uid, LinkPatch(url="https://example.org/b")
    )
    page = owner.get(at(link))
    assert page.status_code == 200
    assert "Experiment" not in page.text


def test_raw_clicks_say_who_came_and_why_some_do_not_count(office: Office, owner: Person) -> None:
    link = office.link("spring")
    office.click(link, country="DE", headers={"Referer": "https://news.example/"})
    office.click(link, headers=BOT)
    text = owner.get(at(link, "/clicks")).text
    read = words(text)
    assert "bot Known bots" in read
    assert "person Germany Chrome, Linux, desktop" in read
    assert "news.example" in read
    people = words(owner.get(at(link, "/clicks?who=people")).text)
    assert "Known bots" not in people


def test_raw_clicks_come_by_pages(office: Office, owner: Person) -> None:
    link = office.link("spring")
    count([Visit(office.now + timedelta(seconds=n), link.id) for n in range(60)])
    first = owner.get(at(link, "/clicks"))
    assert first.text.count("<tr><td>") == 50
    following = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert following
    second = owner.get(following[1].replace("&amp;", "&"))
    assert second.text.count("<tr><td>") == 10
    assert "First page" in second.text
    assert 'rel="next"' not in second.text


def test_a_link_without_clicks_says_what_would_stand_here(office: Office, owner: Person) -> None:
    text = owner.get(at(office.link("spring"), "/clicks")).text
    assert "No clicks here" in text
    assert "CSV" not in text


def test_a_cursor_that_is_none_is_refused(office: Office, owner: Person) -> None:
    reply = owner.get(at(office.link("spring"), "/clicks?cursor=x"))
    assert 400 <= reply.status_code < 500
    assert "start without one" in reply.text


def test_all_clicks_can_be_had_as_csv_and_no_cell_is_a_formula(
    office: Office, owner: Person
) -> None:
    link = office.link("spring")
    office.click(link.short_url + "?utm_source=%3D1%2B1")
    office.click(link, headers=BOT)
    reply = owner.get(at(link, "/clicks.csv"))
    assert reply.content_type == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="clicks-spring.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [row["kind"] for row in rows] == ["bot", "person"]
    assert rows[1]["utm_source"] == "'=1+1"
    people = owner.get(at(link, "/clicks.csv?who=people")).text
    assert len(list(csv.DictReader(io.StringIO(people)))) == 1


def test_what_people_and_strangers_write_is_text(office: Office, owner: Person) -> None:
    link = office.link(
        "spring", f"https://example.com/?{EVIL}", title=EVIL, description=EVIL, tags=("a<b>",)
    )
    office.click(
        f"{link.short_url}?utm_source=%3Cscript%3Ealert(1)%3C/script%3E",
        headers={"User-Agent": f"Mozilla/5.0 {EVIL}"},
    )
    events.record(
        office.context(),
        owner.principal,
        NewEvent(visitor_id="v", event_name=EVIL, name=EVIL, revenue=Decimal(1)),
    )
    for path in (at(link), at(link, "?source=utm_source"), at(link, "/clicks"), "/admin"):
        assert EVIL not in owner.get(path).text
