"""The audit: what is wrong between disk and catalog is found, and repaired where that is safe."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.archive.finding import MOST_KEPT, AuditReport, Finding, FindingState
from headwater.archive.promises import broken_promises
from headwater.catalog.connection import Catalog
from headwater.core.errors import ArchiveError
from headwater.flows.audit import AuditWishes, Scrub, audit
from headwater.ingest.scan import Intake
from headwater.ingest.service import ingest_pending

D1, D2 = date(2020, 1, 1), date(2020, 1, 2)
L0, L1, L2 = (f"{p}/{p}_20200101_v1.0.0.dat" for p in ("l0", "l1", "l2"))
LOOK, REPAIR = AuditWishes(), AuditWishes(repair=True)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """Two days of l0, and all that is made from them."""
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", [D1, D2])
    lab.process()
    return lab


def audited(lab: Lab, wishes: AuditWishes = LOOK) -> AuditReport:
    return audit(lab.catalog, "lab", lab.actor, wishes)


def found(lab: Lab, wishes: AuditWishes = LOOK) -> list[tuple[str, str, str]]:
    """Kind, subject and state of each finding."""
    return [(one.kind, one.subject, one.state.value) for one in audited(lab, wishes).kept]


def state(lab: Lab) -> object:
    """All that an audit could change, but for its own event."""
    tables = [
        lab.rows(f"select * from headwater.{table} order by 1, 2")
        for table in ("file", "arrival", "intent", "build", "wake")
    ]
    events = lab.rows("select * from headwater.event where kind <> 'audit ended' order by id")
    disk = sorted((str(p), p.lstat().st_mtime_ns) for p in lab.root.rglob("*") if p.is_file())
    return tables, events, disk


def damage(lab: Lab, path: str) -> None:
    """Flip a bit, so that size and time stay as they were."""
    file = lab.root / path
    status = file.stat()
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_nothing_is_wrong_with_a_healthy_archive(lab: Lab) -> None:
    report = audited(lab, AuditWishes(repair=True, scrub=Scrub()))
    assert report.kept == []
    assert (report.looked_at, report.wrong, report.repaired) == (6, 0, 0)
    assert report.sentence == "nothing is wrong with the archive of lab"


def test_each_audit_is_logged_with_its_counts(lab: Lab) -> None:
    (lab.root / L1).unlink()
    audited(lab)
    [row] = lab.rows("select reason, detail from headwater.event where kind = 'audit ended'")
    assert "1 thing is wrong with the archive of lab (1 lost)" in row.reason
    assert row.detail["wrong"] == 1


@pytest.mark.parametrize("wishes", [LOOK, AuditWishes(repair=True, dry_run=True)])
def test_an_audit_that_only_looks_changes_nothing(lab: Lab, wishes: AuditWishes) -> None:
    (lab.root / L1).unlink()
    (lab.root / L2).write_text("other")
    (lab.root / "l0" / "l0_20200105_v1.0.0.dat").write_text("dark")
    before = state(lab)
    assert len(found(lab, wishes)) == 3
    assert state(lab) == before


def test_a_dry_run_notes_nothing_of_what_it_has_read(lab: Lab) -> None:
    before = state(lab)
    audited(lab, AuditWishes(dry_run=True, scrub=Scrub()))
    assert state(lab) == before
    assert lab.rows("select * from headwater.event where kind = 'audit ended'") == []


# Lost


@pytest.mark.fault(35)
def test_a_lost_product_is_made_again_as_its_next_version(lab: Lab) -> None:
    (lab.root / L1).unlink()
    assert found(lab) == [("lost", L1, "wrong")]
    assert found(lab, REPAIR) == [("lost", L1, "repaired")]
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.0.1"
    assert found(lab) == []
    assert broken_promises(lab.catalog, "lab", at_rest=True) == []


@pytest.mark.fault(35)
def test_lost_level_0_stays_an_alarm_until_it_is_delivered_again(lab: Lab) -> None:
    content = (lab.root / L0).read_bytes()
    (lab.root / L0).unlink()
    for _ in range(2):
        assert found(lab, REPAIR) == [("lost", L0, "wrong")]
    assert "bring it back from a backup" in audited(lab).kept[0].action
    sent = lab.root / "incoming" / Path(L0).name
    sent.write_bytes(content)
    os.utime(sent, (1, 1))
    ingest_pending(lab.catalog, lab.mission, lab.actor, intake=Intake(0.0))
    assert (lab.root / L0).read_bytes() == content
    assert found(lab) == []


def test_very_many_lost_files_are_not_believed_unless_a_person_says_so(lab: Lab) -> None:
    days = [date.fromordinal(D1.toordinal() + 10 + n) for n in range(120)]
    lab.put_many("l0", days)
    for path in (lab.root / "l0").glob("l0_2020*"):
        if "20200101" not in path.name and "20200102" not in path.name:
            path.unlink()
    report = audited(lab, REPAIR)
    assert report.counts == {"lost": 120}
    assert "see that the whole archive is mounted" in report.kept[0].action
    assert not lab.rows("select * from headwater.file where not exists_on_disk")
    audited(lab, AuditWishes(repair=True, many_lost=True))
    assert len(lab.rows("select * from headwater.file where not exists_on_disk")) == 120


@pytest.mark.parametrize("how", ["gone", "empty"])
def test_an_archive_that_is_not_mounted_has_lost_nothing(lab: Lab, how: str) -> None:
    lab.root.rename(lab.root.with_name(lab.root.name + "-away"))
    if how == "empty":
        lab.root.mkdir()
    with pytest.raises(ArchiveError, match="is the archive mounted"):
        audited(lab, REPAIR)
    assert not lab.rows("select * from headwater.file where not exists_on_disk")


# Changed


@pytest.mark.fault(34)
def test_a_changed_product_is_put_aside_and_made_again(lab: Lab) -> None:
    (lab.root / L1).write_text("bad")
    assert found(lab) == [("changed", L1, "wrong")]
    assert found(lab, REPAIR) == [("changed", L1, "repaired")]
    assert not (lab.root / L1).exists()
    assert (lab.root / "errors" / Path(L1).name).read_text() == "bad"
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.0.1"
    assert lab.newest("l2")["2020-01-01"] == "1.0.1"
    assert found(lab) == []
    assert broken_promises(lab.catalog, "lab", at_rest=True) == []


@pytest.mark.fault(34)
def test_a_bit_that_flipped_is_found_by_the_scrub(lab: Lab) -> None:
    damage(lab, L1)
    assert found(lab) == []
    assert found(lab, AuditWishes(scrub=Scrub())) == [("changed", L1, "wrong")]
    assert found(lab, AuditWishes(repair=True, scrub=Scrub())) == [("changed", L1, "repaired")]
    lab.process()
    assert found(lab, AuditWishes(scrub=Scrub())) == []
    assert lab.newest("l1")["2020-01-01"] == "1.0.1"


@pytest.mark.fault(34)
def test_changed_level_0_is_an_alarm_and_is_not_touched(lab: Lab) -> None:
    damage(lab, L0)
    bad = (lab.root / L0).read_bytes()
    for _ in range(2):
        everything = AuditWishes(repair=True, scrub=Scrub())
        assert found(lab, everything) == [("changed", L0, "wrong")]
    assert (lab.root / L0).read_bytes() == bad
    [event] = lab.rows("select reason from headwater.event where kind = 'file changed'")
    assert event.reason == f"{L0} has other bytes than were filed"


def test_a_file_with_another_time_is_read_and_believed_if_its_sums_are_right(lab: Lab) -> None:
    os.utime(lab.root / L1, (1, 1))
    assert found(lab) == [("touched", L1, "wrong")]
    assert found(lab, REPAIR) == [("touched", L1, "repaired")]
    assert found(lab) == []
    os.utime(lab.root / L1, (2_000_000_000, 2_000_000_000))
    assert found(lab, AuditWishes(scrub=Scrub())) == [], "a scrub reads it too"
    assert found(lab) == []


def test_a_lost_file_that_is_there_again_counts_again(lab: Lab) -> None:
    content = (lab.root / L1).read_bytes()
    (lab.root / L1).unlink()
    audited(lab, REPAIR)
    (lab.root / L1).write_bytes(content)
    assert found(lab, REPAIR) == [("back", L1, "repaired")]
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.0.0"
    assert found(lab) == []
    assert broken_promises(lab.catalog, "lab", at_rest=True) == []


# Dark


@pytest.mark.fault(36)
def test_a_dark_file_of_a_product_is_filed_where_it_lies(lab: Lab) -> None:
    path = lab.root / "l0" / "l0_20200105_v1.0.0.dat"
    path.write_text("dark")
    inode = path.stat().st_ino
    assert found(lab) == [("dark", "l0/l0_20200105_v1.0.0.dat", "wrong")]
    assert found(lab, REPAIR) == [("dark", "l0/l0_20200105_v1.0.0.dat", "repaired")]
    assert path.stat().st_ino == inode
    assert lab.newest("l0")["2020-01-05"] == "1.0.0"
    lab.process()
    assert lab.newest("l2")["2020-01-05"] == "1.0.0"
    assert found(lab) == []
    assert broken_promises(lab.catalog, "lab", at_rest=True) == []


@pytest.mark.fault(36)
def test_a_dark_file_that_is_no_product_is_reported_and_stays(lab: Lab) -> None:
    (lab.root / "l0" / "README").write_text("mine")
    (lab.root / "l0" / "l0_20209999_v1.0.0.dat").write_text("not a date")
    for _ in range(2):
        assert found(lab, REPAIR) == [
            ("dark", "l0/README", "wrong"),
            ("dark", "l0/l0_20209999_v1.0.0.dat", "wrong"),
        ]
    assert (lab.root / "l0" / "README").read_text() == "mine"
    assert sorted(p.name for p in (lab.root / "errors").iterdir()) == []
    lab.settings(audit_ignore=["l0/README", "*9999*"])
    assert found(lab) == []


def test_arrivals_that_wait_in_incoming_are_left_to_the_ingest(lab: Lab) -> None:
    (lab.root / "incoming" / "l0_20200109_v1.0.0.dat").write_text("new")
    (lab.root / "l0" / "l0_20200105_v1.0.0.dat").write_text("dark")
    audited(lab, REPAIR)
    assert (lab.root / "incoming" / "l0_20200109_v1.0.0.dat").exists()
    assert "2020-01-09" not in lab.newest("l0")


# Links, parts, unreadable folders


def test_links_are_fine_unless_they_lead_nowhere(lab: Lab) -> None:
    (lab.root / "l1" / "latest.dat").symlink_to(lab.root / L1)
    (lab.root / "l1" / "old.dat").symlink_to(lab.root / "l1" / "gone.dat")
    assert found(lab, REPAIR) == [("dead link", "l1/old.dat", "wrong")]
    assert (lab.root / "l1" / "old.dat").is_symlink()


def test_a_row_may_lead_by_a_link_to_its_bytes(lab: Lab) -> None:
    other = lab.root / ".elsewhere"
    other.mkdir()
    (lab.root / L0).rename(other / "file")
    (lab.root / L0).symlink_to(other / "file")
    assert found(lab, AuditWishes(repair=True, scrub=Scrub())) == []
    (other / "file").unlink()
    assert found(lab) == [("lost", L0, "wrong")]


def test_a_part_that_nobody_promised_is_kept_in_the_error_folder(lab: Lab) -> None:
    part, second = (lab.root / "l1" / f".{digit * 32}-0.part" for digit in "ab")
    part.write_text("bytes")
    os.link(lab.root / L1, second)
    assert {one[2] for one in found(lab, REPAIR)} == {"repaired"}
    assert (lab.root / "errors" / part.name).read_text() == "bytes"
    assert not part.exists()
    assert not second.exists()
    assert (lab.root / L1).exists()
    assert found(lab) == []


def test_what_lies_in_a_folder_that_cannot_be_read_is_not_lost(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refusing(path: str | int) -> object:
        if isinstance(path, str) and Path(path).name == "l1":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("headwater.archive.walk.os.scandir", refusing)
    assert found(lab, REPAIR) == [("unreadable", "l1/", "wrong")]


# Rows and unfinished work


def test_rows_that_disagree_are_mended_by_the_rules(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.file set newest = false where level = 2"))
    assert {one[0] for one in found(lab)} == {"no newest"}
    assert {one[2] for one in found(lab, REPAIR)} == {"repaired"}
    assert found(lab) == []


def test_what_a_dead_owner_held_is_recovered(lab: Lab) -> None:
    part = lab.root / "l1" / f".{'c' * 32}-0.part"
    part.write_text("part")
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.intent (mission_id, token, state, source_path, part_path,"
                " final_path, lease_until) select id, gen_random_uuid(), 'open', '', :part,"
                " 'l1/new.dat', now() - interval '1 hour' from headwater.mission"
            ),
            {"part": os.fsencode(part)},
        )
    assert found(lab) == [("lease over", "file l1/new.dat", "wrong")]
    assert found(lab, REPAIR) == [("intent", "l1/new.dat", "repaired")]
    assert not part.exists()
    assert broken_promises(lab.catalog, "lab", at_rest=True) == []


# The scrub


def test_a_scrub_goes_on_with_what_was_not_read_for_longest(lab: Lab) -> None:
    little = AuditWishes(scrub=Scrub(most_bytes=1))
    for number in range(1, 7):
        report = audited(lab, little)
        assert report.scrubbed is not None
        assert report.scrubbed.files == 1
        assert report.scrubbed.left is (number < 7)
        read = lab.rows("select id from headwater.file where scrubbed_at is not null")
        assert len(read) == number
    first = lab.rows("select id from headwater.file order by scrubbed_at limit 1")
    audited(lab, little)
    assert lab.rows("select id from headwater.file order by scrubbed_at limit 1") != first


def test_a_scrub_records_the_sums_of_a_file_that_had_none(lab: Lab) -> None:
    before = lab.rows("select id, size, sha256, sha1 from headwater.file order by id")
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.file set size = null, sha256 = null"))
    audited(lab, AuditWishes(scrub=Scrub()))
    assert lab.rows("select id, size, sha256, sha1 from headwater.file order by id") == before


def test_a_report_counts_all_and_keeps_some() -> None:
    report = AuditReport("lab")
    for number in range(MOST_KEPT + 5):
        report.add(Finding("lost", str(number), "is not on disk", "look"))
    report.add(Finding("dark", "x", "has no row", "filed", FindingState.REPAIRED))
    assert (len(report.kept), report.wrong, report.repaired) == (MOST_KEPT, MOST_KEPT + 5, 1)
    assert report.sentence.startswith("1005 things are wrong with the archive of lab (1005 lost)")
