"""How two processes that know the server's secret recognise each other over the network.

``klink doctor`` asks the address that people use whether this klink answers there. Whoever asks
proves that it knows the secret, and so does the answer, which is bound to the question: nobody
between, and no other server, can give it. To anybody else nothing is said.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping

from klink.core.secrets import derive

__all__ = ["HEADER", "answer_of", "is_question", "question", "read_answer"]

HEADER = "Klink-Doctor"
"""The header of the question, and of the answer."""

_QUESTION = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
_ANSWER = re.compile(r"([A-Za-z0-9_=-]{0,8192})\.([0-9a-f]{64})")


def question(secret: bytes) -> str:
    """A question that nobody has asked before."""
    nonce = secrets.token_hex(16)
    return f"{nonce}.{_mark(secret, 'question', nonce)}"


def is_question(secret: bytes, text: str) -> bool:
    """Whether whoever asks knows the secret."""
    found = _QUESTION.fullmatch(text)
    return found is not None and hmac.compare_digest(found[2], _mark(secret, "question", found[1]))


def answer_of(secret: bytes, asked: str, facts: Mapping[str, object]) -> str:
    """The answer to a question: some facts, plain values of JSON."""
    packed = base64.urlsafe_b64encode(json.dumps(facts).encode()).decode()
    return f"{packed}.{_mark(secret, 'answer', asked, packed)}"


def read_answer(secret: bytes, asked: str, text: str) -> dict[str, object] | None:
    """The facts of an answer; None when it is no answer to this very question."""
    found = _ANSWER.fullmatch(text)
    if found is None or not hmac.compare_digest(found[2], _mark(secret, "answer", asked, found[1])):
        return None
    try:
        facts = json.loads(base64.urlsafe_b64decode(found[1]))
    except (ValueError, binascii.Error):
        return None
    return facts if isinstance(facts, dict) else None


def _mark(secret: bytes, *texts: str) -> str:
    key = derive(secret, "doctor")
    return hashlib.blake2b("\n".join(texts).encode(), key=key, digest_size=32).hexdigest()
