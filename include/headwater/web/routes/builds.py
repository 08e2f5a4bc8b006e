"""Builds: filtered, one with all that is known of it, its log, and those of a run of Airflow."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.build_pages import (
    BuildFilter,
    build_details,
    build_page,
    one_build,
)
from headwater.catalog.queries.listings import Row
from headwater.catalog.queries.run_tasks import run_builds
from headwater.core.errors import NotFoundError
from headwater.core.states import BuildState, EventKind
from headwater.missions.loaded import LoadedMission
from headwater.processing.build_log import MOST_BYTES, read_log
from headwater.web.access import Right, needs
from headwater.web.fields import (
    LARGEST_KEY,
    Answer,
    Before,
    Day,
    First,
    Key,
    Last,
    Limit,
    PathKey,
    Time,
    Word,
)
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(tags=["builds"])
MOST_OF_EACH = 200
"""The most inputs, outputs and events that the page of a build shows."""
LOG_BYTES = 65_536
LARGEST_INDEX = 2**31 - 1


class BuildLine(Answer):
    """A build: a process, an interval and keywords, with its state and reason."""

    id: int = Field(examples=[17])
    mission: str = Field(examples=["demo"])
    process: str = Field(examples=["mk_l1"])
    interval_key: str = Field(examples=["2026-01-31"])
    date: Day = Field(examples=["2026-01-31"])
    keywords: str = Field(examples=[""])
    state: BuildState
    reason: str = Field(examples=["exit code 1: no calibration for 2026-01-31"])
    attempts: int = Field(examples=[2])
    version: str | None = Field(examples=["1.0.0"])
    code: str | None = Field(examples=["mk_l1.py"])
    code_version: str | None = Field(examples=["1.2.0"])
    campaign: int | None = Field(examples=[None])
    claimed_by: str | None = Field(examples=["airflow:demo.make.mk_l1/manual__1/build[0]"])
    airflow_dag_id: str | None = Field(examples=["demo.make.mk_l1"])
    airflow_run_id: str | None = Field(examples=["manual__2026-02-01T00:00:00+00:00"])
    airflow_task_id: str | None = Field(examples=["build"])
    airflow_map_index: int | None = Field(examples=[0])
    not_before: Time | None = Field(description="When it may be tried again.", examples=[None])
    created_at: Time = Field(examples=["2026-02-01T00:00:00Z"])
    started_at: Time | None = Field(examples=["2026-02-01T00:00:05Z"])
    ended_at: Time | None = Field(examples=["2026-02-01T00:00:09Z"])
    wall_seconds: float | None = Field(examples=[3.9])
    cpu_seconds: float | None = Field(examples=[3.1])
    max_rss_bytes: int | None = Field(examples=[104857600])
    exit_code: int | None = Field(examples=[1])
    has_log: bool = Field(examples=[True])


class BuildFile(Answer):
    """A file that a build reads or has made."""

    id: int = Field(examples=[42])
    name: str = Field(examples=["l0_20260131_v1.0.0.dat"])
    product: str = Field(examples=["l0"])
    date: Day = Field(examples=["2026-01-31"])
    version: str = Field(examples=["1.0.0"])


class BuildEvent(Answer):
    """What happened to a build."""

    id: int = Field(examples=[301])
    at: Time = Field(examples=["2026-02-01T00:00:09Z"])
    kind: EventKind
    actor: str = Field(examples=["alice"])
    reason: str = Field(examples=["held by alice: bad gyro"])


class BuildPage(BuildLine):
    """All that is known of a build; the lists are cut at 200."""

    command: str | None = Field(examples=["/data/demo/codes/mk_l1.py in.dat out.cdf"])
    log_path: str | None = Field(examples=["/data/demo/.headwater/logs/mk_l1/2026/17.log"])
    cancel_reason: str | None = Field(examples=[None])
    inputs: list[BuildFile]
    outputs: list[BuildFile]
    events: list[BuildEvent]


@router.get(
    "/api/missions/{mission}/builds",
    summary="Builds, the latest first",
    dependencies=[needs(Right.LOOK)],
)
def builds(
    mission: TheMission,
    catalog: TheCatalog,
    process: Annotated[Word | None, Query(examples=["mk_l1"])] = None,
    product: Annotated[Word | None, Query(description="Of what makes it.")] = None,
    state: Annotated[list[BuildState] | None, Query(description="Repeatable.")] = None,
    first: First = None,
    last: Last = None,
    campaign: Annotated[Key | None, Query(description="Of this campaign.")] = None,
    before: Before = None,
    limit: Limit = 50,
) -> list[BuildLine]:
    """Builds of a mission, by process, product, state, date or campaign."""
    chosen = BuildFilter(
        mission_id=mission.id,
        process_id=mission.process(process).id if process else None,
        product_id=mission.product(product).id if product else None,
        states=[one.value for one in state] if state else None,
        first=first,
        last=last,
        campaign=campaign,
        before=before,
    )
    return _page(catalog, chosen, limit)


@router.get(
    "/api/missions/{mission}/builds/{build}",
    summary="One build",
    dependencies=[needs(Right.LOOK)],
)
def build(mission: TheMission, build: PathKey, catalog: TheCatalog) -> BuildPage:
    """A build with its command, inputs, outputs and events."""
    row = _one(catalog, mission, build)
    with catalog.read() as connection:
        return BuildPage(**row, **build_details(connection, build, MOST_OF_EACH))


@router.get(
    "/api/missions/{mission}/builds/{build}/log",
    summary="The log of a build, from its end",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"example": "no calibration for 2026-01-31\n"}}}},
    dependencies=[needs(Right.LOOK)],
)
def build_log(
    mission: TheMission,
    build: PathKey,
    catalog: TheCatalog,
    most: Annotated[int, Query(ge=1, le=MOST_BYTES, description="The most bytes.")] = LOG_BYTES,
    before: Annotated[
        int | None, Query(ge=0, le=LARGEST_KEY, description="Only bytes before this one.")
    ] = None,
) -> Response:
    """What its code wrote. `X-Log-Start` and `X-Log-Size` tell which bytes of how many they are.

    Ask again with `before` = `X-Log-Start` for what comes before.
    """
    _one(catalog, mission, build)
    with catalog.read() as connection:
        path = build_details(connection, build, 0)["log_path"]
    part = read_log(mission, path, most, before)
    told = {"X-Log-Start": str(part.start), "X-Log-Size": str(part.size)}
    return PlainTextResponse(part.text, headers=told | {"X-Content-Type-Options": "nosniff"})


@router.get(
    "/api/runs/{dag_id}/{run_id}/builds",
    summary="The builds of a run of Airflow, or of one of its tasks",
    dependencies=[needs(Right.LOOK)],
)
def builds_of_run(
    dag_id: Word,
    run_id: Word,
    catalog: TheCatalog,
    task_id: Annotated[Word | None, Query(examples=["build"])] = None,
    map_index: Annotated[
        int | None, Query(ge=-1, le=LARGEST_INDEX, description="-1: not mapped.", examples=[0])
    ] = None,
    before: Before = None,
    limit: Limit = 200,
) -> list[BuildLine]:
    """What the run's tasks were to make, the latest first, as each stands now.

    Also what no task has claimed yet, and what another run has made since; empty for a run of no
    process.
    """
    with catalog.read() as connection:
        found = run_builds(connection, dag_id, run_id, task_id=task_id, map_index=map_index)
    chosen = BuildFilter(ids=[one.build_id for one in found], before=before)
    return _page(catalog, chosen, limit)


def _page(catalog: Catalog, chosen: BuildFilter, limit: int) -> list[BuildLine]:
    with catalog.read() as connection:
        return [BuildLine(**row) for row in build_page(connection, chosen, limit)]


def _one(catalog: Catalog, mission: LoadedMission, build: int) -> Row:
    with catalog.read() as connection:
        row = one_build(connection, mission.id, build)
    if row is None:
        raise NotFoundError(f"mission {mission.name} has no build {build}")
    return row
