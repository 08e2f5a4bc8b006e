"""Names and paths: what the archive holds, and what it refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.archive.faultpoint import VARIABLE, faultpoint
from headwater.archive.hashing import digest_file
from headwater.archive.paths import Folders, check_name, checked_path, printable
from headwater.archive.staging import moment_of
from headwater.core.errors import ArchiveError, SettingError, UnsafePathError


@pytest.mark.parametrize("name", ["a.dat", "a b.dat", "ünïcödé.dat", "…", "a" * 255, ".hidden"])
def test_an_ordinary_name_is_fine(name: str) -> None:
    check_name(name)


@pytest.mark.fault(38, 70)
@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\nb", "a\x00b", "\x7f", "\x85", "bad\udcff", "é" * 128]
)
def test_a_dangerous_name_is_refused(name: str) -> None:
    with pytest.raises(UnsafePathError):
        check_name(name)


@pytest.mark.fault(70)
@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../a", "a/../b", "a/..", "", ".", "a/\n/b", "/".join(["a" * 99] * 50)]
)
def test_a_path_that_leaves_the_root_is_refused(path: str) -> None:
    with pytest.raises(UnsafePathError):
        checked_path(path)


def test_needless_slashes_are_left_out() -> None:
    assert checked_path("l0//2020/./a.dat") == ("l0", "2020", "a.dat")


@given(st.binary(min_size=1).filter(lambda raw: b"/" not in raw and b"\0" not in raw))
def test_any_name_can_be_shown_and_stored(raw: bytes) -> None:
    shown = printable(os.fsdecode(raw))
    assert "\n" not in shown
    assert "\x1b" not in shown
    shown.encode("utf-8")


def test_folders_are_made_below_the_root_and_opened_once(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    handle = folders.open(("a", "b"), create=True)
    assert (tmp_path / "a/b").is_dir()
    assert folders.open(("a", "b")) == handle
    folders.close()


@pytest.mark.fault(70)
def test_a_link_inside_the_root_is_followed_and_one_out_is_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (root / "inside").symlink_to("real")
    (root / "out").symlink_to(tmp_path / "outside")
    folders = Folders(root)
    os.close(os.open("made", os.O_CREAT | os.O_WRONLY, dir_fd=folders.open(("inside",))))
    assert (root / "real/made").exists()
    with pytest.raises(UnsafePathError, match="link out"):
        folders.open(("out", "below"), create=True)
    assert list((tmp_path / "outside").iterdir()) == []
    folders.close()


def test_a_root_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be opened"):
        Folders(tmp_path / "none").open(())


@pytest.mark.fault(40)
def test_a_time_that_no_calendar_holds_is_not_an_error() -> None:
    assert moment_of(2**62).year == 2116
    assert moment_of(10**30).year == 1970


def test_a_link_is_never_hashed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        digest_file(tmp_path / "link")


def test_an_unarmed_fault_point_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    faultpoint("here")
    monkeypatch.setenv(VARIABLE, "there=raise")
    faultpoint("here")


def test_an_armed_fault_point_does_what_it_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "full=enospc, broken=raise, late=raise@2, odd=dance")
    with pytest.raises(OSError, match="space") as caught:
        faultpoint("full")
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(ArchiveError):
        faultpoint("broken")
    faultpoint("late")
    with pytest.raises(ArchiveError):
        faultpoint("late")
    with pytest.raises(SettingError):
        faultpoint("odd")
