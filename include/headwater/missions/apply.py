"""Mission definitions -> the catalog: shown as a difference, or applied as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event, FileCode, Process, Product
from headwater.catalog.models import File as FileRow
from headwater.core.actor import Actor
from headwater.core.states import EventKind
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

CODE_IDENTITY = ("filename", "relative_path", "arguments", "output_interface")
"""What a code version stands for; once a file was made with it, another version is needed."""


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
        notes = _about_products(connection, wanted, loaded, found, problems)
        _code_identities(connection, wanted, found, problems)
    return _Prepared(wanted, loaded, found, tuple(notes))


def _about_products(
    connection: Connection,
    wanted: Wanted,
    loaded: LoadedMission,
    found: Difference,
    problems: Problems,
) -> list[str]:
    """Changes of products that have files: some are refused, of others a person should know."""
    notes = []
    if "rootdir" in found.keys(f"mission {wanted.name}"):
        notes.append("rootdir changed: files that are there must be moved by you")
    used = _products_with_files(connection, loaded)
    for product in loaded.products.values():
        new = wanted.products.get(product.name)
        if new is None:
            continue
        keys = found.keys(f"product {product.name}")
        if product.name in used and "several_per_day" in keys:
            problems.add(
                new.place,
                f"several_per_day of product {product.name!r} cannot change, since it has files, "
                "which are told apart by it: define a new product",
            )
        if product.name in used and keys & {"format", "relative_path"}:
            notes.append(
                f"product {product.name}: new files get the new name and folder, files that are "
                "there keep theirs"
            )
        if (new.satellite, new.instrument) != (product.satellite, product.instrument):
            home = f"satellite {product.satellite}, instrument {product.instrument}"
            notes.append(f"product {product.name} stays with {home}, where it was defined first")
            if keys:
                problems.add(
                    new.place,
                    f"product {product.name!r} is one of {home} already, and differs in "
                    f"{', '.join(sorted(keys))}: expected the same, or another name",
                )
    return notes


def _products_with_files(connection: Connection, loaded: LoadedMission) -> set[str]:
    has_files = select(FileRow.id).where(FileRow.product_id == Product.id, FileRow.newest)
    query = select(Product.name).where(Product.mission_id == loaded.id, has_files.exists())
    return set(connection.scalars(query))


def _code_identities(
    connection: Connection, wanted: Wanted, found: Difference, problems: Problems
) -> None:
    """Refuse another meaning for a code version with which files were made."""
    changed = {
        old.id: (match.process, old, new)
        for match in found.codes
        for old, new in match.kept
        if any(getattr(old, key) != getattr(new, key) for key in CODE_IDENTITY)
    }
    if not changed:
        return
    query = select(FileCode.source_code).where(FileCode.source_code.in_(changed)).distinct()
    for code_id in connection.scalars(query):
        process, old, new = changed[code_id]
        keys = [key for key in CODE_IDENTITY if getattr(old, key) != getattr(new, key)]
        wanted_process = wanted.processes[process]
        problems.add(
            wanted_process.place("codes", wanted_process.part.codes.index(new)),
            f"code {new.version} of {process!r} has made files already, so its "
            f"{' and '.join(keys)} cannot change: give it a new version",
        )


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
    return Applied(name, slug(name), revision, changes, notes, warnings, folders, woken)


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
