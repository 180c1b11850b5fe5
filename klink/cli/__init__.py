"""The command line: thin commands over the core (contract: operating)."""

from __future__ import annotations

from klink.cli.main import main

__all__ = ["main"]
