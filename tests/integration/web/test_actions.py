"""What persons ask of a selection: plan, build, retry, hold, lift; each done once."""

from __future__ import annotations

import threading
from datetime import date

import httpx
import pytest
from processing_lab import COPY, Lab
from sqlalchemy import text

from headwater.catalog.queries.asked_actions import log_asked
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowUnavailableError
from headwater.processing import asking
from headwater.processing.holds import hold_dates
from web.api_lab import Api

DAY, NEXT = date(2020, 1, 1), date(2020, 1, 2)
FAILS = "#!/bin/sh\nexit 1\n"


def states(lab: Lab, name: str = "mk_l1") -> list[str]:
    return [state for _, state, _ in lab.builds(name)]


def asked(lab: Lab) -> list[str]:
    return [
        f"{row.actor}: {row.reason}"
        for row in lab.rows(
            "select actor, reason from headwater.event where kind = 'action asked' order by id"
        )
    ]


def last_event(api: Api) -> int:
    return int(api.get("/events?limit=1")[0]["id"])


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


def test_the_same_key_is_done_once_and_gives_the_same_answer(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    first = api.act("build", "l1", key="k")
    assert api.act("build", "l1", key="k") == first
    assert len(api.airflow.runs) == len(asked(lab)) == 1
    api.act("build", "l1", key="k", name="bob")  # everybody has keys of their own
    assert len(asked(lab)) == 2


def test_a_double_click_makes_one_action(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    answers: list[httpx.Response] = []
    clicks = [
        threading.Thread(target=lambda: answers.append(api.action("build", "l1", key="k")))
        for _ in range(4)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert [one.status_code for one in answers] == [200] * 4
    assert len({one.text for one in answers}) == 1
    assert len(api.airflow.runs) == len(asked(lab)) == 1


def test_a_key_that_was_used_for_something_else_is_refused(lab: Lab, api: Api) -> None:
    api.act("hold", "l1", key="k")
    said = api.sentence(400, api.action("hold", "l2", key="k"))
    assert "'k' was used for another request" in said
    assert states(lab, "mk_l2") == []


def test_a_request_that_came_to_nothing_may_be_asked_again(
    lab: Lab, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr("headwater.web.routes.actions.hold_dates", broken)
        said = api.sentence(500, api.action("hold", "l1", key="k"))
        assert "fault of Headwater" in said
    assert api.act("hold", "l1", key="k")["builds"] == 1


def test_a_request_whose_server_died_is_begun_again_after_two_minutes(
    lab: Lab, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "LONGEST_WAIT", 0.2)
    api.act("hold", "l1", key="k")
    _age(lab, "1 minute")
    assert "still being done" in api.sentence(409, api.action("hold", "l1", key="k"))
    _age(lab, "3 minutes")
    assert api.act("hold", "l1", key="k")["builds"] == 1
    assert states(lab) == ["held"]


def _age(lab: Lab, age: str) -> None:
    """As if the server had died that long ago, before it answered."""
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "update headwater.asked_action set answer = null, answered_at = null,"
                " asked_at = now() - cast(:age as interval)"
            ),
            {"age": age},
        )


def test_answers_are_kept_for_a_day(lab: Lab, api: Api) -> None:
    api.act("hold", "l1", key="old")
    with lab.catalog.begin() as connection:
        connection.execute(
            text("update headwater.asked_action set asked_at = now() - interval '25 hours'")
        )
    api.act("hold", "l2", key="new")
    assert [row.key for row in lab.rows("select key from headwater.asked_action")] == ["new"]


def test_the_second_operator_is_told_what_the_first_did(lab: Lab, api: Api) -> None:
    lab.put("l0", DAY)
    seen = last_event(api)
    api.act("hold", "l1", reason="bad gyro", name="bob", as_of=seen)
    said = api.sentence(409, api.action("build", "l1", as_of=seen))
    assert said.startswith("bob was first, at 2")
    assert "bad gyro" in said
    assert states(lab) == ["held"]
    assert asked(lab) == ["bob: hold l1 of 2020-01-01: bad gyro"]
    api.act("lift", "l1", as_of=last_event(api))  # who has looked again may act


def test_what_was_done_to_other_dates_or_by_oneself_is_no_conflict(lab: Lab, api: Api) -> None:
    lab.put_many("l0", [DAY, NEXT])
    seen = last_event(api)
    api.act("hold", "l1", first="2020-01-02", name="bob")
    api.act("hold", "l2", name="bob")
    api.act("hold", "l1", as_of=seen)
    api.act("lift", "l1", as_of=seen)


def test_what_runs_of_airflow_do_is_nobodys_doing(lab: Lab, api: Api) -> None:
    seen = last_event(api)
    lab.put("l0", DAY)
    lab.actor = Actor.task("lab.make.mk_l1", "manual__1", "build")
    lab.process()
    api.act("hold", "l1", as_of=seen)


def test_a_hold_at_the_command_line_is_seen_too(lab: Lab, api: Api) -> None:
    seen = last_event(api)
    mission = lab.mission
    hold_dates(
        lab.catalog, mission, [mission.process("mk_l1")], DateSpan(DAY, DAY), Actor("cli:eve"),
        "storm",
    )  # fmt: skip
    said = api.sentence(409, api.action("build", "l1", as_of=seen))
    assert "cli:eve was first" in said
    assert "storm" in said


def test_of_two_who_ask_at_the_same_moment_the_second_is_refused(lab: Lab, api: Api) -> None:
    """Bob has begun and not yet committed when Ann asks: she waits, and is told."""
    lab.put("l0", DAY)
    mission, seen = lab.mission, last_event(api)
    answers: list[httpx.Response] = []
    ann = threading.Thread(target=lambda: answers.append(api.action("hold", "l1", as_of=seen)))
    with lab.catalog.begin() as connection:
        lock_work(connection, mission.id)
        ann.start()
        ann.join(1)
        assert answers == []
        detail = {"action": "build", "processes": [mission.process("mk_l1").id],
                  "first": "2020-01-01", "last": "2020-01-05"}  # fmt: skip
        log_asked(connection, mission.id, Actor("bob"), "build l1: at once", detail)
    ann.join()
    assert "bob was first" in api.sentence(409, answers[0])
    assert states(lab) == []


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
