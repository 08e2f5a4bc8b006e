"""addProductProcessLink.py: give a process another input."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from headwater.cli.airflow_notice import tell_airflow
from headwater.cli.dbprocessing.named import open_mission, process_of, product_of
from headwater.cli.dbprocessing.script_parser import script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import this_person
from headwater.core.states import InputKind
from headwater.missions.definition import InputDefinition
from headwater.missions.process_inputs import add_input


def main(arguments: Sequence[str]) -> int:
    """Add an input, optional unless ``-o`` is given, and look at the dates of the process again."""
    script = "addProductProcessLink.py"
    options = _options(script, arguments)
    actor = this_person()
    with open_mission(options.name) as (catalog, mission):
        process = process_of(mission, options.process)
        product = product_of(mission, options.product)
        if any(put.product_id == product.id for put in process.inputs):
            say(f"Link between {process.name} and {product.name} already in database.")
            return 0
        wanted = InputDefinition(
            product=product.name,
            kind=InputKind.SOFT if options.optional else InputKind.HARD,
            days_before=int(options.yesterday),
            days_after=int(options.tomorrow),
        )
        reason = f"{script} by {actor.name}"
        applied = add_input(catalog, mission, process, wanted, actor, reason)
        tell_airflow(catalog, [mission.name])
    for note in applied.notes:
        say(note)
    return 0


def _options(script: str, arguments: Sequence[str]) -> argparse.Namespace:
    parser = script_parser(script, "Add an input product to a process.")
    parser.add_argument("-d", "--prod", dest="product", required=True, help="name or number")
    parser.add_argument("-c", "--proc", dest="process", required=True, help="name or number")
    parser.add_argument(
        "-n", "--name", "-m", "--mission", dest="name", required=True,
        help="the mission, or its database in dbprocessing",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--opt", dest="optional", action="store_false",
        help="make it mandatory; without, it is optional (as this flag always was)",
    )  # fmt: skip
    parser.add_argument(
        "-y", "--yday", dest="yesterday", action="store_true", help="the day before too"
    )
    parser.add_argument(
        "-t", "--tmrw", dest="tomorrow", action="store_true", help="the day after too"
    )
    return parser.parse_args(arguments)
