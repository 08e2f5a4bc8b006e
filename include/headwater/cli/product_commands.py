"""Commands on products: list them, show one, give one another folder."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headwater.catalog.queries import listings
from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.opening import Json, open_catalog, the_mission, this_person
from headwater.cli.output import err, out, progress_bar, show_json, show_table
from headwater.core.errors import HeadwaterError
from headwater.missions.loaded import LoadedMission, LoadedProduct, load_mission
from headwater.missions.product_move import Moved, move_product

app = typer.Typer(help="Products: list, show, give another folder.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The product.")]
Mission = Annotated[
    str | None, typer.Option("--mission", "-m", help="The mission, if there are several.")
]


@app.command(name="list")
def list_products(mission: Mission = None, as_json: Json = False) -> None:
    """List the products of a mission."""
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
    rows = [
        _described(loaded, one)
        for one in sorted(loaded.products.values(), key=lambda one: (one.level, one.name))
    ]
    if as_json:
        show_json(rows)
        return
    columns = ("level", "product", "instrument", "format", "path", "made_by", "read_by")
    show_table(rows, columns, title="Products", none="the mission has no products")


@app.command()
def show(name: Name, mission: Mission = None, as_json: Json = False) -> None:
    """Show one product: what it is, who makes and reads it, and its files by number."""
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        product = loaded.product(name)
        with catalog.read() as connection:
            [counts] = [
                row
                for row in listings.status(connection, loaded.name)
                if row["product"] == product.name
            ]
    keys = ("files", "newest", "bytes", "first", "last", "to_make", "running", "failed", "held")
    shown = _described(loaded, product) | {key: counts[key] for key in keys}
    if as_json:
        show_json(shown)
        return
    for key, value in shown.items():
        out.print(f"{key.replace('_', ' '):<16} {'-' if value in (None, '') else value}",
                  markup=False)  # fmt: skip


def _described(mission: LoadedMission, product: LoadedProduct) -> dict[str, Any]:
    makers = [
        process.name
        for process in mission.processes.values()
        if any(output.product_id == product.id for output in process.outputs)
    ]
    readers = [
        process.name
        for process in mission.processes.values()
        if any(put.product_id == product.id for put in process.inputs)
    ]
    return {
        "product": product.name,
        "level": product.level,
        "satellite": product.satellite,
        "instrument": product.instrument,
        "format": product.format,
        "path": product.relative_path,
        "several_per_day": product.several_per_day,
        "inspector": product.inspector.path,
        "made_by": ", ".join(sorted(makers)),
        "read_by": ", ".join(sorted(readers)),
        "description": product.description,
    }


@app.command()
def move(
    name: Name,
    relative_path: Annotated[
        str, typer.Argument(help="The new folder below rootdir; may hold fields of date.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why, for the log of events.")],
    mission: Mission = None,
    as_json: Json = False,
) -> None:
    """Give a product another folder and move its files there; call it again to go on.

    New files go to the new folder at once. Each file is checked by its sum on the way; exit 1 if
    some were left where they are.
    """
    with open_catalog() as catalog:
        loaded = load_mission(catalog, the_mission(catalog, mission))
        product = loaded.product(name)
        with progress_bar("looked at") as step:
            moved = move_product(
                catalog, loaded, product, relative_path, this_person(), reason,
                report=lambda count: step(count, None),
            )  # fmt: skip
        told = tell_airflow(catalog, [loaded.name])
    _show_moved(moved, told, as_json)
    if moved.left:
        raise HeadwaterError(f"{len(moved.left)} files were left where they are: call it again")


def _show_moved(moved: Moved, told: list[str], as_json: bool) -> None:
    if as_json:
        show_json({"moved": moved.moved, "in_place": moved.in_place, "left": moved.left})
        return
    out.print(f"{moved.moved} files moved, {moved.in_place} lay there already")
    for name, why in moved.left:
        err.print(f"left: {name}: {why}", markup=False, soft_wrap=True)
    for line in told:
        out.print(line, markup=False)
