"""A newer database of countries is put in place only when it is one."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from klink.clicks.geoip import CountryDatabase
from klink.geoip import Origin, Outcome, UpdateFailed, Updates, read_state, state_file, update
from klink.geoip.unpacking import unpack
from klink.geoip.verifying import KNOWN
from tests.fetching.sites import PUBLIC, Visit, World, redirect, world
from tests.mmdb import write_mmdb

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
MONTHLY = "http://geo.example/lite-{year}-{month}.mmdb.gz"
TAR_URL = "http://geo.example/download?suffix=tar.gz"
KEY = "hunter2-of-maxmind"
DAY_S = 86_400


@dataclass
class Maker:
    """Whoever publishes the database: files by path, and what was asked for."""

    net: World
    folder: Path
    files: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, bytes] = field(default_factory=dict)

    def answer(self, visit: Visit) -> None:
        path = visit.request.split(b" ")[1].decode()
        etag = self.headers.get(path, b"")
        if etag and b"If-None-Match: " + etag in visit.request:
            visit.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")
            return
        body = self.files.get(path)
        status = b"404 Not Found" if body is None else b"200 OK"
        extra = b"ETag: " + etag + b"\r\n" if etag else b""
        head = b"HTTP/1.1 %s\r\nContent-Length: %d\r\n" % (status, len(body or b""))
        visit.send(head + extra + b"\r\n" + (body or b""))

    @property
    def asked(self) -> list[str]:
        return [each.split(b" ")[1].decode() for each in self.net.sites[-1].requests]

    def database(self, built: datetime = NOW - timedelta(days=1), **nets: str) -> bytes:
        """A small database that knows well-known addresses, as it stands in a file."""
        found = {f"{net}/24": code for net, code in KNOWN.items()} | {
            f"{net.replace('_', '.')}/24": code for net, code in nets.items()
        }
        records = {_net(net): {"country": {"iso_code": code}} for net, code in found.items()}
        path = self.folder / "made.mmdb"
        return write_mmdb(path, records, build_epoch=int(built.timestamp())).read_bytes()

    def updates(self, url: str = MONTHLY) -> Updates:
        data = self.folder / "data"
        return Updates(data / "geoip.mmdb", data, Origin(url), float(DAY_S), self.net.fetcher())


def _net(text: str) -> str:
    address, _, bits = text.partition("/")
    return f"{address.rpartition('.')[0]}.0/{bits}"


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    with world() as net:
        net.names.known["geo.example"] = [[PUBLIC]]
        made = Maker(net, tmp_path)
        net.site(made.answer)
        yield made


def tarred(*files: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, body in files:
            member = tarfile.TarInfo(name)
            member.type = kind if name.endswith(".mmdb") else tarfile.REGTYPE
            member.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            member.size = 0 if kind == tarfile.SYMTYPE else len(body)
            tar.addfile(member, io.BytesIO(body))
    return packed.getvalue()


def country(updates: Updates, net: str = "193.0.6.0/24") -> str:
    return CountryDatabase(updates.file).lookup(net)


def left_over(updates: Updates) -> set[str]:
    return {each.name for each in updates.data_dir.iterdir()}


def test_the_months_file_is_fetched_unpacked_and_put_in_place(maker: Maker):
    maker.files["/lite-2026-03.mmdb.gz"] = gzip.compress(maker.database())
    updates = maker.updates()
    outcome = update(updates, NOW)
    assert (outcome.result, outcome.database and outcome.database.kind) == (
        "updated",
        "Test-Country",
    )
    assert country(updates) == "NL"
    assert updates.file.stat().st_mode & 0o777 == 0o600
    assert left_over(updates) == {"geoip.mmdb", "geoip-update.json", "geoip-update.lock"}
    assert maker.asked == ["/lite-2026-03.mmdb.gz"]


def test_in_a_months_first_days_the_last_ones_file_is_the_newest(maker: Maker):
    maker.files["/lite-2026-02.mmdb.gz"] = gzip.compress(maker.database())
    assert update(maker.updates(), NOW).result == "updated"
    assert maker.asked == ["/lite-2026-03.mmdb.gz", "/lite-2026-02.mmdb.gz"]


def test_what_is_in_place_already_is_not_sent_again(maker: Maker):
    maker.files["/lite-2026-03.mmdb.gz"] = gzip.compress(maker.database())
    maker.headers["/lite-2026-03.mmdb.gz"] = b'"one"'
    updates = maker.updates()
    assert update(updates, NOW).result == "updated"
    assert update(updates, NOW).result == "unchanged"
    maker.headers["/lite-2026-03.mmdb.gz"] = b'"two"'
    assert update(updates, NOW).result == "unchanged"  # sent, and the same
    updates.file.unlink()  # somebody took it away: what was said of it holds no more
    assert update(updates, NOW).result == "updated"


def test_a_newer_one_takes_its_place_with_the_rights_that_it_had(maker: Maker):
    maker.files["/lite-2026-03.mmdb.gz"] = maker.database(NOW - timedelta(days=40))
    updates = maker.updates()
    update(updates, NOW)
    updates.file.chmod(0o644)
    maker.files["/lite-2026-03.mmdb.gz"] = maker.database(NOW, **{"203_0_113_1": "FR"})
    assert update(updates, NOW).result == "updated"
    assert country(updates, "203.0.113.0/24") == "FR"
    assert updates.file.stat().st_mode & 0o777 == 0o644


def test_an_archive_gives_its_one_database_and_the_checksum_is_held_against_it(maker: Maker):
    packed = tarred(
        ("GeoLite2_20260310/LICENSE.txt", b"terms"),
        ("GeoLite2_20260310/GeoLite2-Country.mmdb", maker.database()),
    )
    maker.files["/download?suffix=tar.gz"] = packed
    digest = hashlib.sha256(packed).hexdigest().encode()
    maker.files["/download?suffix=tar.gz.sha256"] = digest + b"  GeoLite2-Country.tar.gz\n"
    updates = maker.updates(TAR_URL)
    assert update(updates, NOW).result == "updated"
    assert country(updates) == "NL"
    maker.files["/download?suffix=tar.gz.sha256"] = b"0" * 64
    assert "checksum" in refusal(updates)
    maker.files["/download?suffix=tar.gz.sha256"] = b"<html>"
    assert "checksum" in refusal(updates)


def refusal(updates: Updates) -> str:
    """Why an update failed, which changed nothing."""
    before = updates.file.read_bytes() if updates.file.exists() else None
    with pytest.raises(UpdateFailed) as failed:
        update(updates, NOW)
    after = updates.file.read_bytes() if updates.file.exists() else None
    assert before == after
    assert left_over(updates) <= {"geoip.mmdb", "geoip-update.json", "geoip-update.lock"}
    return str(failed.value)


Bad = Callable[[Maker], bytes]
BAD: dict[str, tuple[Bad, str]] = {
    "an error page": (lambda maker: b"<!doctype html><h1>Sorry</h1>", "no database"),
    "nothing": (lambda maker: b"", "no database"),
    "half of it": (lambda maker: gzip.compress(maker.database())[:-300], "breaks off"),
    "damaged": (lambda maker: b"\x1f\x8b\x08" + bytes(7) + b"\xff" * 4000, "gzip"),
    "its tail is gone": (lambda maker: maker.database()[:-40], "no database"),
    "of another kind": (
        lambda maker: write_mmdb(
            maker.folder / "asn.mmdb",
            {_net(f"{net}/24"): {"autonomous_system_number": 1} for net in KNOWN},
            build_epoch=int(NOW.timestamp()),
        ).read_bytes(),
        "not one of countries",
    ),
    "of the future": (lambda maker: maker.database(NOW + timedelta(days=9)), "2026-03-23"),
    "older": (lambda maker: maker.database(NOW - timedelta(days=99)), "older than the one in use"),
    "a link in an archive": (
        lambda maker: tarred(("x.mmdb", b""), kind=tarfile.SYMTYPE),
        "plain .mmdb file",
    ),
    "a device in an archive": (
        lambda maker: tarred(("x.mmdb", b""), kind=tarfile.CHRTYPE),
        "plain .mmdb file",
    ),
    "two in an archive": (
        lambda maker: tarred(("a.mmdb", b"x"), ("../../b.mmdb", b"x")),
        "plain .mmdb file",
    ),
    "none in an archive": (lambda maker: tarred(("README", b"x")), "no .mmdb file"),
    "crowds in an archive": (
        lambda maker: tarred(*((f"f{i}", b"") for i in range(99))),
        "more files",
    ),
    "a long word in an archive": (
        lambda maker: _long_word(),
        "tar cannot be read",
    ),
    "headers without end in an archive": (lambda maker: _headers(), "tar cannot be read"),
}


def _headers() -> bytes:
    """An archive in which thousands of headers speak of the one after them."""
    member = tarfile.TarInfo("pax")
    member.type, member.size = tarfile.XHDTYPE, 12
    return gzip.compress((member.tobuf() + b"12 path=abc\n".ljust(512, b"\0")) * 4000 + bytes(1024))


def _long_word() -> bytes:
    """An archive whose first header says that the next name is 300 MiB long."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 300 << 20
    return gzip.compress(member.tobuf() + bytes(2048))


def _in_tar(body: bytes) -> bytes:
    return tarred(("x.mmdb", body))


@pytest.mark.parametrize("pack", [gzip.compress, _in_tar], ids=["gzip", "tar"])
def test_what_is_small_when_packed_is_unpacked_to_its_bound_and_no_further(
    tmp_path: Path, pack: Callable[[bytes], bytes]
):
    packed, to = tmp_path / "packed", tmp_path / "plain"
    packed.write_bytes(pack(bytes(4 << 20)))
    assert packed.stat().st_size < 20_000
    with pytest.raises(UpdateFailed, match="larger, unpacked"):
        unpack(packed, to, max_bytes=1 << 20)
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < (2 << 20)


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_newer_database_of_countries_is_refused_and_the_old_one_stays(
    maker: Maker, name: str
):
    updates = maker.updates()
    maker.files["/lite-2026-03.mmdb.gz"] = gzip.compress(maker.database())
    update(updates, NOW)
    make, words = BAD[name]
    maker.files["/lite-2026-03.mmdb.gz"] = make(maker)
    said = refusal(updates)
    assert words in said
    assert said.isprintable()
    assert country(updates) == "NL"


def test_no_flipped_byte_is_more_than_a_refusal(maker: Maker):
    whole = bytearray(maker.database())
    updates = maker.updates()
    for place in range(0, len(whole), 31):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        maker.files["/lite-2026-03.mmdb.gz"] = bytes(changed)
        updates.file.unlink(missing_ok=True)
        try:
            assert update(updates, NOW).result == "updated"
        except UpdateFailed:
            assert not updates.file.exists()


def test_a_redirect_into_the_private_network_is_refused(maker: Maker):
    maker.net.site(redirect(b"http://192.168.1.1/lite.mmdb"))
    assert "not public" in refusal(maker.updates())


def test_without_end_is_refused_in_its_time(maker: Maker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("klink.geoip.updating.TIMEOUT_S", 0.3)

    def trickle(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\n\r\n")
        visit.send_slowly(b"x" for _ in range(1000))

    maker.net.site(trickle)
    assert "took longer" in refusal(maker.updates())


def test_failures_are_spaced_out_until_one_succeeds(maker: Maker):
    updates = maker.updates()
    waited = []
    at = NOW
    for _ in range(7):
        with pytest.raises(UpdateFailed):
            update(updates, at, is_asked=False)
        state = read_state(state_file(updates.data_dir))
        waited.append((state.retry_at - at.timestamp()) / 3600)
        early = datetime.fromtimestamp(state.retry_at - 1, UTC)
        assert update(updates, early, is_asked=False) == Outcome("not_due", None)
        at = datetime.fromtimestamp(state.retry_at, UTC)
    assert waited == [24.0] * 7  # there is no such file, so asking soon is of no use
    maker.net.site(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
    state_file(updates.data_dir).unlink()
    waited = []
    for _ in range(7):
        with pytest.raises(UpdateFailed, match="answered 503"):
            update(updates, NOW)
        waited.append((read_state(state_file(updates.data_dir)).retry_at - NOW.timestamp()) / 3600)
    assert waited == [1, 2, 4, 8, 16, 24, 24]
    maker.net.site(maker.answer)
    maker.files["/lite-2026-03.mmdb.gz"] = maker.database()
    assert update(updates, NOW).result == "updated"  # a person asks: now
    state = read_state(state_file(updates.data_dir))
    assert (state.failures, state.error) == (0, "")
    assert update(updates, NOW + timedelta(hours=23), is_asked=False).result == "not_due"
    assert update(updates, NOW + timedelta(hours=24), is_asked=False).result == "unchanged"


def test_a_server_that_asks_for_time_is_given_it(maker: Maker):
    maker.net.site(b"HTTP/1.1 429 Too Many\r\nRetry-After: 172800\r\nContent-Length: 0\r\n\r\n")
    updates = maker.updates()
    assert "too often" in refusal(updates)
    assert read_state(state_file(updates.data_dir)).retry_at == NOW.timestamp() + 172_800


def test_the_key_is_sent_to_its_server_alone_and_told_to_nobody(
    maker: Maker, caplog: pytest.LogCaptureFixture
):
    maker.net.site(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
    whole = maker.updates()
    updates = Updates(
        whole.file,
        whole.data_dir,
        Origin(f"{TAR_URL}&token=s3cret", "12345", KEY),
        None,
        whole.fetcher,
    )
    said = refusal(updates)
    [request] = maker.net.sites[-1].requests
    assert b"Authorization: Basic " in request
    kept = state_file(updates.data_dir).read_text()
    for text in (said, kept, caplog.text, repr(updates)):
        assert KEY not in text
    assert "s3cret" not in said + kept + caplog.text
    assert "geoip.licence_key" in said


def test_a_folder_that_cannot_be_written_is_named(maker: Maker):
    updates = maker.updates()
    file = maker.folder / "file"
    file.write_text("")
    elsewhere = Updates(file / "geoip.mmdb", updates.data_dir, updates.origin, None)
    with pytest.raises(UpdateFailed, match="cannot write to"):
        update(elsewhere, NOW)


def test_what_a_killed_update_left_goes_with_the_next(maker: Maker):
    updates = maker.updates()
    left = updates.data_dir / ".klink-geoip-dead"
    left.mkdir(parents=True)
    (left / "packed").write_bytes(b"x")
    maker.files["/lite-2026-03.mmdb.gz"] = maker.database()
    update(updates, NOW)
    assert not left.exists()


def test_a_state_that_is_not_ours_is_no_state(tmp_path: Path):
    for text in ("", "[]", '{"failures": "many"}', "{", '{"failures": 1}'):
        (tmp_path / "state").write_text(text)
        assert read_state(tmp_path / "state").failures == 0
