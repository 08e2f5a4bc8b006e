"""Killed at any point of a purge, the next recovery leaves no byte without a row."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from processing_lab import Lab

pytestmark = pytest.mark.fault(10)

DAYS = [date(2020, 1, day) for day in range(1, 5)]

CHILD = """
import sys
from datetime import date
from pathlib import Path
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.loaded import load_mission
from headwater.processing.purging import PurgeRules, purge
from headwater.processing.reaping import reap_files
catalog, deed = Catalog(sys.argv[1]), sys.argv[2]
mission, actor = load_mission(catalog, "lab"), Actor("tester")
if deed == "reap":
    reap_files(catalog, mission, date(2019, 1, 1), actor, Path(sys.argv[3]))
else:
    rules = PurgeRules(recursive=True, keep=deed == "keep")
    purge(catalog, mission, sys.argv[3:], actor, "wrong", rules)
"""


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", DAYS)
    lab.process()
    return lab


def kill_at(lab: Lab, point: str, deed: str, *words: str) -> None:
    name, _, count = point.partition("@")
    armed = f"{name}=kill" + (f"@{count}" if count else "")
    command = [sys.executable, "-c", CHILD, lab.catalog.dsn, deed, *words]
    done = subprocess.run(command, env=os.environ | {"HEADWATER_FAULT": armed}, timeout=60)
    assert done.returncode == -signal.SIGKILL, f"the point {point} was never met"


def recover(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.intent set lease_until = now() - interval '1 s'"))
    recover_intents(lab.catalog, lab.mission.id, lab.root, lab.actor)


def on_disk(lab: Lab) -> set[str]:
    folders = (lab.root / product for product in ("l0", "l1", "l2"))
    return {str(path.relative_to(lab.root)) for folder in folders for path in folder.iterdir()}


def in_catalog(lab: Lab) -> set[str]:
    rows = lab.rows("select path from headwater.file where exists_on_disk")
    return {str(row.path) for row in rows}


@pytest.mark.parametrize("deed", [pytest.param("remove", marks=pytest.mark.slow), "keep"])
@pytest.mark.parametrize(
    "point", ["after_purge_rows", "after_removal@1", "after_removal@3", "before_removal_close"]
)
def test_a_purge_is_finished_by_the_next_recovery(lab: Lab, point: str, deed: str) -> None:
    names = [f"l1_{day:%Y%m%d}_v1.0.0.dat" for day in DAYS[:2]]
    kill_at(lab, point, deed, *names)
    recover(lab)
    assert in_catalog(lab) == on_disk(lab)
    assert len(on_disk(lab)) == 12 - 4
    assert lab.leftovers() == []
    stones = lab.rows("select fate, kept_path from headwater.tombstone")
    assert {str(stone.fate) for stone in stones} == {"removed" if deed == "remove" else "kept"}
    kept = [Path(str(stone.kept_path)) for stone in stones if stone.kept_path]
    assert len(kept) == (0 if deed == "remove" else 4)
    assert all(path.is_file() for path in kept)


@pytest.mark.parametrize("point", ["after_sidecar", "after_quarantine_move"])
def test_bytes_that_are_kept_are_in_one_place_after_a_kill(lab: Lab, point: str) -> None:
    kill_at(lab, point, "keep", "l2_20200101_v1.0.0.dat")
    recover(lab)
    assert in_catalog(lab) == on_disk(lab)
    folder = lab.root / "errors" / "purged"
    assert [p.name for p in folder.iterdir() if p.suffix == ".dat"] == ["l2_20200101_v1.0.0.dat"]


def test_before_the_rows_have_gone_nothing_is_done(lab: Lab) -> None:
    """The purge is one transaction: a kill before its commit leaves all as it was."""
    before = on_disk(lab)
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "create function headwater.stop() returns trigger language plpgsql as"
                " $$ begin raise exception 'stop'; end $$"
            )
        )
        connection.execute(
            text(
                "create trigger stop before insert on headwater.event for each row"
                " when (new.kind = 'build held') execute function headwater.stop()"
            )
        )
    command = [sys.executable, "-c", CHILD, lab.catalog.dsn, "remove", "l2_20200101_v1.0.0.dat"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 1
    assert on_disk(lab) == in_catalog(lab) == before
    assert lab.leftovers() == []


def test_what_is_being_removed_is_not_placed_again_before_it_has_gone(lab: Lab) -> None:
    """A new output of that name waits for the recovery, and then is not taken with the old one."""
    kill_at(lab, "after_purge_rows", "remove", "l2_20200101_v1.0.0.dat")
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.build set state = 'pending'"
                                " where state = 'held'"))  # fmt: skip
    lab.settings(retry_delay_seconds=0.0)
    report = lab.process()
    assert "another worker" in report.results[0].reason
    recover(lab)
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.build set state = 'pending' where state in ('held', 'failed')")
        )
    lab.process()
    assert in_catalog(lab) == on_disk(lab)
    assert len(on_disk(lab)) == 12


@pytest.mark.parametrize("point", ["after_reap_rows", "after_removal@1", "before_removal_close"])
def test_a_reaping_is_finished_by_the_next_recovery(lab: Lab, tmp_path: Path, point: str) -> None:
    lab.put_many("l0", DAYS, "1.1.0")
    lab.process()
    archive = tmp_path / "archive"
    kill_at(lab, point, "reap", str(archive))
    recover(lab)
    assert in_catalog(lab) == on_disk(lab)
    moved = {str(p.relative_to(archive)) for p in archive.rglob("*.dat")}
    assert moved == {f"{p}/{p}_{day:%Y%m%d}_v1.0.0.dat" for p in ("l1", "l2") for day in DAYS}
