"""The work that klink does by itself: how it went, and running it now."""

from __future__ import annotations

from flask import Response

from klink.admin.forms import Form
from klink.admin.rendering import fragment, page, redirect_to
from klink.admin.screens import Screens
from klink.jobs.by_hand import run_now
from klink.stats.health import span_in_words
from klink.web.parts import context, parts
from klink.web.principal import principal

screens = Screens()


@screens.at("/settings/jobs", needs="operator")
def jobs() -> Response:
    """Every job, in the order of their table."""
    return _shown(Form.of())


@screens.at("/settings/jobs/table", needs="operator")
def jobs_table() -> Response:
    """The table alone, for a script that follows what is running."""
    return fragment("settings/jobs_table", jobs=parts().jobs_status(), every=span_in_words)


@screens.at("/settings/jobs/<name>/run", "POST", needs="operator")
def run_job(name: str) -> Response:
    """Begin a run."""
    form = Form.sent()
    with form.catching():
        run_now(context(), principal(), name, parts().run_job)
    if form.errors:
        return _shown(form, status=422)
    return redirect_to("admin.jobs", told=f"{name} has begun.")


def _shown(form: Form, *, status: int = 200) -> Response:
    return page(
        "settings/jobs",
        title="Jobs",
        at="settings",
        tab="jobs",
        status=status,
        form=form,
        jobs=parts().jobs_status(),
        every=span_in_words,
    )
