"""A change is done once whoever asks how often, and never over the head of somebody else."""

from __future__ import annotations

import threading
from datetime import date

import httpx
import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.queries.asked_actions import log_asked
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.processing import asking
from headwater.processing.holds import hold_dates
from web.api_lab import Api, asked, last_event, states

DAY, NEXT = date(2020, 1, 1), date(2020, 1, 2)


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
