"""Hostile texts through everything that anybody can write, then every page of the admin page.

A page is parsed as a browser would, and must hold nothing that came from those texts but words.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlsplit

from klink.core import bio, domains, events, invites, key_ring, links, reports, users, workspaces
from klink.core.bio import BioPatch, NewBioPage
from klink.core.blocking import entries
from klink.core.errors import KlinkError
from klink.core.events import NewEvent
from klink.core.links import LinkPatch, LinkView, NewLink, NewRule, NewVariant, Utm
from klink.core.reports import NewReport
from klink.core.spreadsheets import cell
from tests.admin.office import Office, Page, Person
from tests.admin.stage import Stage, screens

CORPUS = (
    "<script>evil()</script>",
    "\"><img src=x onerror=evil()>'",
    "' autofocus onfocus='evil()' x='",
    '" onmouseover="evil()" style="x:evil"',
    "</textarea></title></script><svg/onload=evil()>",
    "<svg><animate onbegin=evil() attributeName=x /><a href=javascript:evil()>evil</a></svg>",
    "javascript:evil()//",
    "data:text/html,<script>evil()</script>",
    "{{7*7}}${7*7}<%= 7*7 %>{% raw %}evil{# #}",
    "<!-- evil --><![CDATA[evil]]><?evil?>",
    "&lt;script&gt;evil()&lt;/script&gt;&#60;b&#62;evil",
    "\u202eevil\u2066<b>\u2069\u200b\ufeff",
    "\uff1cscript\uff1eevil()\uff1c/script\uff1e\u02babc\u2019\u0130",
    "%3Cscript%3Eevil()%3C/script%3E",
    "<base href=//evil.example><meta http-equiv=refresh content=0;url=//evil.example>evil",
    "evil<b>" * 40,
)

ELEMENTS = frozenset(
    re.findall(
        "[a-z0-9]+",
        """a abbr article aside b blockquote body br button caption circle code col
        colgroup datalist dd del details dialog div dl dt em fieldset figcaption figure
        footer form g h1 h2 h3 h4 head header hr html img input ins kbd label legend li
        line link main mark meta nav noscript ol optgroup option output p path polygon
        polyline pre rect script section select small span strong summary svg table
        tbody td template text textarea tfoot th thead time title tr ul""",
    )
)
ADDRESSES = (
    "href",
    "src",
    "action",
    "formaction",
    "xlink:href",
    "poster",
    "data",
    "srcset",
    "cite",
)
OWN = "go.example.org"
TAKEN = {
    "path", "tag", "workspace", "user", "email, plain", "invite", "key", "bio title", "bio text",
    "bio label", "report", "note", "blocked", "conversion", "event", "event name", "label",
}  # fmt: skip
"""What takes some of these texts."""


@dataclass
class Read(HTMLParser):
    """What a page is made of, and what of it is wrong."""

    path: str
    problems: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.inside = tag
        if tag not in ELEMENTS:
            self.wrong(f"element {tag}")
        if tag == "script" and not values.get("src", "").startswith("/admin/static/"):
            self.wrong("script that is not klink's own file")
        if tag == "meta" and values.get("http-equiv"):
            self.wrong("meta http-equiv")
        if len(values) != len(attrs):
            self.wrong(f"attribute twice in {tag} {attrs}")
        for name, value in values.items():
            if not re.fullmatch(r"[a-z][a-z0-9:-]*", name) and name not in ("viewbox",):
                self.wrong(f"attribute {name!r}")
            is_drawn = name == "x" and tag in ("rect", "text")
            if name.startswith("on") or (
                name in ("style", "srcdoc", "x", "target") and not is_drawn
            ):
                self.wrong(f"attribute {name}={value!r} of {tag}")
            if name in ADDRESSES:
                self.look(tag, values, value)

    def look(self, tag: str, values: dict[str, str], value: str) -> None:
        try:
            parts = urlsplit(value.strip())
        except ValueError:
            return self.wrong(f"address {value!r}")
        if value.startswith(("data:image/", "data:text/plain")) and tag == "img":
            return None
        if re.search(r"[\x00-\x1f]", value) or parts.scheme not in ("", "http", "https"):
            return self.wrong(f"address {value!r} of {tag}")
        if not parts.netloc and value.startswith(("//", "\\", "/\\")):
            return self.wrong(f"address {value!r}")
        leaves = bool(parts.netloc) and parts.netloc != OWN
        if leaves and tag != "a":
            return self.wrong(f"{tag} leads to {value!r}")
        if leaves and "noreferrer" not in values.get("rel", ""):
            return self.wrong(f"no rel=noreferrer at {value!r}")
        return None

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.inside == "script" and data.strip():
            self.wrong(f"script says {data[:60]!r}")
        if "49" in data and "evil" in data and "7*7" not in data and "${49}" in data:
            self.wrong("a template was filled in")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_comment(self, data: str) -> None:
        if "evil" in data:
            self.wrong(f"comment {data!r}")

    handle_pi = unknown_decl = handle_comment

    def wrong(self, what: str) -> None:
        self.problems.append(f"{self.path}: {what}")


def test_what_anybody_writes_is_read_as_words(office: Office):
    stage = Stage(office)
    written = Written(office, stage)
    for text in CORPUS:
        written.everywhere(text)
    office.house.ledger_waits()
    assert written.taken >= TAKEN, TAKEN - written.taken
    assert len(written.uids) > 10
    problems, seen = [], 0
    for path in written.paths():
        reply = written.owner.get(path)
        replies = [reply]
        if "/links/" not in path:
            replies.append(written.owner.get(path, headers={"X-Klink": "fragment"}))
        for each in replies:
            assert each.status_code in (200, 303, 404, 410, 422), (path, each.status_code)
            if each.mimetype == "text/html" and each.status_code != 303:
                read = Read(path)
                read.feed(each.text)
                read.close()
                problems += read.problems
                seen += "evil" in "".join(read.words)
    assert not problems, "\n".join(dict.fromkeys(problems))
    assert seen > 20, "the texts were hardly shown at all"


def test_what_an_address_or_a_form_says_is_read_as_words(office: Office):
    stage = Stage(office)
    owner = stage.somebody("owner")
    nobody = stage.somebody("nobody")
    names = re.findall(
        "[a-z]+",
        """q tag state domain problem sort cursor next url slug title tags check kind action person
        subject since until range name run who more source place device size dark light border
        error format of everywhere ended""",
    )
    problems: list[str] = []
    asked = [
        (method, *stage.asks(method, rule, owner))
        for method, rule in screens()
        if rule not in ("/sign-out", "/settings/account/leave", "/workspace")
        and not ("<" in rule and rule.endswith(("/end", "/delete", "/purge", "/trash")))
    ]
    for text in CORPUS:
        query = "&".join(f"{name}={quote(text, safe='')}" for name in names)
        for method, path, form in asked:
            if method == "GET":
                full = f"{path}{'&' if '?' in path else '?'}{query}"
                replies = [owner.get(full), nobody.get(full)]
            else:
                sent = dict.fromkeys([*form, *names, "email", "password", "value"], text)
                sent.pop("picture", None)
                replies = [owner.post(path, sent)]
            for reply in replies:
                assert reply.status_code < 500, (path, reply.text)
                assert "evil" not in reply.headers.get("Location", "").partition("?")[0]
                problems += problems_of(path, reply)
    assert not problems, "\n".join(dict.fromkeys(problems))


def test_json_and_fragments_say_what_they_are(office: Office):
    editor = office.sign_in("editor")
    text = quote(CORPUS[0])
    for path in (f"/admin/slug-check?slug={text}", f"/admin/bio-name?name={text}"):
        reply = editor.get(path)
        assert reply.mimetype == "application/json"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


FORMULAS = [
    start + body
    for start in ("", " ", "\t", "\r", "a;", "a\t", "a|", 'a;"', "a; '\"", "\n", 'a\t"', "\u00a0")
    for body in ("=1+1", "+1", "-1", "@SUM(1)", "\uff1d1+1")
]


def test_no_spreadsheet_takes_a_cell_of_an_export_for_a_formula(office: Office):
    owner = office.sign_in("owner")
    for i, text in enumerate(FORMULAS):
        words = re.sub(r"[\r\n\t]", " ", text)
        office.link(f"link{i}", title=words, utm=Utm(source=words.strip() or None))
    link = office.link("clicked")
    for i, text in enumerate(FORMULAS):
        office.house.visit(
            f"{link.short_url}?utm_source={quote(text)}&utm_term={quote(text)}",
            peer=f"198.51.100.{i + 1}",
        )
    office.house.ledger_waits()
    for path in ("/admin/links/export?format=csv", f"/admin/links/{link.uid}/clicks.csv"):
        reply = owner.get(path)
        assert reply.status_code == 200
        for separator in ",;\t|":
            rows = csv.reader(io.StringIO(reply.text, newline=""), delimiter=separator)
            bad = [one for row in rows for one in row if re.match(r"[\s]*[=+\-@\uff1d]", one)]
            assert not bad, (path, separator, bad[:3])


def test_a_cell_keeps_its_text_behind_the_mark():
    assert cell('a;"=1') == "a;'\"=1"
    assert cell("=1") == "'=1"
    assert cell("a-b, c=d") == "a-b, c=d"


def printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def address(text: str) -> str:
    """What of it may stand before the @ of an e-mail address."""
    return re.sub(r"[^a-z'`={}*&/!#%$+.-]", "", text)[:40]


def problems_of(path: str, reply: Page) -> list[str]:
    if reply.mimetype != "text/html":
        return []
    read = Read(path.partition("?")[0])
    read.feed(reply.text)
    read.close()
    return read.problems


class Written:
    """Somebody's hostile things in the first workspace, as far as klink takes them."""

    def __init__(self, office: Office, stage: Stage) -> None:
        self.office, self.stage = office, stage
        who = stage.somebody("owner")
        assert isinstance(who, Person)
        self.owner: Person = who
        self.taken: set[str] = set()
        self.uids: list[str] = []
        self.hosts = ["go.example.org"]
        self.invitations: list[str] = []
        ctx = office.context()
        bio.create(ctx, self.who, NewBioPage(name="page", title="Page"))

    @property
    def who(self) -> Any:
        return self.owner.principal

    def everywhere(self, text: str) -> None:
        """Write it wherever one can."""
        ctx, who, new = self.office.context(), self.who, self.stage.new
        self.link(text)
        tries: dict[str, Callable[[], object]] = {
            "slug": lambda: self.made(NewLink(url="https://example.com/", slug=text)),
            "url": lambda: self.made(NewLink(url=text)),
            "path": lambda: self.made(NewLink(url=f"https://example.com/{text}?q={text}#{text}")),
            "ends": lambda: self.made(NewLink(url="https://example.com/", expired_url=text)),
            "tag": lambda: self.made(NewLink(url="https://example.com/", tags=(text[:50],))),
            "workspace": lambda: workspaces.rename(ctx, who, text),
            "user": lambda: users.rename(ctx, self.owner.user_id, text),
            "email": lambda: self.office.user("viewer", 1, f'"{text}"@example.org'),
            "email, plain": lambda: self.office.user("viewer", 1, f"{address(text)}@example.org"),
            "invite": lambda: self.invited(f"{address(text)}{new()}@example.org"),
            "key": lambda: key_ring.make(ctx, who, name=text[:100]),
            "bio title": lambda: bio.change(ctx, who, "page", BioPatch(title=text[:80])),
            "bio text": lambda: bio.change(ctx, who, "page", BioPatch(text=text[:250])),
            "bio label": lambda: self.labelled(text[:80]),
            "bio name": lambda: bio.create(ctx, who, NewBioPage(name=text)),
            "report": lambda: reports.take(
                ctx, NewReport(link=self.link_slug(), reason="other", text=text)
            ),
            "report link": lambda: reports.take(
                ctx, NewReport(link=text, reason="other", text=text)
            ),
            "note": lambda: entries.add(ctx, who, "host", f"{new()}.example", text[:200]),
            "blocked": lambda: entries.add(ctx, who, "pattern", f"{new()}.example/{text}"),
            "domain": lambda: domains.claim(ctx, who, text),
            "conversion": lambda: workspaces.count_events(
                ctx, who, text[:64], as_conversions=True
            ),
            "event": lambda: events.record(
                ctx,
                who,
                NewEvent(
                    visitor_id=f"v_{text}"[:60],
                    event_name=text[:60],
                    name=text[:60],
                    metadata={text: text},
                    event_id=text[:60],
                ),
            ),
            "event name": lambda: events.record(
                ctx, who, NewEvent(
                    visitor_id="v_0123456789abcdef", event_name=text[:60], metadata={"a": text}
                )
            ),
        }  # fmt: skip
        for what, act in tries.items():
            try:
                act()
                self.taken.add(what)
            except KlinkError:
                pass  # what klink does not take is nothing to show

    def made(self, new: NewLink) -> LinkView:
        link = links.create(self.office.context(), self.who, new).link
        self.uids.append(link.uid)
        return link

    def link(self, text: str) -> None:
        """A link full of it, with its history, and visits that say it, too."""
        short = text[:60]
        link = self.made(
            NewLink(
                url=None,
                title=text[:200],
                description=text[:200],
                tags=(short[:40].replace(",", ""),),
                utm=Utm(short, short, short, short, short),
                mode="rules",
                variants=(
                    NewVariant("a", f"https://example.com/?x={quote(text)}", 50),
                    NewVariant("b", "https://b.example/", 50),
                ),
                rules=(NewRule({"query": {"x": printable(short)}}, "b"),),
                default="a",
                conversion_tracking=True,
            )
        )
        for label in (short, short[:30]):
            try:
                variants = (
                    NewVariant(label, "https://a.example/", 50),
                    NewVariant("b", "https://b.example/", 50),
                )
                self.made(NewLink(variants=variants, mode="split"))
                self.taken.add("label")
            except KlinkError:
                pass
        ctx = self.office.context()
        links.update(ctx, self.who, link.uid, LinkPatch(title=text[:150], description=None))
        plain = text.encode("ascii", "ignore").decode()
        query = "&".join(f"utm_{name}={quote(text)}" for name in ("source", "medium", "campaign"))
        self.office.house.visit(
            f"{link.short_url}?{query}",
            headers={
                "User-Agent": f"Mozilla/5.0 {plain}",
                "Referer": f"https://evil.example/{plain}",
                "Accept-Language": plain[:80],
            },
        )
        self.office.house.visit(
            link.short_url, headers={"Referer": f"https://{plain[:30]}.example/"}
        )

    def link_slug(self) -> str:
        return self.stage.link().slug

    def invited(self, email: str) -> None:
        _, token = invites.invite(self.office.context(), self.who, email, "viewer")
        self.invitations.append(token)

    def labelled(self, text: str) -> None:
        ctx, link = self.office.context(), self.stage.link(title=text)
        bio.add(ctx, self.who, "page", link.uid)
        bio.label(ctx, self.who, "page", link.uid, text)

    def paths(self) -> Iterable[str]:
        """Every screen that shows something."""
        for method, rule in screens():
            if method != "GET" or rule.startswith("/setup"):
                continue
            if "<uid>" in rule:
                shows_one = rule in ("/links/<uid>", "/links/<uid>/edit", "/links/<uid>/history")
                uids = self.uids if shows_one else self.uids[:1]
                yield from (f"/admin{rule}".replace("<uid>", uid) for uid in uids)
            elif "<token>" in rule:
                yield from (f"/admin{rule}".replace("<token>", each) for each in self.invitations)
            else:
                yield f"/admin{rule}".replace("<host>", self.hosts[0]).replace("<name>", "page")
        yield from ("/admin/settings/audit?everywhere=1", "/admin/reports?state=all")
        yield from ("/admin/links?state=inactive", "/admin/conversions?range=7d")
