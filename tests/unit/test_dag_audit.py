"""What the nightly audit does, by the mission's settings and the form of a run."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from headwater.flows.audit import AuditWishes, Scrub
from headwater.missions.definition import MissionSettings
from headwater_airflow.operators.audit import AuditVerdictOperator, wishes_of


def test_the_mission_says_what_a_night_does() -> None:
    assert wishes_of(MissionSettings(), {}) == AuditWishes(scrub=Scrub(20e6, 50e9))
    own = MissionSettings(
        audit_repair=True, audit_scrub_megabytes_per_second=5, audit_scrub_gigabytes=0
    )
    assert wishes_of(own, {}) == AuditWishes(repair=True, scrub=None)


def test_the_form_of_a_run_stands_above_the_mission() -> None:
    own = MissionSettings(audit_repair=True)
    params = {"repair": False, "scrub_gigabytes": 1}
    assert wishes_of(own, params) == AuditWishes(scrub=Scrub(20e6, 1e9))


def test_the_verdict_fails_with_the_sentence_of_the_audit() -> None:
    said = "1 thing is wrong with the archive of lab (1 lost); first l1/a is not on disk"
    bad = AuditVerdictOperator(task_id="verdict", report={"wrong": 1, "sentence": said})
    with pytest.raises(AirflowFailException, match="1 thing is wrong"):
        bad.work({})
    AuditVerdictOperator(task_id="verdict", report={"wrong": 0, "sentence": "fine"}).work({})
