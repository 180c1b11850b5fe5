"""What visitors see in a browser: the password form, the preview page, and what is not there."""

from __future__ import annotations

from klink.pages.throttle import Throttle
from klink.pages.views import WayOn, make_blueprint

__all__ = ["Throttle", "WayOn", "make_blueprint"]
