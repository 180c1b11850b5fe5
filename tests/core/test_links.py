"""Links: making, reading, changing and erasing them, whichever door asked."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import LinkPatch, LinkQuery, NewLink, NewRule, NewVariant
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.db import connection
from klink.db.models import (
    Audit,
    Change,
    Click,
    Domain,
    Link,
    LinkTotal,
    LinkUse,
    Purge,
    Variant,
)
from tests.core.conftest import NOW, World

HOME = "https://example.com/home"
AB = (NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50))


def make(ctx: Context, who: Principal, **fields: object) -> links.LinkView:
    if "variants" not in fields:
        fields.setdefault("url", HOME)
    return links.create(ctx, who, NewLink(**fields)).link  # type: ignore[arg-type]


def refused(ctx: Context, who: Principal, **fields: object) -> dict[str, list[str]]:
    with pytest.raises(errors.ValidationFailed) as caught:
        make(ctx, who, **fields)
    assert Link.select().count() == 0
    assert Audit.select().where(Audit.action == "link.create").count() == 0
    return caught.value.errors


def test_a_link_is_made_with_a_slug_of_seven_characters(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    assert len(link.slug) == 7
    assert link.short_url == f"https://go.example.org/{link.slug}"
    assert (link.url, link.domain, link.mode) == (HOME, "go.example.org", "single")
    assert links.get(ctx, owner, link.uid) == link


def test_the_url_is_kept_as_sent_and_compiled_as_serialised(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, url="HTTP://EXÄMPLE.com:80/a b")
    assert link.url == "HTTP://EXÄMPLE.com:80/a b"
    ready = links.compiled(1, link.slug)
    assert ready is not None
    assert ready.variants[0].location == "http://xn--exmple-cua.com/a%20b"


def test_making_a_link_is_announced_after_the_commit_and_logged(
    world: World, owner: Principal
) -> None:
    with connection.write():
        link = make(world.ctx, owner, slug="spring")
        assert world.announced == []
    assert [(c.link_id, c.slug) for c in world.announced] == [(link.id, "spring")]
    assert Change.get().slug == "spring"
    assert Audit.get(Audit.action == "link.create").subject == f"link:{link.uid}"


def test_what_rolls_back_is_announced_to_nobody(world: World, owner: Principal) -> None:
    def fail() -> None:
        with connection.write():
            make(world.ctx, owner, slug="spring")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert world.announced == []
    assert Link.select().count() == Change.select().count() == 0


def test_a_slug_belongs_to_one_link_per_domain(ctx: Context, owner: Principal) -> None:
    make(ctx, owner, slug="spring")
    with pytest.raises(errors.SlugTaken):
        make(ctx, owner, slug="spring")
    assert make(ctx, owner, slug="Spring").slug == "Spring"  # case-sensitive
    Domain.create(host="x.example", workspace=owner.workspace_id, verified_at=1, created_at=1)
    assert make(ctx, owner, slug="spring", domain="X.example").short_url == (
        "https://x.example/spring"
    )


def test_a_trashed_link_keeps_its_slug_until_it_is_purged(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, slug="spring")
    links.trash(ctx, owner, link.uid)
    with pytest.raises(errors.SlugTaken):
        make(ctx, owner, slug="spring")
    links.purge(ctx, owner, link.uid)
    assert make(ctx, owner, slug="spring").id > link.id


def test_the_same_slug_asked_for_by_many_at_once_goes_to_one(
    ctx: Context, owner: Principal
) -> None:
    outcomes: list[str] = []

    def ask() -> None:
        try:
            make(ctx, owner, slug="race")
            outcomes.append("made")
        except errors.SlugTaken:
            outcomes.append("taken")
        finally:
            connection.close_thread()

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["made"] + ["taken"] * 15


@pytest.mark.parametrize(
    "fields, where",
    [
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "https://user:pw@example.com/"}, "url"),
        ({"url": "https://go.example.org/api/v1/links"}, "url"),
        ({"slug": "spring", "url": "https://go.example.org/spring"}, "url"),
        ({"slug": "spring", "url": "https://go.example.org/%73pring"}, "url"),
        ({"expired_url": "data:text/html,x"}, "expired_url"),
        ({"conversion_redirect_url": "ftp://example.com/"}, "conversion_redirect_url"),
        (
            {"slug": "spring", "conversion_redirect_url": "https://go.example.org/spring"},
            "conversion_redirect_url",
        ),
        ({"slug": "api"}, "slug"),
        ({"slug": "-a"}, "slug"),
        ({"slug": "a" * 65}, "slug"),
        ({"domain": "unknown.example"}, "domain"),
        ({"title": "a" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"description": "a" * 501}, "description"),
        ({"tags": ("a" * 51,)}, "tags"),
        ({"tags": ("",)}, "tags"),
        ({"type": "frame"}, "type"),
        ({"site_url": "https://example.com/"}, "site_url"),
        ({"type": "inpage", "site_url": "ftp://example.com/"}, "site_url"),
        ({"redirect_status": 303}, "redirect_status"),
        ({"max_clicks": 0}, "max_clicks"),
        ({"password": ""}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"expires_at": NOW}, "expires_at"),
        (
            {"starts_at": NOW + timedelta(days=2), "expires_at": NOW + timedelta(days=1)},
            "starts_at",
        ),
        ({"utm": links.Utm(source="a" * 256)}, "utm.source"),
        ({"winner_threshold": 9}, "winner_threshold"),
        ({"url": None}, "url"),
        ({"mode": "split"}, "routing.variants"),
        ({"variants": AB[:1]}, "routing.variants"),
        ({"variants": (AB[0], AB[0])}, "routing.variants"),
        ({"variants": AB, "url": HOME}, "url"),
        ({"variants": AB, "mode": "single"}, "routing.mode"),
        ({"variants": AB, "mode": "chaos"}, "routing.mode"),
        ({"variants": AB, "default": "c"}, "routing.default"),
        ({"variants": AB, "rules": (NewRule({"country": "US"}, "c"),)}, "routing.rules.0.use"),
        ({"variants": AB, "rules": (NewRule({}, "a"),)}, "routing.rules.0.when"),
        (
            {"variants": AB, "rules": (NewRule({"timezone": "Europe/Vienna"}, "a"),)},
            "routing.rules.0.when",
        ),
        (
            {"variants": AB, "rules": (NewRule({"country": "USA"}, "a"),)},
            "routing.rules.0.when.country",
        ),
        (
            {"variants": (NewVariant("a", "nonsense", 50), AB[1])},
            "routing.variants.0.url",
        ),
    ],
)
def test_what_cannot_be_accepted_is_named_and_writes_nothing(
    ctx: Context, owner: Principal, fields: dict[str, object], where: str
) -> None:
    assert where in refused(ctx, owner, **fields)


def test_every_problem_is_told_at_once(ctx: Context, owner: Principal) -> None:
    found = refused(ctx, owner, url="nonsense", title="a" * 999, max_clicks=-1)
    assert set(found) == {"url", "title", "max_clicks"}


def test_a_destination_on_our_host_that_is_an_existing_slug_is_a_loop(
    ctx: Context, owner: Principal
) -> None:
    make(ctx, owner, slug="spring")
    for url in ("https://go.example.org/spring", "http://go.example.org/spring/page"):
        with pytest.raises(errors.ValidationFailed):
            make(ctx, owner, url=url)
    assert make(ctx, owner, url="https://go.example.org/nothing-here").url


def test_a_past_expiry_is_the_doors_to_allow(ctx: Context, owner: Principal) -> None:
    new = NewLink(url=HOME, expires_at=NOW - timedelta(days=1))
    assert links.create(ctx, owner, new, allow_past_expiry=True).link.expires_at == new.expires_at


def test_another_workspaces_links_do_not_exist(
    ctx: Context, owner: Principal, stranger: Principal, teammate: Principal
) -> None:
    link = make(ctx, owner)
    assert links.get(ctx, teammate, link.uid) == link
    for call in (
        lambda: links.get(ctx, stranger, link.uid),
        lambda: links.update(ctx, stranger, link.uid, LinkPatch(title="mine")),
        lambda: links.replace_variants(ctx, stranger, link.uid, AB),
        lambda: links.trash(ctx, stranger, link.uid),
        lambda: links.restore(ctx, stranger, link.uid),
        lambda: links.purge(ctx, stranger, link.uid),
    ):
        with pytest.raises(errors.NotFound):
            call()
    assert links.search(ctx, stranger, LinkQuery()).items == []
    assert links.get(ctx, owner, link.uid) == link


@pytest.mark.parametrize("uid", ["", "1", "x" * 36, "é" * 36, "0198c2d4" * 100])
def test_an_id_that_is_none_is_not_found(ctx: Context, owner: Principal, uid: str) -> None:
    with pytest.raises(errors.NotFound):
        links.get(ctx, owner, uid)


def test_each_operation_needs_its_scope(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    nothing = replace(owner, scopes=frozenset())
    for call in (
        lambda: links.create(ctx, nothing, NewLink(url=HOME)),
        lambda: links.create_many(ctx, nothing, [NewLink(url=HOME)], atomic=False),
        lambda: links.get(ctx, nothing, link.uid),
        lambda: links.search(ctx, nothing, LinkQuery()),
        lambda: links.update(ctx, nothing, link.uid, LinkPatch(title="x")),
        lambda: links.replace_variants(ctx, nothing, link.uid, AB),
        lambda: links.trash(ctx, nothing, link.uid),
        lambda: links.restore(ctx, nothing, link.uid),
        lambda: links.purge(ctx, nothing, link.uid),
    ):
        with pytest.raises(errors.InsufficientScope):
            call()


def test_a_patch_changes_what_it_names_and_nothing_else(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, title="Old", tags=("x", "y"), max_clicks=5)
    changed = links.update(ctx, owner, link.uid, LinkPatch(title="New", max_clicks=None))
    assert changed == replace(link, title="New", max_clicks=None, version=2)
    entry = Audit.get(Audit.action == "link.update")
    assert '"title": ["Old", "New"]' in entry.details


def test_a_refused_patch_changes_nothing(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    patch = LinkPatch(title="New", tags=("a",), url="javascript:x")
    with pytest.raises(errors.ValidationFailed):
        links.update(ctx, owner, link.uid, patch)
    assert links.get(ctx, owner, link.uid) == link


def test_a_lost_update_is_refused(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    links.update(ctx, owner, link.uid, LinkPatch(title="first"), if_version=1)
    with pytest.raises(errors.PreconditionFailed):
        links.update(ctx, owner, link.uid, LinkPatch(title="second"), if_version=1)
    assert links.get(ctx, owner, link.uid).title == "first"


def test_renaming_frees_the_old_slug_and_tells_caches_of_both(
    world: World, owner: Principal
) -> None:
    link = make(world.ctx, owner, slug="old-one")
    world.announced.clear()
    links.update(world.ctx, owner, link.uid, LinkPatch(slug="new-one"))
    assert {c.slug for c in world.announced} == {"old-one", "new-one"}
    assert make(world.ctx, owner, slug="old-one").id != link.id
    with pytest.raises(errors.SlugTaken):
        links.update(world.ctx, owner, link.uid, LinkPatch(slug="old-one"))


def test_new_weights_start_a_new_run_and_undo_the_winner(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, variants=AB)
    Link.update(winner_label="a", winner_at=NOW).execute()
    same = links.update(ctx, owner, link.uid, LinkPatch(variants=AB))
    assert (same.run, same.winner) == (1, "a")
    moved = (replace(AB[0], weight=60), replace(AB[1], weight=40))
    changed = links.update(ctx, owner, link.uid, LinkPatch(variants=moved))
    assert (changed.run, changed.winner) == (2, None)


def test_a_variant_whose_label_stays_keeps_its_identity(ctx: Context, owner: Principal) -> None:
    link = make(
        ctx,
        owner,
        variants=AB,
        rules=(NewRule({"country": ["US"]}, "a"), NewRule({"country": ["DE"]}, "b")),
        default="a",
    )
    b = next(v for v in link.variants if v.label == "b")
    third = NewVariant("c", "https://c.example/", 70)
    changed = links.replace_variants(ctx, owner, link.uid, [third, replace(AB[1], weight=30)])
    assert [v.label for v in changed.variants] == ["c", "b"]
    assert changed.variants[1].uid == b.uid
    assert [rule.use for rule in changed.rules] == ["b"]
    assert (changed.default, changed.url) == (None, "https://c.example/")
    assert Variant.select().count() == 2


def test_a_link_with_rules_stays_one_when_new_variants_drop_them_all(
    ctx: Context, owner: Principal
) -> None:
    link = make(ctx, owner, variants=AB, rules=(NewRule({"country": ["US"]}, "a"),), default="b")
    changed = links.replace_variants(ctx, owner, link.uid, [replace(AB[1], weight=100)])
    assert (changed.mode, changed.rules, changed.default) == ("rules", (), "b")
    changed = links.replace_variants(ctx, owner, link.uid, [replace(AB[0], weight=100)])
    assert (changed.mode, changed.rules, changed.default) == ("rules", (), None)
    split = make(ctx, owner, variants=AB)
    assert links.replace_variants(ctx, owner, split.uid, AB).mode == "split"


def test_a_patch_may_depend_on_the_link_as_it_is(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, title="One")
    patched = links.update(ctx, owner, link.uid, lambda v: LinkPatch(title=f"{v.title} more"))
    assert patched.title == "One more"
    assert links.update(ctx, owner, link.uid, lambda _: LinkPatch()) == patched


def test_a_split_can_become_a_single_destination_again(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, variants=AB)
    with pytest.raises(errors.ValidationFailed):
        links.update(ctx, owner, link.uid, LinkPatch(url=HOME))
    changed = links.update(ctx, owner, link.uid, LinkPatch(variants=(), url=HOME))
    assert (changed.mode, changed.url, changed.variants) == ("single", HOME, ())


def test_rules_make_the_mode(ctx: Context, owner: Principal) -> None:
    rules = (NewRule({"country": "us", "device": "mobile"}, "b"),)
    link = make(ctx, owner, variants=AB, rules=rules)
    assert link.mode == "rules"
    assert link.rules[0].when == {"country": ["US"], "device": ["mobile"]}
    cleared = links.update(ctx, owner, link.uid, LinkPatch(rules=()))
    assert (cleared.mode, cleared.rules) == ("split", ())


def test_the_trash_can_be_undone(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    assert links.trash(ctx, owner, link.uid).deleted_at == NOW
    assert links.search(ctx, owner, LinkQuery()).items == []
    assert [x.uid for x in links.search(ctx, owner, LinkQuery(state="trashed")).items] == [link.uid]
    assert links.restore(ctx, owner, link.uid).deleted_at is None
    assert links.restore(ctx, owner, link.uid).version == 3  # a second time changes nothing


def test_a_purge_takes_everything_with_it(world: World, owner: Principal) -> None:
    ctx = world.ctx
    link = make(ctx, owner, variants=AB, tags=("x",), max_clicks=3)
    click = dict.fromkeys(("at", "variant_id", "run", "kind", "is_click", "is_view"), 0)
    text = dict.fromkeys(
        ("reason", "visitor", "net", "country", "device", "browser", "os", "language", "referrer"),
        "",
    )
    for _ in range(5):
        Click.create(link_id=link.id, workspace_id=owner.workspace_id, **click, **text)
    links.purge(ctx, owner, link.uid)
    with pytest.raises(errors.NotFound):
        links.get(ctx, owner, link.uid)
    assert sum(links.sweep(NOW + timedelta(minutes=1))) > 0
    assert [m.select().count() for m in (Link, Variant, Click, LinkTotal, Purge)] == [0] * 5


def test_the_trash_is_emptied_after_thirty_days(world: World, owner: Principal) -> None:
    link = make(world.ctx, owner)
    links.trash(world.ctx, owner, link.uid)
    assert links.purge_trash(world.later(timedelta(days=29))) == 0
    assert links.purge_trash(world.later(timedelta(days=30))) == 1
    assert Link.select().count() == 0


def test_the_plan_limits_living_links_only(world: World, owner: Principal) -> None:
    small = replace(owner, plan=Plan("small", max_links=2))
    first = make(world.ctx, small)
    make(world.ctx, small, expires_at=NOW + timedelta(hours=1))
    with pytest.raises(errors.LinkLimitReached):
        make(world.ctx, small)
    assert make(world.later(timedelta(hours=2)), small).is_active  # the other has expired
    links.update(world.ctx, small, first.uid, LinkPatch(is_active=False))
    with pytest.raises(errors.LinkLimitReached):
        links.update(world.ctx, small, first.uid, LinkPatch(is_active=True))


def test_what_comes_back_from_the_trash_counts_again(ctx: Context, owner: Principal) -> None:
    small = replace(owner, plan=Plan("small", max_links=1))
    first = make(ctx, small)
    links.trash(ctx, small, first.uid)
    make(ctx, small)
    with pytest.raises(errors.LinkLimitReached):
        links.restore(ctx, small, first.uid)


def test_the_workspaces_plan_is_a_further_cap(ctx: Context, owner: Principal) -> None:
    capped = replace(owner, workspace_plan=Plan("tiny", max_links=0))
    with pytest.raises(errors.LinkLimitReached):
        make(ctx, capped)


def test_a_post_and_a_page_have_one_active_inpage_link(ctx: Context, owner: Principal) -> None:
    first = make(ctx, owner, type="inpage", post_id="42", site_url="https://blog.example/42")
    by_post = NewLink(url=HOME, type="inpage", post_id="42")
    by_page = NewLink(url=HOME, type="inpage", site_url="https://blog.example/42")
    for new in (by_post, by_page):
        again = links.create(ctx, owner, new)
        assert (again.link.id, again.existing) == (first.id, True)
    assert not links.create(ctx, owner, NewLink(url=HOME, post_id="42")).existing  # direct
    links.update(ctx, owner, first.uid, LinkPatch(is_active=False))
    second = links.create(ctx, owner, NewLink(url=HOME, type="inpage", post_id="42"))
    assert not second.existing
    with pytest.raises(errors.ValidationFailed) as caught:
        links.update(ctx, owner, first.uid, LinkPatch(is_active=True))
    assert set(caught.value.errors) == {"is_active"}


def test_bulk_gives_each_item_its_own_outcome(ctx: Context, owner: Principal) -> None:
    many = [NewLink(url=HOME, slug="one"), NewLink(url="x:"), NewLink(url=HOME, slug="one")]
    made, bad, taken = links.create_many(ctx, owner, many, atomic=False)
    assert isinstance(made, links.Created)
    assert isinstance(bad, errors.ValidationFailed)
    assert isinstance(taken, errors.SlugTaken)
    assert Link.select().count() == 1


def test_an_atomic_bulk_makes_all_or_nothing(world: World, owner: Principal) -> None:
    many = [NewLink(url=HOME), NewLink(url="x:")]
    links.create_many(world.ctx, owner, many, atomic=True)
    assert Link.select().count() == Audit.select().where(Audit.action == "link.create").count() == 0
    assert len(links.create_many(world.ctx, owner, many[:1] * 3, atomic=True)) == 3
    assert Link.select().count() == 3


def test_a_limit_on_clicks_starts_from_the_clicks_so_far(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    LinkTotal.update(clicks=3, views=3).where(LinkTotal.link_id == link.id).execute()
    links.update(ctx, owner, link.uid, LinkPatch(max_clicks=4))
    assert LinkUse.get().used == 3
    assert links.uses_left(link.id, 4)
    assert links.take_use(link.id, 4)
    assert not links.take_use(link.id, 4)
    assert not links.uses_left(link.id, 4)
    links.update(ctx, owner, link.uid, LinkPatch(max_clicks=None))
    assert LinkUse.select().count() == 0


def test_an_expiry_is_written_down_once(world: World, owner: Principal) -> None:
    link = make(world.ctx, owner, expires_at=NOW + timedelta(hours=1))
    assert links.expire_due(world.ctx) == 0
    assert links.expire_due(world.later(timedelta(hours=2))) == 1
    assert links.expire_due(world.later(timedelta(hours=3))) == 0
    assert Audit.get(Audit.action == "link.expire").subject == f"link:{link.uid}"
    assert links.get(world.ctx, owner, link.uid).is_active


def test_lists_filter_and_page_without_gaps_or_repeats(world: World, owner: Principal) -> None:
    made = [
        make(
            world.later(timedelta(seconds=i // 3)),
            owner,
            slug=f"s{(i * 7) % 25:02d}",
            title=f"Title {i}",
            tags=("even",) if i % 2 == 0 else (),
        )
        for i in range(25)
    ]
    keys = {
        "created": lambda x: x.id,
        "updated": lambda x: (x.updated_at, x.id),
        "slug": lambda x: x.slug,
    }
    for name, key in keys.items():
        for sort in (name, f"-{name}"):
            seen, cursor = [], None
            while True:
                page = links.search(world.ctx, owner, LinkQuery(sort=sort, limit=4, cursor=cursor))
                seen += [link.uid for link in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
            ordered = sorted(made, key=key, reverse=sort.startswith("-"))
            assert seen == [link.uid for link in ordered]
    tagged = links.search(world.ctx, owner, LinkQuery(tag="even", limit=200)).items
    assert len(tagged) == 13
    found = links.search(world.ctx, owner, LinkQuery(q="TITLE EXAMPLE.com/home s24 s2")).items
    assert [x.slug for x in found] == ["s24"]  # each word in slug, title or URL
    assert links.search(world.ctx, owner, LinkQuery(q="100%_")).items == []
    assert len(links.search(world.ctx, owner, LinkQuery(domain="go.example.org")).items) == 25
    assert links.search(world.ctx, owner, LinkQuery(domain="other.example")).items == []


def test_a_word_that_is_repeated_is_one(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, slug="one")
    found = links.search(ctx, owner, LinkQuery(q="one " * 50)).items
    assert [x.uid for x in found] == [link.uid]
    assert links.search(ctx, owner, LinkQuery(q="a b c d e f g h")).items == []


def cursor_of(*values: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "query",
    [
        LinkQuery(sort="views"),
        LinkQuery(state="gone"),
        LinkQuery(limit=0),
        LinkQuery(limit=201),
        LinkQuery(cursor="nonsense"),
        LinkQuery(cursor="W10"),
        LinkQuery(cursor="WyItY3JlYXRlZCIsIngiXQ"),
        LinkQuery(cursor="[" * 5000),
        LinkQuery(q="a\0"),
        LinkQuery(q="a" * 201),
        LinkQuery(q="a" * 65),
        LinkQuery(q="1 2 3 4 5 6 7 8 9"),
        LinkQuery(sort="clicks", cursor=cursor_of("-clicks", 1, 1)),
        LinkQuery(sort="clicks", cursor=cursor_of("clicks", 1, "a")),
        LinkQuery(sort="slug", cursor=cursor_of("slug", "\ud800", 1)),
        LinkQuery(sort="slug", cursor=cursor_of("slug", "\0", 1)),
        LinkQuery(sort="slug", cursor=cursor_of("slug", "a" * 65, 1)),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    ctx: Context, owner: Principal, query: LinkQuery
) -> None:
    with pytest.raises(errors.ValidationFailed):
        links.search(ctx, owner, query)


def test_states_filter_by_what_visitors_get(world: World, owner: Principal) -> None:
    make(world.ctx, owner, slug="alive")
    make(world.ctx, owner, slug="off", is_active=False)
    make(world.ctx, owner, slug="over", expires_at=NOW + timedelta(hours=1))
    later = world.later(timedelta(hours=2))
    for state, slug in (("active", "alive"), ("inactive", "off"), ("expired", "over")):
        found = links.search(later, owner, LinkQuery(state=state)).items
        assert [link.slug for link in found] == [slug]


def test_an_empty_patch_changes_nothing(world: World, owner: Principal) -> None:
    link = make(world.ctx, owner)
    world.announced.clear()
    assert links.update(world.ctx, owner, link.uid, LinkPatch()) == link
    assert world.announced == []


def test_many_links_are_announced_and_written_down_one_by_one(
    world: World, owner: Principal
) -> None:
    many = [NewLink(url=HOME, slug=f"many-{i}", variants=()) for i in range(60)]
    made = links.create_many(world.ctx, owner, many, atomic=False)
    assert [m.link.slug for m in made if isinstance(m, links.Created)] == [n.slug for n in many]
    assert {changed.slug for changed in world.announced} == {new.slug for new in many}
    assert Audit.select().where(Audit.action == "link.create").count() == 60


def test_a_limit_can_be_set_again_though_a_late_visit_left_its_counter(
    ctx: Context, owner: Principal
) -> None:
    link = make(ctx, owner, max_clicks=5)
    links.update(ctx, owner, link.uid, LinkPatch(max_clicks=None))
    assert links.take_use(link.id, 5)  # a visit that had read the link before
    assert LinkUse.select().count() == 0
    LinkUse.create(link_id=link.id, used=4)
    links.update(ctx, owner, link.uid, LinkPatch(max_clicks=5))
    assert LinkUse.get().used == 0


def test_a_new_slug_may_not_make_a_link_lead_to_itself(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, url="https://go.example.org/later", slug="first")
    with pytest.raises(errors.ValidationFailed) as caught:
        links.update(ctx, owner, link.uid, LinkPatch(slug="later"))
    assert set(caught.value.errors) == {"slug"}


def test_too_many_variants_are_refused_before_any_is_looked_at(
    ctx: Context, owner: Principal
) -> None:
    many = tuple(NewVariant(f"v{i}", "nonsense", 0) for i in range(50_000))
    found = refused(ctx, owner, variants=many)
    assert set(found) == {"routing.variants"}
    heavy = NewLink(variants=AB, tags=tuple(f"t{i}" for i in range(48)))
    with pytest.raises(errors.ValidationFailed, match="in one request"):
        links.create_many(ctx, owner, [heavy] * 101, atomic=False)


def test_a_link_is_purged_once_however_many_ask_at_once(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner)
    outcomes: list[str] = []

    def ask() -> None:
        try:
            links.purge(ctx, owner, link.uid)
            outcomes.append("purged")
        except errors.NotFound:
            outcomes.append("gone")
        finally:
            connection.close_thread()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["gone"] * 7 + ["purged"]


def test_a_password_is_hashed_before_the_unit_of_work(ctx: Context, owner: Principal) -> None:
    ready = links.prepare(NewLink(url=HOME, password="open sesame"))
    assert links.prepare(ready) is ready
    link = links.create(ctx, owner, ready).link
    row = Link.get_by_id(link.id)
    assert str(row.password_hash).startswith("$argon2id$")
    links.update(ctx, owner, link.uid, LinkPatch(password=None))
    assert not links.get(ctx, owner, link.uid).password_protected
