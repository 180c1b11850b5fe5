"""The record of a visit: what is in it, and that any engine can read it."""

from __future__ import annotations

import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.clicks.enrich import referrer_host
from klink.clicks.record import MAX_TEXT, ClickRecord, Flag, decode, encode, encode_visit, sender_of
from klink.db import fold_statements
from tests.core.visits import NOON_MS, a_link, a_visit, variant

VISITOR = "v_0123456789abcdef"
PLAIN = ClickRecord(
    NOON_MS, 42, 3, 1, 3, VISITOR, "203.0.113.0/24", "", "Mozilla/5.0", "https://a.example", "en",
    None,
)  # fmt: skip


def record_of(flags=Flag.VIEW | Flag.CLICK, chosen=None, link=None, **visit):
    made = a_visit(**visit)
    line = encode_visit(link or a_link(), made, chosen, flags, VISITOR, sender_of(made))
    return decode(line)


def test_a_record_is_one_line_of_ascii_json_in_the_agreed_order():
    assert encode(PLAIN) == (
        b'[1769860800000,42,3,1,3,"v_0123456789abcdef","203.0.113.0/24","","Mozilla/5.0",'
        b'"https://a.example","en",null]'
    )
    assert decode(encode(PLAIN)) == PLAIN


def test_a_visit_becomes_a_record():
    chosen = variant("b", id=9)
    record = record_of(chosen=chosen, link=a_link(run=2), referrer="https://a.example/")
    assert record == PLAIN._replace(variant_id=9, run=2)


@pytest.mark.parametrize(
    "visit,flags",
    [
        ({}, 3),
        ({"method": "HEAD"}, 3 | Flag.HEAD),
        ({"purpose": "prefetch"}, 3 | Flag.PREFETCH),
        ({"purpose": "preview"}, 3 | Flag.PREVIEW),
        ({"is_private": True}, 3 | Flag.PRIVATE),
        ({"has_cookie": True}, 3 | Flag.COOKIE | Flag.KNOWN),
        ({"method": "HEAD", "is_private": True, "has_cookie": True}, 3 | 4 | 32 | 64 | 256),
    ],
)
def test_what_the_visit_says_is_flagged(visit, flags):
    assert record_of(**visit).flags == flags


def test_the_callers_flags_stay():
    assert record_of(Flag.VIEW).flags == 1
    assert record_of(Flag.CLICK | Flag.COOKIE).flags == 66


def test_a_private_visit_has_no_visitor():
    assert record_of(is_private=True).visitor == ""


def test_headers_are_capped():
    record = record_of(user_agent="u" * 5000, referrer="https://" + "r" * 5000)
    assert len(record.user_agent) == len(record.referrer) == MAX_TEXT


@pytest.mark.parametrize(
    "sent,kept",
    [
        ("https://a.example/reset?token=abc#x", "https://a.example"),
        ("http://a.example:8080?token=abc", "http://a.example:8080"),
        ("https://ann:secret@a.example/", "https://a.example"),
        ("https://ann@b:secret@a.example", "https://a.example"),
        ("https://a.example\\token", "https://a.example"),
        ("HTTPS://A.example/x@y", "HTTPS://A.example"),
        ("https://[2001:db8::1]:81/x", "https://[2001:db8::1]:81"),
        ("android-app://com.example/token", "android-app://com.example"),
        ("token=abc", ""),
        ("file:///home/ann", ""),
        ("", ""),
    ],
)
def test_of_a_referrer_only_the_origin_is_kept(sent, kept):
    record = record_of(referrer=sent)
    assert record.referrer == kept
    assert referrer_host(kept) == referrer_host(sent)


def test_only_the_language_itself_is_kept():
    assert record_of(languages=("pt-br", "en")).language == "pt"
    assert record_of(languages=()).language == ""


def test_a_trusted_proxys_country_is_kept():
    assert record_of(country_hint="US").country == "US"


@pytest.mark.parametrize(
    "location,query,utm",
    [
        ("https://e.com/", "", None),
        ("https://e.com/", "a=1", None),
        ("https://e.com/", "utm_source=s", ("s", None, None, None, None)),
        ("https://e.com/?utm_medium=m", "", (None, "m", None, None, None)),
        ("https://e.com/?utm_source=own", "utm_source=x&utm_term=t", ("own", *[None] * 3, "t")),
        ("https://e.com/?utm_source=a%20b#utm_term=x", "", ("a b", None, None, None, None)),
        ("https://e.com/", "utm_source=&utm_term=", None),
        ("https://e.com/", "utm_source=" + "x" * 999, ("x" * 255, None, None, None, None)),
    ],
)
def test_utm_values_are_those_the_destination_gets(location, query, utm):
    chosen = variant("a")._replace(location=location)
    assert record_of(chosen=chosen, query=query).utm == utm


def test_a_page_counts_the_requests_utm_values():
    assert record_of(Flag.VIEW, query="utm_source=s").utm == ("s", None, None, None, None)


def test_control_characters_and_lone_surrogates_are_replaced():
    dirty = PLAIN._replace(
        user_agent='a\0b\tc\x7f\x9f"\\',
        referrer="\ud83dx\udc00 \U0001f600 é",
        utm=("\0", None, None, None, None),
    )
    clean = decode(encode(dirty))
    assert clean.user_agent == 'a b c  "\\'
    assert clean.referrer == "\ufffdx\ufffd \U0001f600 é"
    assert clean.utm == (" ", None, None, None, None)


texts = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
    st.text(st.characters(categories=["Cs", "Cc", "So"]), max_size=8),
)

maybe = st.none() | texts
five_texts = st.tuples(maybe, maybe, maybe, maybe, maybe)


@given(texts, texts, st.none() | five_texts)
def test_whatever_the_headers_hold_every_engine_can_read_it(agent, referrer, utm):
    line = encode(PLAIN._replace(user_agent=agent, referrer=referrer, utm=utm))
    assert line.isascii()
    assert b"\n" not in line
    assert b"\\u0000" not in line
    text = json.loads(line)[8]
    text.encode()  # no lone surrogates
    assert decode(line).user_agent == text
    connection = sqlite3.connect(":memory:")
    value = connection.execute("SELECT value FROM json_each(?) WHERE key = 8", [line.decode()])
    assert value.fetchone()[0] == text
    connection.close()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b"[1,2",
        b"\xff",
        encode(PLAIN)[:-1] + b",1]",
        encode(PLAIN).replace(b"42", b'"42"'),
        encode(PLAIN).replace(b"42", b"4.2"),
        encode(PLAIN).replace(b"42", b"true"),
        encode(PLAIN).replace(b'"en"', b"null"),
        encode(PLAIN).replace(b"null", b"[1]"),
        encode(PLAIN).replace(b"null", b"[1,2,3,4,5]"),
        encode(PLAIN).replace(b"null", b'"x"'),
    ],
)
def test_what_is_no_record_is_refused(line):
    with pytest.raises(ValueError, match=r".+"):
        decode(line)


def test_the_fold_knows_the_flags_by_the_same_numbers():
    assert (fold_statements.BY_WEIGHT, fold_statements.KNOWN) == (Flag.BY_WEIGHT, Flag.KNOWN)
    kind = Flag.VIEW | Flag.CLICK | Flag.HEAD | Flag.PREFETCH | Flag.PREVIEW
    assert kind == fold_statements.KIND_FLAGS
