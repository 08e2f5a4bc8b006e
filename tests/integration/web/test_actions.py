"""What persons ask of a selection: plan, build, retry, hold, lift; each done once."""

from __future__ import annotations

from datetime import date

import pytest
from processing_lab import COPY, Lab

from headwater.flows.airflow_rest import AirflowRefusedError, AirflowUnavailableError
from web.api_lab import Api, asked, states

DAY, NEXT = date(2020, 1, 1), date(2020, 1, 2)
FAILS = "#!/bin/sh\nexit 1\n"


def failed(lab: Lab) -> None:
    """A day whose first product cannot be made."""
    lab.settings(automatic_attempts=1)
    lab.code("copy.sh", FAILS)
    lab.put("l0", DAY)
    lab.process()
    assert states(lab) == ["held"]


def test_a_plan_tells_what_would_be_made_and_changes_nothing(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    before = lab.rows("select count(*), max(id) from headwater.event")
    answer = api.act("plan", "l0", "l1", last="2020-01-02", reason="", role="viewer")
    assert {(one["product"], one["date"], one["action"]) for one in answer["plan"]} == {
        ("l0", "2020-01-01", "nothing"), ("l0", "2020-01-02", "nothing"),
        ("l1", "2020-01-01", "make"), ("l1", "2020-01-02", "nothing"),
    }  # fmt: skip
    assert (answer["builds"], answer["summary"]) == (1, "1 of 4 would be made")
    assert lab.rows("select count(*), max(id) from headwater.event") == before
    assert lab.builds("mk_l1") == []
    assert lab.rows("select * from headwater.asked_action") == []


def test_a_build_is_planned_in_the_persons_name_and_a_run_is_started(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [DAY, NEXT])
    answer = api.act("build", "l1", last="2020-01-02", role="user")
    assert answer["builds"] == 2
    assert api.airflow.runs == [("lab.make.mk_l1", "2020-01-01/2020-01-02")]
    assert api.airflow.conf == [{"woken_by": "ann"}]
    [run] = answer["runs"]
    assert run["run_id"] == "manual__1"
    planned = lab.rows("select distinct actor from headwater.event where kind = 'build planned'")
    assert [row.actor for row in planned] == ["ann"]
    assert asked(lab) == ["ann: build l1 of 2020-01-01/2020-01-02: because"]
    lab.process()
    assert lab.newest("l1").keys() == {"2020-01-01", "2020-01-02"}


def test_dates_far_apart_are_few_runs(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [date(2020, month, 1) for month in range(1, 9)])
    api.act("build", "l1", last="2020-12-31")
    assert len(api.airflow.runs) == 3
    assert len(states(lab)) == 8


def test_what_is_not_made_is_told_with_its_reason(lab: Lab, api: Api) -> None:
    answer = api.act("build", "l1", "l2")
    assert api.airflow.runs == []
    assert answer["summary"] == "0 builds may be made, 0 runs started"
    lab.put("l0", DAY)
    lab.process()
    [line] = api.act("build", "l1")["not_made"]
    assert (line["process"], line["builds"]) == ("mk_l1", 1)
    assert "up to date" in line["reason"]


def test_a_build_of_a_paused_dag_waits_for_it(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    api.airflow.paused.add("lab.make.mk_l1")
    answer = api.act("build", "l1")
    assert answer["runs"] == []
    [run] = answer["not_started"]
    assert "paused" in run["reason"]
    assert states(lab) == ["pending"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (AirflowUnavailableError("Airflow does not answer"), "does not answer"),
        (AirflowRefusedError("Airflow refused", 403), "refused"),
    ],
)
def test_without_airflow_it_is_made_by_the_next_look_of_the_system(
    lab: Lab, api: Api, trouble: Exception, said: str
) -> None:
    lab.put("l0", DAY)
    api.airflow.trouble = trouble
    answer = api.act("build", "l1")
    assert answer["runs"] == []
    [run] = answer["not_started"]
    assert said in run["reason"]
    assert states(lab) == ["pending"]


def test_of_several_runs_those_that_airflow_took_are_told(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [DAY, date(2020, 3, 1)])
    api.airflow.most = 1
    answer = api.act("build", "l1", last="2020-03-01")
    assert [run["key"] for run in answer["runs"]] == ["2020-01-01"]
    assert [run["key"] for run in answer["not_started"]] == ["2020-03-01"]


def test_a_dag_that_is_not_there_yet_gets_no_run(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    api.airflow.unknown.add("lab.make.mk_l1")
    [run] = api.act("build", "l1")["not_started"]
    assert "not read the DAG" in run["reason"]


@pytest.mark.parametrize("action", ["build", "retry"])
def test_what_failed_is_made_again_once_its_code_is_mended(lab: Lab, api: Api, action: str) -> None:
    failed(lab)
    lab.code("copy.sh", COPY)
    assert api.act(action, "l1", role="user")["runs"][0]["run_id"] == "manual__1"
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}


@pytest.mark.parametrize("action", ["build", "retry"])
def test_a_user_who_makes_things_again_does_not_lift_what_an_operator_holds(
    lab: Lab, api: Api, action: str
) -> None:
    lab.put("l0", DAY)
    api.act("hold", "l1", reason="bad gyro")
    api.act(action, "l1", role="user", name="bob")
    assert states(lab) == ["held"]
    assert api.airflow.runs == []
    lab.process()
    assert lab.newest("l1") == {}


def test_dates_are_held_and_let_go_in_the_persons_name(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    answer = api.act("hold", "l1", "l2", reason="bad gyro")
    assert (answer["builds"], answer["summary"]) == (2, "2 builds are held")
    [(_, state, reason)] = lab.builds("mk_l1")
    assert (state, reason) == ("held", "held by ann: bad gyro")
    answer = api.act("lift", "l1", reason="it was good")
    assert (answer["builds"], len(answer["runs"])) == (1, 1)
    lab.process()
    assert lab.newest("l1").keys() == {"2020-01-01"}
    assert lab.newest("l2") == {}


def test_lifting_lets_go_only_what_a_person_holds(lab: Lab, api: Api) -> None:
    failed(lab)
    assert api.act("lift", "l1")["builds"] == 0
    assert states(lab) == ["held"]


def test_a_selection_over_the_limit_is_refused_with_number_and_limit(lab: Lab, api: Api) -> None:
    for action in ("plan", "build"):
        answer = api.action(action, "l1", "l2", first="2001-01-01", last="2010-12-31")
        said = api.sentence(413, answer)
        assert "2 products of 3652 days are 7304 cells: at most 5000" in said
    assert asked(lab) == []


def test_a_product_that_only_arrives_is_left_out_and_named(lab: Lab, api: Api) -> None:
    assert api.act("hold", "l0", "l1")["arriving"] == ["l0"]
    said = api.sentence(400, api.action("hold", "l0"))
    assert "nothing makes l0" in said
