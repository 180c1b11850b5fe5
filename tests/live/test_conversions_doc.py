"""What docs/conversions.md shows works as it stands there, but for host and keys."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.shop import SCRIPT
from tests.live.server import Server

pytestmark = pytest.mark.live

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "conversions.md").read_text()
HOST, KLID = "https://go.example.org", "v_0123456789abcdef"


def blocks(language: str) -> list[str]:
    """The blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_every_command_records_what_it_says(server: Server, key: str) -> None:
    token = server.klink("keys", "create", "--name", "shop", "--dialect", "qklnk")
    answers = []
    for block in blocks("sh"):
        done = subprocess.run(
            ["bash", "-c", block.replace(HOST, f"http://127.0.0.1:{server.port}")],
            env={"PATH": "/usr/bin:/bin", "KEY": key, "QKLNK_KEY": token},
            capture_output=True,
            check=True,
            timeout=30,
        )
        answers.append(json.loads(done.stdout))
    hats, shop, event, of_qklnk = answers
    assert (hats["slug"], hats["conversion_tracking"]) == ("hats", True)
    assert shop["conversion_redirect_url"] == "https://shop.example.com/thanks"
    assert (event["event_id"], event["revenue"]) == ("order-42", "99.99")
    assert (of_qklnk["data"]["revenue"], of_qklnk["data"]["is_conversion"]) == (99.99, True)


def test_the_image_records_with_the_public_id_and_the_klid_put_in(server: Server, key: str) -> None:
    link = server.create(key, url="https://shop.example.com/", conversion_tracking=True)
    reply = server.get("/" + link["slug"])
    [klid] = parse_qs(urlsplit(reply.headers["location"]).query)["klid"]
    public_id = server.get("/api/v1/me", key=key).json["workspace"]["public_id"]
    [source] = re.findall(rf'<img src="{HOST}([^"]+)"', TEXT)
    path = html.unescape(source).replace(KLID, klid).replace("ws_0123456789abcdef", public_id)
    assert server.get(path).status == 200
    assert server.settled(key, link)["revenue"] == "99.99"


def test_the_queue_is_the_one_that_browsers_are_tried_with() -> None:
    snippet = blocks("html")[0]
    queue = re.search(r"<script>(.*?)</script>", snippet)
    assert queue is not None
    assert queue[1] in SCRIPT
