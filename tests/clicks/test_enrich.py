"""What headers say of a visit: kind, device, referrer, languages, purpose."""

from __future__ import annotations

import crawleruseragents
import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.clicks.enrich import (
    BOT,
    PERSON,
    PREFETCH,
    PREVIEW,
    Enricher,
    kind_of,
    primary_languages,
    purpose_of,
    referrer_host,
)
from klink.clicks.record import Flag
from klink.core.routing import Lookups

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
IOS = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36"
IPHONE = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {IOS} "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
ANDROID = "Mozilla/5.0 (Linux; Android 14; K)"

AGENTS = [
    (CHROME, "desktop", "Windows", "Chrome"),
    (IPHONE, "mobile", "iOS", "Mobile Safari"),
    (IPHONE.replace("iPhone", "iPad"), "tablet", "iOS", "Mobile Safari"),
    (
        f"{ANDROID} {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",
        "mobile",
        "Android",
        "Chrome Mobile",
    ),
    (
        f"Mozilla/5.0 (Linux; Android 13; SM-X906C) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
        "tablet",
        "Android",
        "Chrome",
    ),
    (
        "Mozilla/5.0 (Android 13; Tablet; rv:127.0) Gecko/127.0 Firefox/127.0",
        "tablet",
        "Android",
        "Firefox Mobile",
    ),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {IOS} Version/17.5 Safari/605.1.15",
        "desktop",
        "Mac OS X",
        "Safari",
    ),
    (
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "desktop",
        "Ubuntu",
        "Firefox",
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
        "desktop",
        "Chrome OS",
        "Chrome",
    ),
    (f"{CHROME} Edg/126.0.0.0", "desktop", "Windows", "Edge"),
    (
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Touch; Tablet PC 2.0)",
        "desktop",
        "Windows",
        "IE",
    ),
    (
        f"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) {WEBKIT} SamsungBrowser/4.0 TV Safari/537.36",
        "",
        "Tizen",
        "Samsung Internet",
    ),
    ("", "", "", ""),
    ("nothing that anybody knows", "", "", ""),
]


@pytest.fixture
def enricher():
    return Enricher(lambda net: "US" if net == "203.0.113.0/24" else "")


@pytest.mark.parametrize("user_agent,device,os,browser", AGENTS)
def test_user_agents_name_device_system_and_browser(enricher, user_agent, device, os, browser):
    assert enricher.agent(user_agent) == (device, os, browser)


def test_an_enricher_serves_routing(enricher):
    lookups: Lookups = enricher
    assert lookups.country("203.0.113.0/24") == "US"


PEOPLE = [
    CHROME,
    IPHONE,
    f"{ANDROID} {WEBKIT} Version/4.0 Chrome/126.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/470.0.0;]",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {IOS} Mobile/15E148 Instagram 335.0.4",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {IOS} Mobile/15E148 [Pinterest/iOS]",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {IOS} Mobile/15E148 [LinkedInApp]/9.2",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {IOS} Mobile Twitter for iPhone/10.4",
    f"{ANDROID} {WEBKIT} Version/4.0 Chrome/126.0 Mobile DuckDuckGo/5 Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {WEBKIT} Chrome/83.0.4103.106 Mobile Safari/537.36",
    f"{CHROME} Slack/4.38.125 Electron/30.1.0",
    "Mozilla/5.0",
]


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_browsers_and_browsers_inside_apps_are_persons(user_agent):
    flags = Flag.VIEW | Flag.CLICK | Flag.PRIVATE | Flag.COOKIE
    assert kind_of(flags, user_agent) == (PERSON, "")


@pytest.mark.parametrize(
    "user_agent",
    [
        "curl/8.1.2",
        "Wget/1.21",
        "python-requests/2.32",
        "python-httpx/0.27",
        "Python-urllib/3.11",
        "Go-http-client/2.0",
        "okhttp/4.9",
        "axios/1.6",
        "Java/17.0.1",
        "PostmanRuntime/7.39",
        "node",
        "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        CHROME.replace("Chrome", "HeadlessChrome"),
        "GPTBot/1.0",
    ],
)
def test_crawlers_and_programs_are_known_bots(user_agent):
    assert kind_of(3, user_agent) == (BOT, "known bot")


@pytest.mark.parametrize(
    "user_agent",
    [
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Twitterbot/1.0",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "WhatsApp/2.23.20.0 A",
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.example/) Bot",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) {IOS} facebookexternalhit/1.1 Facebot",
    ],
)
def test_what_draws_a_links_card_is_a_preview(user_agent):
    assert kind_of(3, user_agent) == (PREVIEW, "link preview")


@pytest.mark.parametrize(
    "flags,user_agent,expected",
    [
        (Flag.HEAD, CHROME, (BOT, "head")),
        (Flag.HEAD | Flag.PREFETCH, "", (BOT, "head")),
        (Flag.PREFETCH, CHROME, (PREFETCH, "prefetch")),
        (Flag.PREFETCH, "curl/8", (PREFETCH, "prefetch")),
        (Flag.PREVIEW, CHROME, (PREVIEW, "preview")),
        (0, "", (BOT, "no user agent")),
        (0, "  ", (BOT, "no user agent")),
    ],
)
def test_method_and_purpose_come_before_the_user_agent(flags, user_agent, expected):
    assert kind_of(3 | flags, user_agent) == expected


def test_every_crawler_that_the_package_knows_is_told_from_persons():
    missed = [
        instance
        for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        for instance in entry["instances"]
        if len(instance) <= 512 and kind_of(0, instance)[0] == PERSON
    ]
    assert missed == []


@given(st.text(max_size=600))
def test_any_text_may_be_a_user_agent(text):
    assert kind_of(0, text)[0] in (PERSON, BOT, PREVIEW)
    assert Enricher(lambda net: "").agent(text).device in ("", "mobile", "tablet", "desktop")


@pytest.mark.parametrize(
    "text,host",
    [
        ("", ""),
        ("https://www.Example.com/a?b#c", "www.example.com"),
        ("http://example.com:8080", "example.com"),
        ("https://user:secret@example.com/", "example.com"),
        ("https://münchen.de/", "xn--mnchen-3ya.de"),
        ("https://example.com./", "example.com"),
        ("https://[2001:db8::1]/", "[2001:db8::1]"),
        ("android-app://com.google.android.gm/", "com.google.android.gm"),
        ("example.com", ""),
        ("about:blank", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("https://exa mple.com/", ""),
        ("https://" + "a" * 254 + "/", ""),
        ("https://<script>/", ""),
        ("\ud800", ""),
    ],
)
def test_a_referrer_is_reduced_to_its_host(text, host):
    assert referrer_host(text) == host


@given(st.text(max_size=60).map("https://{}".format) | st.text(max_size=60))
def test_a_referrers_host_is_clean_whatever_was_sent(text):
    host = referrer_host(text)
    assert host.isascii()
    assert host == host.lower()
    assert not set(host) & set(" /\\<>\"'@?#\r\n\0")


@pytest.mark.parametrize(
    "header,tags",
    [
        ("", ()),
        ("en", ("en",)),
        ("en-GB,en;q=0.9,de;q=0.8", ("en-gb", "en", "de")),
        ("de;q=0.5, fr, en;q=0.9", ("fr", "en", "de")),
        ("pt-BR;q=0.3,pt;q=0.3", ("pt-br", "pt")),
        ("*", ()),
        ("*;q=0.5, en", ("en",)),
        ("en;q=0, de", ("de",)),
        ("en; q=0.5 , de;Q=0.7", ("de", "en")),
        ("en,EN,en;q=0.1", ("en",)),
        ("<script>, 123, en_US, zh-Hant-TW", ("zh-hant-tw",)),
        ("en;q=abc, de;q=2, fr;q=nan, it;q=1.0000", ()),
        (
            ",".join(f"a{chr(97 + n)}" for n in range(26)),
            ("aa", "ab", "ac", "ad", "ae", "af", "ag", "ah"),
        ),
        ("en," * 100_000, ("en",)),
    ],
)
def test_languages_come_in_order_of_preference(header, tags):
    assert primary_languages(header) == tags


@pytest.mark.parametrize(
    "values,purpose",
    [
        ((), ""),
        ((None, None, None), ""),
        (("prefetch",), "prefetch"),
        (("prefetch;prerender",), "prefetch"),
        (("prefetch; anonymous-client-ip",), "prefetch"),
        ((None, "prefetch", None), "prefetch"),
        ((None, None, "Prefetch"), "prefetch"),
        ((None, "preview", None), "preview"),
        ((None, "", "something"), ""),
    ],
)
def test_browsers_say_when_nobody_is_looking_yet(values, purpose):
    assert purpose_of(*values) == purpose
