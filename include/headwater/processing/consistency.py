"""The consistency check of a mission's rows in the catalog, and what mends them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event, Mission
from headwater.catalog.queries.consistency import RULES, Rule
from headwater.catalog.queries.wakes import WakeUp, lock_work, wake, wake_for_files
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError
from headwater.core.states import EventKind


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that a rule found; `mended` is whether it has been mended now."""

    rule: Rule
    subject: str
    problem: str
    mended: bool = False


def find_faults(catalog: Catalog, mission: str, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """What is wrong with the rows of a mission, rule by rule; changes nothing.

    It reads rows alone, so that it also works for a mission that cannot be loaded.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        number = _mission_id(connection, mission)
        return [found for rule in rules for found in _findings(connection, rule, number)]


def mend_faults(
    catalog: Catalog, mission: str, actor: Actor, rules: Sequence[Rule] = RULES
) -> list[Finding]:
    """What was wrong, and what of it has been mended: all in one transaction, with its events.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    found: list[Finding] = []
    with catalog.begin() as connection:
        number = _mission_id(connection, mission)
        lock_work(connection, number)
        for rule in rules:
            found += _mended(connection, rule, number, actor)
    return found


def _mission_id(connection: Connection, name: str) -> int:
    number: int | None = connection.scalar(select(Mission.id).where(Mission.name == name))
    if number is None:
        raise NotFoundError(f"there is no mission {name!r}: see 'headwater mission list'")
    return number


def _findings(connection: Connection, rule: Rule, mission: int) -> list[Finding]:
    rows = connection.execute(rule.find, {"mission": mission})
    return [Finding(rule, row.subject, row.problem) for row in rows]


def _mended(connection: Connection, rule: Rule, mission: int, actor: Actor) -> list[Finding]:
    """Mend the faults of one rule; those that are still found after it are not mended."""
    found = _findings(connection, rule, mission)
    if not found or not rule.mends:
        return found
    if rule.look_again:
        _look_again(connection, rule, mission)
    for statement in rule.repair:
        result = connection.execute(statement, {"mission": mission})
        if result.returns_rows:
            wake_for_files(connection, list(result.scalars()))
    left = {(one.subject, one.problem) for one in _findings(connection, rule, mission)}
    ended = [
        Finding(rule, one.subject, one.problem, (one.subject, one.problem) not in left)
        for one in found
    ]
    common = {"kind": EventKind.CATALOG_REPAIRED, "actor": actor.name, "mission_id": mission}
    reasons = [
        f"{rule.name}: {one.subject} {one.problem}; {rule.remedy}" for one in ended if one.mended
    ]
    if reasons:
        connection.execute(insert(Event), [{**common, "reason": reason} for reason in reasons])
    return ended


def _look_again(connection: Connection, rule: Rule, mission: int) -> None:
    rows = connection.execute(rule.find, {"mission": mission})
    wake(
        connection,
        [WakeUp(r.process_id, r.utc_date, f"{rule.name}: {r.subject} {r.problem}") for r in rows],
    )
