"""nginx and Caddy before a klink server, as docs/operations.md says, each as its own process."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.live.conftest import ROOT
from tests.live.server import BROWSER, Reply, free_port

__all__ = ["HOST", "PROXIES", "Proxy", "Visitor"]

HOST = "go.example.org"
START_TIMEOUT_S = 20.0

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
    {sample}
}}
"""

_CADDY = """
{{
    admin off
    skip_install_trust
    local_certs
    auto_https disable_redirects
    default_bind 127.0.0.1
    https_port {port}
}}
{sample}
"""


def _sample(name: str) -> str:
    """The configuration that docs/operations.md gives for a proxy."""
    text = (ROOT / "docs/operations.md").read_text()
    match = re.search(rf"^{name}.*?:\n\n```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


def _nginx(folder: Path, port: int, klink_port: int) -> list[str]:
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN={HOST} -keyout key.pem -out cert.pem",
        shell=True,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    sample = _sample("nginx").replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    sample = sample.replace("127.0.0.1:8080", f"127.0.0.1:{klink_port}")
    conf = folder / "nginx.conf"
    conf.write_text(_NGINX.format(folder=folder, sample=sample))
    program = "nginx" if not Path("/usr/sbin/nginx").exists() else "/usr/sbin/nginx"
    return [program, "-p", str(folder), "-c", str(conf), "-e", "stderr"]


def _nginx_in_1_0(folder: Path, port: int, klink_port: int) -> list[str]:
    """As the distribution's nginx speaks when nothing is said about versions."""
    command = _nginx(folder, port, klink_port)
    conf = folder / "nginx.conf"
    kept, number = re.subn(r".*(proxy_http_version|header Connection).*\n", "", conf.read_text())
    assert number == 2
    conf.write_text(kept)
    return command


def _caddy(folder: Path, port: int, klink_port: int) -> list[str]:
    sample = _sample("Caddy").replace("127.0.0.1:8080", f"127.0.0.1:{klink_port}")
    conf = folder / "Caddyfile"
    conf.write_text(_CADDY.format(port=port, sample=sample))
    return ["caddy", "run", "--config", str(conf), "--adapter", "caddyfile"]


PROXIES: dict[str, Callable[[Path, int, int], list[str]]] = {
    "nginx": _nginx,
    "nginx, HTTP/1.0": _nginx_in_1_0,
    "caddy": _caddy,
}


class Visitor:
    """A browser on a connection that stays open, from an address of its own."""

    def __init__(self, port: int, address: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", port), 10, (address, 0))
        self._connection = http.client.HTTPConnection(HOST)
        self._connection.sock = context.wrap_socket(plain, server_hostname=HOST)
        self._connection.auto_open = 0  # a connection that was closed is an error

    def get(self, path: str, **headers: str) -> Reply:
        """One request; a header is given by its name with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.request("GET", path, headers={"User-Agent": BROWSER, **sent})
        answer = self._connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, names, answer.read())

    def close(self) -> None:
        self._connection.close()


class Proxy:
    """A proxy before a klink that listens on ``klink_port``."""

    def __init__(self, name: str, folder: Path, klink_port: int) -> None:
        self.port = free_port()
        self._log = folder / "proxy.log"
        command = PROXIES[name](folder, self.port, klink_port)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                Visitor(self.port, "127.0.0.1").close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.end()
        raise AssertionError(f"the proxy did not start:\n{self._log.read_text()[-3000:]}")

    def end(self) -> None:
        """Make sure that it runs no more."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)
