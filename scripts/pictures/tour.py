"""The tour through the admin page: where each screen is, and what to do there for a picture.

Every screen that answers a page stands here; :func:`tour` refuses to begin while one is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from playwright.sync_api import Page

from klink.admin import SCREENS
from scripts.pictures.demo import BIO, DOMAIN, Demo

__all__ = ["EMPTY", "ENTRANCE", "STOPS", "Stop", "names", "tour"]

Act = Callable[[Page], object]


@dataclass(frozen=True)
class Stop:
    """A place to take a picture at.

    :ivar screen: whose place it is.
    :ivar what: how the picture differs from others of the screen; '' the plain one.
    :ivar path: below ``/admin``; ``{slug}`` in braces stands for a link's UUID.
    :ivar act: what to do there first.
    """

    screen: str
    path: str
    what: str = ""
    act: Act | None = None

    @property
    def name(self) -> str:
        """Of the picture."""
        return "-".join(filter(None, (self.screen.replace("_", "-"), self.what)))


NO_PAGES = frozenset(
    {
        "bio_name", "bio_picture", "export_links", "jobs_table", "link_clicks_csv",
        "link_form_slug", "link_qr_png", "link_qr_svg", "live",
    }
)  # fmt: skip
"""Screens that answer files, or pieces of pages: there is nothing to take a picture of."""


def _make_key(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Warehouse")
    page.get_by_role("button", name="Make the key").click()
    page.wait_for_load_state()


def _send_nothing(page: Page) -> None:
    page.locator("#f-slug").fill("admin")
    page.locator("#do-save").click()
    page.wait_for_load_state()


def _ask_for_keys(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def _unfold(page: Page) -> None:
    for fold in page.locator("main details:not([open]) > summary").all():
        if fold.is_visible():
            fold.click()


def _choose_two(page: Page) -> None:
    for box in page.locator("input[name=ids]").all()[1:3]:
        box.check()


STOPS = (
    Stop("overview", "/?range=30d"),
    Stop("overview", "/?range=7d", "week"),
    Stop("overview", "/?range=30d", "keys", _ask_for_keys),
    Stop("links_table", "/links"),
    Stop("links_table", "/links", "chosen", _choose_two),
    Stop("links_table", "/links?q=no-such-link", "nothing"),
    Stop("links_table", "/links?state=trashed", "trash"),
    Stop("link_form_new", "/links/new"),
    Stop("link_form_new", "/links/new", "unfolded", _unfold),
    Stop("link_form_new", "/links/new", "refused", _send_nothing),
    Stop("link_form_edit", "/links/{spring}/edit"),
    Stop("link_form_edit", "/links/{store}/edit", "rules"),
    Stop("link_page", "/links/{spring}?range=30d"),
    Stop("link_page", "/links/{pricing-test}?range=30d", "undecided"),
    Stop("link_page", "/links/{store}?range=30d", "rules"),
    Stop("link_page", "/links/{xYz5678}", "preview"),
    Stop("link_page", "/links/{winter}", "expired"),
    Stop("link_page", "/links/{parcel-fee}", "quarantined"),
    Stop("link_page", "/links/{flyer-2019}", "trashed"),
    Stop("link_page", "/links/{launch}", "empty"),
    Stop("link_history", "/links/{app}/history"),
    Stop("link_qr", "/links/{spring}/qr"),
    Stop("link_clicks", "/links/{spring}/clicks"),
    Stop("conversions", "/conversions?range=30d"),
    Stop("bio_pages", "/bio"),
    Stop("bio_page", f"/bio/{BIO}"),
    Stop("bio_page", "/bio/acme-radio", "empty"),
    Stop("reports", "/reports"),
    Stop("account", "/settings/account"),
    Stop("second_factor", "/settings/account/second-factor"),
    Stop("workspace_settings", "/settings/workspace"),
    Stop("people", "/settings/people"),
    Stop("keys", "/settings/keys"),
    Stop("keys", "/settings/keys", "made", _make_key),
    Stop("try_key", "/settings/try-key"),
    Stop("usage", "/settings/usage"),
    Stop("domains", "/settings/domains"),
    Stop("domain", f"/settings/domains/{DOMAIN}"),
    Stop("domain", "/settings/domains/acme.link.example", "waiting"),
    Stop("tags", "/settings/tags"),
    Stop("blocking", "/settings/blocking"),
    Stop("quarantine", "/settings/quarantine"),
    Stop("audit", "/settings/audit"),
    Stop("jobs", "/settings/jobs"),
    Stop("health", "/settings/health"),
    Stop("workspaces", "/settings/workspaces"),
    Stop("health", "/no-such-page", "not-found"),
)

ENTRANCE = (Stop("sign_in", "/sign-in"), Stop("invite", "/invite/{invite}"))
"""What somebody sees who is not signed in; the set-up comes with an empty klink."""

EMPTY = (
    Stop("overview", "/", "empty"),
    Stop("links_table", "/links", "empty"),
    Stop("conversions", "/conversions", "empty"),
    Stop("bio_pages", "/bio", "empty"),
    Stop("reports", "/reports", "empty"),
    Stop("tags", "/settings/tags", "empty"),
    Stop("keys", "/settings/keys", "empty"),
    Stop("quarantine", "/settings/quarantine", "empty"),
)
"""Screens that say something else in a klink with nothing in it."""


def names() -> set[str]:
    """All screens that answer a page.

    :raises LookupError: one has no stop.
    """
    pages = {
        screen.name
        for screens in SCREENS
        for screen in screens.all
        if "GET" in screen.methods and screen.name not in NO_PAGES
    }
    missing = pages - {stop.screen for stop in (*STOPS, *ENTRANCE)} - {"set_up"}
    if missing:
        raise LookupError(f"no picture of {', '.join(sorted(missing))}: add it to {__name__}")
    return pages


def tour(demo: Demo, stops: Iterable[Stop] = STOPS) -> list[tuple[Stop, str]]:
    """All stops of somebody who is signed in, with their paths.

    :raises LookupError: a screen has none.
    """
    names()
    known: Mapping[str, str] = {**demo.uids, "invite": demo.invite}
    return [(stop, "/admin" + stop.path.format_map(known)) for stop in stops]
