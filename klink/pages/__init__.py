"""What visitors see in a browser: forms, the preview page, and what is not there."""

from __future__ import annotations

from klink.pages.guarded import Guards, WayOn
from klink.pages.report import make_report_blueprint, report_limit
from klink.pages.views import make_blueprint

__all__ = ["Guards", "WayOn", "make_blueprint", "make_report_blueprint", "report_limit"]
