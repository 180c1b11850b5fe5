"""What attacks on the admin page need: every screen with something of the first workspace to ask
for, made afresh for each try, and a way to see whether anything was changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

from klink.admin import SCREENS
from klink.core import (
    bio,
    domains,
    invites,
    key_ring,
    links,
    reports,
    second_factor,
    sessions,
    users,
    workspaces,
)
from klink.core import set_up as setting_up
from klink.core.bio import NewBioPage
from klink.core.blocking import entries
from klink.core.links import LinkPatch, LinkView, NewVariant
from klink.core.passwords import hash_password
from klink.core.principal import Principal
from klink.core.reports import NewReport
from klink.db import rows
from klink.db.connection import read, write
from klink.db.models import MODELS, Membership, User
from klink.web.parts import EXTENSION
from tests.admin.office import PASSWORD, Browser, Office, Person
from tests.core.bio.files import png

__all__ = ["CLI", "ROLES", "Stage", "everything", "screens"]

CLI = Principal(1, None, None, "cli")
ROLES = ("nobody", "viewer", "editor", "admin", "stranger", "owner")
"""``stranger`` owns another workspace; ``owner`` the server's first, and so runs the server."""

_TABLES = [model._meta.table_name for model in MODELS]

SPLIT = (NewVariant("a", "https://a.example/", 50), NewVariant("b", "https://b.example/", 50))
LINK = {"url": "https://example.com/", "type": "direct", "redirect_status": "302", "do": "save"}


def screens() -> list[tuple[str, str]]:
    """All that the admin page answers, as method and rule."""
    return sorted(
        (method, each.rule) for module in SCREENS for each in module.all for method in each.methods
    )


def everything() -> list[list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with read():
        return [list(rows.all_of(f"SELECT * FROM {table}")) for table in _TABLES]


class Stage:
    """People, and things of the first workspace."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.jobs: list[str] = []
        self._number = 0
        app = office.house.app
        app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], run_job=self.jobs.append)
        self.elsewhere = workspaces.create(office.context(), "Elsewhere").id
        self.third = workspaces.create(office.context(), "Third").id
        self._password = hash_password(PASSWORD)
        owner = self.somebody("owner")
        assert isinstance(owner, Person)
        self.owner = owner.principal

    def somebody(self, role: str) -> Browser:
        """Somebody new of a role."""
        if role == "nobody":
            browser = self.office.browser()
            browser.get("/admin/sign-in")
            return browser
        home = self.elsewhere if role == "stranger" else 1
        user = self.office.user(
            "owner" if role == "stranger" else role, home, f"{self.new()}@example.org"
        )
        person = Person(self.office.house, user, home)
        person.get("/admin/settings/account")
        return person

    def new(self) -> str:
        """A name that nothing has."""
        self._number += 1
        return f"thing{self._number}"

    def link(self, **fields: Any) -> LinkView:
        return self.office.link(self.new(), **{"tags": (self.new(),)} | fields)

    def asks(self, method: str, rule: str, who: Browser) -> tuple[str, dict[str, Any]]:
        """A path of a screen, and a form for it that would do something."""
        places = {
            "<token>": lambda: self._token(rule, who),
            "<uid>": lambda: self._uid(rule, who),
            "<name>": lambda: self._name(rule),
            "<host>": lambda: self._host(rule, who),
            "<version>": lambda: "1",
            "<int:session_id>": lambda: self._session(who),
            "<int:number>": lambda: self._numbered(rule),
        }
        self._make_room()
        path = rule
        if rule.startswith("/bio/<name>/links/<uid>"):
            page, link = self._bio_page()
            bio.add(self.office.context(), CLI, page, self.link().uid)
            path = path.replace("<name>", page).replace("<uid>", link.uid)
        for place, make in places.items():
            if place in path:
                path = path.replace(place, make())
        if path == "/links/export" and method == "GET":
            path += "?format=csv"
        return f"/admin{path}", self._form(rule, who) if method == "POST" else {}

    def _make_room(self) -> None:
        """Delete the bio pages, of which a workspace may have a few only."""
        for place in (1, self.elsewhere):
            for page in bio.find_all(self.office.context(), self._cli(place)):
                bio.delete(self.office.context(), self._cli(place), page.name)

    def _token(self, rule: str, who: Browser) -> str:
        ctx = self.office.context()
        if rule.startswith("/setup"):
            # It works as long as nobody has a password.
            User.update(password_hash=None).execute()
            return str(setting_up.offer(ctx))
        email = f"{self.new()}@example.org"
        if isinstance(who, Person):
            email = users.get(who.user_id).email
        return invites.invite(ctx, self._cli(self.third), email, "viewer")[1]

    def _uid(self, rule: str, who: Browser) -> str:
        ctx = self.office.context()
        if "/people/invites" in rule:
            return invites.invite(ctx, CLI, f"{self.new()}@example.org", "viewer")[0].uid
        if "/people" in rule:
            return users.get(self.office.user("viewer", 1, f"{self.new()}@example.org")).uid
        if "/keys" in rule:
            is_home = isinstance(who, Person) and who.workspace_id == 1
            of = who if is_home else self.somebody("owner")
            assert isinstance(of, Person)
            return key_ring.make(ctx, of.principal, name=self.new())[0].key.uid
        if "/quarantine" in rule:
            link = self.link()
            reports.act(ctx, self.owner, int(self._reported(link)))
            return link.uid
        return self._link_for(rule).uid

    def _link_for(self, rule: str) -> LinkView:
        ctx = self.office.context()
        if "/winner" in rule:
            link = self.link(url=None, variants=SPLIT, mode="split")
            if rule.endswith("/undo"):
                links.name_winner(ctx, CLI, link.uid, "a")
            return link
        link = self.link(title="First", is_active="/enable" not in rule)
        if "/history" in rule:
            links.update(ctx, CLI, link.uid, LinkPatch(title="Second"))
        if rule.endswith(("/restore", "/purge")):
            links.trash(ctx, CLI, link.uid)
        return link

    def _bio_page(self) -> tuple[str, LinkView]:
        name, link = self.new(), self.link()
        bio.create(self.office.context(), CLI, NewBioPage(name=name, title="Ours"))
        bio.add(self.office.context(), CLI, name, link.uid)
        bio.set_picture(self.office.context(), CLI, name, png())
        return name, link

    def _name(self, rule: str) -> str:
        return "clean-up" if "/jobs" in rule else self._bio_page()[0]

    def _host(self, rule: str, who: Browser) -> str:
        if rule.endswith("/verify") and isinstance(who, Person) and who.workspace_id == 1:
            return "go.example.org"  # of which nothing is asked of the network
        host = f"{self.new()}.example.net"
        is_set = rule.endswith("<host>")
        domains.claim(self.office.context(), CLI, host, verified=is_set)
        return host

    def _session(self, who: Browser) -> str:
        of = who if isinstance(who, Person) and who.workspace_id == 1 else self.somebody("owner")
        assert isinstance(of, Person)
        ctx = self.office.context()
        sessions.open_for(ctx, of.user_id, net="", agent="Another browser")
        return str(sessions.of_user(ctx, of.user_id)[0].id)

    def _numbered(self, rule: str) -> str:
        if "/workspaces" in rule:
            return str(self.elsewhere)
        if "/blocking" in rule:
            host = f"{self.new()}.example"
            return str(entries.add(self.office.context(), self.owner, "host", host)[0].id)
        return self._reported(self.link())

    def _reported(self, link: LinkView) -> str:
        ctx = self.office.context()
        reports.take(ctx, NewReport(link=link.slug, reason="phishing", text=""))
        return str(reports.search(ctx, CLI, limit=1).items[0].id)

    def _form(self, rule: str, who: Browser) -> dict[str, Any]:
        link: Callable[[], str] = lambda: self.link().uid  # noqa: E731 - of a table of forms
        forms: dict[str, Callable[[], dict[str, Any]]] = {
            "/settings/account/name": lambda: {"name": self.new()},
            "/settings/account/password": lambda: self._passwords(who),
            "/settings/account/sessions/end-others": lambda: self._another_session(who),
            "/settings/account/second-factor": lambda: self._factor(who),
            "/settings/account/second-factor/off": lambda: self._factor_on(who),
            "/bio": lambda: {"name": self.new(), "title": "New"},
            "/bio/<name>": lambda: {"title": "Changed", "text": "", "version": ""},
            "/bio/<name>/name": lambda: {"name": self.new()},
            "/bio/<name>/publish": lambda: {"published": "1"},
            "/bio/<name>/picture": lambda: {"picture": (BytesIO(png(2, 2)), "a.png")},
            "/bio/<name>/links": lambda: {"link": link()},
            "/bio/<name>/links/<uid>": lambda: {"label": "Changed"},
            "/bio/<name>/links/<uid>/move": lambda: {"way": "down"},
            "/settings/blocking": lambda: {"kind": "host", "value": f"{self.new()}.example"},
            "/settings/domains": lambda: {"host": f"{self.new()}.example.net"},
            "/settings/domains/<host>": lambda: {"root_url": "https://www.example.net/"},
            "/sign-in": self._account,
            "/sign-in/code": self._code,
            "/workspace": lambda: {"workspace": self._workspace(who)},
            "/links/<uid>/history/<version>": lambda: {"seen": "2"},
            "/invite/<token>": lambda: {"name": "A", "password": PASSWORD, "again": PASSWORD},
            "/setup/<token>": lambda: {
                "email": f"{self.new()}@example.org", "password": PASSWORD, "again": PASSWORD,
            },
            "/settings/keys": lambda: {"name": "k", "dialect": "klink", "scopes": ["read"]},
            "/links/new": lambda: LINK | {"slug": self.new(), "is_active": "1"},
            "/links/<uid>/edit": lambda: LINK | {"title": "Changed", "version": "1"},
            "/links/explain-draft": lambda: LINK | {"of": link()},
            "/links/<uid>/winner": lambda: {"label": "a"},
            "/links/export": lambda: {"ids": [link()], "format": "csv"},
            "/links/many": lambda: {"ids": [link()], "action": "disable"},
            "/settings/people/<uid>/role": lambda: {"role": "editor"},
            "/settings/people/invites": lambda: {
                "email": f"{self.new()}@example.org", "role": "editor",
            },
            "/settings/tags/rename": lambda: {"tag": self.link().tags[0], "name": "changed"},
            "/settings/tags/delete": lambda: {"tag": self.link().tags[0]},
            "/settings/try-key": lambda: {"key": self._key()},
            "/settings/workspace": lambda: {"name": self.new(), "currency": "EUR"},
            "/settings/workspace/conversions": lambda: {"event": self.new()},
            "/settings/workspace/conversions/remove": lambda: {"event": "lead"},
            "/settings/workspace/conversions/reset": self._own_conversions,
            "/settings/workspaces": lambda: {"name": self.new(), "plan": ""},
            "/settings/workspaces/<int:number>/plan": self._plan,
        }  # fmt: skip
        return forms[rule]() if rule in forms else {}

    def _cli(self, workspace_id: int) -> Principal:
        return Principal(workspace_id, None, None, "cli")

    def _with_password(self, user_id: int) -> None:
        User.update(password_hash=self._password).where(User.id == user_id).execute()

    def _passwords(self, who: Browser) -> dict[str, Any]:
        if isinstance(who, Person):
            self._with_password(who.user_id)
        new = f"{PASSWORD} again"
        return {"old": PASSWORD, "new": new, "again": new}

    def _another_session(self, who: Browser) -> dict[str, Any]:
        if isinstance(who, Person):
            sessions.open_for(self.office.context(), who.user_id, net="", agent="")
        return {}

    def _confirmed(self, user_id: int) -> tuple[str, str]:
        """A nonce of a second factor with the code of now."""
        import pyotp

        enrolled = second_factor.begin(self.office.context(), user_id)
        return enrolled.nonce, pyotp.TOTP(enrolled.secret).at(self.office.now.timestamp())

    def _factor(self, who: Browser) -> dict[str, Any]:
        if not isinstance(who, Person):
            return {}
        nonce, code = self._confirmed(who.user_id)
        return {"nonce": nonce, "code": code}

    def _factor_on(self, who: Browser) -> dict[str, Any]:
        if isinstance(who, Person):
            self._with_password(who.user_id)
            second_factor.confirm(self.office.context(), who.user_id, *self._confirmed(who.user_id))
        return {"password": PASSWORD}

    def _account(self) -> dict[str, Any]:
        email = f"{self.new()}@example.org"
        self._with_password(self.office.user("viewer", self.third, email))
        return {"email": email, "password": PASSWORD}

    def _code(self) -> dict[str, Any]:
        account = self._account()
        user = users.find(account["email"], self.third).id
        spare = second_factor.confirm(self.office.context(), user, *self._confirmed(user))
        browser = self.office.browser()
        browser.get("/admin/sign-in")
        page = browser.post("/admin/sign-in", account).text
        ticket = page.partition('name="ticket" value="')[2].partition('"')[0]
        return {"ticket": ticket, "code": spare[0]}

    def _workspace(self, who: Browser) -> str:
        if not isinstance(who, Person) or who.workspace_id != 1:
            return "1"
        Membership.create(
            user=who.user_id, workspace=self.third, role="viewer", created_at=self.office.now
        )
        return str(self.third)

    def _key(self) -> str:
        owner = self.somebody("owner")
        assert isinstance(owner, Person)
        return key_ring.make(self.office.context(), owner.principal, name=self.new())[1]

    def _own_conversions(self) -> dict[str, Any]:
        ctx = self.office.context()
        for place in (1, self.elsewhere):
            workspaces.set_conversion_names(ctx, place, [self.new()], self._cli(place))
        return {}

    def _plan(self) -> dict[str, Any]:
        with write():
            workspaces.set_plan(self.office.context(), self.elsewhere, None, who=CLI)
        return {"plan": "minute"}
