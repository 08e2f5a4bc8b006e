"""Commands that show what there is: status, files, coverage, builds, arrivals, events, origins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.tree import Tree
from sqlalchemy import Connection

from headwater.catalog.queries import listings
from headwater.catalog.queries.ingest_pauses import ingest_pauses
from headwater.catalog.queries.listings import Filter, Row
from headwater.catalog.queries.passes import passes as passes_of
from headwater.catalog.queries.provenance import provenance as lineage_of
from headwater.cli.opening import Json, MissionName, open_catalog, the_mission
from headwater.cli.output import err, out, show_json, show_table
from headwater.core.errors import NotFoundError, SettingError
from headwater.core.states import EventKind
from headwater.missions.loaded import load_mission
from headwater.processing.coverage import coverage as coverage_of
from headwater.processing.coverage import gaps_by_cause

Mission = Annotated[str | None, typer.Option("--mission", "-m", help="Only this mission.")]
Product = Annotated[str | None, typer.Option("--product", "-p", help="Only this product.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A date, UTC.")]
Limit = Annotated[int, typer.Option(min=1, help="The most rows.")]


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _show(
    query: Callable[[Connection], list[Row]],
    columns: Sequence[str],
    as_json: bool,
    *,
    title: str,
    none: str,
) -> list[dict[str, Any]]:
    with open_catalog() as catalog, catalog.read() as connection:
        rows = query(connection)
    if as_json:
        show_json(rows)
    else:
        show_table(rows, columns, title=title, none=none)
    return rows


def status(mission: Mission = None, as_json: Json = False) -> None:
    """Show each product: its files, and the work that is open for it.

    A mission whose ingest is paused, because the disk is full, is named on stderr.
    """
    with open_catalog() as catalog, catalog.read() as connection:
        for name, pause in ingest_pauses(connection, mission).items():
            err.print(f"the ingest of {name} is {pause}", markup=False, soft_wrap=True)
    _show(
        lambda connection: listings.status(connection, mission),
        ("mission", "level", "product", "files", "newest", "bytes", "first", "last",
         "to_make", "running", "failed", "held"),
        as_json,
        title="Products",
        none="there is no mission yet: run 'headwater mission apply FILE'",
    )  # fmt: skip


def files(
    mission: Mission = None,
    product: Product = None,
    first: Day = None,
    last: Day = None,
    newest: Annotated[bool, typer.Option("--newest", help="Only the newest versions.")] = False,
    limit: Limit = 100,
    as_json: Json = False,
) -> None:
    """List files of the archive, by product, date and version."""
    chosen = Filter(
        mission=mission, product=product, first=_date(first), last=_date(last),
        newest_only=newest, limit=limit,
    )  # fmt: skip
    _show(
        lambda connection: listings.files(connection, chosen),
        ("product", "date", "version", "newest", "name", "size", "keywords", "on_disk", "note"),
        as_json,
        title="Files",
        none="no such files",
    )


def coverage(
    product: Annotated[str, typer.Argument(help="The product.")],
    first: Day = None,
    last: Day = None,
    mission: Annotated[
        str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show each day of a product: its state and newest version, and its gaps by cause.

    Without dates, from its first file to its last. A day on which none is expected is no gap.
    """
    if first and last and first > last:
        raise SettingError(f"--first {first:%Y-%m-%d} is after --last {last:%Y-%m-%d}")
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        days = coverage_of(catalog, loaded, product, _date(first), _date(last))
    rows = [{**asdict(day), "version": day.version and str(day.version)} for day in days]
    if as_json:
        show_json(rows)
        return
    columns = ("date", "state", "version", "files", "build", "reason")
    show_table(rows, columns, title=f"Coverage of {product}", none=f"{product} has no file yet")
    gaps = gaps_by_cause(days)
    if days and not gaps:
        out.print("no gap")
    for gap in gaps:
        why = f": {gap.reason}" if gap.reason else ""
        dates = ", ".join(map(str, gap.spans))
        number = f"{gap.days} day{'s' * (gap.days > 1)}"
        out.print(f"gap of {number}, {gap.state} ({dates}){why}", markup=False)


def builds(
    mission: Mission = None,
    process: Annotated[str | None, typer.Option(help="Only this process.")] = None,
    state: Annotated[
        str | None, typer.Option(help="pending, waiting, running, built, failed, held, ...")
    ] = None,
    first: Day = None,
    last: Day = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List builds, the latest first, each with its state and reason."""
    chosen = Filter(
        mission=mission, process=process, state=state, first=_date(first), last=_date(last),
        limit=limit,
    )  # fmt: skip
    _show(
        lambda connection: listings.builds(connection, chosen),
        ("id", "process", "interval", "keywords", "state", "version", "attempts", "wall_seconds",
         "reason"),
        as_json,
        title="Builds",
        none="no such builds",
    )  # fmt: skip


def arrivals(
    mission: Mission = None,
    product: Product = None,
    disposition: Annotated[
        str | None,
        typer.Option(help="adopted, superseded, duplicate, quarantined, ignored, or claimed."),
    ] = None,
    first: Day = None,
    last: Day = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List arrivals, the latest first, each with how it ended and why."""
    chosen = Filter(
        mission=mission, product=product, state=disposition, first=_date(first), last=_date(last),
        limit=limit,
    )  # fmt: skip
    _show(
        lambda connection: listings.arrivals(connection, chosen),
        ("arrived_at", "name", "disposition", "product", "size", "reason"),
        as_json,
        title="Arrivals",
        none="nothing has arrived yet",
    )


def events(
    mission: Mission = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind, e.g. 'file adopted'.")] = None,
    since: Annotated[
        int | None,
        typer.Option(min=0, help="Only what came after the event of this number, in the order of "
                     "a change feed; 0 is all. Ask again with the last number you got."),
    ] = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:  # fmt: skip
    """List what happened, the latest first: what, who, why."""
    if kind is not None and kind not in set(EventKind):
        raise SettingError(f"{kind!r} is no kind of event; there are: {', '.join(EventKind)}")
    chosen = Filter(mission=mission, state=kind, limit=limit)
    _show(
        lambda connection: (
            listings.events(connection, chosen)
            if since is None
            else listings.events_after(connection, chosen, since)
        ),
        ("id", "at", "kind", "product", "process", "file", "actor", "reason"),
        as_json,
        title="Events",
        none="nothing has happened yet" if since is None else f"nothing since {since}",
    )


def passes(
    mission: MissionName = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List the passes of ProcessQueue.py, the latest first: who, when, on which host, and how."""
    with open_catalog() as catalog:
        number = load_mission(catalog, the_mission(catalog, mission)).id
        with catalog.read() as connection:
            found = passes_of(connection, number, limit)
    rows = [asdict(one) for one in found]
    if as_json:
        show_json(rows)
        return
    columns = ("id", "kind", "actor", "host", "pid", "started_at", "ended_at", "comment")
    show_table(rows, columns, title="Passes", none="there has been no pass")


def provenance(
    file: Annotated[str, typer.Argument(help="The file's name, without folder.")],
    mission: Mission = None,
    as_json: Json = False,
) -> None:
    """Show where a file came from: its parents down to the files that arrived, and the codes."""
    with open_catalog() as catalog, catalog.read() as connection:
        rows = lineage_of(connection, file, mission)
    if not rows:
        raise NotFoundError(f"there is no file {file!r}: 'headwater files' lists those there are")
    if as_json:
        show_json(rows)
        return
    children: dict[int | None, list[Row]] = {}
    for row in rows:
        siblings = children.setdefault(row["resulting_id"], [])
        if row["id"] not in {sibling["id"] for sibling in siblings}:
            siblings.append(row)
    root = children[None][0]
    tree = Tree(_described(root))
    _grow(tree, root["id"], children)
    out.print(tree)


def _grow(tree: Tree, file_id: int, children: dict[int | None, list[Row]]) -> None:
    for row in children.get(file_id, ()):
        _grow(tree.add(_described(row)), row["id"], children)


def _described(row: Row) -> str:
    made = f"made by {row['code']} {row['code_version']}" if row["code"] else "arrived"
    known = f"sha256 {row['sha256'][:12]}" if row["sha256"] else "not verified"
    return (
        f"[bold]{escape(row['name'])}[/bold]  {escape(row['product'])} {row['date']} "
        f"version {row['version']}  [dim]{escape(made)}, {known}[/dim]"
    )
