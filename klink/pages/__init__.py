"""What visitors see in a browser: the password form, the preview page, and what is not there."""

from __future__ import annotations

from klink.pages.guarded import Guards, WayOn
from klink.pages.views import make_blueprint

__all__ = ["Guards", "WayOn", "make_blueprint"]
