"""What is not the backup that was written, to the bit, is refused in one line, untouched."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klink.backups import (
    BackupTooNew,
    BackupUnusable,
    Manifest,
    RestoreRefused,
    Target,
    check,
    listed,
    restore,
)
from klink.backups.container import opened, peek, write
from klink.backups.manifest import Member
from klink.backups.packing import Packer, store
from klink.clicks.enrich import Enricher
from klink.db import connection
from tests.backups.house import House, nothing
from tests.clicks.world import NOW

EMPTY = Manifest("1.2.3", "sqlite", 18, "e0" * 16, NOW, {}, {}, {}, ())


def refused(path: Path) -> str:
    """Why a file is not even opened."""
    with pytest.raises(BackupUnusable) as told, opened(path, nothing):
        pass
    assert "\n" not in str(told.value)
    assert str(path) in str(told.value)
    return str(told.value)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A small one, of no database in particular."""
    folder = tmp_path / "members"
    folder.mkdir()
    packer = Packer(folder, "database.sqlite.gz")
    for _ in range(30):
        packer.write(os.urandom(100))
    made = replace(EMPTY, members=(packer.finish(), store(folder, "secret", b"5e" * 32)))
    write(tmp_path / "backup.tar", made, folder, nothing)
    return tmp_path / "backup.tar"


def test_any_bit_that_is_flipped_is_noticed(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    broken = tmp_path / "broken.tar"
    for at in range(0, len(whole), 11):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        broken.write_bytes(data)
        refused(broken)
    with opened(backup, nothing) as sealed:
        assert sealed.manifest.version == "1.2.3"


def test_a_file_that_is_cut_or_goes_on_is_noticed(backup: Path, tmp_path: Path) -> None:
    whole = backup.read_bytes()
    broken = tmp_path / "klink-20260314T150926Z.tar"
    for end in [*range(0, len(whole), 61), len(whole) - 1]:
        broken.write_bytes(whole[:end])
        refused(broken)
        (found,) = listed(tmp_path)  # by a look at it from outside
        assert found.problem
    broken.write_bytes(whole + bytes(512))
    assert "should have" in refused(broken)


def _tar(path: Path, name: str, data: bytes = b"x") -> None:
    with tarfile.open(path, "w") as file:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        file.addfile(info, io.BytesIO(data))


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    found = tmp_path / "found"
    for data in (b"", b"x", b"x" * 5_000, bytes(5_000), b"SQLite format 3\x00" + bytes(4_080)):
        found.write_bytes(data)
        assert "no backup of klink's" in refused(found)
    _tar(found, "etc/passwd")
    assert "no backup of klink's" in refused(found)
    for data in (b"{}", b"[]", b"nothing", b'{"format": 1, "klink": 5}', b"[" * 5_000):
        _tar(found, "manifest.json", data)
        assert "is damaged" in refused(found)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is no file" in refused(tmp_path / "pipe")
    assert "Is a directory" in refused(tmp_path)
    assert "No such file" in refused(tmp_path / "none")


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/tmp/evil",
        "journal/../../evil.log.gz",
        "journal/" + "0" * 32 + "/../00000001.log.gz",
        "tables/../evil.copy.gz",
        "secret\n",
        "klink.lock",
    ],
)
def test_a_name_in_a_backup_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    found = tmp_path / "found.tar"
    database = Member("database.sqlite.gz", 4, "0" * 64, 4)
    for each, why in ((name, "is damaged"), ("secret", "should have")):
        manifest = replace(EMPTY, members=(database, replace(database, name=each)))
        _tar(found, "manifest.json", manifest.to_json())
        assert why in refused(found)


def test_a_member_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "members"
    folder.mkdir()
    packer = Packer(folder, "database.sqlite.gz")
    packer.write(bytes(50_000_000))
    bomb = packer.finish()
    assert bomb.size < 500_000
    for claimed in (1_000, 60_000_000):
        path = tmp_path / f"{claimed}.tar"
        write(path, replace(EMPTY, members=(replace(bomb, unpacked=claimed),)), folder, nothing)
        with pytest.raises(BackupUnusable, match="not as long as it should be"):
            check(path, NOW)
    assert not list(tmp_path.glob(".klink*"))


def test_a_member_that_is_not_what_the_manifest_says_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "members"
    folder.mkdir()
    wrong = replace(store(folder, "database.sqlite.gz", b"x"), sha256="0" * 64)
    write(tmp_path / "wrong.tar", replace(EMPTY, members=(wrong,)), folder, nothing)
    with pytest.raises(BackupUnusable):
        check(tmp_path / "wrong.tar", NOW)


def test_backups_of_a_newer_klink_are_refused_with_its_version(tmp_path: Path) -> None:
    path = tmp_path / "newer.tar"
    _tar(path, "manifest.json", b'{"format": 2, "klink": "7.0.0"}')
    with pytest.raises(BackupTooNew, match=r"newer klink \(7\.0\.0\)"):
        peek(path)
    folder = tmp_path / "members"
    folder.mkdir()
    member = store(folder, "database.sqlite.gz", b"x")
    path.unlink()
    write(path, replace(EMPTY, schema=9_000, members=(member,)), folder, nothing)
    with pytest.raises(RestoreRefused, match=r"schema 9000, made by klink 1\.2\.3"):
        check(path, NOW)


def test_a_database_that_is_not_in_order_is_refused_by_the_try(house: House, engine: str) -> None:
    path = house.back_up().path
    house.end()
    connection.disconnect()
    _rewrite(path, lambda manifest: replace(manifest, rows={**manifest.rows, "links": 4}))
    if engine == "postgresql":
        with pytest.raises(BackupUnusable, match="3 rows of links, not 4"):
            check(path, NOW)
        return
    with pytest.raises(BackupUnusable, match="lacks rows of its database: links"):
        check(path, NOW)
    _rewrite(path, lambda manifest: manifest, damage=True)
    with pytest.raises(BackupUnusable, match="the database in the backup is damaged"):
        check(path, NOW)


def _rewrite(path: Path, change: Callable[[Manifest], Manifest], *, damage: bool = False) -> None:
    """Write a backup anew, sealed as it should be, with something in it that is wrong."""
    folder = path.parent / "rewritten"
    with opened(path, nothing) as sealed:
        members: list[Member] = []
        for member in sealed.manifest.members:
            data = b"".join(sealed.pieces(member))
            if damage and member.name == "database.sqlite.gz":
                plain = bytearray(gzip.decompress(data))
                plain[4096 * 3 : 4096 * 9] = os.urandom(4096 * 6)
                packer = Packer(folder, member.name)
                packer.write(bytes(plain))
                members.append(packer.finish())
            else:
                members.append(replace(store(folder, member.name, data), unpacked=member.unpacked))
        manifest = change(replace(sealed.manifest, members=tuple(members)))
    path.unlink()
    write(path, manifest, folder, nothing)
    shutil.rmtree(folder)


def test_nothing_is_touched_by_a_restore_that_is_refused(
    house: House, elsewhere: Target, backup: Path
) -> None:
    house.end()
    connection.disconnect()
    broken = backup.read_bytes()[:-1] + b"x"
    backup.write_bytes(broken)
    with pytest.raises(BackupUnusable):
        restore(backup, elsewhere, Enricher(lambda _: ""), datetime.now(UTC))
    assert not elsewhere.data_dir.exists()
