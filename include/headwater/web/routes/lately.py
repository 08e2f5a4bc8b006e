"""What a mission did lately, and how much room its folders have: for the plots of its page."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.archive.room import disk_rooms
from headwater.catalog.queries.throughput import Lately, throughput
from headwater.core.errors import ArchiveError
from headwater.core.states import Disposition
from headwater.web.access import Right, needs
from headwater.web.fields import Answer, Time
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}", tags=["missions"])

End = Literal["built", "failed", "held"]


class PieceLine(Answer):
    """A piece of time; what is none is left out."""

    start: Time = Field(description="When it begins.", examples=["2026-02-01T00:00:00Z"])
    arrived: dict[Disposition, int] = Field(
        description="Arrivals by what became of them.", examples=[{"adopted": 11}]
    )
    arrived_bytes: int = Field(examples=[1048576])
    ended: dict[End, int] = Field(
        description="Ends of builds; each attempt counts.", examples=[{"built": 22, "failed": 1}]
    )


class RoomLine(Answer):
    """The room of a file system."""

    folder: str = Field(description="The first of the folders on it.", examples=["/data/demo"])
    free_bytes: int = Field(examples=[123456789012])
    total_bytes: int = Field(examples=[250000000000])


@router.get(
    "/throughput", summary="What it took in and made lately", dependencies=[needs(Right.LOOK)]
)
def lately(
    mission: TheMission,
    catalog: TheCatalog,
    lately: Annotated[Lately, Query(description="How far back.")] = Lately.DAY,
) -> list[PieceLine]:
    """24 hours, 28 pieces of six hours, or 30 days: the oldest first, the last one not over."""
    with catalog.read() as connection:
        pieces = throughput(connection, mission.id, lately)
    return [PieceLine.model_validate(piece) for piece in pieces]


@router.get("/disk", summary="How much room its folders have", dependencies=[needs(Right.LOOK)])
def disk(mission: TheMission) -> list[RoomLine]:
    """Each file system that holds the archive, the incoming or the error folder."""
    folders = (mission.rootdir, mission.incoming_dir, mission.errordir)
    try:
        rooms = disk_rooms(folders)
    except OSError as error:
        raise ArchiveError(
            f"the folders of {mission.name} do not answer: {error.strerror or error}"
        ) from error
    return [
        RoomLine(folder=str(one.folder), free_bytes=one.free_bytes, total_bytes=one.total_bytes)
        for one in rooms
    ]
