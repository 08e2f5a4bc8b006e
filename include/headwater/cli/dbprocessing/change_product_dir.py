"""changeProductDir.py: give a product another folder, and move its files there."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.dbprocessing.named import open_mission, product_of
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.opening import this_person
from headwater.missions.product_move import move_product


def main(arguments: Sequence[str]) -> int:
    """Move a product; call it again to go on with what was left."""
    script = "changeProductDir.py"
    parser = script_parser(script, "Give a product another folder, and move its files there.")
    add_mission(parser)
    parser.add_argument("product", help="name or number of the product")
    parser.add_argument("newdir", help="the new folder below rootdir, with fields such as {Y}")
    options = parser.parse_args(arguments)
    actor = this_person()
    with open_mission(options.mission) as (catalog, mission):
        product = product_of(mission, options.product)
        moved = move_product(
            catalog, mission, product, options.newdir, actor, f"{script} by {actor.name}"
        )
        tell_airflow(catalog, [mission.name])
    for name, why in moved.left:
        typer.echo(f"left: {name}: {why}", err=True)
    return 1 if moved.left else 0
