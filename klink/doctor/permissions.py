"""Permissions: who else may read or change what klink keeps."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from klink.backups import listed
from klink.core import secrets
from klink.core.errors import KlinkError
from klink.doctor.finding import CannotTell, Finding
from klink.doctor.scene import Scene

__all__ = ["permissions"]

_OTHERS = 0o007
_OTHERS_READ = 0o004
_OTHERS_WRITE = 0o022
_ANYBODY_ELSE = 0o077
_MAX_NAMED = 5
_PASSWORD = re.compile(r"://[^/@]*:[^/]*@")  # of a database's URL


def permissions(scene: Scene) -> Iterable[Finding]:
    """The data folder, the secret, the database's files, the configuration's own file."""
    folder = scene.config.data_dir
    yield from _config_file(scene)
    if not folder.exists():
        raise CannotTell(f"there is no folder {folder} yet")
    if not folder.is_dir() or not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield Finding("data-folder-unwritable", f"{folder} cannot be written")
        return
    if _mode(folder) & _OTHERS_WRITE:
        yield Finding("data-folder-open", f"{folder} can be written by others ({_shown(folder)})")
    yield from _secret(folder)
    for path in _kept(scene):
        if _mode(path) & (_OTHERS | _OTHERS_WRITE):
            yield Finding("file-open", f"{path} is open to others ({_shown(path)})")
    yield from _owners(folder)


def _secret(folder: Path) -> Iterator[Finding]:
    path = folder / "secret"
    if path.exists() and _mode(path) & _ANYBODY_ELSE:
        yield Finding("secret-open", f"{path} is open to others ({_shown(path)})")
    if path.exists() or os.environ.get("KLINK_SECRET"):
        try:
            secrets.load(folder, os.environ)
        except KlinkError as error:
            yield Finding("secret-bad", str(error))
        except OSError as error:
            yield Finding("secret-bad", f"{path} cannot be read: {error.strerror}")


def _kept(scene: Scene) -> Iterator[Path]:
    """What holds links, keys or visits."""
    file = scene.database_file
    if file is not None:
        yield from (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm"))
    yield scene.config.data_dir / "journal"
    yield from (each.path for each in listed(scene.config.backup_folder))


def _owners(folder: Path) -> Iterator[Finding]:
    """Files that the folder's owner, as whom klink runs, cannot write."""
    owner = folder.stat().st_uid
    strangers = [each for each in sorted(folder.iterdir()) if each.lstat().st_uid != owner]
    if strangers:
        named = ", ".join(each.name for each in strangers[:_MAX_NAMED])
        more = f" and {len(strangers) - _MAX_NAMED} more" if len(strangers) > _MAX_NAMED else ""
        yield Finding("foreign-files", f"in {folder} not its owner's: {named}{more}")


def _config_file(scene: Scene) -> Iterator[Finding]:
    file = scene.config.file
    if file is None or not _mode(file) & _OTHERS_READ:
        return
    url = scene.config.database.url
    held = [
        url if _PASSWORD.search(url) else "",
        scene.config.captcha.turnstile_secret,
        scene.config.geoip.licence_key,
    ]
    text = file.read_text("utf-8", "replace")
    if any(each and each in text for each in held):
        yield Finding(
            "config-file-open", f"{file} holds a password and others can read it ({_shown(file)})"
        )


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0  # not there, so not open


def _shown(path: Path) -> str:
    return f"mode {_mode(path):04o}"
