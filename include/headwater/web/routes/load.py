"""What a mission did lately, and how much room its folders have."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.catalog.queries.throughput import Lately, throughput
from headwater.core.states import Disposition
from headwater.missions.disk_room import disk_room
from headwater.web.access import Right, needs
from headwater.web.fields import Answer, Time
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}", tags=["missions"])


class PieceLine(Answer):
    """A piece of time; what is none is left out."""

    start: Time = Field(examples=["2026-02-01T00:00:00Z"])
    arrived: dict[Disposition, int] = Field(examples=[{"adopted": 12, "quarantined": 1}])
    arrived_bytes: int = Field(examples=[13631488])
    ended: dict[str, int] = Field(
        description="Ends of builds: built, failed, held.", examples=[{"built": 24, "failed": 1}]
    )


class DiskRoomLine(Answer):
    """A file system, named by the first of the mission's folders on it."""

    folder: str = Field(examples=["/data/demo"])
    free_bytes: int = Field(examples=[500000000000])
    total_bytes: int = Field(examples=[1000000000000])


@router.get(
    "/throughput", summary="What it did lately, over time", dependencies=[needs(Right.LOOK)]
)
def lately_done(
    mission: TheMission,
    catalog: TheCatalog,
    lately: Annotated[Lately, Query(description="How far back.")] = Lately.DAY,
) -> list[PieceLine]:
    """24 hours, 28 pieces of six hours, or 30 days; the last one is not over."""
    with catalog.read() as connection:
        pieces = throughput(connection, mission.id, lately)
    return [
        PieceLine(
            start=piece.start,
            arrived=dict(piece.arrived),
            arrived_bytes=piece.arrived_bytes,
            ended=dict(piece.ended),
        )
        for piece in pieces
    ]


@router.get("/disk", summary="The room in its folders", dependencies=[needs(Right.LOOK)])
def room(mission: TheMission) -> list[DiskRoomLine]:
    """Each file system of its folders once, as the API server sees it."""
    return [
        DiskRoomLine(folder=str(one.folder), free_bytes=one.free_bytes, total_bytes=one.total_bytes)
        for one in disk_room(mission)
    ]
