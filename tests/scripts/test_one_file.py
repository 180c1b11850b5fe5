"""The one file that ``scripts/build-binary`` makes, with a small program in it: it unpacks itself.

What is packed is tried by ``scripts/test-binary``, which takes minutes.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

JOIN = Path(__file__).parents[2] / "scripts" / "packing" / "join"

PROGRAM = """#!/bin/sh
case ${1:-} in
--version) echo klink 1 ;;
umask) umask ;;
*) echo "$0 $KLINK_STARTED_AS $$ $*"; exit 3 ;;
esac
"""


def made(folder: Path, program: str = PROGRAM) -> Path:
    """The one file of a program."""
    inside = folder / "folder" / "klink"
    inside.mkdir(parents=True, exist_ok=True)
    (inside / "klink").write_text(program)
    (inside / "klink").chmod(0o755)
    subprocess.run([JOIN, folder / "folder", "1", folder / "klink"], check=True)
    return folder / "klink"


@pytest.fixture
def klink(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    return made(tmp_path)


def run(klink: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [klink, *arguments],
        env={"PATH": os.environ["PATH"], **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_runs_what_it_unpacked_as_the_same_process(klink: Path, tmp_path: Path) -> None:
    place = tmp_path / "unpacked"
    with subprocess.Popen(
        [klink, "a b", "c"],
        env=os.environ | {"KLINK_UNPACK_DIR": str(place)},
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        printed, _ = started.communicate()
    program, typed, process, *arguments = printed.split()
    assert started.returncode == 3
    assert Path(program).is_relative_to(place)
    assert (typed, int(process), arguments) == (str(klink), started.pid, ["a", "b", "c"])
    assert place.stat().st_mode & 0o777 == 0o700


def test_it_unpacks_once_and_another_version_beside(klink: Path, tmp_path: Path) -> None:
    place = tmp_path / "unpacked"
    first = run(klink, KLINK_UNPACK_DIR=str(place)).stdout.split()[0]
    mark = Path(first).with_name("mark")
    mark.touch()
    assert run(klink, KLINK_UNPACK_DIR=str(place)).stdout.split()[0] == first
    assert mark.exists()
    other = made(tmp_path, PROGRAM + "# newer\n")
    assert run(other, KLINK_UNPACK_DIR=str(place)).stdout.split()[0] != first
    assert mark.exists()


def test_many_first_starts_at_once_all_work(klink: Path, tmp_path: Path) -> None:
    env = os.environ | {"KLINK_UNPACK_DIR": str(tmp_path / "unpacked")}
    started = [
        subprocess.Popen([klink, "umask"], env=env, stdout=subprocess.DEVNULL) for _ in range(6)
    ]
    assert [process.wait(30) for process in started] == [0] * 6
    assert len(list((tmp_path / "unpacked").iterdir())) == 1


def test_what_is_half_deleted_is_unpacked_anew(klink: Path, tmp_path: Path) -> None:
    env = {"KLINK_UNPACK_DIR": str(tmp_path / "unpacked")}
    program = Path(run(klink, **env).stdout.split()[0])
    program.unlink()
    (program.parent / "rest").touch()
    assert run(klink, **env).returncode == 3
    assert list(program.parent.iterdir()) == [program]


def test_a_file_that_is_not_whole_runs_nothing(klink: Path, tmp_path: Path) -> None:
    klink.write_bytes(klink.read_bytes()[:-1])
    done = run(klink, KLINK_UNPACK_DIR=str(tmp_path / "unpacked"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"klink: {klink} is damaged or not whole; get it again\n"
    assert list((tmp_path / "unpacked").iterdir()) == []


def test_the_callers_umask_holds_in_the_program(klink: Path, tmp_path: Path) -> None:
    script = 'umask 027; "$0" umask'
    env = {"PATH": os.environ["PATH"], "KLINK_UNPACK_DIR": str(tmp_path / "unpacked")}
    done = subprocess.run(["sh", "-c", script, klink], env=env, capture_output=True, check=True)
    assert done.stdout == b"0027\n"


def test_a_folder_that_others_may_write_is_refused(klink: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    done = run(klink, KLINK_UNPACK_DIR=str(shared))
    assert (done.returncode, list(shared.iterdir())) == (1, [])
    assert "nobody else may write" in done.stderr


def test_a_link_of_somebody_elses_is_not_followed(klink: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "own")
    done = run(klink, KLINK_UNPACK_DIR=str(tmp_path / "link"))
    assert (done.returncode, list((tmp_path / "own").iterdir())) == (1, [])


def test_the_first_folder_is_taken_that_nobody_else_can_replace(
    klink: Path, tmp_path: Path
) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    env = {"CACHE_DIRECTORY": str(open_to_all / "cache"), "HOME": str(home)}
    program = Path(run(klink, **env).stdout.split()[0])
    assert program.is_relative_to(home / ".cache" / "klink")
    assert list(open_to_all.iterdir()) == []
    open_to_all.chmod(0o1777)
    program = Path(run(klink, **env).stdout.split()[0])
    assert program.is_relative_to(open_to_all / "cache")


def test_without_a_folder_it_says_what_to_do(klink: Path, tmp_path: Path) -> None:
    done = run(klink, "x", KLINK_UNPACK_DIR="/proc/none")
    assert done.returncode == 1
    assert done.stderr.startswith("klink: cannot unpack into KLINK_UNPACK_DIR=/proc/none: ")
