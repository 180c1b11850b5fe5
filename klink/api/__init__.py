"""The native REST API (contract: native)."""

from __future__ import annotations

from klink.api.app import make_app

__all__ = ["make_app"]
