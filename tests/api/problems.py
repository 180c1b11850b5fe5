"""What every refusal of the native API looks like, and what it must leave untouched."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

from klink.db.connection import read
from klink.db.models import Audit, Change, Idempotent, Link, LinkTag, Rule, Variant

WRITTEN = (Link, LinkTag, Variant, Rule, Audit, Change, Idempotent)


def assert_problem(reply: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The answer is this problem, in the shape that RFC 9457 and the contract give it."""
    assert reply.status_code == status, reply.text
    assert reply.content_type == "application/problem+json"
    problem: dict[str, Any] = reply.get_json(force=True)
    assert problem["status"] == status
    assert problem["code"] == code, problem
    assert problem["type"].endswith(f":{code}")
    assert problem["title"]
    assert problem["detail"]
    assert ("errors" in problem) == (code == "validation")
    assert reply.headers["X-Request-Id"]
    return problem


def rows() -> dict[str, int]:
    """How many rows there are of all that a request may write."""
    with read():
        return {model.__name__: model.select().count() for model in WRITTEN}
