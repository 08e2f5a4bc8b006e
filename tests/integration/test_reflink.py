"""Sources are cloned where the file system can: no bytes are moved, and writers do not reach us."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.archive import reflink as module
from headwater.archive.protocol import Archive, Placement
from headwater.archive.reflink import reflink
from headwater.catalog.connection import Catalog
from ingest_mission import ACTOR, make_mission

SIZE = 320 << 20  # the smallest that mkfs.xfs makes


@pytest.fixture
def cloning_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or not shutil.which("mkfs.xfs"):
        pytest.skip("only who may mount, and has mkfs.xfs, can make a file system that clones")
    image, place = tmp_path / "xfs.img", tmp_path / "xfs"
    with image.open("wb") as file:
        file.truncate(SIZE)
    place.mkdir()
    subprocess.run(["mkfs.xfs", "-q", str(image)], check=True)
    if subprocess.run(["mount", "-o", "loop", str(image), str(place)]).returncode:
        pytest.skip("the kernel cannot mount XFS")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_source_on_the_same_disk_is_cloned_and_stays_apart(
    catalog: Catalog, cloning_disk: Path
) -> None:
    mission = make_mission(catalog, cloning_disk)
    source = cloning_disk / "source"
    source.write_bytes(os.urandom(32 << 20))
    content = source.read_bytes()
    subprocess.run(["sync", "-f", str(cloning_disk)], check=True)
    before = shutil.disk_usage(cloning_disk).used
    os.link(source, cloning_disk / "writer")
    archive = Archive(catalog, mission.id, mission.rootdir, ACTOR)
    [placed], refused = archive.place([Placement(str(source), "a/x")], lambda *_: None)
    assert (refused, placed.size) == ([], len(content))
    subprocess.run(["sync", "-f", str(cloning_disk)], check=True)
    assert shutil.disk_usage(cloning_disk).used - before < 8 << 20, "it was copied"
    with (cloning_disk / "writer").open("r+b") as late:
        late.write(b"overwritten")
    assert (mission.rootdir / "a/x").read_bytes() == content


def test_where_it_cannot_be_it_says_no_once_and_copies(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_unable", set())
    (tmp_path / "source").write_bytes(b"bytes")
    with (tmp_path / "source").open("rb") as source, Path("/dev/shm/clone").open("wb") as target:
        asked: list[object] = []
        monkeypatch.setattr(module.fcntl, "ioctl", _refusing(asked))
        assert [reflink(source.fileno(), target.fileno()) for _ in range(3)] == [False] * 3
    Path("/dev/shm/clone").unlink()
    assert len(asked) == 1


def _refusing(asked: list[object]):
    def ioctl(*arguments: object) -> None:
        asked.append(arguments)
        raise OSError(18, os.strerror(18))

    return ioctl
