"""A writer that is slower than its lease, while another takes over: it changes nothing any more.

Both are alive at once, each in a process of its own. At the end there is one row and one file with
the right bytes, whoever filed it.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from faults.late_points import POINTS
from headwater.archive.protocol import Archive, Placement
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission, rows

LEASE = 0.6
DELAY = 2.5
SLOW = """
import sys
sys.path.insert(0, sys.argv[3])
from ingest_mission import ACTOR
from headwater.archive import protocol
from headwater.catalog.connection import Catalog
from headwater.ingest import claim, endings
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
lease = float(sys.argv[4])
claim.LEASE_SECONDS = endings.LEASE_SECONDS = lease
protocol.Archive.__init__.__kwdefaults__["lease_seconds"] = lease
catalog = Catalog(sys.argv[1])
try:
    ingest_pending(catalog, load_mission(catalog, sys.argv[2]), ACTOR)
except OSError as error:
    print(error)
"""
"""An ingest whose leases are so short that a delay at a fault point outlasts them."""


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    return make_mission(catalog, tmp_path)


def start(catalog: Catalog, mission: LoadedMission, armed: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SLOW, catalog.dsn, mission.name]
    command += [str(Path(__file__).resolve().parents[1]), str(LEASE)]
    return subprocess.Popen(command, env=os.environ | {"HEADWATER_FAULT": armed})


def until(seen: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def expired(catalog: Catalog) -> object:
    """Whether the slow writer's promise, and its claim if it is still open, are over."""
    [row] = rows(
        catalog,
        """select exists (select from intent where lease_until < now()) and not exists
           (select from arrival where state = 'claimed' and lease_until >= now()) as over""",
    )
    return row.over


def ingest_until_done(catalog: Catalog, mission: LoadedMission) -> None:
    """Passes of a second worker, until every arrival has ended or the first one holds it."""
    end = time.monotonic() + 20
    while rows(catalog, "select from arrival where state = 'claimed'"):
        assert time.monotonic() < end, "the arrivals never ended"
        try:
            ingest_pending(catalog, mission, ACTOR)
        except OSError:  # somebody is placing a file there just now
            time.sleep(0.05)


def check_filed_once(catalog: Catalog, mission: LoadedMission, sent: dict[str, bytes]) -> None:
    files = rows(catalog, "select name, path, sha256 from file")
    assert sorted(row.name for row in files) == sorted(sent)
    for row in files:
        content = (mission.rootdir / row.path).read_bytes()
        assert content == sent[row.name]
        assert hashlib.sha256(content).hexdigest() == row.sha256
    on_disk = [path for path in mission.rootdir.rglob("*") if path.is_file()]
    assert len(on_disk) == len(sent)
    ended = rows(catalog, "select disposition, count(*) from arrival group by 1")
    assert [tuple(row) for row in ended] == [("adopted", len(sent))]
    assert not rows(catalog, "select * from intent")
    left = [path for path in mission.incoming_dir.rglob("*") if not path.is_dir()]
    assert [path.name for path in left] == [".clock"]
    assert not [path for path in mission.errordir.iterdir()]


def points(quick: str) -> list[object]:
    """The points with their numbers; all but one are for the long run of the faults only."""
    return [
        pytest.param(
            point,
            marks=[pytest.mark.fault(*numbers), *([] if point == quick else [pytest.mark.slow])],
        )
        for point, numbers in POINTS.items()
    ]


@pytest.mark.parametrize("point", points("after_folder_fsync"))
def test_a_writer_that_comes_back_after_its_lease_changes_nothing(
    catalog: Catalog, mission: LoadedMission, point: str
) -> None:
    sent = {name: drop(mission, name).read_bytes()
            for name in ("l0_20200101_v1.0.0.dat", "l0_20200102_v1.0.0.dat")}  # fmt: skip
    late = start(catalog, mission, f"{point}=delay:{DELAY}@1")
    try:
        until(lambda: expired(catalog))
        ingest_until_done(catalog, mission)
        assert late.poll() is None, "the slow writer was not alive any more"
        assert late.wait(60) == 0
    finally:
        late.kill()
        late.wait()
    ingest_pending(catalog, mission, ACTOR)
    check_filed_once(catalog, mission, sent)


@pytest.mark.slow
@pytest.mark.fault(3, 19, 56)
def test_a_writer_that_is_stopped_while_it_copies_and_goes_on_later_changes_nothing(
    catalog: Catalog, mission: LoadedMission
) -> None:
    """While it runs it renews its lease from another thread; a machine that sleeps does not."""
    sent = {name: drop(mission, name).read_bytes() for name in ("l0_20200101_v1.0.0.dat",)}
    late = start(catalog, mission, f"after_copy=delay:{DELAY}")
    try:
        until(lambda: list(mission.rootdir.rglob("*.part")))
        late.send_signal(signal.SIGSTOP)
        until(lambda: expired(catalog))
        ingest_until_done(catalog, mission)
        late.send_signal(signal.SIGCONT)
        assert late.wait(60) == 0
    finally:
        late.kill()
        late.wait()
    ingest_pending(catalog, mission, ACTOR)
    check_filed_once(catalog, mission, sent)


def accept(_connection, _placed) -> None:
    """Commit without a row."""


@pytest.fixture
def left_behind(catalog: Catalog, mission: LoadedMission, monkeypatch) -> Path:
    """Forty promises of an owner that died: half of them linked, none committed."""
    folder = mission.incoming_dir.parent / "sources"
    folder.mkdir()
    wanted = []
    for number in range(40):
        (folder / str(number)).write_text(str(number))
        wanted.append(Placement(str(folder / str(number)), f"l0/{number}"))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("headwater.archive.batch.Batch.undo", lambda *_: None)
        patch.setattr("headwater.archive.batch.staging.sync_folder", die)
        with pytest.raises(KeyboardInterrupt):
            Archive(catalog, mission.id, mission.rootdir, ACTOR, lease_seconds=-1).place(
                wanted, accept
            )
    assert len(list((mission.rootdir / "l0").iterdir())) == 80
    return folder


@pytest.mark.fault(7, 56)
def test_recoveries_at_once_undo_each_promise_once(
    catalog: Catalog, mission: LoadedMission, left_behind: Path
) -> None:
    def recover(_: int) -> list[str]:
        done = recover_intents(catalog, mission.id, mission.rootdir, ACTOR)
        return [one.final_path for one in done]

    with ThreadPoolExecutor(4) as pool:
        recovered = [path for paths in pool.map(recover, range(8)) for path in paths]
    assert sorted(recovered) == sorted(f"l0/{number}" for number in range(40))
    assert list((mission.rootdir / "l0").iterdir()) == []
    assert len(list(left_behind.iterdir())) == 40
    logged = rows(catalog, "select count(*) from event where kind = 'intent recovered'")
    assert logged[0][0] == 40


RECOVER = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from ingest_mission import ACTOR
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.missions.loaded import load_mission
catalog = Catalog(sys.argv[1])
mission = load_mission(catalog, sys.argv[2])
recover_intents(catalog, mission.id, mission.rootdir, ACTOR)
"""


@pytest.mark.fault(7)
def test_recoveries_that_are_killed_one_after_the_other_are_finished_by_the_last(
    catalog: Catalog, mission: LoadedMission, left_behind: Path
) -> None:
    command = [sys.executable, "-c", RECOVER, catalog.dsn, mission.name]
    command.append(str(Path(__file__).resolve().parents[1]))
    armed = os.environ | {"HEADWATER_FAULT": "before_recovery_close=kill"}
    for _ in range(3):
        killed = subprocess.run(command, env=armed, timeout=60)
        assert killed.returncode == -signal.SIGKILL
        rows(catalog, "update intent set lease_until = now() - interval '1 s' returning id")
    for _ in range(3):
        recover_intents(catalog, mission.id, mission.rootdir, ACTOR)
    assert list((mission.rootdir / "l0").iterdir()) == []
    assert len(list(left_behind.iterdir())) == 40
    assert not rows(catalog, "select * from intent")
    wanted = [Placement(str(left_behind / str(n)), f"l0/{n}") for n in range(40)]
    placed, refused = Archive(catalog, mission.id, mission.rootdir, ACTOR).place(wanted, accept)
    assert (len(placed), refused) == (40, [])


@pytest.mark.fault(56)
def test_a_recovery_that_wakes_up_late_takes_nothing_from_who_placed_the_file_since(
    catalog: Catalog, mission: LoadedMission, left_behind: Path, monkeypatch
) -> None:
    """Stopped between its look at the disk and its close, it must not end another's promise."""
    wanted = [Placement(str(left_behind / "7"), "l0/7")]

    def meanwhile(name: str) -> None:
        if name == "before_recovery_close":
            monkeypatch.undo()
            rows(catalog, "update intent set lease_until = now() - interval '1 s' returning id")
            archive = Archive(catalog, mission.id, mission.rootdir, ACTOR)
            placed, _ = archive.place(wanted, accept)
            assert len(placed) == 1

    monkeypatch.setattr("headwater.archive.recovery.faultpoint", meanwhile)
    recover_intents(catalog, mission.id, mission.rootdir, ACTOR)
    assert (mission.rootdir / "l0/7").read_text() == "7"
    assert not rows(catalog, "select * from intent")
