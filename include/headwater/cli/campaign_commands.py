"""Commands on campaigns: propose one, look at its plan, approve, pause, resume or abort it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.cli.opening import DryRun, Json, open_catalog, the_mission, this_person
from headwater.cli.output import out, show_json, show_table
from headwater.core.errors import SettingError
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing import campaigns as service
from headwater.processing.campaign_plan import CampaignSummary, campaign_summary
from headwater.processing.campaign_report import Progress, progress
from headwater.processing.campaign_report import report as report_of
from headwater.processing.campaign_text import summary_lines
from headwater.processing.process_facts import makers

app = typer.Typer(
    help="Reprocessing: what is made again, why, and how far it is.", no_args_is_help=True
)

Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]
Number = Annotated[int, typer.Argument(help="The campaign's number.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date, UTC.")]
Throttle = Annotated[
    int | None,
    typer.Option(min=1, help="At most so many of its builds are under way at a time; without, as "
                 "the mission's setting campaign_throttle says."),
]  # fmt: skip


def _loaded(catalog: Catalog, name: str | None) -> LoadedMission:
    return load_mission(catalog, the_mission(catalog, name))


@app.command()
def new(
    reason: Reason,
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
    throttle: Throttle = None,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Propose to make products again; a small campaign runs at once, a larger one asks first.

    It shows what would be made and why, how much that is, how long it takes, and whom it
    concerns. The mission's setting `campaign_limit` says what is small. Without `--force` only
    what is out of date is made.
    """
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        wish = service.Wish(
            reason,
            processes={name: True for one in product for name in makers(loaded, one)},
            first=first.date() if first else None,
            last=last.date() if last else None,
            forced=None if force is None else Bump(force),
            throttle=throttle,
        )
        summary = _proposed(catalog, loaded, wish, dry_run=dry_run)
        if summary is None:
            out.print("no date of these products has a file or an input: nothing to do")
            return
        if dry_run:
            _show_plan(summary, as_json, dry_run=True)
            return
        if not summary.needs_approval:
            service.approve(catalog, loaded, summary.number, this_person())
        _show(catalog, loaded, summary.number, summary, as_json)


def _proposed(
    catalog: Catalog, mission: LoadedMission, wish: service.Wish, *, dry_run: bool
) -> CampaignSummary | None:
    """The plan of a campaign that was written, or that would be; none if it has no date."""
    with catalog.rehearse() if dry_run else catalog.begin() as connection:
        number = service.propose_within(connection, mission, this_person(), wish).number
        if number is None or dry_run:
            return None if number is None else campaign_summary(connection, mission, number)
    return campaign_summary(catalog, mission, number)


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
        _show(catalog, loaded, campaign, campaign_summary(catalog, loaded, campaign), as_json)


@app.command()
def approve(campaign: Number, mission: Mission = None) -> None:
    """Let a campaign run that waits for it."""
    with open_catalog() as catalog:
        service.approve(catalog, _loaded(catalog, mission), campaign, this_person())
    out.print(f"campaign {campaign} runs")


@app.command()
def pause(campaign: Number, reason: Reason, mission: Mission = None) -> None:
    """Stop a campaign for now: what runs is made to its end, nothing of it is begun.

    Live data go on.
    """
    with open_catalog() as catalog:
        left = service.pause(catalog, _loaded(catalog, mission), campaign, this_person(), reason)
    out.print(f"campaign {campaign} is paused: {left} builds are left for later")


@app.command()
def resume(
    campaign: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log of events.")] = "",
    throttle: Throttle = None,
    mission: Mission = None,
) -> None:
    """Let a paused campaign go on, with another throttle if one is given."""
    with open_catalog() as catalog:
        loaded = _loaded(catalog, mission)
        service.resume(catalog, loaded, campaign, this_person(), reason, throttle)
    out.print(f"campaign {campaign} runs")


@app.command()
def abort(campaign: Number, reason: Reason, mission: Mission = None) -> None:
    """End a campaign; what it has made stays, what it has not begun is dropped."""
    with open_catalog() as catalog:
        dropped = service.abort(catalog, _loaded(catalog, mission), campaign, this_person(), reason)
    out.print(f"campaign {campaign} is aborted: {dropped} builds were dropped")


@app.command()
def report(
    campaign: Number,
    mission: Mission = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a line an output.")] = False,
) -> None:
    """Report what a campaign changed: old and new version of each output, and why.

    Once it has ended the report is a record, which nothing alters that happens later.
    """
    if as_json and as_csv:
        raise SettingError("a report is either JSON or CSV: give one of --json and --csv")
    with open_catalog() as catalog:
        found = report_of(catalog, _loaded(catalog, mission), campaign)
    if as_json:
        show_json(found.as_dict())
    else:
        sys.stdout.write(found.as_csv() if as_csv else found.as_text())


def _as_dict(row: CampaignRow) -> dict[str, Any]:
    builds = row.builds
    return {
        **{key: value for key, value in asdict(row).items() if key != "builds"},
        "built": builds.get("built", 0) + builds.get("superseded", 0),
        "open": sum(builds.get(state, 0) for state in ("pending", "waiting", "running")),
        "failed": builds.get("failed", 0) + builds.get("held", 0),
    }


def _plan_dict(summary: CampaignSummary) -> dict[str, Any]:
    return {
        "builds": summary.builds,
        "input_bytes": summary.input_bytes,
        "output_bytes": summary.output_bytes,
        "seconds": summary.seconds,
        "needs_approval": summary.needs_approval,
        "first": summary.first,
        "last": summary.last,
        "processes": [asdict(one) for one in summary.work],
        "released": dict(summary.released),
        "others": [asdict(other) for other in summary.others],
        "plan": [asdict(one) for one in summary.reasons],
    }


def _show(
    catalog: Catalog,
    mission: LoadedMission,
    number: int,
    summary: CampaignSummary,
    as_json: bool,
) -> None:
    with catalog.read() as connection:
        row = service.campaign(connection, mission, number)
    far = progress(catalog, mission, number)
    if as_json:
        show_json({**_as_dict(row), **_plan_dict(summary), "progress": asdict(far)})
        return
    _show_progress(row, far)
    _show_plan(summary, as_json)
    if row.state == "proposed":
        out.print(f"it waits: 'headwater campaign approve {row.id}' or 'abort {row.id}'")
    if row.state == "paused":
        out.print(f"it is paused: 'headwater campaign resume {row.id}' or 'abort {row.id}'")


def _show_progress(row: CampaignRow, far: Progress) -> None:
    out.print(f"campaign {row.id} is {row.state}: {row.dates} dates; {row.reason}", markup=False)
    out.print(f"  {far}", markup=False)


def _show_plan(summary: CampaignSummary, as_json: bool, *, dry_run: bool = False) -> None:
    if as_json:
        show_json(_plan_dict(summary))
        return
    for line in summary_lines(summary):
        if not line.startswith("- "):
            out.print(line, markup=False)
    columns = ("process", "action", "builds", "reason")
    rows = [asdict(one) for one in summary.reasons]
    show_table(rows, columns, title="What is to be made", none="nothing is to be made")
    if dry_run:
        after = "would wait for approval" if summary.needs_approval else "would run at once"
        out.print(f"nothing was written; the campaign {after}")
