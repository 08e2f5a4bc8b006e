"""A link in incoming: its target is filed where it lies, or the link is quarantined."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ingest_mission
from headwater.archive import in_place
from headwater.archive.protocol import Archive
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.core.states import Disposition
from headwater.ingest import claim_work
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, make_mission, rows

pytestmark = pytest.mark.fault(38)

ADOPTED, QUARANTINED = Disposition.ADOPTED, Disposition.QUARANTINED
INGEST = """
import sys
sys.path.insert(0, sys.argv[3])
from ingest_mission import ACTOR
from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
catalog = Catalog(sys.argv[1])
ingest_pending(catalog, load_mission(catalog, sys.argv[2]), ACTOR)
"""
NAME = "l0_20200101_v1.0.0.dat"
PLACE = f"l0/2020/{NAME}"


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    made = make_mission(catalog, tmp_path)
    (made.rootdir / "l0/2020").mkdir(parents=True)
    return made


def in_its_place(mission: LoadedMission, content: bytes = b"bytes") -> Path:
    path = mission.rootdir / PLACE
    path.write_bytes(content)
    return path


def link(mission: LoadedMission, target: Path | str, name: str = NAME) -> Path:
    path = mission.incoming_dir / name
    path.symlink_to(target)
    return path


def recorded(catalog: Catalog) -> dict[str, str]:
    return {row.path: row.sha256 for row in rows(catalog, "select path, sha256 from file")}


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def run_and_kill(catalog: Catalog, mission: LoadedMission, point: str) -> None:
    """An ingest in a process of its own, killed at a fault point."""
    command = [sys.executable, "-c", INGEST, catalog.dsn, mission.name]
    command.append(str(Path(ingest_mission.__file__).parent))
    armed = os.environ | {"HEADWATER_FAULT": f"{point}=kill"}
    done = subprocess.run(command, env=armed, timeout=60)
    assert done.returncode == -signal.SIGKILL, f"the point {point} was never met"


@pytest.mark.parametrize("form", ["absolute", "relative", "with ..", "over a link", "through one"])
def test_a_link_that_leads_to_a_files_own_place_is_filed_there(
    catalog, mission, ingest, form: str
) -> None:
    target = in_its_place(mission)
    inode = target.stat().st_ino
    (mission.rootdir / "short").symlink_to("l0/2020")
    (mission.rootdir / "other name").symlink_to(target)
    text = {
        "absolute": target,
        "relative": os.path.relpath(target, mission.incoming_dir),
        "with ..": mission.rootdir / "l0/../l0/2020" / NAME,
        "over a link": mission.rootdir / "other name",
        "through one": mission.rootdir / "short" / NAME,
    }[form]
    link(mission, text)
    assert ingest()[NAME].disposition is ADOPTED
    assert recorded(catalog) == {PLACE: sum_of(b"bytes")}
    assert target.stat().st_ino == inode
    assert not rows(catalog, "select * from intent")
    assert [path.name for path in mission.incoming_dir.iterdir()] == [".claimed"]


OTHERS = [
    ("l0/2020", "not a regular file"),
    ("nothing", "not there"),
    (f"many/{NAME}", "the file's place is"),
    ("l0/2020/pipe.dat", "not a regular file"),
    ("../errors/kept.dat", "not below the mission's rootdir"),
    ("../incoming/.claimed/.clock", "not below the mission's rootdir"),
    ("../other/l0.dat", "not below the mission's rootdir"),
    ("/etc/passwd", "not below the mission's rootdir"),
    ("/dev/null", "not below the mission's rootdir"),
    ("/proc/self/environ", "not below the mission's rootdir"),
    ("../root/../errors/kept.dat", "not below the mission's rootdir"),
    ("out/kept.dat", "not below the mission's rootdir"),
    ("chain", "not below the mission's rootdir"),
    ("loop", "not there"),
]


def test_any_other_link_is_quarantined_and_its_target_left_alone(
    catalog, mission, ingest, tmp_path
) -> None:
    (mission.rootdir / "many").mkdir()
    (mission.rootdir / "many" / NAME).write_bytes(b"elsewhere")
    os.mkfifo(mission.rootdir / "l0/2020/pipe.dat")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/l0.dat").write_bytes(b"another mission's")
    kept = mission.errordir / "kept.dat"
    kept.write_bytes(b"kept")
    (mission.rootdir / "out").symlink_to(mission.errordir)
    (mission.rootdir / "chain").symlink_to(kept)
    (mission.rootdir / "loop").symlink_to(mission.rootdir / "loop")
    for number, (target, _) in enumerate(OTHERS):
        link(mission, mission.rootdir / target, f"link {number:02}.dat")
    ended = ingest()
    for number, (_, words) in enumerate(OTHERS):
        one = ended[f"link {number:02}.dat"]
        assert one.disposition is QUARANTINED
        assert words in one.reason
        assert (mission.errordir / one.name).is_symlink()
    assert kept.read_bytes() == b"kept"
    assert (mission.rootdir / "many" / NAME).read_bytes() == b"elsewhere"
    assert recorded(catalog) == {}


def test_a_link_to_a_file_in_another_products_place_is_quarantined(mission, ingest) -> None:
    """Its inspector takes it for l0, but it lies where files of `many` do."""
    (mission.rootdir / "many/2020").mkdir(parents=True)
    (mission.rootdir / "many/2020" / NAME).write_bytes(b"bytes")
    link(mission, mission.rootdir / "many/2020" / NAME)
    assert ingest()[NAME].disposition is QUARANTINED


def test_a_link_to_a_file_that_the_catalog_has_is_a_duplicate_and_removes_only_itself(
    catalog, mission, ingest
) -> None:
    target = in_its_place(mission)
    link(mission, target)
    ingest()
    link(mission, target)
    assert ingest()[NAME].disposition is Disposition.DUPLICATE
    assert target.read_bytes() == b"bytes"
    assert recorded(catalog) == {PLACE: sum_of(b"bytes")}


def test_a_link_that_is_swapped_after_its_screening_counts_as_it_was(
    catalog, mission, ingest, monkeypatch, tmp_path
) -> None:
    target = in_its_place(mission)
    (tmp_path / "secret").write_bytes(b"secret")
    link(mission, target)
    screen = claim_work.screen

    def screened(mission, arrival, entry):
        found = screen(mission, arrival, entry)
        entry.unlink()
        entry.place.symlink_to(tmp_path / "secret")
        return found

    monkeypatch.setattr(claim_work, "screen", screened)
    ended = ingest()[NAME]
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert ended.disposition is QUARANTINED  # it is another arrival now, and begun again
    assert recorded(catalog) == {}


@pytest.mark.fault(30)
@pytest.mark.parametrize("how", ["overwritten", "replaced", "made a link", "gone"])
def test_a_target_that_changes_between_its_sum_and_the_commit_is_read_again(
    catalog, mission, ingest, monkeypatch, tmp_path, how: str
) -> None:
    target = in_its_place(mission, b"old")
    (tmp_path / "new").write_bytes(b"new ")
    link(mission, target)
    digest, waiting = in_place.digest, [True]

    def change() -> None:
        if how == "overwritten":
            target.write_bytes(b"new ")
            return
        target.unlink()
        if how == "replaced":
            (tmp_path / "new").rename(target)
        elif how == "made a link":
            target.symlink_to(tmp_path / "new")

    def digested(handle: int):
        found = digest(handle)
        if waiting:
            waiting.pop()
            change()
        return found

    monkeypatch.setattr(in_place, "digest", digested)
    ended = ingest()[NAME]
    if how in ("overwritten", "replaced"):
        assert ended.disposition is ADOPTED
        assert recorded(catalog) == {PLACE: sum_of(b"new ")}
    else:
        assert ended.disposition is QUARANTINED
        assert recorded(catalog) == {}
    assert not rows(catalog, "select * from intent")


def test_bytes_that_a_purge_is_about_to_remove_are_not_filed_by_a_link(
    catalog, mission, ingest
) -> None:
    """The link waits as long as the promise stands; then its target is gone."""
    target = in_its_place(mission)
    rows(
        catalog,
        """insert into intent (mission_id, token, state, source_path, part_path, final_path,
           lease_until) values (1, gen_random_uuid(), 'removing', '', '', :path,
           now() + interval '1 hour') returning id""",
        path=PLACE,
    )
    link(mission, target)
    with pytest.raises(OSError, match="placing or removing"):
        ingest()
    assert recorded(catalog) == {}
    rows(catalog, "update intent set lease_until = now() - interval '1 s' returning id")
    ended = ingest()[NAME]
    assert not target.exists()
    assert (ended.disposition, recorded(catalog)) == (QUARANTINED, {})


@pytest.mark.fault(26)
def test_a_target_whose_fsync_fails_is_not_filed(catalog, mission, ingest, monkeypatch) -> None:
    link(mission, in_its_place(mission))

    def failing(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(in_place.os, "fsync", failing)
        with pytest.raises(OSError, match="Input/output error"):
            ingest()
    assert recorded(catalog) == {}
    assert ingest()[NAME].disposition is ADOPTED


@pytest.mark.slow
@pytest.mark.fault(2, 7, 9)
@pytest.mark.parametrize(
    "point", ["after_intents", "before_commit", "after_commit", "before_close"]
)
def test_killed_at_any_step_a_link_is_filed_by_the_next_pass(
    catalog, mission, ingest, point: str
) -> None:
    target = in_its_place(mission)
    link(mission, target)
    run_and_kill(catalog, mission, point)
    rows(catalog, "update arrival set lease_until = now() where state = 'claimed' returning id")
    rows(catalog, "update intent set lease_until = now() returning id")
    ingest()
    [ended] = rows(catalog, "select disposition from arrival")
    assert ended.disposition == "adopted"
    assert recorded(catalog) == {PLACE: sum_of(b"bytes")}
    assert target.read_bytes() == b"bytes"
    assert not rows(catalog, "select * from intent")
    assert [path.name for path in mission.incoming_dir.iterdir()] == [".claimed"]


@pytest.mark.fault(56)
def test_a_target_that_is_long_to_read_stays_promised_meanwhile(
    catalog, mission, ingest, monkeypatch
) -> None:
    """Else a recovery would end the promise, and the row could never be committed."""
    link(mission, in_its_place(mission))
    digest = in_place.digest

    def slow(handle: int):
        time.sleep(1.5)
        recover_intents(catalog, mission.id, mission.rootdir, ACTOR)
        return digest(handle)

    monkeypatch.setattr(in_place, "digest", slow)
    monkeypatch.setitem(Archive.__init__.__kwdefaults__, "lease_seconds", 0.8)
    assert ingest()[NAME].disposition is ADOPTED
