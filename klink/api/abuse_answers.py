"""What answers about blocklists and reports hold, as schemas."""

from __future__ import annotations

from marshmallow import Schema

from klink.api import answer_fields
from klink.api.answer_fields import count, flag, moment, part, text
from klink.core.blocking.entries import KINDS
from klink.core.reports import REASONS, STATES


class BlockingEntry(Schema):
    """An entry of the workspace's blocklist."""

    id = count()
    kind = text("`allow` takes a host or a pattern, and wins.", enum=list(KINDS))
    value = text("A host in punycode, or a pattern.")
    note = text()
    by_operator = flag("The server's operator made it, and no one else removes it.")
    created_at = moment(null=False)


class BlockingList(Schema):
    """One page of entries, newest first."""

    items = part(BlockingEntry, many=True)
    next_cursor = text("Null on the last page.", null=True)


class ReportedLink(Schema):
    """The link that a report is about."""

    id = text(format="uuid")
    slug = text()
    short_url = text(format="uri")
    url = text("Where it leads.")
    is_quarantined = flag()


class Report(Schema):
    """What visitors have reported of a link."""

    id = count()
    state = text(enum=list(STATES))
    reason = text(enum=list(REASONS))
    text = text("What the visitor wrote; may be empty.")
    count = count("How often it was reported like this.")
    at = moment("When first.", null=False)
    reported_at = moment("When last.", null=False)
    closed_at = moment()
    closed_by = answer_fields.text("`workspace` or `operator`.", null=True)
    link = part(ReportedLink)


class ReportList(Schema):
    """One page of reports, newest first."""

    items = part(Report, many=True)
    next_cursor = text("Null on the last page.", null=True)
