"""The promises on the disk and of arrivals: each is broken by hand, and exactly that is told."""

from __future__ import annotations

import errno
import os
import uuid
from pathlib import Path

import pytest
from processing_lab import Lab
from promises_lab import L0, L1, broken, run

from headwater.archive.promises import broken_promises
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.ingest.claim import claim_arrivals, claim_folder
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission

# The disk


@pytest.mark.parametrize(("path", "promise"), [(L1, 2), (L0, 9)])
def test_a_file_without_bytes_is_told(lab: Lab, path: str, promise: int) -> None:
    (lab.root / path).unlink()
    assert broken(lab) == [f"promise {promise}: {path} is not on disk"]


@pytest.mark.parametrize(("path", "promise"), [(L1, 2), (L0, 9)])
def test_a_file_of_another_size_is_told(lab: Lab, path: str, promise: int) -> None:
    (lab.root / path).write_bytes(b"short")
    [found] = broken(lab)
    assert found.startswith(f"promise {promise}: {path} has 5 bytes, its row says")


@pytest.mark.parametrize(("path", "promise"), [(L1, 2), (L0, 9)])
def test_a_flipped_bit_is_told_where_sums_are_read(lab: Lab, path: str, promise: int) -> None:
    content = bytearray((lab.root / path).read_bytes())
    content[0] ^= 1
    (lab.root / path).write_bytes(content)
    assert broken(lab) == [f"promise {promise}: {path} has other bytes than its recorded checksum"]
    assert broken(lab, sums=False) == []


def test_bytes_without_a_row_are_told_unless_an_intent_speaks_for_them(lab: Lab) -> None:
    (lab.root / "l1" / "dark.dat").write_text("dark")
    assert broken(lab) == ["promise 2: l1/dark.dat has no row in the catalog"]
    _intent(lab, "l1/dark.dat", lab.root / "l1" / ".x.part")
    assert broken(lab) == []
    assert broken(lab, at_rest=True) == ["promise 2: l1/dark.dat has a promise that is open"]


def _intent(lab: Lab, final: str, part: Path) -> None:
    run(
        lab.catalog,
        "insert into intent (mission_id, token, state, source_path, part_path, final_path,"
        f" lease_until) select id, '{uuid.uuid4()}', 'open', '', decode('"
        f"{os.fsencode(part).hex()}', 'hex'), '{final}', now() from mission",
    )


def test_a_part_that_no_intent_speaks_of_is_told(lab: Lab) -> None:
    part = lab.root / "l1" / f".{uuid.uuid4().hex}-0.part"
    part.write_text("part")
    assert broken(lab) == [f"promise 2: l1/{part.name} is a copy that was not filed"]
    _intent(lab, "l1/new.dat", part)
    assert broken(lab) == []


def test_links_and_other_folders_of_the_mission_are_not_files_of_the_archive(lab: Lab) -> None:
    (lab.root / "l1" / "latest.dat").symlink_to(lab.root / L1)
    (lab.root / "errors" / "bad.dat").write_text("bad")
    (lab.root / "l1" / ".hidden").write_text("mine")
    assert broken(lab, at_rest=True) == []


def test_a_folder_that_cannot_be_read_is_told_and_its_files_are_not_lost(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refusing(path: str | int) -> object:
        if isinstance(path, str) and Path(path).name == "l1":
            raise PermissionError(errno.EACCES, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("headwater.archive.walk.os.scandir", refusing)
    assert broken(lab, sums=False) == ["promise 2: l1/ cannot be read: Permission denied"]


# At rest


def test_a_work_directory_and_a_running_build_are_told_at_rest(lab: Lab) -> None:
    (lab.root / ".work" / "abc").mkdir(parents=True)
    run(
        lab.catalog,
        f"update build set state = 'running', token = '{uuid.uuid4()}', claimed_by = 'ghost',"
        " lease_until = now() where interval_key = '2020-01-02'"
        " and process_id = (select id from process where name = 'mk_l2')",
    )
    assert broken(lab) == []
    assert broken(lab, at_rest=True) == [
        "promise 2: mk_l2 of 2020-01-02 is still running, claimed by ghost",
        f"promise 2: {lab.root}/.work/abc is a work directory that nobody uses",
    ]


# Arrivals


@pytest.fixture
def arrived(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    """A mission with one adopted and one quarantined arrival."""
    mission = make_mission(catalog, tmp_path)
    drop(mission, "l0_20200101_v1.0.0.dat")
    drop(mission, "nonsense.txt")
    ingest_pending(catalog, mission, ACTOR)
    assert _of(catalog, at_rest=True) == []
    return mission


def _of(catalog: Catalog, **options: bool) -> list[str]:
    return [str(one) for one in broken_promises(catalog, "demo", **options)]


def test_an_arrival_that_ended_without_a_reason_is_told(
    catalog: Catalog, arrived: LoadedMission
) -> None:
    run(catalog, "update arrival set reason = '' where name = 'nonsense.txt'")
    assert _of(catalog) == ["promise 3: arrival nonsense.txt has ended without a reason"]


def test_an_adopted_arrival_without_its_file_is_told(
    catalog: Catalog, arrived: LoadedMission
) -> None:
    run(catalog, "update arrival set file_id = 999 where disposition = 'adopted'")
    assert _of(catalog) == [
        "promise 3: arrival l0_20200101_v1.0.0.dat is adopted, but there is no such file, nor was "
        "one purged"
    ]


def test_a_file_that_two_arrivals_claim_to_have_brought_is_told(
    catalog: Catalog, arrived: LoadedMission
) -> None:
    run(
        catalog,
        "update arrival set disposition = 'adopted', file_id = (select id from file)"
        " where name = 'nonsense.txt'",
    )
    [found] = _of(catalog)
    assert found.startswith("promise 3: l0_20200101_v1.0.0.dat is the file of 2 adopted arrivals")


def test_a_quarantined_file_that_is_not_there_is_told(
    catalog: Catalog, arrived: LoadedMission
) -> None:
    (arrived.errordir / "nonsense.txt").unlink()
    assert _of(catalog) == [
        "promise 3: arrival nonsense.txt is quarantined, but does not lie at "
        f"{arrived.errordir}/nonsense.txt"
    ]


def test_a_claimed_arrival_is_told_once_its_bytes_are_nowhere(
    catalog: Catalog, arrived: LoadedMission
) -> None:
    drop(arrived, "l0_20200102_v1.0.0.dat")
    [claim] = claim_arrivals(catalog, arrived, Actor("ghost"))
    assert _of(catalog) == []
    folder = claim_folder(Path(arrived.incoming_dir), uuid.UUID(claim.token))
    assert _of(catalog, at_rest=True) == [
        "promise 2: arrival l0_20200102_v1.0.0.dat is still claimed by ghost",
        f"promise 2: {folder} is left of a claim that has ended",
    ]
    (folder / "l0_20200102_v1.0.0.dat").unlink()
    assert _of(catalog) == [
        "promise 3: arrival l0_20200102_v1.0.0.dat is claimed, but its bytes are nowhere"
    ]
