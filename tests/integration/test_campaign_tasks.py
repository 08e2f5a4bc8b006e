"""The tasks of a campaign's run, each by itself, on a real catalog and without a scheduler."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.actor import Actor
from headwater.core.states import MarkKind
from headwater.flows.airflow_rest import AirflowRefusedError
from headwater.missions.slug import slug
from headwater.processing import campaigns
from headwater.processing.run_marks import RunMark
from headwater_airflow import catalog_access, marking
from headwater_airflow.campaign_runs import MissionName, show_campaigns
from headwater_airflow.operators import (
    CampaignApprovalOperator,
    CampaignPlanOperator,
    CampaignReportOperator,
    CampaignRunOperator,
    CampaignSensor,
    CampaignVerdictOperator,
)

ANA = Actor("ana")
DAYS = [date(2020, 1, day) for day in (1, 2)]
DAG, RUN = "lab.campaign", "manual__1"
FORM = {"products": ["l1"], "reason": "sun shade", "force": "quality"}
ASKED = {"chosen": None, "by": None}


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    @contextmanager
    def opened() -> Iterator[Catalog]:
        yield catalog

    monkeypatch.setattr(catalog_access, "open_catalog", opened)
    found = Lab(catalog, tmp_path)
    found.put_many("l0", DAYS)
    found.process()
    return found


def context(run: str = RUN, tries: int = 1, by: str | None = "op", **params: Any) -> Any:
    instance = SimpleNamespace(
        dag_id=DAG, run_id=run, task_id="t", map_index=-1, try_number=tries, id="0"
    )
    return {
        "ti": instance, "task_instance": instance, "params": params,
        "dag_run": SimpleNamespace(triggering_user_name=by), "outlet_events": {},
    }  # fmt: skip


def planned(lab: Lab, where: Any = None) -> dict[str, Any]:
    return CampaignPlanOperator(task_id="plan", mission="lab").work(where or context(**FORM))


def let_run(plan: dict[str, Any], answer: dict[str, Any], tries: int = 1) -> int:
    task = CampaignRunOperator(task_id="run", mission="lab", plan=plan, answer=answer)
    return task.work(context(tries=tries))


def looked(number: int, tries: int = 1) -> bool:
    task = CampaignSensor(task_id="wait", mission="lab", campaign=number)
    return task.poke(context(tries=tries))


def row(lab: Lab, number: int) -> CampaignRow:
    with lab.catalog.read() as connection:
        return campaigns.campaign(connection, lab.mission, number)


def mark_failed(lab: Lab) -> None:
    """What the API server does when a person marks the wait failed."""
    of = marking.of_task("CampaignSensor", DAG, RUN, "wait", -1)
    assert of is not None
    marking.obey(lab.catalog, RunMark(of, MarkKind.FAILED, "eva", "wrong dates"))


def test_the_plan_writes_the_proposal_of_the_form_by_the_name_of_who_started_the_run(
    lab: Lab,
) -> None:
    lab.settings(campaign_limit=1)
    plan = planned(lab)
    found = row(lab, plan["campaign"])
    assert (found.state, found.forced, found.created_by) == ("proposed", 1, "op")
    assert (found.airflow_dag_id, found.airflow_run_id) == (DAG, RUN)
    assert (plan["asks"], plan["state"]) == (True, "proposed")
    assert plan["text"].startswith("**Campaign 1: sun shade**\n\n2 builds on 2 dates")


def test_a_plan_that_is_cleared_goes_on_with_its_campaign_until_that_has_ended(lab: Lab) -> None:
    first = planned(lab)["campaign"]
    assert planned(lab)["campaign"] == first
    campaigns.abort(lab.catalog, lab.mission, first, ANA, "no")
    assert planned(lab)["campaign"] == first + 1
    assert planned(lab, context(run="another", **FORM))["campaign"] == first + 2


@pytest.mark.parametrize(
    ("form", "error", "said"),
    [
        ({"products": [], "reason": "x"}, AirflowFailException, "no product is chosen"),
        ({"products": ["l0"], "reason": "x"}, AirflowFailException, "no process makes l0"),
        ({"products": ["l1"], "reason": "  "}, AirflowFailException, "a campaign needs a reason"),
        ({"campaign": 99, "reason": "x"}, AirflowFailException, "has no campaign 99"),
        ({"products": ["l1"], "reason": "x", "first_date": "2031-01-01"},
         AirflowSkipException, "no date of these products"),
    ],
)  # fmt: skip
def test_a_form_that_makes_no_sense_ends_the_plan_with_one_sentence(
    lab: Lab, form: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        CampaignPlanOperator(task_id="plan", mission="lab").execute(context(**form))
    assert lab.rows("select 1 from headwater.campaign") == []


def test_the_approval_asks_with_the_plan_as_its_text_and_only_if_anybody_has_to_answer(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **details: asked.update(details))
    plan = {"campaign": 1, "asks": True, "state": "proposed", "text": "two builds"}
    task = CampaignApprovalOperator(task_id="a", mission="lab", plan=plan, subject="again?")
    with pytest.raises(TaskAwaitingInput):
        task.execute(context())
    assert (asked["subject"], asked["body"], asked["options"]) == (
        "again?", "two builds", ["Approve", "Reject"],
    )  # fmt: skip
    for other in ({"asks": False}, {"state": "running"}):
        task = CampaignApprovalOperator(task_id="a", mission="lab", plan=plan | other, subject="x")
        assert task.execute(context()) == ASKED


def test_it_runs_by_the_name_of_who_approved_it_and_is_reported_when_it_has_ended(
    lab: Lab,
) -> None:
    number = let_run(planned(lab), {"chosen": "Approve", "by": "eva"})
    assert (row(lab, number).state, row(lab, number).approved_by) == ("running", "eva")
    assert looked(number) is False
    lab.process()
    assert looked(number) is True
    outlet = object()
    where = context()
    where["outlet_events"][outlet] = SimpleNamespace(extra=None)
    task = CampaignReportOperator(task_id="report", mission="lab", campaign=number)
    task.outlets = [outlet]
    told = task.work(where)
    assert (told["counts"], told["wrong"]) == ({"made": 2}, 0)
    assert where["outlet_events"][outlet].extra == told
    CampaignVerdictOperator(task_id="verdict", report=told).work(where)


def test_the_verdict_is_red_if_anything_failed(lab: Lab) -> None:
    lab.settings(automatic_attempts=1)
    lab.code("copy.sh", "#!/bin/sh\necho no sun >&2; exit 1\n")
    number = let_run(planned(lab), ASKED)
    lab.process()
    assert looked(number) is True
    told = CampaignReportOperator(task_id="report", mission="lab", campaign=number).work(context())
    assert told["wrong"] == 2
    with pytest.raises(AirflowFailException, match=f"campaign {number} is done: 2 "):
        CampaignVerdictOperator(task_id="verdict", report=told).work(context())


def test_a_rejected_one_is_aborted_with_the_name_of_who_did_and_the_rest_is_skipped(
    lab: Lab,
) -> None:
    plan = planned(lab)
    for _ in range(2):  # the task may be lost between the two
        with pytest.raises(AirflowSkipException):
            let_run(plan, {"chosen": "Reject", "by": "eva"})
    found = row(lab, plan["campaign"])
    assert (found.state, found.ended_by, found.end_reason) == (
        "aborted", "eva", "rejected in Airflow",
    )  # fmt: skip


def test_one_that_was_approved_on_the_command_line_goes_on_and_cannot_be_rejected_then(
    lab: Lab,
) -> None:
    plan = planned(lab)
    campaigns.approve(lab.catalog, lab.mission, plan["campaign"], ANA)
    assert let_run(plan, {"chosen": "Approve", "by": "headwater"}) == plan["campaign"]
    assert row(lab, plan["campaign"]).approved_by == "ana"
    with pytest.raises(AirflowFailException, match="eva rejected campaign 1, but ana had approved"):
        let_run_as_airflow(plan)


def let_run_as_airflow(plan: dict[str, Any]) -> None:
    answer = {"chosen": "Reject", "by": "eva"}
    CampaignRunOperator(task_id="run", mission="lab", plan=plan, answer=answer).execute(context())


def test_one_that_was_aborted_on_the_command_line_skips_the_rest_of_the_run(lab: Lab) -> None:
    plan = planned(lab)
    campaigns.abort(lab.catalog, lab.mission, plan["campaign"], ANA, "not now")
    with pytest.raises(AirflowSkipException, match="was aborted by ana: not now"):
        let_run(plan, {"chosen": "Approve", "by": "eva"})


def test_marked_failed_it_is_paused_and_cleared_it_goes_on(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = let_run(planned(lab), ASKED)
    mark_failed(lab)
    found = row(lab, number)
    assert (found.state, found.paused_by) == ("paused", "eva")
    assert found.pause_reason == f"{campaigns.MARKED_FAILED}: wrong dates"
    mark_failed(lab)  # marking twice is as marking once
    kinds = lab.rows("select kind from headwater.event where kind = 'campaign paused'")
    assert len(kinds) == 1
    assert looked(number) is False
    assert row(lab, number).state == "paused"  # a look alone resumes nothing
    assert looked(number, tries=2) is False
    assert row(lab, number).state == "running"


def test_what_a_person_paused_elsewhere_is_not_resumed_by_clearing(lab: Lab) -> None:
    number = let_run(planned(lab), ASKED)
    campaigns.pause(lab.catalog, lab.mission, number, ANA, "storage is full")
    assert looked(number, tries=2) is False
    assert row(lab, number).state == "paused"


def test_one_that_waits_for_approval_stays_proposed_when_its_run_is_marked_failed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = planned(lab)["campaign"]
    mark_failed(lab)
    assert row(lab, number).state == "proposed"


class Airflow:
    """What `show_campaigns` asks of Airflow's REST interface, and what it was told."""

    def __init__(self, *waiting: str, paused: bool = False, quick: bool = False) -> None:
        self.waiting, self.paused, self.quick = waiting, paused, quick
        self.started: list[dict[str, Any]] = []
        self.answers: list[tuple[str, str]] = []

    def dag(self, dag_id: str) -> dict[str, Any]:
        return {"dag_id": dag_id, "is_paused": self.paused}

    def trigger(self, dag_id: str, *, conf: dict[str, Any], note: str) -> dict[str, Any]:
        self.started.append({"dag_id": dag_id, **conf})
        return {"dag_run_id": f"run {len(self.started)}"}

    def task_instances(self, *, states: Any) -> list[dict[str, Any]]:
        assert states == ("awaiting_input",)
        return [
            {"dag_id": DAG, "dag_run_id": run, "task_id": "approval", "map_index": -1}
            for run in self.waiting
        ]

    def answer(self, task: dict[str, Any], option: str) -> None:
        if self.quick:
            raise AirflowRefusedError("answered already", 409)
        self.answers.append((task["dag_run_id"], option))


Shown = Callable[[Airflow], list[str]]


@pytest.fixture
def shown(lab: Lab) -> Shown:
    missions = [MissionName("lab", slug("lab"))]
    return lambda airflow: show_campaigns(lab.catalog, airflow, missions)  # type: ignore[arg-type]


def proposed(lab: Lab) -> int:
    found = campaigns.propose(lab.catalog, lab.mission, ANA, "cli", processes={"mk_l1": True})
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.campaign set created_at = created_at - interval '1 minute'"
        )
    return found.number or 0


def test_a_proposal_of_the_command_line_gets_one_run_that_asks_for_its_approval(
    lab: Lab, shown: Shown
) -> None:
    campaigns.propose(lab.catalog, lab.mission, ANA, "just now", processes={"mk_l1": True})
    assert shown(Airflow()) == []  # its command may be about to approve it
    campaigns.abort(lab.catalog, lab.mission, 1, ANA, "only a test")
    number = proposed(lab)
    assert shown(Airflow(paused=True)) == []
    airflow = Airflow()
    assert shown(airflow) == [
        f"started lab.campaign for campaign {number}, which waits for approval"
    ]
    assert airflow.started[0] | {"woken_by": ""} == {
        "dag_id": DAG, "campaign": number, "reason": "cli", "woken_by": "",
    }  # fmt: skip
    assert shown(Airflow()) == []
    assert row(lab, number).airflow_run_id == "run 1"


def test_a_decision_taken_elsewhere_answers_the_question_in_airflow(lab: Lab, shown: Shown) -> None:
    numbers = [proposed(lab) for _ in range(3)]
    airflow = Airflow()
    shown(airflow)
    campaigns.approve(lab.catalog, lab.mission, numbers[0], ANA)
    campaigns.abort(lab.catalog, lab.mission, numbers[1], ANA, "no")
    airflow = Airflow("run 1", "run 2", "run 3", "of somebody else")
    shown(airflow)
    assert airflow.answers == [("run 1", "Approve"), ("run 2", "Reject")]
    assert shown(Airflow("run 1", quick=True)) == []  # a person was quicker


def test_a_second_proposal_of_a_cleared_run_is_not_approved_by_what_became_of_the_first(
    lab: Lab, shown: Shown
) -> None:
    first = planned(lab)["campaign"]
    campaigns.approve(lab.catalog, lab.mission, first, ANA)
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    assert planned(lab)["campaign"] != first
    airflow = Airflow(RUN)
    shown(airflow)
    assert airflow.answers == []
