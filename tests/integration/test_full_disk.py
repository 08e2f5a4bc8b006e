"""A full disk pauses a mission's ingest, in a clear state, and room lets it go on by itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headwater.catalog.connection import URL_VARIABLE, Catalog
from headwater.cli.main import app
from headwater.core.errors import ArchiveFullError
from headwater.core.states import Disposition
from headwater.ingest.room import IngestPausedError
from headwater.ingest.service import ingest_pending
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission, rows

pytestmark = pytest.mark.fault(24)

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 4 MiB."""
    folder = tmp_path / "root"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=64", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only who may mount can make a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path, small_disk: Path) -> LoadedMission:
    return make_mission(catalog, tmp_path)


@pytest.fixture
def host(mission: LoadedMission) -> Iterator[InspectorHost]:
    with InspectorHost(mission.facts(), mission.inspector_specs()) as host:
        yield host


def dropped(mission: LoadedMission, days: range, size: int = 900_000) -> None:
    for day in days:
        name = f"l0_202001{day:02d}_v1.0.0.dat"
        drop(mission, name, name.encode() + bytes(size - len(name)))


def events(catalog: Catalog) -> list[str]:
    found = rows(catalog, "select kind from event where kind like 'ingest%' order by id")
    return [row.kind for row in found]


def test_a_full_disk_pauses_and_room_lets_the_rest_in(catalog, mission, host) -> None:
    filler = mission.rootdir / "filler"
    filler.write_bytes(bytes(2 * MIB))
    dropped(mission, range(1, 5))
    with pytest.raises(ArchiveFullError, match=r"No space left.*the ingest of demo is paused"):
        ingest_pending(catalog, mission, ACTOR, host=host)
    filed = rows(catalog, "select path, sha256 from file")
    assert 0 < len(filed) < 4
    assert {row.path for row in filed} == archived(mission)
    assert events(catalog) == ["ingest paused"]

    dropped(mission, range(5, 6), size=1000)
    with pytest.raises(IngestPausedError, match=r"paused since .* make room on the disk"):
        ingest_pending(catalog, mission, ACTOR, host=host)
    assert (mission.incoming_dir / "l0_20200105_v1.0.0.dat").exists(), "nothing more is claimed"
    assert events(catalog) == ["ingest paused"]

    filler.unlink()
    report = ingest_pending(catalog, mission, ACTOR, host=host)
    assert report.count(Disposition.ADOPTED) == 5 - len(filed)
    assert events(catalog) == ["ingest paused", "ingest resumed"]
    assert {row.path for row in rows(catalog, "select path from file")} == archived(mission)
    assert not rows(catalog, "select * from intent")


def archived(mission: LoadedMission) -> set[str]:
    found = mission.rootdir.rglob("*")
    return {str(p.relative_to(mission.rootdir)) for p in found if p.is_file()} - {"filler"}


@pytest.mark.fault(39)
def test_a_disk_without_inodes_pauses_too(catalog, mission, host) -> None:
    number = 0
    while os.statvfs(mission.rootdir).f_favail > 2:
        (mission.rootdir / f"filler{number}").touch()
        number += 1
    dropped(mission, range(1, 4), size=100)
    with pytest.raises(ArchiveFullError):
        ingest_pending(catalog, mission, ACTOR, host=host)
    with pytest.raises(IngestPausedError):
        ingest_pending(catalog, mission, ACTOR, host=host)
    for path in mission.rootdir.iterdir():
        if path.is_file():
            path.unlink()
    report = ingest_pending(catalog, mission, ACTOR, host=host)
    assert len(rows(catalog, "select * from file")) == 3
    assert report.count(Disposition.ADOPTED) >= 1


def test_status_says_that_the_ingest_is_paused(catalog, mission, host, monkeypatch) -> None:
    (mission.rootdir / "filler").write_bytes(bytes(3 * MIB))
    dropped(mission, range(1, 5))
    with pytest.raises(ArchiveFullError):
        ingest_pending(catalog, mission, ACTOR, host=host)
    monkeypatch.setenv(URL_VARIABLE, catalog.dsn)
    shown = CliRunner().invoke(app, ["status", "--json"])
    assert shown.exit_code == 0
    assert "the ingest of demo is paused since" in shown.stderr
    assert "it goes on by itself when" in shown.stderr
