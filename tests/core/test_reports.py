from __future__ import annotations

from klink.core import links, reports
from klink.core.context import Context
from klink.core.links import NewLink
from klink.core.principal import Principal
from klink.core.reports import NewReport


def test_the_reports_that_wait_are_counted_for_each_workspace(
    ctx: Context, owner: Principal, stranger: Principal
):
    links.create(ctx, owner, NewLink(url="https://example.com/", slug="mine"))
    assert reports.open_count(owner) == 0
    for reason in ("spam", "phishing"):
        reports.take(ctx, NewReport(link="mine", reason=reason))
    assert (reports.open_count(owner), reports.open_count(stranger)) == (2, 0)
    first = reports.search(ctx, owner).items[0]
    reports.dismiss(ctx, owner, first.id)
    assert reports.open_count(owner) == 1
