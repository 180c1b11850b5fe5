"""Each of the five descriptions says what the server does: schemathesis tries to show otherwise.

It asks a live server whatever the descriptions allow, and much that they do not, and holds the
answers against them: no 5xx, no status that is not documented, no body, header or media type
that is not as described, and nothing accepted that a description forbids.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from klink.dialects import NAMES
from tests.dns import name_server
from tests.live.server import Server

pytestmark = pytest.mark.live

SEED = "20260131"
EXAMPLES = os.environ.get("KLINK_TEST_EXAMPLES", "50")
"""Made-up requests for an operation, besides those that follow from its description."""
"""Requests that each phase makes up for an operation; coverage asks more, as many as it needs."""

TIMEOUT_S = 280

# Two checks have no place here. `positive_data_acceptance`: what a schema cannot say is the
# core's to refuse (an expiry in the past, weights that do not sum to 100, a taken slug).
# `ensure_resource_availability`: a repeat with the same Idempotency-Key tells of the link that
# the first request made, also when it has been deleted since (contract: Idempotency).
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "use_after_free",
)
REFUSALS = (400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429)
"""``If-Match`` is looked at before the rules for values, so 412 and 410 refuse as well."""


@dataclass(frozen=True)
class Api:
    """One of the five, and what is there to be read in it."""

    name: str
    url: str
    key: str
    parameter: str
    values: list[object]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("described")
    (folder / "data").mkdir()
    shutil.copy(sqlite_template, folder / "klink.db")
    with name_server() as names:  # proofs of made-up hosts are looked for nowhere else
        address, port = names.address
        settings = {"KLINK_DOMAINS__NAMESERVERS": f"{address}:{port}"}
        made = Server(folder / "data", f"sqlite:///{folder / 'klink.db'}", **settings)
        try:
            made.start()
            yield made
        finally:
            made.end()


@pytest.fixture(scope="module")
def keys(server: Server) -> dict[str, str]:
    """A key of each of the five, without limits."""
    command = ("keys", "create", "--name", "described", "--plan", "unlimited", "--dialect")
    return {name: server.klink(*command, name) for name in ("klink", *NAMES)}


@pytest.fixture
def links(server: Server, keys: dict[str, str]) -> list[dict[str, Any]]:
    """A link of each kind, some of them visited, one with an event."""
    key = keys["klink"]
    url = "https://example.com/spring"
    variants = [
        {"label": "a", "url": f"{url}?a", "weight": 60},
        {"label": "b", "url": f"{url}?b", "weight": 40},
    ]
    geo = [{"when": {"country": ["DE", "AT"]}, "use": "b"}]
    post = str(time.time_ns())  # which has one inpage link at most, and its page too
    made = [
        server.create(key, url=url, title="Spring", tags=["spring"], conversion_tracking=True),
        server.create(key, routing={"mode": "split", "variants": variants}),
        server.create(key, routing={"mode": "rules", "variants": variants, "rules": geo}),
        server.create(key, type="inpage", url=url, site_url=f"{url}/{post}", post_id=post),
    ]
    for link in made[:3]:
        for query in ("", "?utm_source=news", "?utm_source=post"):
            reply = server.get(f"/{link['slug']}{query}", headers={"Referer": "https://a.example"})
            assert reply.status == 302
        server.get(f"/{link['slug']}", headers={"User-Agent": "curl/8.0"})
    event = {"visitor_id": "v-1", "event_name": "purchase", "revenue": 9.5}
    reply = server.request("POST", "/qklnk/api/v1/events/record", key=keys["qklnk"], body=event)
    assert reply.status == 201, reply.body
    return made


@pytest.fixture
def api(server: Server, keys: dict[str, str], links: list[dict[str, Any]]) -> Api:
    return named("klink", server, keys, links)


def named(name: str, server: Server, keys: dict[str, str], links: list[dict[str, Any]]) -> Api:
    """One of the five by its name."""
    path = "/api/openapi.json" if name == "klink" else f"/api/openapi/{name}.json"
    parameter, member = {
        "qklnk": ("slug", "slug"),
        "klookup": ("number", "number"),
    }.get(name, ("link_id", "id"))
    return Api(
        name=name,
        url=f"http://127.0.0.1:{server.port}{path}",
        key=keys[name],
        parameter=parameter,
        values=[link[member] for link in links],
    )


def configuration(api: Api) -> str:
    """What the command line has no options for, as TOML.

    Half of what reads and changes a link does so with one that is there; deletions meet those
    that schemathesis has made.
    """
    checks = "\n".join(f"{name}.enabled = true" for name in CHECKS)
    return f"""\
cache.enabled = false
continue-on-failure = true

[checks]
enabled = false
{checks}
negative_data_rejection.enabled = true
negative_data_rejection.expected-statuses = {list(REFUSALS)}

[dictionaries.links]
values = {json.dumps(api.values)}

# Of many links each item has a status of its own; the answer's is 207 in every case.
[[operations]]
include-path = "/api/v1/links/bulk"
checks.negative_data_rejection.expected-statuses = {[207, *REFUSALS]}

[[operations]]
exclude-method = "DELETE"
parameters = {{ "path.{api.parameter}" = {{ dictionary = "links", probability = 0.5 }} }}
"""


def schemathesis(api: Api, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it in a folder of its own, where it finds and leaves nothing else."""
    config = folder / "schemathesis.toml"
    config.write_text(configuration(api))
    sent = f"X-API-Key: {api.key}" if api.name == "klinky" else f"Authorization: Bearer {api.key}"
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)),
            *("run", api.url, "--header", sent, "--no-color", "--seed", SEED),
            *("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES),
            *("--generation-database", "none", "--suppress-health-check", "all"),
            *("--request-timeout", "15"),
        ],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def test_the_server_does_what_the_description_says(
    api: Api, server: Server, tmp_path: Path
) -> None:
    done = schemathesis(api, tmp_path)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    counts = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)\b", done.stdout)
    assert counts, done.stdout
    assert len(set(counts.groups())) == 1, done.stdout
    assert "Traceback" not in server.log.read_text()
