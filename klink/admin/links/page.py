"""The page of one link: what it is, how it does, and what can be done with it."""

from __future__ import annotations

from flask import Response

from klink.admin import words
from klink.admin.forms import Form
from klink.admin.gate import who
from klink.admin.links import experiments
from klink.admin.links.badges import badges
from klink.admin.links.state import checks, sentences
from klink.admin.numbers import figures, lists
from klink.admin.numbers.choice import chosen_span, in_words, kept, same_page, show_as
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import links
from klink.core.links import LinkPatch, LinkView
from klink.stats.breakdown import Dim
from klink.stats.counts import with_counts
from klink.stats.overview import link_overview
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_ALWAYS = (Dim.REASON, Dim.VARIANT)


@screens.at("/links/<uid>", needs="read")
def link_page(uid: str) -> Response:
    """One link over a span; people and the rest apart."""
    return _show(links.get(context(), principal(), uid), Form.of())


@screens.at("/links/<uid>/enable", "POST", needs="update")
def link_enable(uid: str) -> Response:
    """Let visitors through again."""
    return _switch(uid, is_active=True, told="Enabled.")


@screens.at("/links/<uid>/disable", "POST", needs="update")
def link_disable(uid: str) -> Response:
    """Let nobody through, until it is enabled again."""
    return _switch(uid, is_active=False, told="Disabled. Visitors are told that the link is gone.")


@screens.at("/links/<uid>/trash", "POST", needs="delete")
def link_trash(uid: str) -> Response:
    """Put it into the trash, where it can be had back for a while."""
    links.trash(context(), principal(), uid)
    return redirect_to("admin.link_page", told="Moved to the trash.", uid=uid)


@screens.at("/links/<uid>/restore", "POST", needs="update")
def link_restore(uid: str) -> Response:
    """Take it back out of the trash."""
    form = Form.sent()
    with form.catching():
        links.restore(context(), principal(), uid)
    return _done(uid, form, "Restored.")


@screens.at("/links/<uid>/purge", "POST", needs="delete")
def link_purge(uid: str) -> Response:
    """Erase it with its clicks, for good."""
    link = links.get(context(), principal(), uid)
    links.purge(context(), principal(), uid)
    return redirect_to("/admin/links", told=f"{link.slug} is erased; its slug is free.")


@screens.at("/links/<uid>/winner", "POST", needs="update")
def link_winner(uid: str) -> Response:
    """Send all traffic to one variant."""
    form = Form.sent()
    label = form.text("label")
    wait_for_clicks()
    with form.catching():
        links.name_winner(context(), principal(), uid, label)
    return _done(uid, form, f"All visitors get {label} from now on.")


@screens.at("/links/<uid>/winner/undo", "POST", needs="update")
def link_undo_winner(uid: str) -> Response:
    """Split the traffic again; a new run begins."""
    wait_for_clicks()
    links.undo_winner(context(), principal(), uid)
    told = "Traffic is split again, and a new run has begun."
    return redirect_to("admin.link_page", told=told, uid=uid)


def _switch(uid: str, *, is_active: bool, told: str) -> Response:
    form = Form.sent()
    with form.catching():
        links.update(context(), principal(), uid, LinkPatch(is_active=is_active))
    return _done(uid, form, told)


def _done(uid: str, form: Form, told: str) -> Response:
    """The link's page, with what was done or with what was wrong with it."""
    if form.errors:
        return _show(links.get(context(), principal(), uid), form)
    return redirect_to("admin.link_page", told=told, uid=uid)


def _show(link: LinkView, problem: Form) -> Response:
    """The page; ``problem`` holds what was wrong with what was to be done."""
    show_as("admin.link_page")
    wait_for_clicks()
    ctx, me = context(), principal()
    span, form = chosen_span()
    dims = [*lists.chosen_dims(), *_ALWAYS]
    found = link_overview(ctx, me, link, span, dims, limit=lists.limit())
    (counts,) = with_counts([link])
    in_span = {each.value: each for each in found.top[Dim.VARIANT].values}
    return page(
        "links/show",
        title=link.title or f"/{link.slug}",
        at="links",
        status=422 if form.errors or problem.errors else 200,
        problem=problem,
        form=form,
        link=link,
        address=link.short_url.partition("://")[2],
        badges=badges(link, ctx.now),
        sentences=sentences(link, ctx.now),
        checks=checks(link),
        counts=counts,
        is_untouched=not (
            counts.clicks
            or counts.conversions
            or found.totals.views
            or found.totals_before.views
            or form.errors
        ),
        made_how=words.DOORS.get(link.created_via, link.created_via),
        currency=who().workspace.currency,
        span=span,
        days=in_words(span),
        utc_days=figures.days_in_words(span),
        same_page=same_page,
        kept=kept(),
        figures=figures.figures(found, who().workspace.currency),
        chart=figures.chart(found),
        totals=found.totals,
        listings=lists.listings(found.top, with_rest=True),
        reasons=lists.reasons(found.top[Dim.REASON]),
        in_span=in_span,
        experiment=experiments.shown(link),
    )
