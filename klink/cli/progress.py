"""How far long work is, on a terminal; in a pipe nothing is said."""

from __future__ import annotations

import sys

import click

__all__ = ["Bar"]

_WIDTH = 30


class Bar:
    """One line on standard error, written anew: what is being done, and how much of it.

    :param words: by step, what it is called.
    """

    def __init__(self, words: dict[str, str]) -> None:
        self._words = words
        self._is_shown = sys.stderr.isatty()
        self._last = ""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show it; a total of 0 is one that nobody knows."""
        if not self._is_shown:
            return
        line = self._words.get(step, step)
        if total:
            part = min(done / total, 1)
            full = int(part * _WIDTH)
            line = f"{line:22} [{'#' * full}{'.' * (_WIDTH - full)}] {part:4.0%}"
        if line != self._last:
            self._last = line
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._last:
            click.echo("\r\x1b[K", nl=False, err=True)
