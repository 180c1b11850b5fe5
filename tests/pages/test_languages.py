"""The languages of the pages: every file is whole, and everybody is answered in their own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message

from klink.pages.languages import ENGLISH, FOLDER, LANGUAGES, negotiated
from klink.pages.texts import counted, text
from scripts import catalogs
from tests.redirects.site import Site

FILES = sorted(FOLDER.glob("*.po"))
PLACEHOLDER = re.compile(r"%(?:\([a-z]+\)s|.)")


@pytest.fixture(scope="module")
def current() -> Catalog:
    """Every text in code and templates."""
    return catalogs.texts()


def parts(message: Message) -> list[str]:
    """The forms of a translation."""
    string = message.string
    return list(string) if isinstance(string, tuple | list) else [string or ""]


def most_of(message: Message) -> str:
    """The text in English, the plural where there is one."""
    return message.id if isinstance(message.id, str) else message.id[-1]


def test_english_and_seven_other_languages_are_spoken() -> None:
    assert set(LANGUAGES) >= {"en", "de", "fr", "es", "it", "pt", "nl", "ar"}
    assert {language.tag for language in LANGUAGES.values() if language.direction == "rtl"} == {
        "ar"
    }


def test_texts_are_found_in_code_and_templates(current: Catalog) -> None:
    for known in (
        "No link here",  # a call of text()
        "Continue to Website",  # _() in a template
        "It opens on %(day)s at %(time)s (UTC).",  # a block of trans
    ):
        assert known in current
    counting = current.get("Too many tries. Wait %(num)s second, then try again.")
    assert counting is not None
    assert counting.pluralizable
    assert len(current) > 40


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_language_has_every_text_and_no_other(path: Path, current: Catalog) -> None:
    catalog = catalogs.read(path)
    assert {message.id for message in catalog} == {message.id for message in current}
    assert not catalog.obsolete
    for message in catalog:
        assert not message.fuzzy
        if message.id:
            forms = parts(message)
            assert all(forms), message.id
            assert len(forms) == (catalog.num_plurals if message.pluralizable else 1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_translations_hold_the_placeholders_and_no_markup(path: Path) -> None:
    catalog = catalogs.read(path)
    for message in catalog:
        if not message.id:
            continue
        asked = sorted(PLACEHOLDER.findall(most_of(message)))
        for form, said in enumerate(parts(message)):
            # Templates take texts for HTML, as they are ours.
            assert not set("<>&") & set(said), message.id
            given = sorted(PLACEHOLDER.findall(said))
            # Where a form is for a single number, a language may have a word for it.
            is_single = message.pluralizable and counts_of(catalog, form) == 1
            assert given == asked or (is_single and not given), message.id


def counts_of(catalog: Catalog, form: int) -> int:
    """How many numbers below 200 take a plural form."""
    say = LANGUAGES[str(catalog.locale)].translations.ngettext
    [known] = [each for each in catalog if "Wait %(num)s minutes," in most_of(each)]
    one, many = known.id[0], known.id[1]
    return [say(one, many, number) for number in range(200)].count(parts(known)[form])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_as_scripts_languages_writes_them(
    path: Path, current: Catalog, tmp_path: Path
) -> None:
    copied = tmp_path / path.name
    shutil.copy(path, copied)
    assert catalogs.update(copied, current) == 0
    assert copied.read_bytes() == path.read_bytes()


def test_a_new_language_begins_with_everything_to_translate(
    current: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "pl.po"
    assert catalogs.update(path, current) == len(current)
    catalog = catalogs.read(path)
    assert catalog.num_plurals > 2
    assert catalog.get("No link here") is not None


@pytest.mark.parametrize(
    "asked,tag",
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-ch", "de"),
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("en;q=0.2, fr;q=0.9", "fr"),
        ("fr;q=0, de;q=0.1", "de"),
        ("ja, zh-Hant-TW;q=0.9, ar-EG;q=0.5, en;q=0.1", "ar"),
        ("ja", "en"),
        ("*", "en"),
        ("nl_NL", "en"),
        ("de;q=nonsense", "en"),
        ("xx-" * 200, "en"),
        ("../../etc/passwd", "en"),
        ("\N{LATIN SMALL LETTER E WITH ACUTE}", "en"),
    ],
)
def test_the_language_is_what_the_browser_likes_best(site: Site, asked: str, tag: str) -> None:
    answer = site.ask("/", Accept_Language=asked)
    assert answer.headers["Content-Language"] == tag
    direction = LANGUAGES[tag].direction
    assert f'<html lang="{tag}" dir="{direction}">' in answer.text
    assert answer.headers["Vary"] == "Accept, Accept-Language"


def test_a_language_that_is_not_wanted_is_not_spoken() -> None:
    assert negotiated([("de", 0.0), ("en", 0.5)]) is ENGLISH
    assert negotiated([("de-AT", 1.0), ("en", 0.5)]).tag == "de"


def test_programs_are_answered_in_english(site: Site) -> None:
    answer = site.ask("/nothing", Accept="application/json", Accept_Language="de")
    assert answer.headers["Content-Language"] == "en"
    assert answer.get_json()["error"]["message"] == "There is no short link at this address."


@pytest.mark.parametrize("tag", sorted(LANGUAGES))
def test_each_page_is_wholly_in_the_language(site: Site, tag: str) -> None:
    site.link("locked", password="x")
    site.link("shown", type="inpage")
    for path, english in {
        "/": "Short links live here",
        "/nothing": "There is no short link at this address.",
        "/locked": "This link has a password",
        "/shown/page": "You are about to leave for",
    }.items():
        page = site.ask(path, Accept_Language=tag).text
        assert text(english).within(LANGUAGES[tag].translations) in page
        assert (english in page) == (tag == "en")


def test_numbers_take_the_words_that_go_with_them() -> None:
    def said(tag: str, count: int) -> str:
        one = "Too many tries. Wait %(num)s second, then try again."
        many = "Too many tries. Wait %(num)s seconds, then try again."
        return counted(one, many, count).within(LANGUAGES[tag].translations)

    for tag, one, two in [("en", "1 second,", "2 seconds,"), ("de", "1 Sekunde ", "2 Sekunden ")]:
        assert one in said(tag, 1)
        assert two in said(tag, 2)
    assert len({re.sub(r"\d+", "", said("ar", n)) for n in (1, 2, 3, 11)}) == 4
    assert "11" in said("ar", 11)
