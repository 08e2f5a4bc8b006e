"""What somebody who may write into incoming can not do: read, write or remove anything else.

Such a sender can rename ``.claimed``, which lies in a folder of his, and put a link in its place.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from headwater.archive import batch, recovery
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.core.errors import ArchiveError
from headwater.core.states import Disposition
from headwater.ingest import claim_work, leftovers
from headwater.ingest.claim import claim_arrivals, claim_folder, folder_name
from headwater.ingest.leftovers import sweep_claimed
from headwater.ingest.report import EndedArrival
from headwater.ingest.scan import Intake, scan
from headwater.ingest.service import ingest_claim, ingest_pending
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, rows

pytestmark = pytest.mark.fault(70)

NAME = "l0_20200101_v1.0.0.dat"


@pytest.fixture
def filed(catalog: Catalog, mission: LoadedMission, host: InspectorHost) -> Path:
    """The path of one file that is in the archive."""
    drop(mission, NAME, b"precious")
    ingest_pending(catalog, mission, ACTOR, host=host)
    return mission.rootdir / "l0/2020" / NAME


def exchange(one: Path, other: Path) -> None:
    """Give each the other's name in one step."""
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    if ctypes.CDLL(None).renameat2(here, os.fsencode(one), here, os.fsencode(other), swap):
        raise OSError("the file system cannot exchange two names")


def swap_claims_for_a_link_to(mission: LoadedMission, token: str, folder: Path) -> None:
    """Make the claim's folder lead to `folder`, as a sender can."""
    claimed = mission.incoming_dir / ".claimed"
    claimed.rename(mission.incoming_dir / ".was claimed")
    claimed.mkdir()
    (claimed / token).symlink_to(folder)


@contextmanager
def swapped_before(monkeypatch, module: object, name: str, swap: Callable[[], None]):
    """Do `swap` once, just before the program calls `name`."""
    original, waiting = getattr(module, name), [swap]

    def hooked(*args, **named):
        if waiting:
            waiting.pop()()
        return original(*args, **named)

    with monkeypatch.context() as patch:
        patch.setattr(module, name, hooked)
        yield
    assert not waiting, f"{name} was never called"


def test_a_link_in_place_of_the_claims_stops_the_pass_with_a_sentence(
    catalog, mission, tmp_path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (mission.incoming_dir / ".claimed").symlink_to(elsewhere)
    drop(mission, NAME)
    with pytest.raises(ArchiveError, match=r"\.claimed is a link.*remove it"):
        ingest_pending(catalog, mission, ACTOR)
    assert list(elsewhere.iterdir()) == []
    assert (mission.incoming_dir / NAME).exists()


def test_the_clock_file_is_not_made_where_a_link_leads(mission, tmp_path) -> None:
    (mission.incoming_dir / ".claimed").mkdir()
    (mission.incoming_dir / ".claimed" / ".clock").symlink_to(tmp_path / "made by mistake")
    with pytest.raises(ArchiveError, match="incoming folder"):
        scan(mission.incoming_dir, Intake(0.0))
    assert not (tmp_path / "made by mistake").exists()


def test_an_archived_file_is_not_removed_as_a_duplicate_of_itself(
    catalog, mission, host, filed
) -> None:
    drop(mission, NAME, b"precious")
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    swap_claims_for_a_link_to(mission, folder_name(UUID(claim.token)),
                              filed.parent)  # fmt: skip
    with pytest.raises(ArchiveError, match="is a link"):
        ingest_claim(catalog, mission, claim.token, ACTOR, host)
    assert filed.read_bytes() == b"precious"


@pytest.mark.parametrize("step", ["screen", "digests", "place", "clean"])
def test_a_folder_swapped_at_any_step_removes_nothing_of_the_archive(
    catalog, mission, host, filed, monkeypatch, step: str
) -> None:
    content = b"precious" if step == "digests" else b"news"
    name = NAME if step == "digests" else "l0_20200102_v1.0.0.dat"
    drop(mission, name, content)
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    folder = claim_folder(mission.incoming_dir, UUID(claim.token)).name
    where = {
        "screen": (claim_work, "screen"),
        "digests": (claim_work.Screened, "digests"),
        "place": (batch.staging, "copy"),
        "clean": (batch, "_cleaned"),
    }[step]

    def swap() -> None:
        swap_claims_for_a_link_to(mission, folder, filed.parent)

    with swapped_before(monkeypatch, *where, swap):
        report = ingest_claim(catalog, mission, claim.token, ACTOR, host)
    ends = {"screen": Disposition.QUARANTINED, "digests": Disposition.DUPLICATE}
    assert [one.disposition for one in report.ended] == [ends.get(step, Disposition.ADOPTED)]
    assert filed.read_bytes() == b"precious"
    kept = mission.errordir / name if step == "screen" else filed.parent / name
    assert kept.read_bytes() == content
    assert not list((mission.incoming_dir / ".was claimed").rglob("*.dat"))


def test_recovery_follows_no_link_to_a_source(catalog, mission, filed) -> None:
    trap = mission.incoming_dir / "trap"
    trap.symlink_to(filed.parent)
    rows(
        catalog,
        """insert into intent (mission_id, token, state, source_path, part_path, final_path,
           lease_until) values (1, gen_random_uuid(), 'committed', cast(:source as bytea), '',
           'other', now() - interval '1 s') returning id""",
        source=os.fsencode(trap / NAME),
    )
    assert [one.finished for one in recover_intents(catalog, 1, mission.rootdir, ACTOR)] == [True]
    assert filed.read_bytes() == b"precious"


def test_recovery_removes_the_source_of_a_file_that_was_filed(catalog, mission) -> None:
    left = drop(mission, NAME)
    rows(
        catalog,
        """insert into intent (mission_id, token, state, source_path, part_path, final_path,
           lease_until) values (1, gen_random_uuid(), 'committed', cast(:source as bytea), '',
           'other', now() - interval '1 s') returning id""",
        source=os.fsencode(left),
    )
    recovery.recover_intents(catalog, 1, mission.rootdir, ACTOR)
    assert not left.exists()


def test_a_sweep_takes_nothing_out_of_the_archive(catalog, mission, filed, monkeypatch) -> None:
    drop(mission, "l0_20200103_v1.0.0.dat")
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    folder = folder_name(UUID(claim.token))

    def swap() -> None:
        swap_claims_for_a_link_to(mission, folder, filed.parent)

    with (
        swapped_before(monkeypatch, leftovers, "token_of", swap),
        pytest.raises(ArchiveError, match="is a link"),
    ):
        sweep_claimed(catalog, mission)
    assert filed.read_bytes() == b"precious"
    assert not (mission.incoming_dir / NAME).exists()


def test_what_cannot_reach_the_error_folder_is_not_put_where_a_link_leads(
    catalog, mission, host, tmp_path, filed
) -> None:
    mission.errordir.rmdir()
    mission.errordir.write_text("no folder")
    (mission.incoming_dir / ".quarantine").symlink_to(filed.parent)
    drop(mission, "unknown.dat")
    with pytest.raises(ArchiveError, match=r"\.quarantine is a link"):
        ingest_pending(catalog, mission, ACTOR, host=host)
    assert sorted(path.name for path in filed.parent.iterdir()) == [NAME]


def test_folders_swapped_without_pause_let_no_byte_out_and_lose_none(
    catalog, mission, host, tmp_path
) -> None:
    """A folder of the archive and one of incoming become links as fast as a thread can."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (mission.rootdir / "l0/2020").mkdir(parents=True)
    (mission.incoming_dir / ".claimed").mkdir()
    stop, swaps = threading.Event(), []

    def swap(folder: Path) -> None:
        link = folder.with_name(f"{folder.name} aside")
        link.symlink_to(outside)
        while not stop.is_set():
            exchange(folder, link)
            exchange(folder, link)
            swaps.append(folder)

    folders = [mission.rootdir / "l0", mission.incoming_dir / ".claimed"]
    threads = [threading.Thread(target=swap, args=(folder,)) for folder in folders]
    sent = {}
    for thread in threads:
        thread.start()
    try:
        for number in range(12):
            for day in range(1, 6):
                path = drop(mission, f"l0_2020{number + 1:02d}{day:02d}_v1.0.0.dat")
                sent[path.name] = path.read_bytes()
            one_pass(catalog, mission, host)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert len(swaps) > 100
    assert list(outside.iterdir()) == []
    settle(catalog, mission, host)
    kept = {
        path.name: path.read_bytes()
        for folder in (mission.rootdir, mission.errordir, mission.incoming_dir)
        for path in folder.rglob("l0_*.dat")
    }
    assert kept == sent
    for row in rows(catalog, "select path, sha256 from file where exists_on_disk"):
        content = (mission.rootdir / row.path).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row.sha256


def one_pass(catalog: Catalog, mission: LoadedMission, host: InspectorHost) -> None:
    try:
        ingest_pending(catalog, mission, ACTOR, host=host)
    except ArchiveError:
        return  # a folder was a link just then: the pass stops and a later one goes on


def settle(catalog: Catalog, mission: LoadedMission, host: InspectorHost) -> list[EndedArrival]:
    rows(catalog, "update arrival set lease_until = now() where state = 'claimed' returning id")
    rows(catalog, "update intent set lease_until = now() returning id")
    return ingest_pending(catalog, mission, ACTOR, host=host).ended
