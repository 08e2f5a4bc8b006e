"""Histories that once failed, and small ones that a broken protocol must fail."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from death_steps import MissionMachine
from sqlalchemy import text
from state_lab import StateLab

from headwater.archive import faultpoint, staging
from headwater.archive.protocol import Archive
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import filing
from headwater.processing import plan


@pytest.fixture
def machine(catalog: Catalog, tmp_path: Path) -> Iterator[MissionMachine]:
    lab = StateLab(catalog, tmp_path / "mission")
    MissionMachine.lab = lab
    yield MissionMachine()
    lab.close()


def test_a_worker_whose_work_directory_was_swept_while_it_slept_ends_without_a_traceback(
    machine: MissionMachine,
) -> None:
    """It once ended with FileNotFoundError, and took the other runs of its batch with it."""
    machine.arrive(day=2, quality=0, revision=0)
    machine.arrive(day=3, quality=0, revision=0)
    machine.ingest()
    machine.judge()
    machine.goes_on_long_after_its_leases(place=("process", "after_link@2"), meanwhile=True)
    machine.judge()
    machine.come_to_rest()


def test_a_claim_that_was_retaken_twice_leaves_no_folder(machine: MissionMachine) -> None:
    """The second owner died before it renamed the folder, which then was nobody's."""
    machine.arrive(day=2, quality=0, revision=0)
    machine.killed_in_ingest(point="after_intents", leases_over=False)
    machine.killed_in_ingest(point="after_retake_rows", leases_over=True)
    machine.judge()
    machine.come_to_rest()


def test_an_error_just_after_the_move_to_quarantine_still_ends_as_quarantined(
    machine: MissionMachine,
) -> None:
    """It once ended as ignored, though its bytes lay in the error folder."""
    machine.arrive(day=2, quality=0, revision=2)
    machine.ingest()
    machine.judge()
    machine.same_name_other_bytes(pick=0)
    machine.meets_trouble(place=("ingest", "after_quarantine_move"))
    machine.judge()
    machine.come_to_rest()


def test_a_pass_ends_though_a_code_that_others_wait_for_asks_to_be_run_later(
    machine: MissionMachine,
) -> None:
    """With no delay it once ran that code for ever: each end of it woke those that wait."""
    machine.arrive(day=1, quality=0, revision=0)
    machine.ingest()
    machine.process()
    machine.judge()
    machine.code_goes_wrong(key=("l1", 1), how="later")
    machine.newer_version(day=1)
    machine.activate_a_new_code(product="l2")
    machine.ingest()
    machine.process()
    machine.judge()
    machine.come_to_rest()


def test_a_worker_that_was_to_die_and_did_a_whole_pass_has_judged_what_fails(
    machine: MissionMachine,
) -> None:
    """The oracle once did not know of the failures of such a pass."""
    machine.arrive(day=2, quality=0, revision=0)
    machine.ingest()
    machine.judge()
    machine.code_goes_wrong(key=("l1", 2), how="fail")
    machine.killed_in_processing(point="after_commit", leases_over=True)
    machine.judge()
    machine.come_to_rest()


def test_what_two_workers_may_have_failed_at_is_not_asked_for(machine: MissionMachine) -> None:
    """The oracle once took the code of a step of two workers for one that had not been run."""
    machine.arrive(day=2, quality=0, revision=0)
    machine.ingest()
    machine.judge()
    machine.code_goes_wrong(key=("l1", 2), how="fail")
    machine.two_workers_at_once(one="ingest", other="process")
    machine.judge()
    machine.codes_are_mended()
    machine.recover(process_first=True)
    machine.judge()
    machine.come_to_rest()


# What a broken protocol does is found


def test_two_newest_files_are_found(
    machine: MissionMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = text("select cast(:files as jsonb)")
    monkeypatch.setattr(filing, "DEMOTE_FILES", nothing)
    machine.arrive(day=1, quality=0, revision=0)
    machine.ingest()
    machine.judge()
    machine.newer_version(day=1)
    machine.ingest()
    with pytest.raises(AssertionError, match="is the newest, and was called superseded"):
        machine.judge()


def test_a_name_that_is_taken_by_renaming_over_it_is_found(
    machine: MissionMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its part, nothing tells whose the final name is: it stays, without a row."""

    def renamed(staged: staging.Staged) -> None:
        os.replace(staged.part, staged.name, src_dir_fd=staged.folder, dst_dir_fd=staged.folder)
        faultpoint.faultpoint("after_link")

    monkeypatch.setattr(staging, "link", renamed)
    machine.arrive(day=1, quality=0, revision=0)
    machine.ingest()
    machine.judge()
    machine.killed_in_processing(point="after_link", leases_over=False)
    machine.code_goes_wrong(key=("l1", 1), how="fail")
    machine.recover(process_first=False)
    with pytest.raises(AssertionError, match="holds something else"):
        machine.judge()


def test_rows_that_are_committed_before_the_bytes_have_their_name_are_found(
    machine: MissionMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(self, batch, placements, commit) -> None:
        batch.promise(placements)
        batch.copy()
        batch.commit(commit)
        faultpoint.faultpoint("after_commit")
        batch.link()
        batch.clean()

    monkeypatch.setattr(Archive, "_steps", swapped)
    machine.arrive(day=1, quality=0, revision=0)
    machine.killed_in_ingest(point="after_commit", leases_over=False)
    with pytest.raises(AssertionError, match="has a row, and is not on the disk"):
        machine.judge()


def test_a_recipe_that_is_made_again_is_found(
    machine: MissionMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan._Planner, "_need", lambda *_: None)
    machine.arrive(day=1, quality=0, revision=0)
    machine.ingest()
    machine.process()
    machine.judge()
    machine.hold(key=("l1", 1))
    machine.release(key=("l1", 1))
    machine.process()
    with pytest.raises(AssertionError, match="repeats"):
        machine.judge()
