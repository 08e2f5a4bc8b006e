"""Missions, their products, processes and codes; and what the caller may do with each."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field
from sqlalchemy import select

from headwater.catalog.models import Mission
from headwater.catalog.queries.ingest_pauses import ingest_pauses
from headwater.catalog.queries.product_dates import mission_dates, product_dates
from headwater.core.interval import DateSpan
from headwater.core.states import InputKind, Timebase
from headwater.missions.loaded import LoadedCode, LoadedMission, LoadedProcess
from headwater.missions.slug import slug
from headwater.web.access import Caller, Right, caller_of, needs, needs_login
from headwater.web.fields import Answer, Day
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions", tags=["missions"])


class MissionLine(Answer):
    """A mission that the caller may look at."""

    name: str = Field(examples=["demo"])
    slug: str = Field(description="The first part of its DAGs' names.", examples=["demo"])
    revision: int = Field(description="Grows with each applied change.", examples=[3])
    first: Day | None = Field(description="The first date of its files.", examples=["2026-01-01"])
    last: Day | None = Field(description="The last date of its files.", examples=["2026-03-31"])
    rights: list[Right] = Field(description="What the caller may do.", examples=[["look"]])
    ingest_pause: str | None = Field(
        description="Why nothing is taken in, and since when; none while it goes on.",
        examples=[None],
    )


class ProductLine(Answer):
    """A product."""

    name: str = Field(examples=["l1"])
    level: float = Field(examples=[1.0])
    description: str | None = Field(examples=["Calibrated counts"])
    instrument: str = Field(examples=["mag"])
    satellite: str = Field(examples=["a"])
    format: str = Field(examples=["l1_{Y}{m}{d}_v{VERSION}.cdf"])
    made_by: list[str] = Field(description="Processes; none: it arrives.", examples=[["mk_l1"]])
    read_by: list[str] = Field(description="Processes.", examples=[["mk_l2"]])
    first: Day | None = Field(description="The first date of its files.", examples=["2026-01-01"])
    last: Day | None = Field(description="The last date of its files.", examples=["2026-03-31"])


class InputLine(Answer):
    """A product that a process reads."""

    product: str = Field(examples=["l0"])
    kind: InputKind
    days_before: int = Field(examples=[0])
    days_after: int = Field(examples=[1])


class CodeLine(Answer):
    """A version of the code of a process."""

    filename: str = Field(examples=["mk_l1.py"])
    version: str = Field(examples=["1.2.0"])
    output_interface: int = Field(examples=[1])
    first: Day = Field(description="The first date of outputs.", examples=["1970-01-01"])
    last: Day = Field(description="The last such date.", examples=["2049-12-31"])
    in_use: bool = Field(examples=[True])
    description: str = Field(examples=["first calibration"])
    written: Day = Field(examples=["2025-11-02"])


class ProcessLine(Answer):
    """A process."""

    name: str = Field(examples=["mk_l1"])
    dag_id: str = Field(examples=["demo.make.mk_l1"])
    timebase: Timebase
    inputs: list[InputLine]
    outputs: list[str] = Field(examples=[["l1"]])
    codes: list[CodeLine]


class MissionPage(MissionLine):
    """One mission with all its parts."""

    rootdir: str = Field(examples=["/data/demo"])
    incoming_dir: str = Field(examples=["/data/demo/incoming"])
    products: list[ProductLine]
    processes: list[ProcessLine]


@router.get("", summary="The missions that the caller may look at", dependencies=[needs_login()])
def missions(request: Request, catalog: TheCatalog) -> list[MissionLine]:
    """Every mission with the dates of its files, and what the caller may do with it."""
    caller = caller_of(request)
    with catalog.read() as connection:
        rows = connection.execute(
            select(Mission.id, Mission.name, Mission.revision).order_by(Mission.name)
        ).all()
        dates = mission_dates(connection)
        pauses = ingest_pauses(connection)
    return [
        MissionLine(**_line(row.name, row.revision, dates.get(row.id), rights), ingest_pause=(
            str(pauses[row.name]) if row.name in pauses else None))
        for row in rows
        if (rights := _rights(caller, row.name))
    ]  # fmt: skip


@router.get("/{mission}", summary="One mission with its parts", dependencies=[needs(Right.LOOK)])
def one_mission(request: Request, mission: TheMission, catalog: TheCatalog) -> MissionPage:
    """Products with their dates, processes with their codes, and the state of the ingest."""
    with catalog.read() as connection:
        dates = product_dates(connection, mission.id)
        pauses = ingest_pauses(connection, mission.name)
    whole = None
    if dates:
        spans = list(dates.values())
        whole = DateSpan(min(s.first for s in spans), max(s.last for s in spans))
    rights = _rights(caller_of(request), mission.name)
    return MissionPage(
        **_line(mission.name, mission.revision, whole, rights),
        ingest_pause=str(pauses[mission.name]) if mission.name in pauses else None,
        rootdir=str(mission.rootdir),
        incoming_dir=str(mission.incoming_dir),
        products=_products(mission, dates),
        processes=[_process(mission, process) for process in mission.process_order()],
    )


@router.get("/{mission}/products", summary="The products", dependencies=[needs(Right.LOOK)])
def products(mission: TheMission, catalog: TheCatalog) -> list[ProductLine]:
    """Each product with its level, what makes and reads it, and the dates of its files."""
    with catalog.read() as connection:
        return _products(mission, product_dates(connection, mission.id))


@router.get("/{mission}/processes", summary="The processes", dependencies=[needs(Right.LOOK)])
def processes(mission: TheMission) -> list[ProcessLine]:
    """Each process with its inputs, outputs and codes, after those whose outputs it reads."""
    return [_process(mission, process) for process in mission.process_order()]


def _rights(caller: Caller, mission: str) -> list[Right]:
    return [right for right in Right if caller.may(right, slug(mission))]


def _line(name: str, revision: int, dates: DateSpan | None, rights: list[Right]) -> dict[str, Any]:
    return {
        "name": name,
        "slug": slug(name),
        "revision": revision,
        "first": dates.first if dates else None,
        "last": dates.last if dates else None,
        "rights": rights,
    }


def _products(mission: LoadedMission, dates: dict[int, DateSpan]) -> list[ProductLine]:
    makers: dict[int, list[str]] = {}
    readers: dict[int, list[str]] = {}
    for process in mission.process_order():
        for put in process.outputs:
            makers.setdefault(put.product_id, []).append(process.name)
        for read in process.inputs:
            readers.setdefault(read.product_id, []).append(process.name)
    return [
        ProductLine(
            name=one.name,
            level=one.level,
            description=one.description,
            instrument=one.instrument,
            satellite=one.satellite,
            format=one.format,
            made_by=makers.get(one.id, []),
            read_by=readers.get(one.id, []),
            first=dates[one.id].first if one.id in dates else None,
            last=dates[one.id].last if one.id in dates else None,
        )
        for one in sorted(mission.products.values(), key=lambda one: (one.level, one.name))
    ]


def _process(mission: LoadedMission, process: LoadedProcess) -> ProcessLine:
    inputs = [
        InputLine(
            product=mission.products[put.product_id].name,
            kind=put.kind,
            days_before=put.days_before,
            days_after=put.days_after,
        )
        for put in sorted(process.inputs, key=lambda put: put.position)
    ]
    return ProcessLine(
        name=process.name,
        dag_id=f"{mission.slug}.make.{process.slug}",
        timebase=process.timebase,
        inputs=inputs,
        outputs=[
            mission.products[put.product_id].name
            for put in sorted(process.outputs, key=lambda put: put.position)
        ],
        codes=[_code(code) for code in process.codes],
    )


def _code(code: LoadedCode) -> CodeLine:
    return CodeLine(
        filename=code.filename,
        version=str(code.version),
        output_interface=code.output_interface,
        first=code.start_date,
        last=code.stop_date,
        in_use=code.in_use,
        description=code.description,
        written=code.date_written,
    )
