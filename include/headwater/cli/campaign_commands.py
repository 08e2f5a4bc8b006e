"""Commands on campaigns: propose one, look at its plan, approve or abort it."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Annotated, Any

import typer

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.cli.opening import Json, open_catalog, the_mission, this_person
from headwater.cli.output import out, show_json, show_table
from headwater.core.errors import SettingError
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing import campaigns as service
from headwater.processing.planner import Plan

app = typer.Typer(
    help="Reprocessing: what is made again, why, and how far it is.", no_args_is_help=True
)

Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]
Number = Annotated[int, typer.Argument(help="The campaign's number.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date, UTC.")]


def _loaded(catalog: Catalog, name: str | None) -> LoadedMission:
    return load_mission(catalog, the_mission(catalog, name))


@app.command()
def new(
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    product: Annotated[
        list[str], typer.Option("--product", "-p", help="A product to make again; repeatable.")
    ],
    mission: Mission = None,
    first: Day = None,
    last: Day = None,
    force: Annotated[
        int | None,
        typer.Option(min=0, max=2, help="Make anew even what is up to date, and grow the "
                     "interface (0), quality (1) or revision (2)."),
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Propose to make products again; a small campaign runs at once, a larger one asks first.

    It shows what would be made and why. The mission's setting `campaign_limit` says what is
    small. Without `--force` only what is out of date is made.
    """
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        processes = {name: True for one in product for name in _makers(loaded, one)}
        proposed = service.propose(
            catalog, loaded, this_person(), reason,
            processes=processes,
            first=first.date() if first else None,
            last=last.date() if last else None,
            forced=None if force is None else Bump(force),
        )  # fmt: skip
        if proposed.number is None:
            out.print("no date of these products has a file or an input: nothing to do")
            return
        plans = service.campaign_plan(catalog, loaded, proposed.number)
        if proposed.dates <= loaded.settings.campaign_limit:
            service.approve(catalog, loaded, proposed.number, this_person())
        with catalog.read() as connection:
            row = service.campaign(connection, loaded, proposed.number)
    _show(row, plans, as_json)


def _makers(mission: LoadedMission, product: str) -> list[str]:
    wanted = mission.product(product)
    found = [
        process.name
        for process in mission.processes.values()
        if any(put.product_id == wanted.id for put in process.outputs)
    ]
    if not found:
        raise SettingError(f"no process makes {product}: it arrives, so it cannot be made again")
    return found


@app.command(name="list")
def list_campaigns(mission: Mission = None, as_json: Json = False) -> None:
    """List campaigns, the newest first."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        with catalog.read() as connection:
            rows = [_as_dict(row) for row in queries.campaigns(connection, loaded.id)]
    if as_json:
        show_json(rows)
        return
    columns = ("id", "state", "dates", "built", "open", "failed", "created_by", "reason")
    show_table(rows, columns, title="Campaigns", none="there was no campaign yet")


@app.command()
def show(campaign: Number, mission: Mission = None, as_json: Json = False) -> None:
    """Show a campaign: how far it is, and what is still to be made and why."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        plans = service.campaign_plan(catalog, loaded, campaign)
        with catalog.read() as connection:
            row = service.campaign(connection, loaded, campaign)
    _show(row, plans, as_json)


@app.command()
def approve(campaign: Number, mission: Mission = None) -> None:
    """Let a campaign run that waits for it."""
    with open_catalog() as catalog:
        service.approve(catalog, _loaded(catalog, mission), campaign, this_person())
    out.print(f"campaign {campaign} runs")


@app.command()
def abort(
    campaign: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    mission: Mission = None,
) -> None:
    """End a campaign; what it has made stays, what it has not begun is dropped."""
    with open_catalog() as catalog:
        dropped = service.abort(catalog, _loaded(catalog, mission), campaign, this_person(), reason)
    out.print(f"campaign {campaign} is aborted: {dropped} builds were dropped")


def _as_dict(row: CampaignRow) -> dict[str, Any]:
    builds = row.builds
    return {
        "id": row.id,
        "mission": row.mission,
        "state": row.state,
        "reason": row.reason,
        "forced": row.forced,
        "dates": row.dates,
        "built": builds.get("built", 0) + builds.get("superseded", 0),
        "open": sum(builds.get(state, 0) for state in ("pending", "waiting", "running")),
        "failed": builds.get("failed", 0) + builds.get("held", 0),
        "created_by": row.created_by,
        "created_at": row.created_at,
        "approved_by": row.approved_by,
        "approved_at": row.approved_at,
        "ended_at": row.ended_at,
    }


def _show(row: CampaignRow, plans: list[Plan], as_json: bool) -> None:
    shown = _as_dict(row)
    counts = [
        {"process": plan.process, "action": action, "dates": number, "reason": reason}
        for plan in plans
        for (action, reason), number in Counter(
            (entry.action.value, entry.reason) for entry in plan.entries
        ).most_common(20)
    ]
    if as_json:
        show_json({**shown, "plan": counts})
        return
    out.print(
        f"campaign {row.id} is {row.state}: {row.dates} dates, {shown['built']} built, "
        f"{shown['open']} open, {shown['failed']} failed; {row.reason}",
        markup=False,
    )
    columns = ("process", "action", "dates", "reason")
    show_table(counts, columns, title="What is to be made", none="nothing is to be made")
    if row.state == "proposed":
        out.print(f"it waits: 'headwater campaign approve {row.id}' or 'abort {row.id}'")
