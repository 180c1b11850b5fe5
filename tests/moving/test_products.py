"""Exports of other products, as those write them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from klink.core.links import NewLink
from klink.moving.native import LOCKED, Options
from klink.moving.rows import WrongSource
from tests.moving.sources import problems_of, rows_of, source

YOURLS = """-- MySQL dump 10.13
DROP TABLE IF EXISTS `my_log`;
CREATE TABLE `my_log` (`click_id` int, `shorturl` varchar(200));
INSERT INTO `my_log` VALUES (1,'ozh'),(2,'it''s');
CREATE TABLE `my_url` (
  `keyword` varchar(100) NOT NULL, `url` text NOT NULL, `title` text,
  `timestamp` timestamp NOT NULL, `ip` varchar(41) NOT NULL, `clicks` int unsigned NOT NULL,
  PRIMARY KEY (`keyword`), KEY `ip` (`ip`)
);
INSERT INTO `my_url` VALUES ('ozh','https://ozh.org/?a=1&b=\\'2\\'','It\\'s \\"me\\"',\
'2021-02-03 04:05:06','192.0.2.1',42),\
('b','https://b.example/',NULL,'0000-00-00 00:00:00','',0);
"""


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # year, month, …


def test_a_dump_of_yourls_gives_its_links_with_their_clicks_and_times() -> None:
    first, second = rows_of("yourls", YOURLS)
    assert first.arrival
    assert second.arrival
    url = "https://ozh.org/?a=1&b='2'"
    assert first.arrival.new == NewLink(slug="ozh", url=url, title='It\'s "me"')
    assert first.arrival.created_at == _utc(2021, 2, 3, 4, 5, 6)
    assert (first.arrival.clicks, first.warnings) == (42, ())
    assert second.arrival.new == NewLink(slug="b", url="https://b.example/")
    assert (second.arrival.created_at, second.arrival.clicks) == (None, 0)


@pytest.mark.parametrize(
    "text",
    [
        "keyword,url,title,timestamp,ip,clicks\nozh,https://ozh.org/,Me,2021-02-03 04:05:06,,42\n",
        '"ozh","https://ozh.org/","Me","2021-02-03 04:05:06","192.0.2.1","42"\n',
        "\ufeffClicks;URL;Keyword;Title;Timestamp\r\n"
        "42;https://ozh.org/;ozh;Me;2021-02-03 04:05:06\r\n",
    ],
)
def test_its_table_as_csv_too_with_names_or_without(text: str) -> None:
    (row,) = rows_of("yourls", text)
    assert row.arrival
    assert row.arrival.new == NewLink(slug="ozh", url="https://ozh.org/", title="Me")
    assert (row.arrival.clicks, row.arrival.created_at) == (42, _utc(2021, 2, 3, 4, 5, 6))


def test_a_dump_without_yourls_links_is_the_wrong_source() -> None:
    with pytest.raises(WrongSource, match="no table of YOURLS' links"):
        rows_of("yourls", "CREATE TABLE `wp_posts` (`id` int);\nINSERT INTO `wp_posts` VALUES (1);")


def test_a_dump_that_breaks_off_gives_what_came_before() -> None:
    found = source("yourls", YOURLS + "INSERT INTO `my_url` VALUES ('c','https://c.exa").rows()
    assert [next(found).slug, next(found).slug] == ["ozh", "b"]
    with pytest.raises(WrongSource, match="breaks off"):
        next(found)


def test_shlinks_table_gives_tags_and_visits() -> None:
    (row,) = rows_of(
        "shlink",
        "createdAt,domain,shortCode,shortUrl,longUrl,title,tags,visits\n"
        "2024-05-06T07:08:09+02:00,,abc,https://s.test/abc,https://example.com/,A,x|y,7\n",
    )
    assert row.arrival
    new = NewLink(slug="abc", url="https://example.com/", title="A", tags=("x", "y"))
    assert row.arrival.new == new
    assert (row.arrival.clicks, row.arrival.created_at) == (7, _utc(2024, 5, 6, 5, 8, 9))


def _shlink(**more: object) -> dict[str, object]:
    return {
        "shortCode": "abc",
        "shortUrl": "https://s.test/abc",
        "longUrl": "https://example.com/",
        "dateCreated": "2024-05-06T07:08:09+00:00",
        "visitsSummary": {"total": 9, "nonBots": 7, "bots": 2},
        "tags": ["x"],
        "meta": {"validSince": None, "validUntil": "2030-01-01T00:00:00+00:00", "maxVisits": 10},
        "domain": None,
        "title": "]} é",
        "crawlable": False,
        "forwardQuery": True,
        "hasRedirectRules": False,
    } | more


def _page(*items: dict[str, object]) -> dict[str, object]:
    return {"shortUrls": {"data": list(items), "pagination": {"currentPage": 1}}}


def test_shlinks_rest_answers_are_read_page_after_page() -> None:
    pages = [_page(_shlink()), _page(), _page(_shlink(shortCode="b", hasRedirectRules=True))]
    first, second = rows_of("shlink", "\n".join(map(json.dumps, pages)))
    assert first.arrival
    assert second.arrival
    assert first.arrival.new == NewLink(
        slug="abc",
        url="https://example.com/",
        title="]} é",
        tags=("x",),
        expires_at=_utc(2030, 1, 1),
        max_clicks=10,
        forward_query=True,
    )
    assert first.arrival.clicks == 7
    assert "counted anew" in first.warnings[0]
    assert any("redirect rules" in told for told in second.warnings)


@pytest.mark.parametrize("many", [1, 700])
def test_a_list_of_all_of_them_is_read_as_well(many: int) -> None:
    text = json.dumps([_shlink(shortCode=f"c{i}") for i in range(many)], ensure_ascii=False)
    assert [row.slug for row in rows_of("shlink", text)] == [f"c{i}" for i in range(many)]


def test_json_that_breaks_off_or_is_something_else_is_the_wrong_source() -> None:
    with pytest.raises(WrongSource, match=r"no whole JSON|breaks off"):
        rows_of("shlink", json.dumps(_page(_shlink()))[:200])
    with pytest.raises(WrongSource, match="no answer of Shlink"):
        rows_of("shlink", '{"links": []}')


def test_a_link_of_kutt_with_a_password_comes_switched_off() -> None:
    open_, locked, banned = rows_of(
        "kutt",
        "address,target,description,banned,password,expire_in,visit_count,created_at\n"
        "a,https://example.com/a,Spring,false,,2031-02-03T00:00:00.000Z,3,2020-01-01T00:00:00.000Z\n"
        "b,https://example.com/b,,f,$2a$12$abcdefghijklmnopqrstuv,,0,2020-01-01T00:00:00.000Z\n"
        "c,https://example.com/c,,true,,,0,2020-01-01T00:00:00.000Z\n",
    )
    assert open_.arrival
    assert locked.arrival
    assert open_.arrival.new.title == "Spring"
    assert open_.arrival.new.expires_at == _utc(2031, 2, 3)
    assert (open_.arrival.new.is_active, open_.arrival.clicks) == (True, 3)
    assert not locked.arrival.new.is_active
    assert locked.warnings == (LOCKED,)
    assert "is_active" not in locked.arrival.given  # whoever switches it on may import again
    assert banned.problem.startswith("banned: ")


def test_bitlys_links_are_known_by_their_short_url() -> None:
    (row,) = rows_of(
        "bitly",
        "Title,Long URL,Short Link,Created,Tags,Total Clicks\n"
        'Deal,https://example.com/deal,bit.ly/3xYz,2023-04-05,"a, b","1,234"\n',
    )
    assert row.arrival
    new = NewLink(slug="3xYz", url="https://example.com/deal", title="Deal", tags=("a", "b"))
    assert row.arrival.new == new
    assert (row.arrival.clicks, row.arrival.created_at) == (1234, _utc(2023, 4, 5))


def test_dubs_links_keep_their_domain_where_it_is_the_workspaces() -> None:
    text = (
        "Short link,Destination URL,Clicks,Created at,Updated at,Tags,Archived,iOS\n"
        "https://go.acme.test/x,https://example.com/,5,2024-01-02T03:04:05.000Z,,news,false,\n"
        "https://dub.sh/y,https://example.com/y,6,2024-01-02T03:04:05.000Z,,,true,https://apps.test\n"
    )
    ours, theirs = rows_of("dub", text, Options(hosts=frozenset({"go.acme.test"})))
    assert ours.arrival
    assert theirs.arrival
    assert (ours.arrival.new.domain, theirs.arrival.new.domain) == ("go.acme.test", None)
    assert (ours.arrival.new.slug, ours.arrival.clicks) == ("x", 5)
    assert theirs.warnings == ("its destination for iOS is not taken over",)
    all_there = rows_of("dub", text, Options(domain="one.test"))
    assert [row.arrival and row.arrival.new.domain for row in all_there] == ["one.test"] * 2


@pytest.mark.parametrize("kind", ["csv", "yourls", "shlink", "kutt", "bitly", "dub"])
def test_a_table_of_something_else_is_the_wrong_source(kind: str) -> None:
    with pytest.raises(WrongSource, match=f"no CSV of the kind {kind}"):
        rows_of(kind, "name,street\nAda,Main Street\n")


def test_what_cannot_be_read_of_a_row_is_its_own_problem() -> None:
    text = (
        "keyword,url,title,timestamp,ip,clicks\n"
        "a,https://a.example/,,yesterday,,1\n"
        "b,https://b.example/,,,,many\n"
        "c,https://c.example/,,,,-1\n"
        ",https://d.example/,,,,1\n"
        "e,https://e.example/,,,,1,2,3\n"
        "f,https://f.example/,,,,1\n"
    )
    found = problems_of("yourls", text)
    assert list(found) == [2, 3, 4, 5, 6]
    assert found[2].startswith("created: 'yesterday' is not a date")
    assert found[3] == "clicks: 'many' is no whole number"
    assert found[5] == "slug: is missing"
    assert len(rows_of("yourls", text)) == 6
