"""Arrivals: how many became what, which, and one with its reason."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.catalog.queries.arrival_pages import (
    ArrivalFilter,
    arrival_counts,
    arrival_page,
    one_arrival,
)
from headwater.core.errors import NotFoundError
from headwater.core.states import ArrivalState, Disposition
from headwater.web.access import Right, needs
from headwater.web.fields import Answer, Before, First, Last, Limit, PathKey, Time, Word
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}/arrivals", tags=["arrivals"])


class Became(StrEnum):
    """What became of an arrival: its disposition, or claimed while it has none."""

    CLAIMED = ArrivalState.CLAIMED.value
    ADOPTED = Disposition.ADOPTED.value
    SUPERSEDED = Disposition.SUPERSEDED.value
    DUPLICATE = Disposition.DUPLICATE.value
    QUARANTINED = Disposition.QUARANTINED.value
    IGNORED = Disposition.IGNORED.value


class ArrivalLine(Answer):
    """A file that arrived, and what became of it."""

    id: int = Field(examples=[9])
    name: str = Field(examples=["l0_20260131_v1.0.0.dat"])
    state: ArrivalState
    disposition: Disposition | None
    reason: str = Field(examples=["no inspector knows it"])
    product: str | None = Field(examples=["l0"])
    size: int = Field(description="Bytes.", examples=[1048576])
    file: int | None = Field(description="The file that it became.", examples=[42])
    arrived_at: Time = Field(examples=["2026-02-01T00:00:00Z"])
    ended_at: Time | None = Field(examples=["2026-02-01T00:00:01Z"])


class ArrivalPage(ArrivalLine):
    """All that is known of an arrival."""

    modified_at: Time = Field(examples=["2026-01-31T23:59:00Z"])
    claimed_by: str = Field(examples=["airflow:demo.incoming/manual__1/ingest[0]"])
    attempts: int = Field(examples=[1])
    quarantine_path: str | None = Field(examples=["/data/demo/errors/odd.dat"])


class ArrivalCounts(Answer):
    """How many arrivals became what; they sum to the total."""

    total: int = Field(examples=[12])
    counts: dict[Became, int] = Field(examples=[{"adopted": 11, "quarantined": 1}])


Product = Annotated[Word | None, Query(description="Only this product.", examples=["l0"])]
Name = Annotated[
    Word | None, Query(description="A part of the name, in any case.", examples=["20260131"])
]


@router.get("", summary="Arrivals, the latest first", dependencies=[needs(Right.LOOK)])
def arrivals(
    mission: TheMission,
    catalog: TheCatalog,
    became: Annotated[Became | None, Query(description="Only these.")] = None,
    product: Product = None,
    name: Name = None,
    first: First = None,
    last: Last = None,
    before: Before = None,
    limit: Limit = 50,
) -> list[ArrivalLine]:
    """Arrivals by what became of them, product, part of the name, or day of arrival."""
    chosen = ArrivalFilter(
        mission_id=mission.id,
        product_id=mission.product(product).id if product else None,
        became=became.value if became else None,
        name=name,
        first=first,
        last=last,
        before=before,
    )
    with catalog.read() as connection:
        return [ArrivalLine(**row) for row in arrival_page(connection, chosen, limit)]


@router.get("/counts", summary="How many became what", dependencies=[needs(Right.LOOK)])
def counts(
    mission: TheMission,
    catalog: TheCatalog,
    product: Product = None,
    name: Name = None,
    first: First = None,
    last: Last = None,
) -> ArrivalCounts:
    """Counts of the same arrivals as the list; each arrival is in exactly one of them."""
    chosen = ArrivalFilter(
        mission_id=mission.id,
        product_id=mission.product(product).id if product else None,
        name=name,
        first=first,
        last=last,
    )
    with catalog.read() as connection:
        found = arrival_counts(connection, chosen)
    by_kind = {Became(one): number for one, number in found.items()}
    return ArrivalCounts(total=sum(found.values()), counts=by_kind)


@router.get("/{arrival}", summary="One arrival", dependencies=[needs(Right.LOOK)])
def arrival(mission: TheMission, arrival: PathKey, catalog: TheCatalog) -> ArrivalPage:
    """An arrival; of a quarantined one why, and where its bytes lie."""
    with catalog.read() as connection:
        row = one_arrival(connection, mission.id, arrival)
    if row is None:
        raise NotFoundError(f"mission {mission.name} has no arrival {arrival}")
    return ArrivalPage(**row)
