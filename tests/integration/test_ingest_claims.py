"""Claims: nobody takes what another holds, and whatever a crash leaves is taken up again."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from headwater.archive.entries import Entry
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import arrivals
from headwater.core.errors import ArchiveError
from headwater.core.states import Disposition
from headwater.ingest import leftovers
from headwater.ingest.claim import claim_arrivals, claim_folder, folder_name, token_of
from headwater.ingest.leftovers import retake_expired_claims
from headwater.ingest.scan import Intake, scan
from headwater.ingest.service import ingest_claim, ingest_pending
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission, load_mission
from ingest_mission import ACTOR, drop, make_mission, rows


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    return make_mission(catalog, tmp_path)


@pytest.fixture
def host(mission: LoadedMission):
    with InspectorHost(mission.facts(), mission.inspector_specs(), time_limit=20) as host:
        yield host


def days(count: int) -> list[str]:
    return [f"l0_202001{day:02d}_v1.0.0.dat" for day in range(1, count + 1)]


@pytest.mark.fault(29)
def test_a_file_that_is_still_being_written_is_left_alone(mission) -> None:
    path = drop(mission, "l0_20200101_v1.0.0.dat")
    os.utime(path, (0, 0))  # a sender may set the mtime, not the ctime
    look = scan(mission.incoming_dir, Intake(60))
    assert (look.ready, look.settling) == ([], 1)
    assert look.wait_seconds is not None
    assert 0 < look.wait_seconds <= 60
    assert [one.name for one in scan(mission.incoming_dir, Intake(0)).ready] == [path.name]


def test_a_claim_s_folder_holds_no_digit_that_an_inspector_could_take_for_a_date() -> None:
    token = uuid.UUID("20200101-2020-0101-2020-010120200101")
    assert folder_name(token).isalpha()
    assert token_of(folder_name(token)) == token
    assert token_of("something else") is None


def test_an_incoming_folder_that_is_missing_is_said_in_one_sentence(catalog, mission) -> None:
    lost = replace(mission, incoming_dir=mission.rootdir / "none")
    with pytest.raises(ArchiveError, match=r"incoming folder .* cannot be used"):
        claim_arrivals(catalog, lost, ACTOR)


def test_claims_are_chunks_in_the_order_of_names(catalog, mission) -> None:
    for name in days(5):
        drop(mission, name)
    claims = claim_arrivals(catalog, mission, ACTOR, chunk=2)
    assert [claim.count for claim in claims] == [2, 2, 1]
    assert claims[0].names == tuple(days(2))
    assert claim_arrivals(catalog, mission, ACTOR) == []


@pytest.mark.fault(56)
def test_two_claimers_at_once_share_the_arrivals(catalog, mission) -> None:
    for name in days(28):
        drop(mission, name)
    start = threading.Barrier(4)

    def claim(_: int) -> int:
        start.wait()
        return sum(one.count for one in claim_arrivals(catalog, mission, ACTOR, chunk=5))

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(claim, range(4)))
    assert sum(counts) == 28
    assert rows(catalog, "select count(*) from arrival")[0][0] == 28


@pytest.mark.fault(30)
def test_the_same_name_again_while_the_first_is_claimed_is_a_new_arrival(
    catalog, mission, host
) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat", b"first")
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    drop(mission, "l0_20200101_v1.0.0.dat", b"second")
    first = ingest_claim(catalog, mission, claim.token, ACTOR, host)
    second = ingest_pending(catalog, mission, ACTOR, host=host)
    assert first.ended[0].disposition is Disposition.ADOPTED
    assert second.ended[0].disposition is Disposition.QUARANTINED


@pytest.mark.fault(56)
def test_ingest_called_again_with_its_token_reports_the_same(catalog, mission, host) -> None:
    for name in days(3):
        drop(mission, name)
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    seen: list[tuple[int, int]] = []
    first = ingest_claim(
        catalog, mission, claim.token, ACTOR, host, lambda done, total: seen.append((done, total))
    )
    assert seen[-1] == (3, 3)
    assert ingest_claim(catalog, mission, claim.token, ACTOR, host) == first
    assert len(rows(catalog, "select * from file")) == 3


@pytest.mark.fault(30)
def test_a_file_that_vanishes_after_the_claim_is_ignored_with_a_reason(
    catalog, mission, host
) -> None:
    for name in days(2):
        drop(mission, name)
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    (claim_folder(mission.incoming_dir, uuid.UUID(claim.token)) / days(1)[0]).unlink()
    ended = ingest_claim(catalog, mission, claim.token, ACTOR, host).ended
    assert [one.disposition for one in ended] == [Disposition.IGNORED, Disposition.ADOPTED]
    assert "gone from incoming" in ended[0].reason


@pytest.mark.fault(30)
def test_an_arrival_that_changes_after_the_claim_starts_over(catalog, mission, host) -> None:
    path = drop(mission, "l0_20200101_v1.0.0.dat", b"half")
    with path.open("ab") as sender:
        [claim] = claim_arrivals(catalog, mission, ACTOR)
        sender.write(b" and the rest")
    ended = ingest_claim(catalog, mission, claim.token, ACTOR, host).ended
    assert ended[0].disposition is Disposition.ADOPTED
    placed = mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat"
    assert placed.read_bytes() == b"half and the rest"
    assert rows(catalog, "select size from file")[0].size == 17


@pytest.mark.fault(29)
def test_an_arrival_that_never_stops_changing_is_put_aside(catalog, mission, host) -> None:
    path = drop(mission, "l0_20200101_v1.0.0.dat", b"")
    other = drop(mission, "l0_20200102_v1.0.0.dat")
    stop = threading.Event()
    with path.open("ab", buffering=0) as sender:

        def write() -> None:
            while not stop.wait(0.0005):
                sender.write(b"more")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            report = ingest_pending(catalog, mission, ACTOR, host=host)
        finally:
            stop.set()
            writer.join()
    ended = {one.name: one for one in report.ended}
    assert "still being written" in ended[path.name].reason
    assert ended[other.name].disposition is Disposition.ADOPTED
    assert not (mission.rootdir / "l0/2020" / path.name).exists()


@pytest.mark.fault(56)
def test_expired_claims_are_retaken_and_the_old_owner_is_shut_out(catalog, mission, host) -> None:
    for name in days(3):
        drop(mission, name)
    [old] = claim_arrivals(catalog, mission, ACTOR)
    assert retake_expired_claims(catalog, mission, ACTOR) == []
    rows(catalog, "update arrival set lease_until = now() - interval '1 s' returning id")
    [new] = retake_expired_claims(catalog, mission, ACTOR)
    assert new.token != old.token
    assert ingest_claim(catalog, mission, old.token, ACTOR, host).ended == []
    assert ingest_claim(catalog, mission, new.token, ACTOR, host).count(Disposition.ADOPTED) == 3
    assert len(rows(catalog, "select * from file")) == 3


class SlowHost:
    """Inspectors so slow that the claim is retaken while they read."""

    def __init__(self, host: InspectorHost, retake) -> None:
        self.host, self.retake = host, retake

    def identify(self, paths):
        answers = list(self.host.identify(paths))
        self.retake()
        return answers


@pytest.mark.fault(17, 56)
def test_a_claim_that_somebody_is_retaking_is_left_to_them(catalog, mission) -> None:
    """Two that began at different arrivals of one claim once waited for each other."""
    for name in days(2):
        drop(mission, name)
    claim_arrivals(catalog, mission, ACTOR)
    rows(catalog, "update arrival set lease_until = now() returning id")
    with catalog.begin() as other:
        other.execute(text("select from headwater.arrival order by id limit 1 for update"))
        with catalog.begin() as connection:
            connection.execute(text("set local lock_timeout = 1000"))
            assert arrivals.retake(connection, mission.id, uuid.uuid4(), ACTOR, 60.0) is None
    assert len(retake_expired_claims(catalog, mission, ACTOR)) == 1


def test_two_that_sweep_at_once_do_not_stumble_over_each_other(
    catalog, mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = folder_name(uuid.uuid4())
    monkeypatch.setattr(leftovers, "_claim_folders", lambda incoming: [gone])
    leftovers.sweep_claimed(catalog, mission)


def test_a_file_that_goes_back_replaces_nothing_that_a_sender_writes_at_that_moment(
    catalog, mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = claim_folder(mission.incoming_dir, uuid.uuid4())
    folder.mkdir(parents=True)
    (folder / "name").write_bytes(b"left by a claim that nobody knows")
    drop(mission, "name", b"written meanwhile")
    monkeypatch.setattr(Entry, "exists", lambda entry: False)  # as it was a moment before
    leftovers.sweep_claimed(catalog, mission)
    assert (mission.incoming_dir / "name").read_bytes() == b"written meanwhile"
    assert (folder / "name").read_bytes() == b"left by a claim that nobody knows"


def test_a_file_that_has_both_names_goes_back_once(catalog, mission) -> None:
    folder = claim_folder(mission.incoming_dir, uuid.uuid4())
    folder.mkdir(parents=True)
    (folder / "name").write_bytes(b"bytes")
    os.link(folder / "name", mission.incoming_dir / "name")  # a sweep that was killed
    leftovers.sweep_claimed(catalog, mission)
    assert (mission.incoming_dir / "name").read_bytes() == b"bytes"
    assert not folder.exists()


def test_the_folder_of_a_claim_that_has_not_moved_its_files_yet_is_not_swept(
    catalog, mission
) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat")
    [claim] = claim_arrivals(catalog, mission, ACTOR)
    folder = claim_folder(mission.incoming_dir, uuid.UUID(claim.token))
    (moved,) = folder.iterdir()
    moved.rename(mission.incoming_dir / moved.name)  # as just before its rename
    leftovers.sweep_claimed(catalog, mission)
    assert folder.is_dir()


@pytest.mark.fault(56)
def test_an_owner_that_loses_its_claim_half_way_ends_nothing(catalog, mission, host) -> None:
    for name in days(3):
        drop(mission, name)
    [old] = claim_arrivals(catalog, mission, ACTOR)
    retaken = []

    def retake() -> None:
        rows(catalog, "update arrival set lease_until = now() - interval '1 s' returning id")
        retaken.extend(retake_expired_claims(catalog, mission, ACTOR))

    assert ingest_claim(catalog, mission, old.token, ACTOR, SlowHost(host, retake)).ended == []
    assert not rows(catalog, "select * from arrival where state = 'ended'")
    report = ingest_claim(catalog, mission, retaken[0].token, ACTOR, host)
    assert report.count(Disposition.ADOPTED) == 3
    assert not rows(catalog, "select * from intent")


@pytest.mark.fault(24)
def test_a_full_disk_leaves_the_arrivals_claimed_and_a_later_pass_takes_them(
    catalog, mission, host, monkeypatch
) -> None:
    for name in days(3):
        drop(mission, name)
    monkeypatch.setenv("HEADWATER_FAULT", "after_copy=enospc@2")
    with pytest.raises(ArchiveError, match="No space left"):
        ingest_pending(catalog, mission, ACTOR, host=host)
    assert len(rows(catalog, "select * from file")) == 2
    monkeypatch.delenv("HEADWATER_FAULT")
    time.sleep(0.01)
    report = ingest_pending(catalog, mission, ACTOR, host=host)
    assert report.count(Disposition.ADOPTED) == 1


@pytest.mark.fault(28)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up its rights for a while")
def test_a_file_without_permission_is_quarantined_and_the_rest_goes_on(catalog) -> None:
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is closed to everybody else
        mission = make_mission(catalog, Path(folder))
        for place in (Path(folder), *Path(folder).iterdir()):
            place.chmod(0o777)
        readable = drop(mission, "l0_20200102_v1.0.0.dat")
        with InspectorHost(mission.facts(), mission.inspector_specs(), time_limit=20) as host:
            list(host.identify([str(readable)]))  # starts the helper while we may
            drop(mission, "l0_20200101_v1.0.0.dat").chmod(0)
            os.seteuid(65534)
            try:
                ended = ingest_pending(catalog, mission, ACTOR, host=host).ended
            finally:
                os.seteuid(0)
    assert ended[0].disposition is Disposition.QUARANTINED
    assert "Permission denied" in ended[0].reason
    assert ended[1].disposition is Disposition.ADOPTED


FILING = """
import sys
sys.path.insert(0, sys.argv[3])
from ingest_mission import ACTOR
from headwater.catalog.connection import Catalog
from headwater.ingest.service import ingest_claim
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import load_mission
catalog = Catalog(sys.argv[1])
mission = load_mission(catalog, sys.argv[2])
with InspectorHost(mission.facts(), mission.inspector_specs()) as host:
    for token in sys.argv[4:]:
        ingest_claim(catalog, mission, token, ACTOR, host)
"""


@pytest.mark.fault(56)
def test_two_processes_filing_versions_of_one_interval_leave_one_newest(catalog, mission) -> None:
    for revision in range(60):
        drop(mission, f"l0_20200101_v1.0.{revision}.dat")
    tokens = [claim.token for claim in claim_arrivals(catalog, mission, ACTOR, chunk=3)]
    command = [sys.executable, "-c", FILING, catalog.dsn, mission.name]
    command.append(str(Path(__file__).resolve().parents[1]))
    running = [subprocess.Popen([*command, *tokens[half::2]]) for half in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    newest = rows(catalog, "select revision_version from file where newest")
    assert [row[0] for row in newest] == [59]
    assert rows(catalog, "select count(*) from file")[0][0] == 60
    assert rows(catalog, "select count(*) from arrival where state = 'ended'")[0][0] == 60


def test_settle_seconds_of_the_mission_are_kept(catalog, mission) -> None:
    rows(catalog, """update mission set settings = '{"settle_seconds": 60}' returning id""")
    drop(mission, "l0_20200101_v1.0.0.dat")
    assert claim_arrivals(catalog, load_mission(catalog, mission.name), ACTOR) == []
