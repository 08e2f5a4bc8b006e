"""``headwater plan``: what is current, what is not and why, and what would be made."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from headwater.cli.opening import Json, MissionName, open_catalog, the_mission
from headwater.cli.output import out, show_json, show_table
from headwater.core.errors import SettingError
from headwater.core.interval import DateSpan
from headwater.missions.loaded import load_mission
from headwater.processing.up_to_date import ProductDate, up_to_date

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date, UTC.")]

_COLUMNS = ("product", "process", "interval", "keywords", "status", "version", "reason")


def plan(
    mission: MissionName = None,
    process: Annotated[
        str | None, typer.Option("--process", "-p", help="Only this process.")
    ] = None,
    first: Day = None,
    last: Day = None,
    as_json: Json = False,
) -> None:
    """Say what is current, stale, missing or waiting, and why; changes nothing.

    With dates, of every product and each of those dates; without, of what is due. `version` is
    what would be made.
    """
    span = _span(first, last)
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        chosen = [loaded.process(process)] if process else None
        found = up_to_date(catalog, loaded, processes=chosen, span=span)
    rows = [_row(one) for one in found.rows]
    if as_json:
        show_json(rows)
        return
    show_table(rows, _COLUMNS, title="Plan", none="nothing is due")
    if found.more:
        out.print("there is more: these are the first dates")


def _row(one: ProductDate) -> dict[str, object]:
    return {
        "product": one.product,
        "process": one.process,
        "interval": one.interval_key,
        "date": one.utc_date,
        "keywords": one.keywords,
        "status": one.status.value,
        "reason": one.reason,
        "action": one.action.value,
        "version": str(one.version) if one.version else None,
        "file": one.file,
        "file_version": str(one.file_version) if one.file_version else None,
        "needs": one.needs,
        "waits_for": one.waits_for,
    }


def _span(first: datetime | None, last: datetime | None) -> DateSpan | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise SettingError("give both --first and --last, or neither")
    return DateSpan(first.date(), last.date())
