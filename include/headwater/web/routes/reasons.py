"""Why a product of a date is there, or is not."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from headwater.processing.explain import explain
from headwater.web.access import Right, needs
from headwater.web.fields import Answer, Day, PathDay, ProductName
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}/why", tags=["why"])


class Why(Answer):
    """One sentence, and the lines that it rests on, as ``headwater why`` prints them."""

    product: str = Field(examples=["l2"])
    date: Day = Field(examples=["2026-01-31"])
    made: bool = Field(description="Whether its newest file is on disk.", examples=[False])
    reason: str = Field(examples=["there is no l2 of 2026-01-31: process mk_l2 needs l1"])
    lines: list[str] = Field(examples=[["process mk_l1 is held: bad gyro"]])


@router.get(
    "/{product}/{date}", summary="Why it is there, or is not", dependencies=[needs(Right.LOOK)]
)
def why(mission: TheMission, product: ProductName, date: PathDay, catalog: TheCatalog) -> Why:
    """The answer of this moment, from the plan."""
    answer = explain(catalog, mission, product, date)
    return Why(
        product=answer.product,
        date=answer.day,
        made=answer.made,
        reason=answer.headline,
        lines=list(answer.details),
    )
