"""What a person ends that files arrivals is free for the next one at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.states import Disposition
from headwater.ingest.claim import claim_arrivals
from headwater.ingest.claim_work import ClaimWork
from headwater.ingest.given_up import give_up_claims
from headwater.ingest.leftovers import retake_expired_claims
from headwater.ingest.service import ingest_claim
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission

DAG, RUN = "m.incoming", "scheduled__2020"
LOOK = Actor.task(DAG, RUN, "arrived")


@pytest.fixture
def mission(catalog: Catalog, tmp_path: Path) -> LoadedMission:
    mission = make_mission(catalog, tmp_path)
    for day in range(1, 5):
        drop(mission, f"l0_2020010{day}_v1.0.0.dat")
    return mission


def ingest(catalog: Catalog, mission: LoadedMission, token: str, actor: Actor):
    with InspectorHost(mission.facts(), mission.inspector_specs(), time_limit=20) as host:
        return ingest_claim(catalog, mission, token, actor, host)


def test_what_an_ingest_task_works_on_is_let_go_and_filed_once_by_the_next(
    catalog: Catalog, mission: LoadedMission, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = claim_arrivals(catalog, mission, LOOK, chunk=2)
    task = Actor.task(DAG, RUN, "ingest", 0)
    monkeypatch.setattr(ClaimWork, "_pass", _dies)
    with pytest.raises(_DeathError):
        ingest(catalog, mission, claims[0].token, task)
    monkeypatch.undo()
    assert retake_expired_claims(catalog, mission, ACTOR) == []  # its lease runs for minutes
    assert give_up_claims(catalog, DAG, RUN, "ingest", 1) == 0
    assert give_up_claims(catalog, DAG, RUN, "ingest", 0) == 2
    [again] = retake_expired_claims(catalog, mission, ACTOR)
    report = ingest(catalog, mission, again.token, ACTOR)
    assert [one.disposition for one in report.ended] == [Disposition.ADOPTED] * 2
    assert ingest(catalog, mission, claims[0].token, task).ended == []


@pytest.mark.parametrize("task", ["arrived", None])
def test_a_marked_look_or_run_lets_go_all_that_it_has_claimed(
    catalog: Catalog, mission: LoadedMission, task: str | None
) -> None:
    claim_arrivals(catalog, mission, LOOK, chunk=2)
    assert give_up_claims(catalog, DAG, "scheduled__202", task) == 0  # another run's name
    assert give_up_claims(catalog, DAG, RUN, task) == 4
    assert len(retake_expired_claims(catalog, mission, ACTOR)) == 2


def test_all_mapped_tasks_are_meant_where_none_is_named(
    catalog: Catalog, mission: LoadedMission
) -> None:
    claim_arrivals(catalog, mission, Actor.task(DAG, RUN, "ingest", 7))
    assert give_up_claims(catalog, DAG, RUN, "inges") == 0
    assert give_up_claims(catalog, DAG, RUN, "ingest") == 4


def test_the_paths_that_it_was_placing_are_free_too(
    catalog: Catalog, mission: LoadedMission
) -> None:
    promise = text(
        "insert into headwater.intent (mission_id, token, state, source_path, part_path,"
        " final_path, owner, lease_until) values (:mission, gen_random_uuid(), 'open', '',"
        " 'l0/.part', :name, :owner, now() + interval '300 s')"
    )
    with catalog.begin() as connection:
        for index in (0, 1):
            owner = Actor.task(DAG, RUN, "ingest", index).name
            values = {"mission": mission.id, "name": f"l0/{index}", "owner": owner}
            connection.execute(promise, values)
    give_up_claims(catalog, DAG, RUN, "ingest", 0)
    with catalog.read() as connection:
        over = "select final_path from headwater.intent where lease_until < now()"
        assert list(connection.execute(text(over)).scalars()) == ["l0/0"]


class _DeathError(BaseException):
    """A process that is killed."""


def _dies(*_: object) -> None:
    raise _DeathError
