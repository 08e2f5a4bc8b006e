"""What is asked of a selection and what is answered: the shapes of the actions."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from headwater.processing.plan_state import Action
from headwater.processing.selections import MOST_CELLS
from headwater.processing.up_to_date import Status
from headwater.web.access import Right
from headwater.web.fields import LARGEST_KEY, Answer, Day, Text, Word


class ActionName(StrEnum):
    """What is asked."""

    PLAN = "plan"
    """Change nothing; say what would be made and why."""
    BUILD = "build"
    """Plan the dates now, try again what failed, start runs."""
    RETRY = "retry"
    """Let what failed, or is held after too many failures, be made again; start runs."""
    HOLD = "hold"
    """Do not make what is not begun, until a person lifts it."""
    LIFT = "lift"
    """Let go what a person holds; start runs."""


RIGHTS = {
    ActionName.PLAN: Right.LOOK,
    ActionName.BUILD: Right.TRIGGER,
    ActionName.RETRY: Right.TRIGGER,
    ActionName.HOLD: Right.OPERATE,
    ActionName.LIFT: Right.OPERATE,
}


class ActionRequest(Answer):
    """An action on products x dates."""

    action: ActionName
    products: list[Word] = Field(
        min_length=1, max_length=MOST_CELLS, description="Their names.", examples=[["l1", "l2"]]
    )
    first: Day = Field(description="The first date, UTC.", examples=["2026-01-01"])
    last: Day = Field(description="The last date, UTC, included.", examples=["2026-01-31"])
    reason: Text = Field(
        default="", description="Why; only `plan` needs none.", examples=["the code is mended"]
    )
    as_of: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_KEY,
        description="The number of the last event that you have seen: what others did to these "
        "dates since then is answered by 409. None: never mind.",
        examples=[301],
    )


class PlannedCell(Answer):
    """What the plan says of a product of a date."""

    product: str = Field(examples=["l1"])
    process: str | None = Field(examples=["mk_l1"])
    date: Day = Field(examples=["2026-01-31"])
    interval_key: str = Field(examples=["2026-01-31"])
    keywords: str = Field(examples=[""])
    status: Status
    action: Action
    version: str | None = Field(description="What would be made.", examples=["1.0.1"])
    reason: str = Field(examples=["l0 has a newer version"])


class RunLine(Answer):
    """A run of Airflow that was started for some dates."""

    dag_id: str = Field(examples=["demo.make.mk_l1"])
    key: str = Field(examples=["2026-01-01/2026-01-31"])
    run_id: str = Field(examples=["manual__2026-02-01T00:00:00+00:00"])


class NoRunLine(Answer):
    """Dates for which no run was started now, and why: their work stays due."""

    dag_id: str = Field(examples=["demo.make.mk_l1"])
    key: str = Field(examples=["2026-01-01/2026-01-31"])
    reason: str = Field(examples=["the DAG demo.make.mk_l1 is paused: unpause it"])


class NotMadeLine(Answer):
    """So many builds of a process that are not made now, and why."""

    process: str = Field(examples=["mk_l2"])
    builds: int = Field(examples=[3])
    reason: str = Field(examples=["up to date"])


class ActionAnswer(Answer):
    """What came of it."""

    action: ActionName
    selection: str = Field(examples=["l1, l2 of 2026-01-01/2026-01-31"])
    summary: str = Field(
        description="One sentence.", examples=["12 builds may be made, 1 run started"]
    )
    builds: int = Field(description="Builds that were changed or may be made.", examples=[12])
    running: list[int] = Field(
        default=[], description="Builds that run meanwhile, and end as they do.", examples=[[17]]
    )
    runs: list[RunLine] = Field(default=[])
    not_started: list[NoRunLine] = Field(default=[])
    not_made: list[NotMadeLine] = Field(default=[])
    arriving: list[str] = Field(
        default=[], description="Products that nothing makes: left out.", examples=[["l0"]]
    )
    plan: list[PlannedCell] = Field(default=[], description="Only for the action `plan`.")
