"""``/_report``: anybody may say that a link is bad.

The page takes a form, programs send the same as JSON. Who sends is limited by address, asked for
a captcha, and not written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, request
from werkzeug.exceptions import RequestEntityTooLarge

from klink.clicks.visits import ARRIVAL, Arrival
from klink.core import reports
from klink.core.captcha import Captcha, Verdict
from klink.core.errors import DatabaseBusy, ValidationFailed
from klink.core.reports import MAX_EMAIL, MAX_TEXT, REASONS, NewReport
from klink.pages.rendering import captcha_refusal, shown
from klink.pages.texts import text
from klink.web.address_limit import Limit
from klink.web.body import json_body
from klink.web.parts import context

__all__ = ["REPORT_PATH", "make_report_blueprint", "report_limit"]

REPORT_PATH = "/_report"

_RETRY_S = 2
_MAX_BYTES = 32 * 1024  # a thousand characters in a form may take twelve each
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_FIELDS = ("link", "reason", "text", "email")
_WORDS = {
    "phishing": text("It pretends to be somebody else (phishing)"),
    "malware": text("It spreads harmful software"),
    "spam": text("It was sent as spam"),
    "illegal": text("It leads to something illegal"),
    "other": text("Something else"),
}
_WRONG = {  # for people; programs are told in more detail
    "link": text("Give the whole address of a short link of this server."),
    "reason": text("Choose one of the reasons."),
    "text": text("This text is too long, or holds characters that cannot be kept."),
    "email": text("This is no e-mail address. You can leave it out."),
    "body": text("This form cannot be read. Open the page once more, and send it again."),
}


def report_limit(**clock: Any) -> Limit:
    """Five reports of an address at once, and one a minute after that.

    :param clock: as of :class:`Limit`. Any: it is handed on.
    """
    return Limit(**clock, at_once=5, per_s=1 / 60, what="reports")


def make_report_blueprint(limit: Limit, captcha: Captcha) -> Blueprint:
    """The page; registered before the other pages, which answer all that is left.

    It expects the front before it, which says who asks and whether on a host with links.
    """
    blueprint = Blueprint("report", __name__, template_folder="templates")
    blueprint.add_url_rule(
        REPORT_PATH,
        "report",
        _View(limit, captcha),
        methods=_METHODS,
        provide_automatic_options=False,
    )
    return blueprint


class _View:
    """The form, and what is sent with it."""

    def __init__(self, limit: Limit, captcha: Captcha) -> None:
        self._limit = limit
        self._captcha = captcha

    def __call__(self) -> Response:
        """Answer a request."""
        if request.method not in ("GET", "HEAD", "POST"):
            abort(405)
        arrival: Arrival | None = request.environ.get(ARRIVAL)
        if arrival is None:
            abort(404)
        if arrival.refusal == "wrong_host":
            abort(421)
        if arrival.refusal:
            raise DatabaseBusy
        if request.method != "POST":
            link = request.args.get("url") or request.args.get("code") or ""
            return self._form({"link": link})
        return self._sent(arrival)

    def _sent(self, arrival: Arrival) -> Response:
        sent: Mapping[str, str] = {}
        try:
            sent = _sent()
            new = _report(sent)
            reports.check(new)
            self._limit.take(arrival.seen.client.address)  # what was mistyped counts as none
            verdict = self._captcha.check(
                "report", "", sent, context().now, arrival.seen.client.address
            )
            if verdict is not Verdict.PASSED:
                return self._form(sent, verdict=verdict)
            reports.take(context(), new, host_domain_id=arrival.domain_id)
        except ValidationFailed as error:
            return self._form(sent, error.errors)
        return shown("report_thanks", status=202, json={"status": "received"})

    def _form(
        self,
        sent: Mapping[str, str],
        errors: Mapping[str, list[str]] | None = None,
        *,
        verdict: Verdict = Verdict.PASSED,
    ) -> Response:
        """The form, with what was wrong with it."""
        status, json = captcha_refusal(verdict)
        problem = verdict.value if json else ""
        if errors:
            status, told = 422, "; ".join(texts[0] for texts in errors.values())
            json = {"error": {"code": "validation", "message": told, "errors": dict(errors)}}
        response = shown(
            "report",
            status=status,
            json=json or {"fields": list(_FIELDS), "reasons": list(REASONS)},
            captcha=self._captcha.challenge("report", "", context().now),
            captcha_problem=problem,
            sent=sent,
            errors={name: _WRONG[name] for name in errors or {}},
            reasons=[(reason, _WORDS[reason]) for reason in REASONS],
            max_text=MAX_TEXT,
            max_email=MAX_EMAIL,
        )
        if verdict is Verdict.UNREACHABLE:
            response.headers["Retry-After"] = str(_RETRY_S)
        return response


def _sent() -> Mapping[str, str]:
    """The fields of the form, or of the JSON object.

    :raises ValidationFailed: it is neither.
    """
    if request.is_json:
        found = json_body(_MAX_BYTES)
        if not isinstance(found, dict):
            raise ValidationFailed({"body": ["must be an object"]})
        for name in _FIELDS:
            if not isinstance(found.get(name), str | None):
                raise ValidationFailed({name: ["must be a string"]})
        return {name: value for name, value in found.items() if isinstance(value, str)}
    request.max_content_length = _MAX_BYTES
    try:
        return request.form
    except RequestEntityTooLarge:
        raise ValidationFailed({"text": [f"at most {MAX_TEXT} characters"]}) from None


def _report(sent: Mapping[str, str]) -> NewReport:
    return NewReport(
        link=sent.get("link", ""),
        reason=sent.get("reason", ""),
        text=sent.get("text", ""),
        email=sent.get("email") or None,
    )
