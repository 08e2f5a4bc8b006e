"""Files into the archive: never replaced, never half there, all or none where that is asked."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from headwater.archive import staging
from headwater.archive.protocol import Archive, Placement, Refusal
from headwater.archive.quarantine import kept_as, quarantine
from headwater.archive.recovery import recover_intents
from headwater.archive.staging import Stamp
from headwater.catalog.connection import Catalog
from headwater.catalog.queries.filing import FileConflictError
from headwater.core.errors import ArchiveError
from ingest_mission import ACTOR, make_mission, rows


@pytest.fixture
def root(catalog: Catalog, tmp_path: Path) -> Path:
    return make_mission(catalog, tmp_path).rootdir


@pytest.fixture
def archive(catalog: Catalog, root: Path) -> Archive:
    return Archive(catalog, 1, root, ACTOR)


def source(tmp_path: Path, name: str, content: bytes = b"bytes") -> str:
    path = tmp_path / name
    path.write_bytes(content)
    return str(path)


def accept(_connection, _placed) -> None:
    """Commit without a row."""


def files_below(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_placed_files_leave_nothing_else_behind(catalog, archive, root, tmp_path) -> None:
    wanted = [Placement(source(tmp_path, name), f"a/{name}") for name in ("one", "two")]
    placed, refused = archive.place(wanted, accept)
    assert not refused
    assert [one.size for one in placed] == [5, 5]
    assert files_below(root) == ["a/one", "a/two"]
    assert not (tmp_path / "one").exists()
    assert not rows(catalog, "select * from intent")


def test_a_private_output_keeps_its_own_inode(archive, root, tmp_path) -> None:
    path = source(tmp_path, "out")
    inode = Path(path).stat().st_ino
    archive.place([Placement(path, "out", move=True)], accept)
    assert (root / "out").stat().st_ino == inode


def test_an_output_that_is_linked_elsewhere_is_copied(archive, root, tmp_path) -> None:
    path = source(tmp_path, "out")
    os.link(path, tmp_path / "other")
    archive.place([Placement(path, "out", move=True)], accept)
    (tmp_path / "other").write_bytes(b"overwritten")
    assert (root / "out").read_bytes() == b"bytes"


@pytest.mark.fault(32)
def test_a_file_with_other_bytes_is_never_replaced(archive, root, tmp_path) -> None:
    (root / "there").write_bytes(b"old")
    placed, [refused] = archive.place([Placement(source(tmp_path, "new"), "there")], accept)
    assert not placed
    assert refused.kind is Refusal.EXISTS
    assert (root / "there").read_bytes() == b"old"
    assert (tmp_path / "new").exists()
    assert files_below(root) == ["there"]


@pytest.mark.fault(70)
@pytest.mark.parametrize("path", ["../out", "/abs", "a/../../b", "bad\nname", ""])
def test_an_unsafe_path_is_refused_and_the_others_go_on(archive, root, tmp_path, path) -> None:
    wanted = [Placement(source(tmp_path, "x"), path), Placement(source(tmp_path, "y"), "fine")]
    placed, [refused] = archive.place(wanted, accept)
    assert refused.kind is Refusal.UNSAFE
    assert [one.placement.final_path for one in placed] == ["fine"]


@pytest.mark.fault(38)
def test_what_cannot_be_read_is_refused(archive, tmp_path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    wanted = [Placement(str(tmp_path / name), name) for name in ("folder", "pipe", "nothing")]
    _, refused = archive.place(wanted, accept)
    assert [one.kind for one in refused] == [
        Refusal.UNREADABLE,
        Refusal.UNREADABLE,
        Refusal.GONE,
    ]


@pytest.mark.fault(30)
def test_a_source_that_changed_is_not_placed(archive, root, tmp_path) -> None:
    path = source(tmp_path, "growing")
    stamp = Stamp.of(Path(path).stat())
    Path(path).write_bytes(b"bytes and more")
    _, [refused] = archive.place([Placement(path, "growing", stamp=stamp)], accept)
    assert refused.kind is Refusal.CHANGED
    assert files_below(root) == []


@pytest.mark.fault(26)
def test_a_failed_fsync_is_not_tried_again(archive, root, tmp_path, monkeypatch) -> None:
    calls: list[str] = []

    def failing(staged: staging.Staged) -> None:
        calls.append(staged.name)
        if staged.name == "bad":
            raise staging.trouble("written", staged.name, OSError(errno.EIO, "Input/output error"))

    monkeypatch.setattr(staging, "sync", failing)
    wanted = [Placement(source(tmp_path, name), name) for name in ("bad", "good")]
    placed, [refused] = archive.place(wanted, accept)
    assert refused.kind is Refusal.TROUBLE
    assert [one.placement.final_path for one in placed] == ["good"]
    assert sorted(calls) == ["bad", "good"]
    assert files_below(root) == ["good"]


@pytest.mark.fault(24)
def test_a_full_disk_refuses_and_leaves_nothing(archive, root, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HEADWATER_FAULT", "after_copy=enospc")
    _, [refused] = archive.place([Placement(source(tmp_path, "x"), "x")], accept)
    assert refused.kind is Refusal.FULL
    assert "No space left" in refused.reason
    assert files_below(root) == []


def test_a_commit_that_raises_takes_everything_back(catalog, archive, root, tmp_path) -> None:
    def refuse(_connection, _placed) -> None:
        raise ArchiveError("no")

    with pytest.raises(ArchiveError, match="no"):
        archive.place([Placement(source(tmp_path, "x"), "x")], refuse)
    assert files_below(root) == []
    assert (tmp_path / "x").exists()
    assert not rows(catalog, "select * from intent")


def test_a_conflict_refuses_its_file_alone_or_all_together(archive, root, tmp_path) -> None:
    def refuse_x(_connection, placed) -> None:
        if any(one.placement.final_path == "x" for one in placed):
            raise FileConflictError({"x": "it is there already"})

    wanted = [Placement(source(tmp_path, name), name) for name in ("x", "y")]
    placed, refused = archive.place(wanted, refuse_x, together=True)
    assert (placed, {one.kind for one in refused}) == ([], {Refusal.EXISTS, Refusal.TOGETHER})
    assert files_below(root) == []
    placed, [refused_x] = archive.place(wanted, refuse_x)
    assert refused_x.reason == "it is there already"
    assert files_below(root) == ["y"]


@pytest.mark.fault(56)
def test_a_path_that_another_worker_is_about_to_use_is_busy(catalog, archive, tmp_path) -> None:
    rows(
        catalog,
        """insert into intent (mission_id, token, state, source_path, part_path,
                     final_path, lease_until) values (1, gen_random_uuid(), 'open', '', '', 'x',
                     now() + interval '1 hour') returning id""",
    )
    _, [refused] = archive.place([Placement(source(tmp_path, "x"), "x")], accept)
    assert refused.kind is Refusal.BUSY
    rows(catalog, "update intent set lease_until = now() - interval '1 s' returning id")
    placed, refused_now = archive.place([Placement(source(tmp_path, "x"), "x")], accept)
    assert (len(placed), refused_now) == (1, [])


@pytest.mark.fault(56)
def test_an_owner_whose_promise_was_taken_over_commits_nothing(
    catalog, archive, root, tmp_path
) -> None:
    def lose_lease_once(_connection, _placed) -> None:
        rows(catalog, "update intent set lease_until = now() - interval '1 s' returning id")
        recover_intents(catalog, 1, root, ACTOR)

    placed, [refused] = archive.place([Placement(source(tmp_path, "x"), "x")], lose_lease_once)
    assert (placed, refused.kind) == ([], Refusal.BUSY)
    assert files_below(root) == []
    assert (tmp_path / "x").exists()


@pytest.mark.fault(56)
def test_recovery_leaves_a_final_name_that_is_not_the_promise_s_own(catalog, root) -> None:
    (root / "x").write_bytes(b"somebody else's")
    (root / ".ours.part").write_bytes(b"ours")
    rows(
        catalog,
        """insert into intent (mission_id, token, state, source_path, part_path,
                     final_path, lease_until) values (1, gen_random_uuid(), 'open', '',
                     '.ours.part', 'x', now() - interval '1 s') returning id""",
    )
    [recovered] = recover_intents(catalog, 1, root, ACTOR)
    assert not recovered.finished
    assert files_below(root) == ["x"]


def test_quarantine_never_overwrites_and_finishes_what_was_begun(tmp_path) -> None:
    errors = tmp_path / "deep/errors"
    kept = []
    for number in range(3):
        path = Path(source(tmp_path, "bad.dat", str(number).encode()))
        kept.append(quarantine(path, errors, "why", {}, key=f"k{number}"))
    assert [path.name for path in kept] == ["bad.dat", "bad.dat.1", "bad.dat.2"]
    assert [path.read_bytes() for path in kept] == [b"0", b"1", b"2"]
    assert quarantine(tmp_path / "bad.dat", errors, "why", {}, key="k1") == kept[1]
    assert kept_as(errors, "bad.dat", "k2") == (kept[2], "why")
    with pytest.raises(FileNotFoundError):
        quarantine(tmp_path / "bad.dat", errors, "why", {}, key="new")
    assert len(list(errors.iterdir())) == 6
