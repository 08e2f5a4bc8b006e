"""The grid: product x day, week or month; and one cell with what lies behind it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.catalog.queries.grid_cell import CellBuild, CellFile
from headwater.core.states import BuildState, CellState
from headwater.processing.cell import Cell, cell
from headwater.processing.grid import LEGEND, Grid, GridUnit, grid
from headwater.web.access import Right, needs
from headwater.web.errors import TOO_MUCH
from headwater.web.fields import Answer, Day, PathDay, ProductName, Time, Word
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}/grid", tags=["grid"])


class GridRow(Answer):
    """A product: one letter a period, the most pressing state of its days."""

    name: str = Field(examples=["l1"])
    level: float = Field(examples=[1.0])
    made_by: list[str] = Field(examples=[["mk_l1"]])
    states: str = Field(examples=["ccmf"])
    counts: list[dict[str, int]] | None = Field(
        description="How many days of each week or month have which letter; none for days.",
        examples=[[{"f": 1, "c": 6}]],
    )


class GridPage(Answer):
    """Products by level and name, over whole periods."""

    mission: str = Field(examples=["demo"])
    unit: GridUnit
    first: Day = Field(description="Of the first period.", examples=["2026-01-01"])
    last: Day = Field(description="Of the last period, included.", examples=["2026-01-04"])
    as_of: int = Field(description="For `as_of` of an action.", examples=[301])
    legend: dict[str, CellState] = Field(
        description="The letters, the most pressing first.", examples=[{"f": "failed"}]
    )
    products: list[GridRow]


class CellFileLine(Answer):
    """A version of a file of the cell."""

    id: int = Field(examples=[42])
    name: str = Field(examples=["l1_20260131_v1.0.0.dat"])
    version: str = Field(examples=["1.0.0"])
    newest: bool = Field(examples=[True])
    on_disk: bool = Field(examples=[True])
    keywords: str = Field(examples=[""])
    size: int | None = Field(examples=[1048576])
    created_at: Time = Field(examples=["2026-02-01T00:00:09Z"])
    build: int | None = Field(examples=[17])


class CellBuildLine(Answer):
    """A build of the cell, with the task of Airflow that ran it last."""

    id: int = Field(examples=[17])
    process: str = Field(examples=["mk_l1"])
    interval_key: str = Field(examples=["2026-01-31"])
    keywords: str = Field(examples=[""])
    state: BuildState
    reason: str = Field(examples=["exit code 1: no calibration"])
    attempts: int = Field(examples=[2])
    version: str | None = Field(examples=["1.0.0"])
    code: str | None = Field(examples=["mk_l1.py"])
    code_version: str | None = Field(examples=["1.2.0"])
    created_at: Time = Field(examples=["2026-02-01T00:00:00Z"])
    started_at: Time | None = Field(examples=["2026-02-01T00:00:05Z"])
    ended_at: Time | None = Field(examples=["2026-02-01T00:00:09Z"])
    not_before: Time | None = Field(examples=[None])
    campaign: int | None = Field(examples=[None])
    airflow_dag_id: str | None = Field(examples=["demo.make.mk_l1"])
    airflow_run_id: str | None = Field(examples=["manual__2026-02-01T00:00:00+00:00"])
    airflow_task_id: str | None = Field(examples=["build"])
    airflow_map_index: int | None = Field(examples=[0])
    has_log: bool = Field(examples=[True])


class CellArrival(Answer):
    """An arrival in quarantine that looks like one of the cell."""

    id: int = Field(examples=[9])
    name: str = Field(examples=["l1_20260131_v1.0.0.dat.bad"])
    reason: str = Field(examples=["no inspector knows it"])


class CellPage(Answer):
    """A product of a day: its state, why, and what lies behind it."""

    mission: str = Field(examples=["demo"])
    product: str = Field(examples=["l1"])
    date: Day = Field(examples=["2026-01-31"])
    state: CellState
    reason: str = Field(examples=["l1 of 2026-01-31 is held: bad gyro"])
    lines: list[str] = Field(description="As `headwater why`.", examples=[["l1 is there"]])
    files: list[CellFileLine]
    builds: list[CellBuildLine]
    quarantined: list[CellArrival]
    as_of: int = Field(description="For `as_of` of an action.", examples=[301])


@router.get(
    "",
    summary="The states of products over time",
    responses=TOO_MUCH,
    dependencies=[needs(Right.LOOK)],
)
def grid_page(
    mission: TheMission,
    catalog: TheCatalog,
    first: Annotated[Day, Query(description="A date of the first period, UTC.")],
    last: Annotated[Day, Query(description="A date of the last period, UTC.")],
    unit: Annotated[GridUnit, Query(description="What a column is.")] = GridUnit.DAY,
    product: Annotated[
        list[Word] | None, Query(description="Only these; repeatable.", examples=[["l1"]])
    ] = None,
) -> GridPage:
    """One letter a period. A week is named by its Monday, a month by its first day."""
    return _grid(grid(catalog, mission, product, first, last, unit))


@router.get("/{product}/{date}", summary="One cell", dependencies=[needs(Right.LOOK)])
def cell_page(
    mission: TheMission, product: ProductName, date: PathDay, catalog: TheCatalog
) -> CellPage:
    """A product of a day with its files, builds and what lies in quarantine."""
    return _cell(mission.name, cell(catalog, mission, product, date))


def _grid(found: Grid) -> GridPage:
    return GridPage(
        mission=found.mission,
        unit=found.unit,
        first=found.first,
        last=found.last,
        as_of=found.as_of,
        legend=dict(LEGEND),
        products=[
            GridRow(
                name=row.name,
                level=row.level,
                made_by=list(row.made_by),
                states=row.states,
                counts=None if row.counts is None else [dict(one) for one in row.counts],
            )
            for row in found.products
        ],
    )


def _cell(mission: str, found: Cell) -> CellPage:
    return CellPage(
        mission=mission,
        product=found.product,
        date=found.date,
        state=found.state,
        reason=found.reason,
        lines=list(found.lines),
        files=[_file(file) for file in found.files],
        builds=[_build(build) for build in found.builds],
        quarantined=[
            CellArrival(id=one.id, name=one.name, reason=one.reason) for one in found.quarantined
        ],
        as_of=found.as_of,
    )


def _file(file: CellFile) -> CellFileLine:
    return CellFileLine(
        id=file.id,
        name=file.name,
        version=str(file.version),
        newest=file.newest,
        on_disk=file.on_disk,
        keywords=file.keywords,
        size=file.size,
        created_at=file.created_at,
        build=file.build_id,
    )


def _build(build: CellBuild) -> CellBuildLine:
    return CellBuildLine(
        id=build.id,
        process=build.process,
        interval_key=build.interval_key,
        keywords=build.keywords,
        state=build.state,
        reason=build.reason,
        attempts=build.attempts,
        version=str(build.version) if build.version else None,
        code=build.code,
        code_version=build.code_version,
        created_at=build.created_at,
        started_at=build.started_at,
        ended_at=build.ended_at,
        not_before=build.not_before,
        campaign=build.campaign_id,
        airflow_dag_id=build.airflow_dag_id,
        airflow_run_id=build.airflow_run_id,
        airflow_task_id=build.airflow_task_id,
        airflow_map_index=build.airflow_map_index,
        has_log=build.log_path is not None,
    )
