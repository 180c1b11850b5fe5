"""Files as people really have them: as each tool writes its dumps, tables and listings."""

# ruff: noqa: E501, W291 - dumps have lines like that

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Klink

MYSQLDUMP = r"""-- MySQL dump 10.13  Distrib 5.5.62, for debian-linux-gnu (x86_64)
/*!40101 SET NAMES utf8 */;
/*!40103 SET TIME_ZONE='+00:00' */;
DROP TABLE IF EXISTS `yourls_log`;
CREATE TABLE `yourls_log` (
  `click_id` int(11) NOT NULL AUTO_INCREMENT,
  `shorturl` varchar(200) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL,
  PRIMARY KEY (`click_id`),
  KEY `shorturl` (`shorturl`)
) ENGINE=MyISAM DEFAULT CHARSET=latin1;
INSERT INTO `yourls_log` VALUES (1,'INSERT INTO `yourls_url` VALUES (\'no\',\'https://no.example\')');
DROP TABLE IF EXISTS `yourls_options`;
INSERT INTO `yourls_options` VALUES (1,'version','1.9'),(2,'next_id','12');
DROP TABLE IF EXISTS `yourls_url`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
CREATE TABLE `yourls_url` (
  `keyword` varchar(200) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL,
  `url` text CHARACTER SET latin1 COLLATE latin1_bin NOT NULL,
  `title` text CHARACTER SET utf8,
  `timestamp` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `ip` varchar(41) NOT NULL,
  `clicks` int(10) unsigned NOT NULL,
  PRIMARY KEY (`keyword`),
  KEY `timestamp` (`timestamp`)
) ENGINE=MyISAM DEFAULT CHARSET=latin1;
LOCK TABLES `yourls_url` WRITE;
/*!40000 ALTER TABLE `yourls_url` DISABLE KEYS */;
INSERT INTO `yourls_url` VALUES ('one','https://example.com/1','It\'s (one), two','2019-03-04 05:06:07','192.0.2.1',7),('two','https://example.com/2?a=1&b=\\','a \"b\" \\ c; d','2020-01-01 00:00:00','2001:db8::1',0);
INSERT INTO `yourls_url` VALUES ('three','https://example.com/3',NULL,'2020-01-01 00:00:00','192.0.2.1',4000000000);
/*!40000 ALTER TABLE `yourls_url` ENABLE KEYS */;
UNLOCK TABLES;
-- Dump completed on 2026-01-10
"""

MARIADB = r"""/*M!999999\- enable the sandbox mode */ 
-- MariaDB dump 10.19-11.8.6-MariaDB, for debian-linux-gnu (x86_64)
/*!40103 SET TIME_ZONE='+00:00' */;
CREATE TABLE `abc_url` (
  `keyword` varchar(200) NOT NULL,
  `url` text NOT NULL,
  `title` text DEFAULT NULL,
  `timestamp` timestamp NULL DEFAULT current_timestamp(),
  `clicks` int(11) DEFAULT 0,
  PRIMARY KEY (`keyword`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_ai_ci;
SET @OLD_AUTOCOMMIT=@@AUTOCOMMIT, @@AUTOCOMMIT=0;
INSERT INTO `abc_url` VALUES
('one','https://example.com/1','It\'s (one), two','2019-03-04 05:06:07',7),
('two','https://example.com/2?a=1&b=\\','a \"b\" \\ c; d',NULL,NULL),
('three','https://example.com/3',NULL,'2020-01-01 00:00:00',4000000000);
COMMIT;
"""

PHPMYADMIN = r"""-- phpMyAdmin SQL Dump
SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
SET time_zone = "+00:00";
--
-- Estructura de tabla para la tabla `yourls_url`
--
CREATE TABLE `yourls_url` (
  `keyword` varchar(100) NOT NULL DEFAULT '',
  `url` text NOT NULL,
  `title` text CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci DEFAULT NULL,
  `timestamp` timestamp NOT NULL DEFAULT current_timestamp(),
  `ip` varchar(41) NOT NULL,
  `clicks` int(10) UNSIGNED NOT NULL
) ENGINE=MyISAM DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

INSERT INTO `yourls_url` (`clicks`, `keyword`, `title`, `url`, `timestamp`, `ip`) VALUES
(7, 'one', 'It\'s (one), two', 'https://example.com/1', '2019-03-04 05:06:07', '192.0.2.1'),
(0, 'two', 'a "b" \\ c; d', 'https://example.com/2?a=1&b=\\', '2020-01-01 00:00:00', '192.0.2.1');
INSERT INTO `yourls_url` (`clicks`, `keyword`, `title`, `url`, `timestamp`, `ip`) VALUES
(4000000000, 'three', NULL, 'https://example.com/3', '2020-01-01 00:00:00', '192.0.2.1');
ALTER TABLE `yourls_url`
  ADD PRIMARY KEY (`keyword`),
  ADD KEY `url_idx` (`url`(30));
COMMIT;
"""

NAVICAT = r"""/*
 Navicat: one row a statement, numbers in quotes, another column between
*/
SET FOREIGN_KEY_CHECKS=0;
-- ----------------------------
-- Table structure for yourls_url
-- ----------------------------
DROP TABLE IF EXISTS `yourls_url`;
CREATE TABLE `yourls_url` (
  `keyword` varchar(200) CHARACTER SET utf8 COLLATE utf8_bin NOT NULL,
  `url` text CHARACTER SET utf8 COLLATE utf8_bin NOT NULL,
  `real` double DEFAULT NULL,
  `title` text,
  `timestamp` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  `ip` varchar(41) NOT NULL,
  `clicks` int(10) unsigned NOT NULL,
  PRIMARY KEY (`keyword`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8;
INSERT INTO `yourls_url` VALUES ('one', 'https://example.com/1', null, 'It''s (one), two', '2019-03-04 05:06:07', '192.0.2.1', '7');
INSERT INTO `yourls_url` VALUES ('two', 'https://example.com/2?a=1&b=\\', '1.5', 'a "b" \\ c; d', '2020-01-01 00:00:00', '192.0.2.1', '0');
INSERT INTO `yourls_url` VALUES ('three', 'https://example.com/3', NULL, NULL, '2020-01-01 00:00:00', '192.0.2.1', '4000000000');
"""

PIECES = (
    MYSQLDUMP.split("INSERT INTO `yourls_url` VALUES ('one'", maxsplit=1)[0]
    + r"""INSERT IGNORE INTO `shop`.`yourls_url` VALUES ('one','https://example.com/1',_binary 'It\'s (one), two','2019-03-04 05:06:07','192.0.2.1',7);
REPLACE INTO yourls_url (keyword, url, title, clicks) VALUES ('two','https://example.com/2?a=1&b=\\',_utf8mb4'a "b" \\ c; d',0) , ('three','https://example.com/3',NULL,4000000000);
"""
)

DUMPS = {
    "mysqldump": MYSQLDUMP,
    "mariadb-dump": MARIADB,
    "phpMyAdmin": PHPMYADMIN,
    "Navicat": NAVICAT,
    "others": PIECES,
}


def links(klink: Klink) -> dict[str, Any]:
    found = klink("links", "list", "--limit", "500", "--json").json
    return {each["slug"]: each for each in found}


@pytest.mark.parametrize("name", DUMPS)
def test_a_dump_is_read_as_each_tool_writes_it(klink: Klink, here: Path, name: str):
    file = here.parent / "dump.sql"
    file.write_text(DUMPS[name])
    done = klink("import", "yourls", str(file))
    assert (done.status, done.err) == (0, "")
    found = links(klink)
    assert set(found) == {"one", "two", "three"}
    assert found["one"]["url"] == "https://example.com/1"
    assert found["one"]["title"] == "It's (one), two"
    assert found["one"]["created_at"] == "2019-03-04T05:06:07Z"
    assert found["two"]["url"] == "https://example.com/2?a=1&b=\\"
    assert found["two"]["title"] == 'a "b" \\ c; d'
    assert found["three"]["title"] is None
    assert [found[slug]["clicks"] for slug in ("one", "two", "three")] == [7, 0, 4_000_000_000]
    again = klink("import", "yourls", str(file), "--json")
    assert again.status == 0
    assert links(klink) == found


def test_what_a_dump_says_in_crlf_and_with_a_mark_at_its_start_is_the_same(
    klink: Klink, here: Path
):
    file = here.parent / "dump.sql"
    file.write_bytes(b"\xef\xbb\xbf" + MYSQLDUMP.replace("\n", "\r\n").encode())
    assert klink("import", "yourls", str(file)).status == 0
    assert set(links(klink)) == {"one", "two", "three"}


def test_a_dump_that_is_cut_off_gives_what_is_whole_and_says_so(klink: Klink, here: Path):
    file = here.parent / "dump.sql"
    whole = MYSQLDUMP.encode()
    file.write_bytes(whole[: whole.index(b"'a \\\"b")])
    done = klink("import", "yourls", str(file))
    assert done.status == 1
    assert done.err.count("\n") == 1
    assert set(links(klink)) <= {"one"}
    file.write_bytes(whole)
    assert klink("import", "yourls", str(file)).status == 0
    assert set(links(klink)) == {"one", "two", "three"}


def test_a_listing_of_shlink_is_read_page_by_page(klink: Klink, here: Path):
    url = {
        "shortCode": "spring",
        "shortUrl": "https://s.test/spring",
        "longUrl": "https://example.com/spring",
        "dateCreated": "2021-05-06T07:08:09+02:00",
        "visitsSummary": {"total": 12, "nonBots": 10, "bots": 2},
        "tags": ["a", "b"],
        "meta": {"validSince": None, "validUntil": "2031-01-01T00:00:00+00:00", "maxVisits": 50},
        "domain": None,
        "title": "Spring",
        "crawlable": False,
        "forwardQuery": True,
        "hasRedirectRules": False,
    }
    old = {
        **url,
        "shortCode": "old",
        "shortUrl": "https://s.test/old",
        "visitsCount": 3,
        "title": None,
    }
    del old["visitsSummary"]
    pages = [
        {"shortUrls": {"data": [each], "pagination": {"currentPage": n, "pagesCount": 2}}}
        for n, each in enumerate((url, old), 1)
    ]
    file = here.parent / "pages.json"
    file.write_text("\n".join(json.dumps(page, indent=2) for page in pages))
    assert klink("import", "shlink", str(file)).status == 0
    found = links(klink)
    spring = found["spring"]
    assert (spring["url"], spring["title"]) == ("https://example.com/spring", "Spring")
    assert sorted(spring["tags"]) == ["a", "b"]
    assert spring["created_at"] == "2021-05-06T05:08:09Z"
    assert spring["expires_at"] == "2031-01-01T00:00:00Z"
    assert spring["forward_query"] is True
    assert spring["max_clicks"] is not None
    assert found["old"]["clicks"] == 3
    assert spring["clicks"] in (10, 12)


TABLES = {
    # Shlink's web client: short_urls.csv
    "shlink": (
        "createdAt,domain,longUrl,shortCode,shortUrl,tags,title,visits\r\n"
        "2021-05-06T07:08:09+00:00,,https://example.com/1,one,https://s.test/one,a|b,One,7\r\n"
    ),
    "bitly": (
        "\ufeffLink,Custom Link,Destination URL,Title,Tags,Date Created,Total Engagements\n"
        'https://bit.ly/3xYz,https://go.example.net/one,https://example.com/1,One,"a, b",'
        "2021-05-06T07:08:09+0000,7\n"
    ),
    "dub": (
        "Short link,Destination URL,Clicks,Created at,Updated at,Tags,Archived\n"
        'https://dub.sh/one,https://example.com/1,7,2021-05-06T07:08:09.000Z,,"a, b",false\n'
    ),
    "kutt": (
        "id,address,description,banned,created_at,updated_at,expire_in,password,target,"
        "visit_count,domain\n"
        "1,one,One,false,2021-05-06T07:08:09.000Z,2021-05-06T07:08:09.000Z,,,"
        "https://example.com/1,7,\n"
    ),
    "yourls": (
        "keyword;url;title;timestamp;ip;clicks\n"
        "one;https://example.com/1;One;2021-05-06 07:08:09;192.0.2.1;7\n"
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_is_read_as_each_product_writes_it(klink: Klink, here: Path, kind: str):
    file = here.parent / "links.csv"
    file.write_text(TABLES[kind], newline="")
    done = klink("import", kind, str(file))
    assert (done.status, done.err) == (0, "")
    (link,) = links(klink).values()
    assert (link["slug"], link["url"]) == ("one", "https://example.com/1")
    assert link["clicks"] == 7
    assert link["created_at"] == "2021-05-06T07:08:09Z"
    if kind not in ("kutt", "yourls"):
        assert sorted(link["tags"]) == ["a", "b"]
    assert klink("import", kind, str(file)).status == 0
    assert list(links(klink).values()) == [link]
