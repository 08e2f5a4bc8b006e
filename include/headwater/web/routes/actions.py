"""What is asked of a selection: look at its plan, build, retry, hold, lift (DESIGN 8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import SettingError
from headwater.core.interval import DateSpan
from headwater.flows.asked_builds import build_selection, start_pending
from headwater.flows.started_runs import Airflow, StartedRun
from headwater.missions.loaded import LoadedMission
from headwater.processing.asking import AskedChange, do_once
from headwater.processing.holds import Asked, hold_dates, make_again
from headwater.processing.plan_state import Action
from headwater.processing.selections import Selection, select
from headwater.processing.up_to_date import up_to_date
from headwater.web.access import Right, actor_of, caller_of, needs, require
from headwater.web.errors import TOO_LATE, TOO_MUCH
from headwater.web.fields import Word
from headwater.web.provided import TheCatalog, TheMission
from headwater.web.routes.action_shapes import (
    RIGHTS,
    ActionAnswer,
    ActionName,
    ActionRequest,
    NoRunLine,
    NotMadeLine,
    PlannedCell,
    RunLine,
)

router = APIRouter(prefix="/api/missions/{mission}/actions", tags=["actions"])


@dataclass(frozen=True, slots=True)
class _Work:
    """An action under way."""

    catalog: Catalog
    mission: LoadedMission
    selection: Selection
    actor: Actor
    reason: str
    airflow: Callable[[], AbstractContextManager[Airflow]]


@router.post(
    "",
    summary="Plan, build, retry, hold or lift a selection",
    responses={**TOO_LATE, **TOO_MUCH},
    dependencies=[needs(Right.LOOK)],
)
def act(
    request: Request,
    mission: TheMission,
    asked: ActionRequest,
    catalog: TheCatalog,
    idempotency_key: Annotated[
        Word | None,
        Header(
            description="A name of this request that no other has; needed but for `plan`. The "
            "same again is done once, and gives the same answer for a day.",
            examples=["6f1c0c0e-7d4c-4d0e-9c59-2b7f3a1f2a11"],
        ),
    ] = None,
) -> ActionAnswer:
    """Viewers may `plan`, users also `build` and `retry`, operators also `hold` and `lift`."""
    require(request, RIGHTS[asked.action], mission.slug)
    selection = select(mission, asked.products, DateSpan(asked.first, asked.last))
    if asked.action is ActionName.PLAN:
        return _plan(catalog, mission, selection)
    change = _change(asked, selection, idempotency_key)
    actor = actor_of(request)
    work = _Work(catalog, mission, selection, actor, change.reason, caller_of(request).airflow)
    answer = do_once(catalog, mission, actor, change, partial(_ACTS[asked.action], work))
    return ActionAnswer.model_validate(answer)


def _change(asked: ActionRequest, selection: Selection, key: str | None) -> AskedChange:
    """What is asked, as it is done once.

    Raises
    ------
    SettingError
        If it has no reason or no key, or nothing makes any of the products.
    """
    reason = asked.reason.strip()
    if not reason:
        raise SettingError(f"{asked.action.value} needs a reason, for the log of events")
    if key is None:
        raise SettingError("give the request a name of its own in the header Idempotency-Key")
    if not selection.processes:
        names = ", ".join(selection.arriving)
        raise SettingError(f"nothing makes {names}: it arrives, so there is nothing to do")
    return AskedChange(asked.action.value, selection, reason, asked.as_of, key)


def _plan(catalog: Catalog, mission: LoadedMission, selection: Selection) -> ActionAnswer:
    names = {product.name for product in selection.products}
    processes = None if selection.arriving else selection.processes
    found = up_to_date(catalog, mission, processes=processes, span=selection.span)
    cells = [
        PlannedCell(
            product=row.product,
            process=row.process,
            date=row.utc_date,
            interval_key=row.interval_key,
            keywords=row.keywords,
            status=row.status,
            action=row.action,
            version=str(row.version) if row.version else None,
            reason=row.reason,
        )
        for row in found.rows
        if row.product is not None and row.product in names
    ]
    to_make = sum(cell.action is Action.MAKE for cell in cells)
    return ActionAnswer(
        action=ActionName.PLAN,
        selection=str(selection),
        summary=f"{to_make} of {len(cells)} would be made",
        builds=to_make,
        arriving=list(selection.arriving),
        plan=cells,
    )


def _build(work: _Work) -> Mapping[str, Any]:
    with work.airflow() as airflow:
        done = build_selection(
            work.catalog, work.mission, work.selection, work.actor, work.reason, airflow
        )
    return _answer(
        work,
        ActionName.BUILD,
        f"{done.builds} builds may be made, {_started(done.runs)}",
        done.builds,
        runs=done.runs,
        not_made=[NotMadeLine(**asdict(one)) for one in done.not_made],
    )


def _retry(work: _Work) -> Mapping[str, Any]:
    return _again(work, ActionName.RETRY, by_person=False)


def _lift(work: _Work) -> Mapping[str, Any]:
    return _again(work, ActionName.LIFT, by_person=True)


def _again(work: _Work, action: ActionName, *, by_person: bool) -> Mapping[str, Any]:
    processes = work.selection.processes
    asked = make_again(
        work.catalog, work.mission, processes, work.selection.span, work.actor, work.reason,
        by_person=by_person,
    )  # fmt: skip
    runs: list[StartedRun] = []
    if asked.builds:
        with work.airflow() as airflow:
            runs = start_pending(
                work.catalog, work.mission, work.selection, work.actor, work.reason, airflow
            )
    said = f"{asked.builds} builds are to be made again, {_started(runs)}"
    return _answer(work, action, said, asked.builds, runs=runs)


def _hold(work: _Work) -> Mapping[str, Any]:
    asked: Asked = hold_dates(
        work.catalog, work.mission, work.selection.processes, work.selection.span, work.actor,
        work.reason,
    )  # fmt: skip
    said = f"{asked.builds} builds are held"
    if asked.running:
        said += f"; {len(asked.running)} are running, and end as they do"
    return _answer(work, ActionName.HOLD, said, asked.builds, running=list(asked.running))


_ACTS: dict[ActionName, Callable[[_Work], Mapping[str, Any]]] = {
    ActionName.BUILD: _build,
    ActionName.RETRY: _retry,
    ActionName.HOLD: _hold,
    ActionName.LIFT: _lift,
}


def _answer(
    work: _Work,
    action: ActionName,
    said: str,
    builds: int,
    *,
    running: list[int] | None = None,
    runs: list[StartedRun] | None = None,
    not_made: list[NotMadeLine] | None = None,
) -> Mapping[str, Any]:
    answer = ActionAnswer(
        action=action,
        selection=str(work.selection),
        summary=said,
        builds=builds,
        running=running or [],
        runs=[
            RunLine(dag_id=run.dag_id, key=run.key, run_id=run.run_id)
            for run in runs or []
            if run.run_id is not None
        ],
        not_started=[
            NoRunLine(dag_id=run.dag_id, key=run.key, reason=run.reason)
            for run in runs or []
            if run.run_id is None
        ],
        not_made=not_made or [],
        arriving=list(work.selection.arriving),
    )
    return answer.model_dump(mode="json")


def _started(runs: list[StartedRun]) -> str:
    number = sum(run.run_id is not None for run in runs)
    return f"{number} run{'' if number == 1 else 's'} started"
