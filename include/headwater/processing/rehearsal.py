"""A change rehearsed: done in a transaction, its impact looked at, and taken back (DESIGN 2, 8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.impact import Changed
from headwater.core.actor import Actor
from headwater.core.version import Version
from headwater.missions.apply import Applied, apply_within
from headwater.missions.codes import CodeChange, add_code_within, switch_code_within
from headwater.missions.definition import CodeDefinition, MissionDefinition
from headwater.missions.loaded import load_mission
from headwater.processing.impact import NO_IMPACT, Impact, impact


def rehearse_code(
    catalog: Catalog,
    mission_name: str,
    process_name: str,
    code: CodeDefinition,
    actor: Actor,
    *,
    deactivate: Sequence[str] = (),
) -> tuple[CodeChange, Impact]:
    """What adding a code version would do, and which outputs would be made again.

    Raises
    ------
    NotFoundError, SettingError
        As `headwater.missions.codes.add_code`.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.rehearse() as connection:
        change = add_code_within(
            connection, mission_name, process_name, code, actor, deactivate=deactivate
        )
        dates = (code.start_date, code.stop_date)
        return change, _follows(connection, mission_name, change.stale.campaign, *dates)


def rehearse_switch(
    catalog: Catalog,
    mission_name: str,
    process_name: str,
    version: str,
    actor: Actor,
    *,
    deactivate: Sequence[str] = (),
) -> tuple[CodeChange, Impact]:
    """What switching a code version on would do, and which outputs would be made again.

    Raises
    ------
    NotFoundError
        As `headwater.missions.codes.switch_code`.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.rehearse() as connection:
        change = switch_code_within(
            connection, mission_name, process_name, version, actor, on=True, deactivate=deactivate
        )
        (code,) = (
            one
            for one in load_mission(connection, mission_name).process(process_name).codes
            if one.version == Version.parse(version)
        )
        dates = (code.start_date, code.stop_date)
        return change, _follows(connection, mission_name, change.stale.campaign, *dates)


def rehearse_apply(
    catalog: Catalog, definitions: Sequence[MissionDefinition], actor: Actor
) -> dict[str, tuple[Applied, Impact]]:
    """What applying mission files would do, and what would be made again, by mission.

    Raises
    ------
    MissionFileError
        If anything is wrong with the files; the message lists all problems.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.rehearse() as connection:
        return {
            one.mission: (one, _follows(connection, one.mission, one.campaign))
            for one in apply_within(connection, definitions, actor)
        }


def _follows(
    connection: Connection,
    mission_name: str,
    campaign: int | None,
    first: date | None = None,
    last: date | None = None,
) -> Impact:
    """The impact of the campaign that a change has opened."""
    if campaign is None:
        return NO_IMPACT
    mission = load_mission(connection, mission_name)
    return impact(connection, mission, Changed(campaign=campaign, first=first, last=last))
