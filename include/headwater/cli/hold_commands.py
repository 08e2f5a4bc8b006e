"""Commands on holds, and `retry`: what a person stops, lets go, or has tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import listings
from headwater.catalog.queries.listings import Filter
from headwater.cli.opening import Json, open_catalog, the_mission, this_person
from headwater.cli.output import out, show_json, show_table
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError
from headwater.core.interval import DateSpan
from headwater.missions.loaded import LoadedMission, LoadedProcess, load_mission
from headwater.processing.holds import Asked, hold_dates, make_again


class SetByDefault(TyperGroup):
    """``hold NAME DATE`` is ``hold set NAME DATE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  Typer's own
        """Put the default command in front of what is none."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            args.insert(0, "set")
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=SetByDefault, help="Holds: stop what is not begun, and let it go.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="A process, or a product: then all that make it.")]
First = Annotated[
    datetime, typer.Argument(formats=["%Y-%m-%d"], help="The date of the outputs, UTC.")
]
Last = Annotated[
    datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="The last date, if several.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, for the log of events.")]
Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]
Act = Callable[[Catalog, LoadedMission, Sequence[LoadedProcess], DateSpan, Actor, str], Asked]


@app.command(name="set")
def hold(
    name: Name, first: First, reason: Reason, last: Last = None, mission: Mission = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Hold dates of a process, also those for which nothing is planned yet.

    Nothing but a person lifts it. A run that is under way ends as it does.
    """
    _ask(hold_dates, "held", name, first, last, reason, mission, as_json)


@app.command(name="release", hidden=True)  # the other word for it
@app.command(name="lift")
def lift(
    name: Name, first: First, reason: Reason, last: Last = None, mission: Mission = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Let go what persons hold of some dates; what is needed of it is made."""
    _ask(partial(make_again, by_person=True), "let go", name, first, last, reason, mission, as_json)


@app.command(name="list")
def list_holds(mission: Mission = None, as_json: Json = False) -> None:
    """List what is held, by persons, by a purge, or after too many failures."""
    with open_catalog() as catalog, catalog.read() as connection:
        rows = listings.builds(connection, Filter(mission=mission, state="held", limit=1000))
    if as_json:
        show_json(rows)
        return
    columns = ("id", "process", "interval", "keywords", "reason")
    show_table(rows, columns, title="Held", none="nothing is held")


def retry(
    name: Name, first: First, reason: Reason, last: Last = None, mission: Mission = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Let all that failed or is held of some dates be made again, with its attempts at 0."""
    _ask(make_again, "to be made again", name, first, last, reason, mission, as_json)


def _ask(
    act: Act,
    did: str,
    name: str,
    first: datetime,
    last: datetime | None,
    reason: str,
    mission: str | None,
    as_json: bool,
) -> None:
    span = DateSpan(first.date(), (last or first).date())
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        processes = _processes(loaded, name)
        asked = act(catalog, loaded, processes, span, this_person(), reason)
    names = [process.name for process in processes]
    if as_json:
        show_json({"processes": names, "builds": asked.builds, "running": asked.running})
        return
    out.print(f"{', '.join(names)}: {asked.builds} builds of {span} are {did}", markup=False)
    for build in asked.running:
        out.print(f"build {build} is running, and ends as it does")


def _processes(mission: LoadedMission, name: str) -> list[LoadedProcess]:
    """The process of that name, or those that make the product of that name.

    Raises
    ------
    NotFoundError
        If there is neither.
    """
    own = [one for one in mission.processes.values() if name in (one.name, one.slug)]
    if own:
        return own
    products = {one.id for one in mission.products.values() if one.name == name}
    makers = [
        one
        for one in mission.processes.values()
        if any(output.product_id in products for output in one.outputs)
    ]
    if not makers:
        what = "arrives, so nothing makes it" if products else "is no process and no product"
        raise NotFoundError(f"{name!r} {what} in mission {mission.name}")
    return makers
