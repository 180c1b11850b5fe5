"""What the API is compared with: bare Flask on waitress that takes JSON and gives some."""

from __future__ import annotations

import sys

import waitress
from flask import Flask, Response, jsonify, request

from scripts.benchmark.load import LOCAL
from scripts.benchmark.traffic import LINKS_API

THREADS = 4

app = Flask(__name__)


@app.post(f"/{LINKS_API}")
def create() -> tuple[Response, int]:
    """Answer with what was sent."""
    sent = request.get_json()
    return jsonify(id="1", url=sent["url"], title=sent["title"], tags=sent["tags"]), 201


if __name__ == "__main__":
    waitress.serve(app, host=LOCAL, port=int(sys.argv[1]), threads=THREADS)
