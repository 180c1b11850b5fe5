"""The redirect path: which link a visit is to, and the answer that sends it on."""

from __future__ import annotations
