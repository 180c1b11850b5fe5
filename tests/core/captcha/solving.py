"""Solves altcha challenges as a client in any language would: by its own SHA-256, from the JSON."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any


def solved(challenge: dict[str, Any]) -> str:
    """The answer to a challenge as JSON has it."""
    parameters = challenge["parameters"]
    start = bytes.fromhex(parameters["salt"] + parameters["nonce"])
    for counter in range(1 << 24):
        digest = hashlib.sha256(start + counter.to_bytes(4, "big")).hexdigest()
        if digest.startswith(parameters["keyPrefix"]):
            return packed(challenge, counter, digest)
    raise AssertionError("no solution")


def packed(challenge: object, counter: object, digest: object) -> str:
    """An answer as it is sent."""
    solution = {"counter": counter, "derivedKey": digest}
    return pack({"challenge": challenge, "solution": solution})


def pack(anything: object) -> str:
    """Whatever it is, as an answer is written."""
    return base64.b64encode(json.dumps(anything).encode()).decode()
