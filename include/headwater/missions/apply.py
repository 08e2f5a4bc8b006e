"""Mission definitions -> the catalog: shown as a difference, or applied as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event, Process
from headwater.core.actor import Actor
from headwater.core.states import EventKind
from headwater.missions.changes_of_used import CODE_IDENTITY, about_products, code_identities
from headwater.missions.checks import check, doubtful_formats
from headwater.missions.definition import MissionDefinition, MissionSettings
from headwater.missions.difference import (
    Change,
    ChangeKind,
    Difference,
    compared,
    stale_processes,
)
from headwater.missions.disk import make_folders, missing_executables
from headwater.missions.loaded import LoadedMission, load_mission, mission_names
from headwater.missions.merging import Wanted, merged
from headwater.missions.problems import Problems
from headwater.missions.slug import slug
from headwater.missions.stale import StaleWork, open_stale_work
from headwater.missions.writing import write

__all__ = ["CODE_IDENTITY", "ONE_APPLY", "Applied", "Change", "ChangeKind", "apply", "difference"]

ONE_APPLY = text("select pg_advisory_xact_lock(hashtext('headwater.mission.apply'))")
"""Applies of all missions wait for each other: names of missions are compared across them."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did to one mission, or would do."""

    mission: str
    slug: str
    revision: int
    """After it; that of the catalog for a dry run, 0 for a mission that is not there yet."""
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    """What follows from the changes, one sentence each."""
    warnings: tuple[str, ...] = ()
    """What was accepted in spite of a doubt, one sentence each."""
    folders: tuple[str, ...] = ()
    """The folders that were made."""
    woken: int = 0
    """How many dates are to be looked at again."""
    campaign: int | None = None
    """The campaign that was opened for what is stale now."""

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, written."""
        return any(one.kind.is_written for one in self.changes)


@dataclass(frozen=True, slots=True)
class _Prepared:
    wanted: Wanted
    loaded: LoadedMission | None
    difference: Difference
    notes: tuple[str, ...]


def difference(connection: Connection, definition: MissionDefinition) -> list[Change]:
    """What applying `definition` would change.

    Raises
    ------
    MissionFileError
        If it cannot be applied; the message lists all problems.
    """
    problems = Problems()
    (wanted,) = merged([definition], problems)
    prepared = _prepare(connection, wanted, [wanted.name], problems)
    problems.refuse()
    return prepared.difference.changes


def apply(
    catalog: Catalog,
    definitions: Sequence[MissionDefinition],
    actor: Actor,
    dry_run: bool = False,
    *,
    add_only: bool = False,
    reason: str = "",
) -> list[Applied]:
    """Bring the catalog to what the definitions say, all of them or nothing.

    Several definitions of one mission count as one. What the files do not name stays as it is,
    but for the codes of a process that they name: a code that is no longer listed is switched
    off. With `add_only` what is there already stays as it is. The mission's folders are made
    where they are missing. A dry run writes nothing. `reason` stands in the event.

    Raises
    ------
    MissionFileError
        If anything is wrong; the message lists all problems, and nothing was applied.
    CatalogUnavailableError
        If the database does not answer.
    """
    problems = Problems()
    missions = merged(definitions, problems)
    with catalog.read() as connection:
        preview = _prepare_all(connection, missions, problems, add_only)
    problems.refuse()
    warnings = {
        one.name: (*one.warnings, *doubtful_formats(one), *missing_executables(one))
        for one in missions
    }
    if dry_run:
        return [
            _applied(one, one.loaded.revision if one.loaded else 0, warnings[one.wanted.name])
            for one in preview
        ]
    folders = {one.name: tuple(make_folders(one)) for one in missions}
    with catalog.begin() as connection:
        connection.execute(ONE_APPLY)
        prepared = _prepare_all(connection, missions, problems, add_only)
        problems.refuse()
        return [
            _write(
                connection, one, actor, warnings[one.wanted.name], folders[one.wanted.name], reason
            )
            for one in prepared
        ]


def apply_within(
    connection: Connection, definitions: Sequence[MissionDefinition], actor: Actor
) -> list[Applied]:
    """Bring the catalog to what the definitions say, in a transaction of the caller.

    It makes no folders: for a rehearsal, which is taken back.

    Raises
    ------
    MissionFileError
        As :func:`apply`.
    """
    problems = Problems()
    missions = merged(definitions, problems)
    connection.execute(ONE_APPLY)
    prepared = _prepare_all(connection, missions, problems, add_only=False)
    problems.refuse()
    return [_write(connection, one, actor, (), (), "") for one in prepared]


def _prepare_all(
    connection: Connection, missions: Sequence[Wanted], problems: Problems, add_only: bool
) -> list[_Prepared]:
    names = [one.name for one in missions]
    return [_prepare(connection, one, names, problems, add_only) for one in missions]


def _prepare(
    connection: Connection,
    wanted: Wanted,
    together: Sequence[str],
    problems: Problems,
    add_only: bool = False,
) -> _Prepared:
    names = set(mission_names(connection))
    loaded = load_mission(connection, wanted.name) if wanted.name in names else None
    check(wanted, loaded, sorted({*names, *together}), problems)
    found = compared(wanted, loaded)
    if add_only:
        found = found.additions()
    notes: list[str] = []
    if loaded is not None:
        notes = about_products(connection, wanted, loaded, found, problems)
        code_identities(connection, wanted, found, problems)
    return _Prepared(wanted, loaded, found, tuple(notes))


def _applied(prepared: _Prepared, revision: int, warnings: tuple[str, ...]) -> Applied:
    name = prepared.wanted.name
    changes = tuple(prepared.difference.changes)
    return Applied(name, slug(name), revision, changes, prepared.notes, warnings)


def _write(
    connection: Connection,
    prepared: _Prepared,
    actor: Actor,
    warnings: tuple[str, ...],
    folders: tuple[str, ...],
    reason: str,
) -> Applied:
    wanted, loaded, found = prepared.wanted, prepared.loaded, prepared.difference
    revision, work = (loaded.revision if loaded else 0), StaleWork()
    if found.real:
        mission_id, revision = write(connection, wanted, loaded, found)
        stale = stale_processes(wanted, found, new_mission=loaded is None)
        settings = wanted.settings or (loaded.settings if loaded else MissionSettings())
        work = open_stale_work(connection, mission_id, stale, actor, settings.campaign_limit)
        _events(connection, mission_id, prepared, revision, actor, reason)
    notes = (*prepared.notes, *([work.note] if work.note else []))
    woken = work.dates if work.approved else 0
    name, changes = wanted.name, tuple(found.changes)
    return Applied(
        name, slug(name), revision, changes, notes, warnings, folders, woken, work.campaign
    )


def _events(
    connection: Connection,
    mission_id: int,
    prepared: _Prepared,
    revision: int,
    actor: Actor,
    reason: str,
) -> None:
    found = prepared.difference
    detail = [
        {"kind": str(one.kind), "what": one.what, "key": one.key, "old": one.old, "new": one.new}
        for one in found.real
    ]
    rows = [
        {
            "kind": EventKind.MISSION_APPLIED,
            "reason": f"revision {revision}" + (f": {reason}" if reason else ""),
            "process_id": None,
            "detail": {"revision": revision, "changes": detail},
        }
    ]
    query = select(Process.name, Process.id).where(Process.mission_id == mission_id)
    ids = {row.name: row.id for row in connection.execute(query)}
    rows += [
        {
            "kind": EventKind.CODE_ACTIVATED,
            "reason": f"code {code.version} activated",
            "process_id": ids[match.process],
            "detail": {"version": code.version, "filename": code.filename},
        }
        for match in found.codes
        if not found.added(f"process {match.process}")
        for code in match.activated
    ]
    common = {"actor": actor.name, "mission_id": mission_id}
    connection.execute(insert(Event), [{**common, **row} for row in rows])
