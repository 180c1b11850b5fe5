"""What a browser sends from the pages that guard links, and what comes of it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from werkzeug.test import TestResponse

from tests.core.captcha.solving import solved
from tests.redirects.site import Site

PASSWORD = "open sesame"
JSON: dict[str, Any] = {"Accept": "application/json"}


def fields(page: TestResponse) -> dict[str, str]:
    """The hidden fields of a page's form that have a value."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {name: unescape(value) for name, value in found}


def form_of(page: TestResponse) -> dict[str, str]:
    """What a browser would send from a page, once its script has done the work."""
    details = re.search(r'data-details="([^"]*)"', page.text)
    assert details, page.text
    challenge = json.loads(unescape(details[1]))["challenge"]
    return fields(page) | {"altcha": solved(challenge)}


def code(site: Site, path: str, form: dict[str, str]) -> tuple[int, str]:
    """The status and error code that a program gets for a form."""
    said = site.ask(path, method="POST", form=form, **JSON)
    return said.status_code, said.get_json()["error"]["code"]


def flags(site: Site) -> list[int]:
    """What was counted since the last call."""
    return [record.flags for record in site.records()]


def assert_on(answer: TestResponse, slug: str) -> None:
    assert (answer.status_code, answer.data) == (303, b"")
    assert answer.headers["Location"] == f"https://example.com/{slug}"
