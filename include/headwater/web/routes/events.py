"""What happened: the log of events as a list and as a change feed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.catalog.queries import listings
from headwater.catalog.queries.listings import Filter
from headwater.core.states import EventKind
from headwater.web.access import Right, needs
from headwater.web.fields import LARGEST_KEY, Answer, Limit, Time
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}/events", tags=["events"])


class EventLine(Answer):
    """What happened, who did it and why."""

    id: int = Field(examples=[301])
    at: Time = Field(examples=["2026-02-01T00:00:09Z"])
    kind: EventKind
    actor: str = Field(examples=["alice"])
    reason: str = Field(examples=["held by alice: bad gyro"])
    mission: str | None = Field(examples=["demo"])
    product: str | None = Field(examples=["l1"])
    process: str | None = Field(examples=["mk_l1"])
    file: str | None = Field(examples=["l1_20260131_v1.0.0.dat"])
    build: int | None = Field(examples=[17])
    arrival: int | None = Field(examples=[9])


@router.get("", summary="Events", dependencies=[needs(Right.LOOK)])
def events(
    mission: TheMission,
    catalog: TheCatalog,
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=LARGEST_KEY,
            description="Only what came after the event of this number, the oldest first: ask "
            "again with the last number you got, and you miss none. 0 is all. Without it: the "
            "latest first.",
        ),
    ] = None,
    kind: Annotated[EventKind | None, Query(description="Only this kind.")] = None,
    limit: Limit = 50,
) -> list[EventLine]:
    """The latest events, or a change feed."""
    chosen = Filter(mission=mission.name, state=kind.value if kind else None, limit=limit)
    with catalog.read() as connection:
        if after is None:
            rows = listings.events(connection, chosen)
        else:
            rows = listings.events_after(connection, chosen, after)
    return [EventLine(**row) for row in rows]
