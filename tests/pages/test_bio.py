"""``/@name``: what visitors, programs and search engines get, on which host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from klink.core import bio, domains, links, users
from klink.core.bio import BioPatch, NewBioPage
from klink.core.errors import DatabaseBusy
from klink.core.links import LinkView, NewLink
from klink.core.principal import Principal
from klink.pages.languages import LANGUAGES
from tests.core.bio.files import chunk, exif, jpeg, png, webp
from tests.dialects.house import BASE_URL, BROWSER, House, Reply

HTML = {"Accept": "text/html,*/*;q=0.8", "User-Agent": BROWSER}
JSON = {"Accept": "application/json"}
OURS, THEIRS = "https://go.acme.example", "https://go.beta.example"
MOST_BYTES = 30 << 10

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "{% for x in y %}",
    "<!--",
    "]]>",
    "&lt;script&gt;",
    "\N{RIGHT-TO-LEFT OVERRIDE}txt.exe",
    "<svg/onload=alert(1)>",
    "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content=0;url=//x>",
    "<a href='https://evil.example'>go</a>",
    "%3Cscript%3E",
]


@pytest.fixture
def house(db: str, tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def owner(house: House) -> Principal:
    return Principal(1, users.find(None, 1).id, None, "klink", role="owner")


@pytest.fixture
def page(house: House, owner: Principal) -> None:
    """A published page with a picture and two links."""
    bio.create(house.ctx, owner, NewBioPage(name="acme", title="Acme", text="We make\nthings."))
    bio.set_picture(house.ctx, owner, "acme", png(3, 2))
    for slug in ("shop", "blog"):
        bio.add(house.ctx, owner, "acme", link(house, owner, slug, title=slug.title()).uid)
    bio.change(house.ctx, owner, "acme", BioPatch(is_published=True))


def link(house: House, who: Principal, slug: str, **fields: Any) -> LinkView:
    new = NewLink(url=f"https://example.com/{slug}", slug=slug, **fields)
    return links.create(house.ctx, who, new).link


def ask(
    house: House, path: str, *, method: str = "GET", host: str = BASE_URL, **headers: str
) -> Reply:
    sent = HTML | {name.replace("_", "-"): value for name, value in headers.items()}
    return house.ask(method, path, headers=sent, base_url=host)


def picture_of(house: House, name: str = "acme") -> str:
    """The address of a page's picture."""
    [found] = re.findall(r'<img class="portrait" src="([^"]*)"', ask(house, f"/@{name}").text)
    return str(found)


class Markup(HTMLParser):
    """Elements and attributes of a page, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def all_of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_a_page_shows_its_words_picture_and_links(house: House, page: None):
    answer = ask(house, "/@acme")
    assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
    found = Markup(answer.text)
    assert [each["href"] for each in found.all_of("a")] == [f"{BASE_URL}/shop", f"{BASE_URL}/blog"]
    assert "We make\nthings." in found.words
    assert "@acme" in found.words
    [image] = found.all_of("img")
    assert (image["alt"], image["src"]) == ("", picture_of(house))


def test_a_page_tells_others_of_itself(house: House, page: None):
    found = Markup(ask(house, "/@acme").text)
    told = {
        each.get("property") or each.get("name"): each["content"]
        for each in found.all_of("meta")
        if "content" in each
    }
    assert told["description"] == told["og:description"] == "We make things."
    assert (told["og:title"], told["og:url"]) == ("Acme", f"{BASE_URL}/@acme")
    assert told["og:image"] == BASE_URL + picture_of(house)
    assert (told["og:image:width"], told["og:image:height"]) == ("3", "2")
    assert [each["href"] for each in found.all_of("link") if each["rel"] == "canonical"] == [
        f"{BASE_URL}/@acme"
    ]


def test_search_engines_may_keep_a_page_and_no_other(house: House, page: None):
    answer = ask(house, "/@acme")
    assert answer.headers["X-Robots-Tag"] == "all"
    assert "noindex" not in answer.text
    other = ask(house, "/@nobody")
    assert other.headers["X-Robots-Tag"] == "noindex"
    assert 'content="noindex"' in other.text


def test_a_page_allows_nothing_but_its_looks(house: House, page: None):
    headers = ask(house, "/@acme").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in headers


def test_a_click_on_a_page_is_counted_once_by_its_link_and_a_view_of_it_not_at_all(
    house: House, page: None
):
    house.person("klink")
    for _ in range(3):
        ask(house, "/@acme")
    visited = ask(house, "/shop", Referer=f"{BASE_URL}/@acme")
    assert visited.headers["Location"] == "https://example.com/shop"
    person = house.person("klink")
    counted = {each["slug"]: each for each in person.get("/api/v1/links").json["items"]}
    assert (counted["shop"]["clicks"], counted["shop"]["views"]) == (1, 1)
    assert (counted["blog"]["clicks"], counted["blog"]["views"]) == (0, 0)


@pytest.mark.parametrize("path", ["/@acme", "/@ACME", "/@acme/", "/%40acme", "/@acme?utm_source=x"])
def test_an_address_may_be_written_in_several_ways(house: House, page: None, path: str):
    answer = ask(house, path)
    assert answer.status_code == 200
    assert f'href="{BASE_URL}/@acme"' in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/@nobody",
        "/@",
        "/@/",
        "/@draft",
        "/@acme/page",
        "/@@acme",
        "/acme",
        "/@acme%00",
        "/@ac",
        "/x/@acme",
    ],
)
def test_what_is_no_published_page_is_not_found(
    house: House, owner: Principal, page: None, path: str
):
    bio.create(house.ctx, owner, NewBioPage(name="draft"))
    answer = ask(house, path)
    assert answer.status_code == 404
    assert "There is no short link at this address." in answer.text
    told = house.ask("GET", path, headers=JSON)
    assert (told.status_code, told.json["error"]["code"]) == (404, "not_found")


def test_a_page_that_is_taken_back_looks_as_if_there_never_was_one(
    house: House, owner: Principal, page: None
):
    picture = picture_of(house)
    bio.change(house.ctx, owner, "acme", BioPatch(is_published=False))
    assert ask(house, "/@acme").data == ask(house, "/@nobody").data
    assert ask(house, picture).status_code == 404


def test_a_slug_of_the_same_name_is_another_thing(house: House, owner: Principal, page: None):
    link(house, owner, "acme")
    assert ask(house, "/acme").status_code == 302
    assert ask(house, "/@acme").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_page_can_only_be_read(house: House, page: None, method: str):
    for path in ("/@acme", picture_of(house)):
        answer = ask(house, path, method=method)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_a_head_is_the_page_without_its_body(house: House, page: None):
    whole, head = ask(house, "/@acme"), ask(house, "/@acme", method="HEAD")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_programs_read_json(house: House, page: None):
    answer = house.ask("GET", "/@acme", headers=JSON)
    assert answer.json == {
        "name": "acme",
        "title": "Acme",
        "text": "We make\nthings.",
        "url": f"{BASE_URL}/@acme",
        "picture": BASE_URL + picture_of(house),
        "links": [
            {"label": "Shop", "url": f"{BASE_URL}/shop"},
            {"label": "Blog", "url": f"{BASE_URL}/blog"},
        ],
    }
    assert answer.headers["Vary"] == "Accept, Accept-Language"


def test_a_page_with_nothing_says_so(house: House, owner: Principal):
    bio.create(house.ctx, owner, NewBioPage(name="bare"))
    bio.change(house.ctx, owner, "bare", BioPatch(is_published=True))
    answer = ask(house, "/@bare")
    assert "There are no links here at the moment." in answer.text
    assert "<title>@bare</title>" in answer.text
    assert "description" not in answer.text
    assert house.ask("GET", "/@bare", headers=JSON).json["picture"] is None


def test_links_that_lead_nowhere_are_left_out(house: House, owner: Principal, page: None):
    shop = links.uid_by_slug(owner, "shop", scope="read")
    links.trash(house.ctx, owner, shop)
    assert [each["href"] for each in Markup(ask(house, "/@acme").text).all_of("a")] == [
        f"{BASE_URL}/blog"
    ]


def test_a_long_text_is_told_shortened(house: House, owner: Principal, page: None):
    bio.change(house.ctx, owner, "acme", BioPatch(text="word\n" * 200))
    [told] = re.findall(r'name="description" content="([^"]*)"', ask(house, "/@acme").text)
    assert len(told) <= 200
    assert told.endswith("word…")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_somebody_writes_becomes_markup(
    house: House, owner: Principal, page: None, text: str
):
    hostile = link(house, owner, "hostile", title=text)
    bio.add(house.ctx, owner, "acme", hostile.uid)
    expected = Markup(ask(house, "/@acme").text).elements
    bio.label(house.ctx, owner, "acme", links.uid_by_slug(owner, "shop", scope="read"), text)
    bio.change(house.ctx, owner, "acme", BioPatch(title=text, text=f"{text}\n{text}"))
    answer = ask(house, "/@acme")
    found = Markup(answer.text)
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in expected]
    assert [set(attributes) for _, attributes in found.elements] == [
        set(attributes) for _, attributes in expected
    ]
    assert found.words.count(text) == 6  # title, heading, text twice, label, link's title
    assert all((each["href"] or "").startswith(BASE_URL) for each in found.all_of("a"))
    told = house.ask("GET", "/@acme", headers=JSON)
    assert told.content_type == "application/json"
    assert told.json["title"] == text


def test_a_picture_is_sent_as_what_it_is_and_may_be_kept(
    house: House, owner: Principal, page: None
):
    for data, kind in (
        (png(3, 2), "image/png"),
        (jpeg(16, 8), "image/jpeg"),
        (webp(5, 7), "image/webp"),
    ):
        bio.set_picture(house.ctx, owner, "acme", data)
        answer = ask(house, picture_of(house))
        assert (answer.status_code, answer.data, answer.content_type) == (200, data, kind)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
        assert "Set-Cookie" not in answer.headers
        head = ask(house, picture_of(house), method="HEAD")
        assert (head.status_code, head.data) == (200, b"")


def test_a_picture_has_nothing_in_it_but_the_picture(house: House, owner: Principal, page: None):
    script = b"<html><script>alert(1)</script>"
    for data in (
        png(3, 2, chunk(b"tEXt", script), after=script),
        jpeg(8, 8, exif(6, extra=script), after=script),
        webp(3, 2, (b"XMP ", script), flags=4) + script,
    ):
        bio.set_picture(house.ctx, owner, "acme", data)
        assert b"script" not in ask(house, picture_of(house)).data


def test_a_picture_is_found_by_its_page_and_hash_alone(house: House, owner: Principal, page: None):
    path = picture_of(house)
    _, _, _, name_hash = path.split("/")
    for wrong in (
        "/_bio/",
        "/_bio/acme",
        "/_bio/acme/x",
        f"/_bio/nobody/{name_hash}",
        f"/_bio/acme/{name_hash}0",
        f"/_bio/acme/{name_hash}/x",
        "/_bio/acme/%00",
    ):
        assert ask(house, wrong).status_code == 404, wrong
    bio.set_picture(house.ctx, owner, "acme", png(2, 3))
    assert ask(house, path).status_code == 404


@pytest.fixture
def hosts(house: House) -> Principal:
    """A domain of the page's workspace, and one of somebody else's, whose owner is given."""
    house.domain("go.acme.example")
    away = house.person("klink", workspace="beta")
    house.domain("go.beta.example", workspace_id=away.workspace_id)
    stranger = Principal(away.workspace_id, away.user_id, None, "klink", role="owner")
    bio.create(house.ctx, stranger, NewBioPage(name="beta"))
    bio.change(house.ctx, stranger, "beta", BioPatch(is_published=True))
    return stranger


def test_a_domain_shows_the_pages_of_its_workspace_alone(
    house: House, page: None, hosts: Principal
):
    picture = picture_of(house)
    statuses = {
        (path, host): ask(house, path, host=host).status_code
        for path in ("/@acme", picture, "/@beta")
        for host in (BASE_URL, OURS, THEIRS)
    }
    assert statuses == {
        ("/@acme", BASE_URL): 200,
        ("/@acme", OURS): 200,
        ("/@acme", THEIRS): 404,
        (picture, BASE_URL): 200,
        (picture, OURS): 200,
        (picture, THEIRS): 404,
        ("/@beta", BASE_URL): 200,
        ("/@beta", OURS): 404,
        ("/@beta", THEIRS): 200,
    }


def test_a_host_that_is_not_set_up_shows_nothing(house: House, page: None):
    for path in ("/@acme", picture_of(house)):
        answer = ask(house, path, host="https://elsewhere.example")
        assert answer.status_code == 421
        assert "This host is not set up" in answer.text


def test_a_page_that_is_not_there_leads_nowhere_even_where_unknown_slugs_do(
    house: House, page: None, hosts: Principal
):
    operator = Principal(1, None, None, "cli")
    lost = domains.DomainPatch(root_url=f"{OURS}/@acme", not_found_url=f"{OURS}/@acme")
    domains.change(house.ctx, operator, "go.acme.example", lost)
    assert ask(house, "/", host=OURS).headers["Location"] == f"{OURS}/@acme"
    assert ask(house, "/nothing", host=OURS).headers["Location"] == f"{OURS}/@acme"
    assert ask(house, "/@acme", host=OURS).status_code == 200
    assert ask(house, "/@nobody", host=OURS).status_code == 404


def test_a_page_is_shown_over_https_alone_where_that_is_required(house: House, page: None):
    house.configure(require_https=True)
    answer = ask(house, "/@acme?a=1", host="http://go.example.org")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{BASE_URL}/@acme?a=1")
    assert ask(house, "/@acme").status_code == 200


@pytest.mark.every_engine
def test_a_busy_database_is_told(house: House, page: None, monkeypatch: pytest.MonkeyPatch):
    def busy(*_: object) -> None:
        raise DatabaseBusy

    monkeypatch.setattr(bio, "shown", busy)
    answer = ask(house, "/@acme")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("tag", sorted(LANGUAGES))
def test_the_largest_page_is_below_thirty_kib(house: House, owner: Principal, tag: str):
    bio.create(house.ctx, owner, NewBioPage(name="n" * 32, title="t" * 100, text="<" * 1000))
    bio.change(house.ctx, owner, "n" * 32, BioPatch(is_published=True))
    for number in range(40):
        made = link(house, owner, f"link-{number}")
        bio.add(house.ctx, owner, "n" * 32, made.uid, "l" * 60)
    answer = ask(house, "/@" + "n" * 32, Accept_Language=tag)
    loaded = set(re.findall(r'<(?:link|img)[^>]* (?:src|href)="(/[^"]*)"', answer.text))
    assert len(loaded) == 3
    assert len(answer.data) + sum(len(ask(house, path).data) for path in loaded) < MOST_BYTES
    assert f'<html lang="{tag}"' in answer.text
