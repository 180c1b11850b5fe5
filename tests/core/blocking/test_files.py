from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.blocking.hashed import HashedSet
from klink.core.blocking.lists import LOOK_EVERY_S, SOON_READ_BYTES, Blocklists
from klink.core.blocking.names import asked
from klink.core.urls import parse


class Watched:
    """Lists in a file, with a clock that a test moves and what they would do in the background."""

    def __init__(self, *paths: Path) -> None:
        self.now_s = 100.0
        self.waiting: list[Callable[[], None]] = []
        self.lists = Blocklists(files=paths, clock=lambda: self.now_s, start=self.waiting.append)

    def kind(self, url: str) -> str | None:
        found = self.lists.find(asked(parse(url).location))
        return None if found is None else found.kind

    def later(self) -> None:
        self.now_s += LOOK_EVERY_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.txt"


def test_a_file_blocks_hosts_with_their_subdomains_and_exact_urls(path: Path):
    path.write_text("bad.example\nhttp://shop.example/x.sh\n203.0.113.9\n")
    watched = Watched(path)
    assert watched.kind("https://bad.example/") == "host"
    assert watched.kind("https://www.bad.example:8080/any?x=1") == "host"
    assert watched.kind("https://notbad.example/") is None
    assert watched.kind("https://shop.example/x.sh") == "url"
    assert watched.kind("https://shop.example/x.sh?evade=1") == "url"
    assert watched.kind("https://shop.example/x.sh/y") is None
    assert watched.kind("http://3405803785/") == "host"


def test_what_a_list_excepts_it_does_not_block(path: Path):
    path.write_text("||bad.example^\n@@||good.bad.example^\n")
    watched = Watched(path)
    assert watched.kind("https://bad.example/") == "host"
    assert watched.kind("https://www.good.bad.example/") is None


def test_a_small_file_that_changes_is_read_by_whoever_asks(path: Path):
    path.write_text("old.example\n")
    watched = Watched(path)
    assert watched.kind("https://old.example/") == "host"
    path.write_text("new.example\nother.example\n")
    watched.later()
    assert watched.kind("https://new.example/") == "host"
    assert watched.kind("https://old.example/") is None
    assert watched.waiting == []


def test_a_large_file_that_changes_is_read_in_the_background(path: Path):
    path.write_text("old.example\n")
    watched = Watched(path)
    assert watched.kind("https://old.example/") == "host"
    path.write_text("new.example\nother.example\n" + "# nothing\n" * SOON_READ_BYTES)
    assert watched.kind("https://new.example/") is None
    watched.later()
    assert watched.kind("https://new.example/") is None
    assert watched.kind("https://old.example/") == "host"  # until it is through
    [work] = watched.waiting
    work()
    assert watched.kind("https://new.example/") == "host"
    assert watched.kind("https://old.example/") is None
    watched.later()
    assert watched.kind("https://new.example/") == "host"
    assert watched.waiting == [work]  # nothing has changed since


def gone(path: Path) -> None:
    path.unlink()


def replaced_by_a_page(path: Path) -> None:
    path.write_text("<!doctype html>\n<html>\n<p>Too many requests</p>\n</html>\n")


def replaced_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("broken", [gone, replaced_by_a_page, replaced_by_a_folder])
def test_a_file_that_breaks_keeps_what_it_said_and_is_told_of_once(
    path: Path, broken: Callable[[Path], None], caplog: pytest.LogCaptureFixture
):
    path.write_text("bad.example\n")
    watched = Watched(path)
    watched.lists.refresh()
    caplog.set_level(logging.WARNING, "klink")
    broken(path)
    for _ in range(3):
        watched.lists.refresh()
        assert watched.kind("https://bad.example/") == "host"
    assert len(caplog.records) == 1
    assert "still counts" in caplog.text
    assert watched.lists.status()[0].problem


def test_a_file_that_is_not_there_blocks_nothing_until_it_is(path: Path):
    watched = Watched(path)
    assert watched.kind("https://bad.example/") is None
    assert watched.lists.status()[0].problem == "No such file or directory"
    path.write_text("bad.example\n")
    watched.lists.refresh()
    assert watched.kind("https://bad.example/") == "host"
    assert watched.lists.status()[0].problem is None


def test_a_file_that_could_not_be_read_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch):
    path.write_text("bad.example\n")
    watched = Watched(path)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        watched.lists.refresh()
        assert watched.lists.status()[0].problem == "Permission denied"
    watched.lists.refresh()
    assert watched.kind("https://bad.example/") == "host"


def refuse(*_: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_the_fingerprint_follows_the_files_and_the_configuration(path: Path):
    path.write_text("bad.example\n")
    lists = Blocklists(files=[path])
    lists.refresh()
    before = lists.fingerprint()
    assert lists.fingerprint() == before
    path.write_text("worse.example\n")
    lists.refresh()
    assert lists.fingerprint() != before
    assert Blocklists(hosts=["a.example"]).fingerprint() != Blocklists().fingerprint()


@given(st.sets(st.text(max_size=8), max_size=200), st.text(max_size=8))
def test_a_hashed_set_has_what_was_put_in(texts: set[str], other: str):
    made = HashedSet()
    for text in texts:
        made.add(text)
        made.add(text)
    for _ in made.sort():
        pass
    assert len(made) == len(texts)
    assert all(text in made for text in texts)
    assert (other in made) == (other in texts)
