"""``headwater check``: whether the rows of a mission agree with each other."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from headwater.catalog.queries.consistency import RULES, Rule
from headwater.cli.opening import Json, MissionName, open_catalog, the_mission, this_person
from headwater.cli.output import show_json, show_table
from headwater.processing.consistency import Finding, find_faults, mend_faults

_RULE_COLUMNS = ("rule", "wrong", "mends", "remedy")
_FAULT_COLUMNS = ("rule", "subject", "problem", "state", "remedy")


def check(
    mission: MissionName = None,
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="Only list the rules.")] = False,
    as_json: Json = False,
) -> None:
    """Check that the rows of a mission agree with each other; exit 1 if something is left wrong.

    It looks at the catalog alone, not at the disk.
    """
    if rules:
        _show([_rule_row(one) for one in RULES], _RULE_COLUMNS, as_json, "Rules", "")
        return
    with open_catalog() as catalog:
        name = the_mission(catalog, mission)
        found = mend_faults(catalog, name, this_person()) if fix else find_faults(catalog, name)
    none = f"the rows of {name} agree, by {len(RULES)} rules"
    _show([_row(one, fix) for one in found], _FAULT_COLUMNS, as_json, f"Faults of {name}", none)
    if not all(one.mended for one in found):
        raise typer.Exit(1)


def _rule_row(rule: Rule) -> dict[str, Any]:
    return {"rule": rule.name, "wrong": rule.wrong, "mends": rule.mends, "remedy": rule.remedy}


def _row(one: Finding, fix: bool) -> dict[str, Any]:
    left = "held" if fix or not one.rule.mends else "--fix mends it"
    return {
        **_rule_row(one.rule),
        "subject": one.subject,
        "problem": one.problem,
        "state": "mended" if one.mended else left,
    }


def _show(
    rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, title: str, none: str
) -> None:
    if as_json:
        show_json(rows)
    else:
        show_table(rows, columns, title=title, none=none)
