"""Purge: what leaves the catalog and the archive, what may not, and how it comes again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.core.errors import ArchiveError, NotFoundError
from headwater.ingest.adopting import Adopter
from headwater.ingest.service import ingest_pending
from headwater.processing import campaigns
from headwater.processing.planner import plan_due
from headwater.processing.purging import Purged, PurgeRules, purge
from headwater.processing.service import retry_builds

DAY = date(2020, 1, 1)
L0, L1, L2 = (f"{product}_20200101_v1.0.0.dat" for product in ("l0", "l1", "l2"))


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """One day of l0, made into l1 and l2."""
    lab = Lab(catalog, tmp_path)
    lab.put("l0", DAY)
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    return lab


def take(lab: Lab, *names: str, dry_run: bool = False, **rules: bool) -> Purged:
    rule = PurgeRules(**rules)
    return purge(lab.catalog, lab.mission, names, lab.actor, "wrong", rule, dry_run=dry_run)


def names(lab: Lab) -> list[str]:
    return [str(row.name) for row in lab.rows("select name from headwater.file order by level")]


def reprocess(lab: Lab, product: str) -> None:
    mission = lab.mission
    chosen = FileChoice(mission.product(product).id)
    proposed = campaigns.propose(lab.catalog, mission, lab.actor, "again", files=chosen)
    assert proposed.number is not None
    campaigns.approve(lab.catalog, mission, proposed.number, lab.actor)


def test_a_purge_takes_row_and_bytes_and_leaves_a_tombstone(lab: Lab) -> None:
    [sha] = [row.sha256 for row in lab.rows("select sha256 from headwater.file where level = 2")]
    take(lab, L2)
    assert names(lab) == [L0, L1]
    assert not (lab.root / "l2" / L2).exists()
    [stone] = lab.rows("select * from headwater.tombstone")
    told = (stone.name, stone.sha256, stone.fate, stone.actor, stone.reason, stone.closed_at)
    assert told == (L2, sha, "removed", "tester", "wrong", None)
    [event] = lab.rows("select * from headwater.event where kind = 'file purged'")
    assert (event.actor, event.file_id) == ("tester", stone.file_id)
    assert L2 in str(event.reason)
    assert "wrong" in str(event.reason)
    assert lab.leftovers() == []


def test_what_was_made_from_a_file_goes_with_it_or_is_named(lab: Lab) -> None:
    with pytest.raises(ArchiveError, match=f"{L2} was made from what you name"):
        take(lab, L1)
    assert names(lab) == [L0, L1, L2]
    assert [file.name for file in take(lab, L1, recursive=True).files] == [L1, L2]
    assert names(lab) == [L0]
    assert not (lab.root / "l1" / L1).exists()
    assert lab.rows("select * from headwater.file_link") == []


def test_a_dry_run_tells_the_same_and_changes_nothing(lab: Lab) -> None:
    told = take(lab, L1, recursive=True, dry_run=True)
    assert [file.name for file in told.files] == [L1, L2]
    assert names(lab) == [L0, L1, L2]
    assert (lab.root / "l1" / L1).exists()
    assert lab.rows("select * from headwater.tombstone") == []
    assert take(lab, L1, recursive=True).files == told.files


def test_level_0_is_never_purged(lab: Lab) -> None:
    for rules in ({"recursive": True}, {"recursive": True, "keep": True}):
        with pytest.raises(ArchiveError, match="level 0, which is never removed"):
            take(lab, L0, **rules)
    assert names(lab) == [L0, L1, L2]


def test_a_row_of_level_0_can_be_forgotten_while_its_bytes_stay(lab: Lab) -> None:
    before = (lab.root / "l0" / L0).read_bytes()
    take(lab, L0, recursive=True, keep=True, forget_level_0=True)
    assert names(lab) == []
    assert (lab.root / "l0" / L0).read_bytes() == before
    fates = lab.rows("select name, fate from headwater.tombstone order by name")
    assert [tuple(row) for row in fates] == [(L0, "left"), (L1, "kept"), (L2, "kept")]


def test_a_released_file_is_never_purged(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.release (file_id, release_num)"
                " select id, 'first' from headwater.file where level = 2"
            )
        )
    with pytest.raises(ArchiveError, match=f"{L2} belongs to release first"):
        take(lab, L1, recursive=True)
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.release set excluded = 'wrong'"))
    take(lab, L1, recursive=True)
    assert names(lab) == [L0]


@pytest.mark.fault(52)
def test_a_file_that_a_code_reads_now_is_not_purged(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "update headwater.build set state = 'running', token = gen_random_uuid(),"
                " lease_until = now() + interval '1 h' where id ="
                " (select build_id from headwater.file where level = 2)"
            )
        )
    with pytest.raises(ArchiveError, match=f"{L1} is being read by build"):
        take(lab, L1, L2)
    assert names(lab) == [L0, L1, L2]


def test_an_unknown_name_purges_nothing(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match=r"no file nothing\.dat"):
        take(lab, L2, "nothing.dat")
    assert L2 in names(lab)


def test_its_build_is_held_until_a_person_asks_and_then_made_with_the_first_version(
    lab: Lab,
) -> None:
    take(lab, L1, recursive=True)
    lab.process()
    [build] = lab.builds("mk_l1")
    assert build[1:] == ("held", "its output was purged by tester: wrong")
    assert names(lab) == [L0]
    reprocess(lab, "l0")
    lab.process()
    assert lab.newest("l1") == lab.newest("l2") == {"2020-01-01": "1.0.0"}
    assert lab.parents(L2) == [L1]
    assert lab.rows("select * from headwater.tombstone where closed_at is null") == []


def test_a_build_that_would_only_repeat_it_is_held_too(lab: Lab) -> None:
    """Its file was lost and about to be made again when it was purged."""
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.file set exists_on_disk = false where level = 2"))
        connection.execute(
            text(
                "insert into headwater.wake (process_id, utc_date, reason)"
                " select id, '2020-01-01', 'lost' from headwater.process where name = 'mk_l2'"
            )
        )
    plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l2"), actor=lab.actor)
    assert [state for _, state, _ in lab.builds("mk_l2")] == ["built", "pending"]
    take(lab, L2)
    assert [state for _, state, _ in lab.builds("mk_l2")] == ["superseded", "held"]
    lab.process()
    assert names(lab) == [L0, L1]


def test_a_person_may_ask_for_one_build(lab: Lab) -> None:
    take(lab, L2)
    [held] = lab.rows("select id from headwater.build where state = 'held'")
    retry_builds(lab.catalog, lab.mission, [int(held.id)], lab.actor)
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}


def test_a_newer_input_lifts_the_hold(lab: Lab) -> None:
    take(lab, L1, recursive=True)
    lab.put("l0", DAY, "1.1.0")
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}
    assert lab.parents(L1) == ["l0_20200101_v1.1.0.dat"]


def test_the_newest_that_is_left_decides_the_version(lab: Lab) -> None:
    lab.put("l0", DAY, "1.1.0")
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.1.0"}
    done = take(lab, "l1_20200101_v1.1.0.dat", recursive=True)
    assert done.newest_again == (L1, L2)
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}, "what was purged is held"
    reprocess(lab, "l0")
    lab.process()
    assert lab.newest("l1") == lab.newest("l2") == {"2020-01-01": "1.1.0"}


def test_kept_bytes_go_to_the_error_folder_and_block_nothing(lab: Lab) -> None:
    content = (lab.root / "l2" / L2).read_bytes()
    take(lab, L2, keep=True)
    [stone] = lab.rows("select fate, kept_path from headwater.tombstone")
    assert (stone.fate, stone.kept_path) == ("kept", str(lab.root / "errors" / "purged" / L2))
    assert Path(str(stone.kept_path)).read_bytes() == content
    assert not (lab.root / "l2" / L2).exists()
    lab.code("copy.sh", "#!/bin/sh\nfor last; do :; done\necho other >$last\n")
    reprocess(lab, "l1")
    lab.process()
    assert (lab.root / "l2" / L2).read_text() == "other\n"
    take(lab, L2, keep=True)
    kept = sorted(path.name for path in (lab.root / "errors" / "purged").glob("*.dat*"))
    assert kept == [L2, f"{L2}.1", f"{L2}.1.reason.json", f"{L2}.reason.json"]


@pytest.mark.parametrize("arrived", [False, True])
def test_an_output_without_a_build_is_held_too(lab: Lab, arrived: bool) -> None:
    """It was imported, with or without the code that made it."""
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.file set build_id = null"))
        connection.execute(text("delete from headwater.build_input"))
        connection.execute(text("update headwater.event set build_id = null"))
        connection.execute(text("delete from headwater.build"))
        if arrived:
            connection.execute(text("delete from headwater.file_code"))
    take(lab, L1, recursive=True)
    assert {state for _, state, _ in lab.builds("mk_l1")} == {"held"}
    lab.process()
    assert names(lab) == [L0]
    reprocess(lab, "l0")
    lab.process()
    assert names(lab) == [L0, L1, L2]


def test_a_file_whose_bytes_are_lost_can_be_purged(lab: Lab) -> None:
    (lab.root / "l2" / L2).unlink()
    assert take(lab, L2).troubles == ()
    assert lab.leftovers() == []


def test_a_row_that_was_purged_is_not_restored(lab: Lab) -> None:
    (lab.root / "l1" / L1).rename(lab.root / "incoming" / L1)
    take(lab, L1, recursive=True)
    lab.settings(settle_seconds=0.0)
    report = ingest_pending(lab.catalog, lab.mission, lab.actor)
    assert [arrival.disposition.value for arrival in report.ended] == ["adopted"]
    assert names(lab) == [L0, L1]
    assert lab.rows("select * from headwater.tombstone where name = :n and closed_at is null",
                    n=L1) == []  # fmt: skip


def test_a_file_that_is_purged_while_its_bytes_come_again_is_not_said_to_be_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = Adopter.restore

    def purged_first(*words: Any) -> None:
        take(lab, L2)
        restore(*words)

    monkeypatch.setattr(Adopter, "restore", purged_first)
    (lab.root / "l2" / L2).rename(lab.root / "incoming" / L2)
    lab.settings(settle_seconds=0.0)
    [ended] = ingest_pending(lab.catalog, lab.mission, lab.actor).ended
    assert ended.disposition.value == "quarantined"
    assert "purged just now" in ended.reason
    assert not (lab.root / "l2" / L2).exists()


def test_the_chain_is_left_as_it_is_by_a_purge_of_another_day(lab: Lab) -> None:
    other = date(2020, 1, 2)
    lab.put("l0", other)
    lab.process()
    take(lab, L1, recursive=True)
    lab.process()
    assert lab.newest("l2") == {"2020-01-02": "1.0.0"}
