"""Maps of links in the servers that they are for: what klink would answer, they answer."""

from __future__ import annotations

import http.client
import io
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.cli.opening import opened
from klink.config import load
from klink.core import domains, links
from klink.core.context import Context
from klink.core.links import NewLink, NewVariant, Utm
from klink.core.principal import Principal
from klink.core.urls import parse
from klink.moving.out.maps.redirects import plain
from klink.moving.out.maps.writing import write_map
from tests.live.server import free_port

pytestmark = pytest.mark.live

HOST, OTHER = "go.example.org", "go.example.com"
OWNER = Principal(1, 1, None, "cli", role="owner")
START_TIMEOUT_S = 20.0
QUERY = "q={env.HOME}&r=$host&s=%7Benv.HOME%7D&t=${klink_dollar}"

PLAIN = {
    "simple": "https://example.com/landing?a=1&b=2#part",
    "quotes": "https://example.com/\"a'b`c?\"a'b`c#\"a'b`c",
    "dollar": "https://example.com/$1/$host/${host}/$klink_dollar?$args=${args}#$",
    "braces": "https://example.com/{}?x={$HOME}&y={env.HOME}&z={http.request.host}#{path}}",
    "ends": 'https://example.com/?a"; return 301 https://evil.example/; } server { listen 1; #',
    "caddy": 'https://example.com/?a"}\tb',
    "slashes": 'https://example.com/a\\b?c\\"d\\$e#f\\',
    "marks": "https://example.com/;,!*()[]|^~@:?;,!*()[]|^~@:&=#;,!*()[]|^~@:",
    "percent": "https://example.com/%0d%0aSet-Cookie:%20a=b?%0d%0a%zz%#%",
    "unicode": "https://bücher.example/straße?ü=ß#ö",
    "long": "https://example.com/?" + "$x{y}&" * 150,
    "AbC": "https://example.com/upper-lower-upper",
    "aBc": "https://example.com/lower-upper-lower",
    "a-_9": "https://example.com/shape",
}
STATUSES = {"s301": 301, "s302": 302, "s307": 307, "s308": 308}
FORWARDING = {
    "bare": ("https://example.com/", "https://example.com/?{}"),
    "more": ("https://example.com/?a=$1", "https://example.com/?a=$1&{}"),
    "open": ("https://example.com/?", "https://example.com/?{}"),
    "part": ("https://example.com/x#y?z", "https://example.com/x?{}#y?z"),
}
LEFT_OUT = ("secret", "limited")
LONGEST = "https://example.com/?" + "$" * 2_000


def fill(ctx: Context) -> None:
    def make(slug: str, url: str | None, **fields: object) -> None:
        new = NewLink(url=url, slug=slug, **fields)  # type: ignore[arg-type]
        links.create(ctx, OWNER, new)

    domains.claim(ctx, OWNER, OTHER, verified=True)
    for slug, url in PLAIN.items():
        make(slug, url.replace("\t", "%09"))
    for slug, status in STATUSES.items():
        make(slug, "https://example.com/", redirect_status=status)
    for slug, (url, _) in FORWARDING.items():
        make(slug, url, forward_query=True)
    make("longest", LONGEST)
    make("secret", "https://example.com/", password="sesame")
    make("limited", "https://example.com/", max_clicks=9)
    make("utm", "https://example.com/?a=1", utm=Utm(source="a b", term="$1{x}"))
    variants = (
        NewVariant("a", "https://a.example/", 20),
        NewVariant("b", "https://b.example/", 80),
    )
    make("split", None, variants=variants)
    make("simple", "https://example.com/other", domain=OTHER)


def nginx(folder: Path, port: int, file: Path) -> list[str]:
    """As the file's own comments say."""
    said = re.findall(r"^# {13}((?:if|return) .*)$", file.read_text(), re.MULTILINE)
    assert len(said) == 5
    conf = folder / "nginx.conf"
    temps = " ".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n"
        f"events {{ worker_connections 64; }}\nhttp {{ access_log off; {temps}\n"
        f"include {file};\nserver {{ listen 127.0.0.1:{port};\n" + "\n".join(said) + "\n}}\n"
    )
    program = "/usr/sbin/nginx" if Path("/usr/sbin/nginx").exists() else "nginx"
    return [program, "-p", str(folder), "-c", str(conf), "-e", "stderr"]


def caddy(folder: Path, port: int, file: Path) -> list[str]:
    conf = folder / "Caddyfile"
    conf.write_text(
        f"{{\n\tadmin off\n\tauto_https off\n\thttp_port {port}\n\tdefault_bind 127.0.0.1\n}}\n"
        f"import {file}\n"
    )
    return ["caddy", "run", "--config", str(conf), "--adapter", "caddyfile"]


class Redirector:
    """nginx or Caddy with a map and without a klink."""

    def __init__(self, command: list[str], folder: Path, port: int) -> None:
        self._port = port
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.ask("/")
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.end()
        raise AssertionError(f"it did not start:\n{self.log.read_text()[-3000:]}")

    def ask(self, path: str, host: str = HOST) -> tuple[int, str]:
        """The status of an answer, and where it leads."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.putrequest("GET", path, skip_host=True)
            connection.putheader("Host", host)
            connection.endheaders()
            answer = connection.getresponse()
            return answer.status, answer.getheader("Location", "")
        finally:
            connection.close()

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)


@pytest.fixture(params=[nginx, caddy], scope="module")
def redirector(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Redirector]:
    name = request.param.__name__
    folder = tmp_path_factory.mktemp(name)
    env = {"KLINK_DATA_DIR": str(folder / "data"), "KLINK_SERVER__BASE_URL": f"http://{HOST}"}
    out = io.StringIO()
    with opened(load(None, env, folder)) as ctx:
        fill(ctx)
        summary = write_map(ctx, out, name)
    too_long = {"too_long": 1} if name == "nginx" else {}
    assert summary.left_out == {"password": 1, "max_clicks": 1, **too_long}
    file = folder / "klink.map"
    file.write_text(out.getvalue())
    port = free_port()
    made = Redirector(request.param(folder, port, file), folder, port)
    yield made
    made.end()


@pytest.mark.parametrize("slug", PLAIN)
def test_a_link_leads_to_its_destination_whatever_stands_in_it(
    redirector: Redirector, slug: str
) -> None:
    url = PLAIN[slug].replace("\t", "%09")
    assert redirector.ask(f"/{slug}") == (302, plain(parse(url).location))


def test_each_link_has_its_status(redirector: Redirector) -> None:
    for slug, status in STATUSES.items():
        assert redirector.ask(f"/{slug}") == (status, "https://example.com/")


def test_a_visitors_query_goes_along_where_the_link_says_so_and_means_nothing(
    redirector: Redirector,
) -> None:
    for slug, (url, with_query) in FORWARDING.items():
        assert redirector.ask(f"/{slug}?{QUERY}") == (302, with_query.format(QUERY))
        assert redirector.ask(f"/{slug}") in ((302, url), (302, url.removesuffix("?")))
    assert redirector.ask(f"/simple?{QUERY}") == (302, PLAIN["simple"])


def test_campaigns_and_the_usual_variant_are_in_the_map(redirector: Redirector) -> None:
    utm = "https://example.com/?a=1&utm_source=a%20b&utm_term=%241%7Bx%7D"
    assert redirector.ask("/utm") == (302, utm)
    assert redirector.ask("/split") == (302, "https://b.example/")


def test_every_host_has_links_of_its_own(redirector: Redirector) -> None:
    assert redirector.ask("/simple", OTHER) == (302, "https://example.com/other")
    assert redirector.ask("/quotes", OTHER)[0] == 404


def test_what_is_left_out_or_unknown_leads_nowhere(redirector: Redirector) -> None:
    for path in (*LEFT_OUT, "", "none", "simple/page", "default", "~^x"):
        assert redirector.ask(f"/{path}") == (404, "")


def test_a_destination_that_a_server_cannot_read_does_not_keep_it_from_starting(
    redirector: Redirector,
) -> None:
    assert redirector.ask("/longest") in ((404, ""), (302, LONGEST))


def test_the_server_has_nothing_to_complain_about(redirector: Redirector) -> None:
    assert not re.search(r'\[(warn|error|emerg)\]|"level":"error"', redirector.log.read_text())
