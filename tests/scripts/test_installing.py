"""What ``docs/installing.md`` gives to copy, and the Dockerfile, fit the klink that is here."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

from klink.cli.main import COMMANDS, cli
from klink.config import Config, load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "installing.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def block(language: str) -> str:
    """The page's only block in a language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


def instruction(name: str) -> list[str]:
    """What the Dockerfile says after an instruction, each time."""
    whole = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name} (.+)$", whole, re.MULTILINE)


def environment(text: str, separator: str) -> dict[str, str]:
    """The settings in a text."""
    pairs = re.findall(rf"(KLINK_[A-Z_]+){separator}(\S+)", text)
    return {name: value.strip('"') for name, value in pairs}


def by_toml(text: str, folder: Path) -> Config:
    file = folder / "config.toml"
    file.write_text(text)
    return load(file, {}, folder)


def test_the_service_starts_a_command_that_there_is() -> None:
    [line] = re.findall(r"^ExecStart=(.+)$", block("ini"), re.MULTILINE)
    _, option, file, name = shlex.split(line)
    assert name in COMMANDS
    assert option in cli.params[0].opts
    assert f"`{file}`, which the service and the command line both read:" in PAGE


def test_the_service_may_write_what_it_is_configured_to(tmp_path: Path) -> None:
    config = by_toml(block("toml"), tmp_path)
    unit = dict(line.split("=", 1) for line in block("ini").splitlines() if "=" in line)
    assert unit["ProtectSystem"] == "strict"
    assert config.data_dir == Path("/var/lib") / unit["StateDirectory"]


def test_service_and_compose_believe_their_proxy_alone(tmp_path: Path) -> None:
    service = by_toml(block("toml"), tmp_path).server
    compose = load(None, environment(block("yaml"), ": "), tmp_path).server
    assert service.require_https
    assert compose.require_https
    assert [str(network) for network in service.trusted_proxies] == ["127.0.0.1/32", "::1/128"]
    [network] = compose.trusted_proxies
    assert f"subnet: {network}" in block("yaml")
    assert service.base_url == compose.base_url == "https://go.example.org"


def test_the_image_is_no_ones_but_an_unprivileged_users() -> None:
    [user] = instruction("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert f"as the user {uid}," in PAGE
    assert f"user={user} " in (ROOT / "scripts" / "packing" / "in-image").read_text()


def test_the_image_keeps_data_where_its_volume_is(tmp_path: Path) -> None:
    [settings] = instruction("ENV")
    config = load(None, environment(settings, "="), tmp_path)
    assert instruction("VOLUME") == [str(config.data_dir)]
    assert instruction("EXPOSE") == [str(config.server.port)]
    assert config.server.host == "0.0.0.0"
    assert instruction("STOPSIGNAL") == ["SIGTERM"]


def test_all_that_the_image_is_built_from_reaches_its_builder() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    copied = [
        word.removeprefix("./")
        for line in instruction("COPY")
        if not line.startswith("--from")
        for word in line.split()[:-1]
    ]
    assert sorted(copied) == sorted(allowed)
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_is_built_with_the_options_that_the_page_names() -> None:
    said = subprocess.run(
        [ROOT / "scripts" / "build-image", "--help"], capture_output=True, text=True, check=True
    ).stdout
    named = set(re.findall(r"scripts/build-image (--[a-z-]+)", PAGE))
    assert named
    assert named <= set(re.findall(r"--[a-z-]+", said))
