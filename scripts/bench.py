"""The benchmark behind ``scripts/bench``: klink and nginx under the same load, as ratios.

nginx does ``return 302`` with a buffered access log and one worker, the least that
"redirect and remember" can cost. Begun here with the redirect path and the fold; each
row is a function that returns what it measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

CONNECTIONS = 32
BULK = 1000
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9,de;q=0.7",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "https://news.example.org/today",
}
LUA = """
local n = 0
local links = %d
request = function()
  n = (n * 1103515245 + 12345) %% 2147483648
  return wrk.format("GET", "/bench-" .. (n %% links))
end
"""


@dataclass(frozen=True)
class Row:
    """One line of the table; ``ratio`` is against nginx where that makes sense."""

    what: str
    value: float
    unit: str
    ratio: float | None = None


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 30) -> None:
    """Wait until the server behind ``url`` answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def wrk(port: int, seconds: int, links: int, folder: Path) -> tuple[float, float]:
    """Load a server; return requests a second and the 99th percentile in ms."""
    script = folder / "load.lua"
    script.write_text(LUA % links)
    headers = [part for item in HEADERS.items() for part in ("-H", f"{item[0]}: {item[1]}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script)]
    done = subprocess.run(
        [*command, *headers, f"http://127.0.0.1:{port}"],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    ).stdout
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    if errors:
        raise RuntimeError(f"{errors[1]} answers were no redirects")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", done)
    assert rate, done
    assert p99, done
    return float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1, "s": 1000}[p99[2]]


def run_nginx(folder: Path, seconds: int, links: int) -> tuple[float, float]:
    """The same load on nginx."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        f"""
        worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{ worker_connections 1024; }}
        http {{
          access_log {folder}/access.log combined buffer=64k flush=1s;
          keepalive_requests 100000000;
          server {{ listen 127.0.0.1:{port}; location / {{ return 302 https://example.com/a; }} }}
        }}
        """
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([program, "-c", str(config), "-p", str(folder)])
    try:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        return wrk(port, seconds, links, folder)
    finally:
        server.terminate()
        server.wait(10)


class Klink:
    """A klink server on data of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.env = {name: value for name, value in os.environ.items() if "KLINK" not in name}
        self.env |= {
            "KLINK_DATA_DIR": str(folder / "data"),
            "KLINK_SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "KLINK_SERVER__BASE_URL": f"http://127.0.0.1:{self.port}",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "klink", "serve"], env=self.env, stdout=sys.stderr
        )
        wait_for(f"http://127.0.0.1:{self.port}/health")
        self.key = subprocess.run(
            [sys.executable, "-m", "klink", "keys", "create", "--name", "bench"],
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def call(self, method: str, path: str, body: object = None) -> object:
        """One API call; returns the JSON of its answer."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def make_links(self, many: int) -> float:
        """Make the links in bulk; return links a second."""
        began = time.monotonic()
        for start in range(0, many, BULK):
            self.call(
                "POST",
                "/links/bulk",
                [
                    {
                        "slug": f"bench-{i}",
                        "routing": {
                            "variants": [
                                {"label": "a", "url": f"https://example.com/a{i}", "weight": 50},
                                {"label": "b", "url": f"https://example.com/b{i}", "weight": 50},
                            ]
                        },
                    }
                    for i in range(start, min(many, start + BULK))
                ],
            )
        return many / (time.monotonic() - began)

    def drained(self) -> float:
        """Wait until the ledger has folded everything; return the seconds that took."""
        began = time.monotonic()
        while True:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/ready", timeout=60
            ) as answer:
                if json.load(answer)["ledger"]["waiting_bytes"] == 0:
                    return time.monotonic() - began
            time.sleep(0.1)

    def memory_mib(self) -> float:
        """Resident memory now, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found
        return int(found[1]) / 1024

    def stop(self) -> None:
        """End it politely."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def measure(seconds: int, links: int, folder: Path) -> list[Row]:
    """Everything, in one run on one machine."""
    nginx_rate, nginx_p99 = run_nginx(folder, seconds, links)
    rows = [
        Row("nginx redirects", nginx_rate, "/s", 1.0),
        Row("nginx p99 at full load", nginx_p99, "ms"),
    ]
    klink = Klink(folder)
    try:
        rows.append(Row("bulk creation of split links", klink.make_links(links), "links/s"))
        began = time.monotonic()
        rate, p99 = wrk(klink.port, seconds, links, folder)
        waited = klink.drained()
        folded = rate * seconds / (time.monotonic() - began)
        rows += [
            Row("klink redirects, each click journalled", rate, "/s", rate / nginx_rate),
            Row("klink p99 at full load", p99, "ms"),
            Row("the fold catches up after the load", waited, "s"),
            Row("clicks folded, from first click to last", folded, "/s"),
            Row("memory at the end", klink.memory_mib(), "MiB"),
        ]
    finally:
        klink.stop()
    return rows


def main() -> None:
    """Parse, measure, print, write."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=10, help="length of each load (10)")
    parser.add_argument("--links", type=int, default=10_000, help="links to click on (10000)")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where to")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="klink-bench-") as folder:
        rows = measure(given.seconds, given.links, Path(folder))
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:8.3f} x nginx"
        print(f"{row.what:45} {row.value:12,.1f} {row.unit:8}{ratio}")
    given.json.parent.mkdir(parents=True, exist_ok=True)
    machine = {"processors": os.cpu_count(), "machine": platform.platform()}
    result = {"machine": machine, "seconds": given.seconds, "rows": [asdict(row) for row in rows]}
    given.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
