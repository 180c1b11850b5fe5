"""Where a visitor goes after a conversion that was recorded on the way (klinky K1)."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = ("ALTER TABLE links ADD COLUMN conversion_redirect_url TEXT",)
