"""Campaigns: which there are, one with its plan, approve and abort."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.states import BuildState, CampaignState
from headwater.missions.loaded import LoadedMission
from headwater.processing import campaigns as service
from headwater.processing.campaign_plan import campaign_plan
from headwater.processing.plan_state import Action
from headwater.web.access import Right, actor_of, needs
from headwater.web.errors import TOO_LATE
from headwater.web.fields import Answer, Limit, PathKey, Text, Time
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}/campaigns", tags=["campaigns"])
MOST_REASONS = 50
"""The most lines of a process in a plan, the most frequent first."""


class CampaignLine(Answer):
    """A campaign and how far it is."""

    id: int = Field(examples=[4])
    mission: str = Field(examples=["demo"])
    state: CampaignState
    reason: str = Field(examples=["new calibration"])
    forced: int | None = Field(description="Grows 0, 1 or 2 of the version.", examples=[None])
    dates: int = Field(examples=[365])
    builds: dict[BuildState, int] = Field(examples=[{"built": 360, "failed": 5}])
    created_by: str = Field(examples=["alice"])
    created_at: Time = Field(examples=["2026-02-01T00:00:00Z"])
    approved_by: str | None = Field(examples=["bob"])
    approved_at: Time | None = Field(examples=["2026-02-01T01:00:00Z"])
    ended_at: Time | None = Field(examples=[None])


class PlanLine(Answer):
    """So many builds of a process that the plan says the same of."""

    process: str = Field(examples=["mk_l1"])
    action: Action
    builds: int = Field(examples=[360])
    reason: str = Field(examples=["the code is 1.3.0 now"])


class CampaignPage(CampaignLine):
    """A campaign with what is still to be made, and why."""

    plan: list[PlanLine]
    more: bool = Field(description="The plan has further dates or reasons.", examples=[False])


class Why(Answer):
    """Why somebody does it."""

    reason: Text = Field(min_length=1, examples=["the calibration was wrong"])


class Aborted(Answer):
    """What came of it."""

    campaign: int = Field(examples=[4])
    dropped: int = Field(description="Builds that will not be made for it.", examples=[5])


@router.get("", summary="Campaigns, the newest first", dependencies=[needs(Right.LOOK)])
def campaigns(mission: TheMission, catalog: TheCatalog, limit: Limit = 100) -> list[CampaignLine]:
    """Each campaign with how far it is."""
    with catalog.read() as connection:
        rows = queries.campaigns(connection, mission.id, limit=limit)
    return [CampaignLine(**_line(row)) for row in rows]


@router.get("/{campaign}", summary="One campaign and its plan", dependencies=[needs(Right.LOOK)])
def campaign(mission: TheMission, campaign: PathKey, catalog: TheCatalog) -> CampaignPage:
    """How far it is, and what is still to be made and why."""
    return _page(catalog, mission, campaign)


@router.post(
    "/{campaign}/approve",
    summary="Let a campaign run",
    responses=TOO_LATE,
    dependencies=[needs(Right.OPERATE)],
)
def approve(
    request: Request, mission: TheMission, campaign: PathKey, why: Why, catalog: TheCatalog
) -> CampaignPage:
    """Approve a campaign that waits for it; the reason goes into the log of events."""
    service.approve(catalog, mission, campaign, actor_of(request), why.reason)
    return _page(catalog, mission, campaign)


@router.post(
    "/{campaign}/abort",
    summary="End a campaign",
    responses=TOO_LATE,
    dependencies=[needs(Right.OPERATE)],
)
def abort(
    request: Request, mission: TheMission, campaign: PathKey, why: Why, catalog: TheCatalog
) -> Aborted:
    """End it; what it has made stays, what it has not begun is dropped."""
    dropped = service.abort(catalog, mission, campaign, actor_of(request), why.reason)
    return Aborted(campaign=campaign, dropped=dropped)


def _line(row: CampaignRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CampaignLine.model_fields}


def _page(catalog: Catalog, mission: LoadedMission, number: int) -> CampaignPage:
    plans = campaign_plan(catalog, mission, number)
    with catalog.read() as connection:
        row = service.campaign(connection, mission, number)
    lines: list[PlanLine] = []
    more = False
    for plan in plans:
        said = Counter((entry.action, entry.reason) for entry in plan.entries)
        more = more or plan.more or len(said) > MOST_REASONS
        lines += [
            PlanLine(process=plan.process, action=action, builds=builds, reason=reason)
            for (action, reason), builds in said.most_common(MOST_REASONS)
        ]
    return CampaignPage(**_line(row), plan=lines, more=more)
