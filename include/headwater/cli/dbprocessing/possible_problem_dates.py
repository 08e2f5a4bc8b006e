"""possibleProblemDates.py: all rules of the consistency check."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.catalog.queries.consistency import RULES
from headwater.cli.dbprocessing.named import mission_name
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say
from headwater.cli.opening import open_catalog, this_person
from headwater.processing.consistency import find_faults, mend_faults


def main(arguments: Sequence[str]) -> int:
    """Print what each rule finds; with ``--fix`` mend what can be mended.

    It may run beside a pass: the one waits for the other's transaction.
    """
    parser = script_parser("possibleProblemDates.py", "Look for rows that do not agree.")
    add_mission(parser)
    parser.add_argument("--fix", action="store_true", help="mend what can be mended")
    options = parser.parse_args(arguments)
    with open_catalog() as catalog:
        name = mission_name(catalog, options.mission)
        found = (
            mend_faults(catalog, name, this_person()) if options.fix else find_faults(catalog, name)
        )
    for rule in RULES:
        say(f"Running {rule.name}")
        for one in found:
            if one.rule is rule:
                state = "Mended" if one.mended else "To mend it" if rule.mends else "Held"
                say(f"{one.subject} {one.problem}")
                say(f" ** {state}: {rule.remedy}")
    return 0
