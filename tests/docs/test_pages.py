"""What the pages name is there: links, commands, settings, metrics, paths, files."""

from __future__ import annotations

import ast
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import peewee
import pytest
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from klink.config import ConfigError, all_settings, load
from klink.core import errors
from klink.db import models
from klink.web import body
from klink.web.statuses import status_of_kind
from tests.dialects.house import House
from tests.docs.commands import lines, wrong_with
from tests.docs.pages import ROOT, Page, pages

PAGES = pages()
SETTINGS = all_settings(("NAME",))
SECTIONS = {name.rpartition(".")[0] for name in SETTINGS} - {""}
VARIABLES = {each.variable for each in SETTINGS.values()} | {"KLINK_SECTION__KEY", "KLINK_KEY"}
METHODS = "GET|HEAD|POST|PUT|PATCH|DELETE"
IN_FILES = r"(?:klink|tests|scripts|docs|build)/[\w./*{},-]+"

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


@each_page
def test_every_link_within_the_project_leads_somewhere(page: Page) -> None:
    for target in page.links:
        if re.match(r"[a-z]+:", target):
            continue
        path, _, name = unquote(target).partition("#")
        file = (page.path.parent / path).resolve() if path else page.path
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        if name:
            assert file.suffix == ".md", target
            assert name in Page(file).anchors, target


def test_the_index_names_every_page() -> None:
    index = Page(ROOT / "docs" / "README.md")
    named = {target.partition("#")[0] for target in index.links}
    there = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert there <= named, there - named


@each_page
def test_every_klink_command_is_one_that_klink_knows(page: Page) -> None:
    whole = [line for block in page.blocks if block.language == "sh" for line in lines(block.text)]
    named = [span for span in page.spans if re.match(r"klink [a-z]", span)]
    for line, is_whole in [*((each, True) for each in whole), *((each, False) for each in named)]:
        assert wrong_with(line, is_whole=is_whole) is None, line


@each_page
def test_every_setting_is_one_that_klink_reads(page: Page) -> None:
    for span in page.spans:
        assert not (name := _unknown_setting(span)), name
        for variable in re.findall(r"KLINK_[A-Z0-9_]+(?<!_)", span):
            assert variable in VARIABLES or variable in _code(), variable


@cache
def _code() -> str:
    """All that klink and its scripts say: variables that are no settings stand there."""
    files = [*(ROOT / "klink").rglob("*.py"), *(ROOT / "scripts").rglob("*")]
    files += [ROOT / "tests" / "conftest.py"]
    return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())


def _unknown_setting(span: str) -> str:
    """The setting that is named and not there, as ``section.name`` or ``[section] name``."""
    match = re.match(r"\[([a-z_.]+|dialects\.NAME)\](?: ([a-z_]+))?(?: = .*)?$", span)
    if match:
        section, name = match.groups()
        section = section.replace("NAME", "klookup")
        if name:
            return "" if f"{section}.{name}" in SETTINGS else span
        return "" if section in SECTIONS or section in SETTINGS or section == "plans" else span
    match = re.match(r"([a-z_]+(?:\.[a-z_]+)+)(?: = .*)?$", span)
    if match is None or match[1].rpartition(".")[0] not in SECTIONS or match[1] == "geoip.mmdb":
        return ""
    return "" if match[1] in SETTINGS or _is_of_the_code(match[1]) else span


def _is_of_the_code(name: str) -> bool:
    """Whether a module, or what is in one, has this name: pages for developers name those."""
    try:
        pkgutil.resolve_name(f"klink.{name}")
    except (ImportError, AttributeError):
        return False
    return True


@each_page
def test_every_sample_of_a_configuration_starts_klink(page: Page, tmp_path: Path) -> None:
    for number, block in enumerate(each for each in page.blocks if each.language == "toml"):
        file = tmp_path / f"{number}.toml"
        # What readers are to fill in.
        file.write_text(block.text.replace('"…"', '"x"').replace("…", ""))
        assert tomllib.loads(block.text)
        try:
            load(file, {}, tmp_path)
        except ConfigError as error:
            pytest.fail(f"{page.name}:{block.line}: {error}")


@each_page
def test_every_metric_is_one_that_klink_has(page: Page) -> None:
    known = _strings(ROOT / "klink" / "metrics") | {"klink_klid"}  # what a browser keeps
    for name in re.findall(r"\bklink_[a-z_]+[a-z]", " ".join(page.spans)):
        base = re.sub(r"_(total|bucket|count|sum)$", "", name)
        assert {name, base} & known, name


def _strings(folder: Path) -> set[str]:
    trees = [ast.parse(file.read_text()) for file in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return {node.value for node in nodes if isinstance(node.value, str)}


@pytest.fixture
def asked(house: House) -> dict[str, set[str]]:
    """Every ``METHOD /path`` that pages name, with the pages."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for span in page.spans:
            if re.match(rf"(?:{METHODS}) /\S*$", span):
                found.setdefault(span, set()).add(page.name)
    return found


def test_every_path_is_answered(house: House, asked: dict[str, set[str]]) -> None:
    assert len(asked) > 20
    routes = house.app.url_map.bind("go.example.org")
    for span, where in asked.items():
        method, _, path = span.partition(" ")
        path = re.sub(r"\{[a-z_]+\}", "1", path.partition("?")[0])
        tried = [path, f"/api/v1{path}"]
        assert any(_answers(routes, each, method) for each in tried), (span, where)


def _answers(routes, path: str, method: str) -> bool:
    try:
        routes.match(path, method=method)
    except RequestRedirect:
        return True
    except (NotFound, MethodNotAllowed):
        return False
    return True


@each_page
def test_every_file_of_the_project_that_is_named_is_there(page: Page) -> None:
    for span in page.spans:
        path, _, name = span.split(" ")[0].rstrip(".,:").partition("::")
        if re.fullmatch(IN_FILES, path) and not path.startswith("build"):
            pattern = re.sub(r"[A-Z]{2,}", "*", path.rstrip("/"))  # stands for any name
            assert any(ROOT.glob(pattern)), path
            assert not name or f"def {name}(" in (ROOT / path).read_text(), span


def test_the_table_of_statuses_is_whole() -> None:
    page = Page(ROOT / "docs" / "api-by-example.md")
    rows = [re.match(r"\| ([\d, ]+) \|", line) for line in page.text.splitlines()]
    told = {int(status) for row in rows if row for status in row[1].split(", ")}
    raised = {status_of_kind(kind) for kind in _kinds()}
    assert raised - {500} <= told, raised - told


def _kinds() -> Iterator[type[errors.KlinkError]]:
    for module in (errors, body):
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, errors.KlinkError):
                yield each


def test_every_table_that_tells_of_a_person_is_named() -> None:
    of_persons = {"visitor", "net", "agent", "address", "email", "who"}
    told = Page(ROOT / "docs" / "security.md").spans
    for model in vars(models).values():
        if isinstance(model, type) and issubclass(model, peewee.Model):
            about = model._meta
            assert not of_persons & about.fields.keys() or about.table_name in told, (
                about.table_name
            )


@pytest.mark.parametrize("name", ["README.md", "docs/operations.md"])
def test_every_command_is_run_or_says_why_not(name: str) -> None:
    for block in Page(ROOT / name).blocks:
        if block.language == "sh":
            assert block.mark == "runnable" or re.match(r"not run: \S", block.mark), block.text
