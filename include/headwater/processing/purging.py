"""Purge: files and all that was made from them leave the catalog, and their bytes the archive.

Rows first, in one transaction with tombstones and the promise to remove the bytes; then the bytes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from headwater.archive.faultpoint import faultpoint
from headwater.archive.intents import PromisedRemoval, Removal
from headwater.archive.recovery import once_recovered
from headwater.archive.removal import carry_out, promise
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import purging
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.filing import ids_of_names
from headwater.catalog.queries.plan_rows import insert_builds
from headwater.catalog.queries.purging import PurgeCandidate
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError
from headwater.core.states import BuildState, BytesFate, EventKind, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.plan import plan
from headwater.processing.plan_state import Action
from headwater.processing.planner import build_row
from headwater.processing.process_facts import plan_process
from headwater.processing.state_reading import read_state

KEPT = "purged"
"""The folder below the error folder to which the bytes go that a purge keeps."""
_SHOWN = 10
_READING = "fk_build_input_file_id"  # a build that was claimed meanwhile holds the file by it

FileChooser = Callable[[Connection], Sequence[int]]
"""Gives the numbers of the files that are asked for, in the transaction of the purge."""


@dataclass(frozen=True, slots=True)
class PurgedFile:
    """One file that was purged, or would be, and what becomes of its bytes."""

    name: str
    product: str
    version: str
    fate: BytesFate


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge did, or would do."""

    files: tuple[PurgedFile, ...]
    newest_again: tuple[str, ...] = ()
    """Older files that are the newest now."""
    held: int = 0
    """How many builds are held, since their outputs were purged."""
    troubles: tuple[str, ...] = ()
    """Bytes that are still there, and why; the next recovery tries again."""


@dataclass(frozen=True, slots=True)
class PurgeRules:
    """How far a purge goes.

    recursive
        Purge also what was made from the files; without it, they are refused if there is such.
    keep
        Move the bytes to the folder ``purged`` of the error folder.
    forget_level_0
        Let go of rows of level 0, whose bytes stay where they are; without it, they are refused.
    """

    recursive: bool = False
    keep: bool = False
    forget_level_0: bool = False


def purge(
    catalog: Catalog,
    mission: LoadedMission,
    names: Sequence[str],
    actor: Actor,
    reason: str,
    rules: PurgeRules,
    *,
    dry_run: bool = False,
) -> Purged:
    """Purge files by name, without folder.

    The builds that made them are held: other inputs, another code or a person's request make
    them again. The highest version that is left of an interval is its newest again.

    Raises
    ------
    NotFoundError
        If there is no such file.
    ArchiveError
        If one may not be purged: level 0, released, read by a running code, or, without
        `recursive`, the source of others. Then nothing has changed.
    CatalogUnavailableError
        If the catalog goes away; the next recovery finishes what was begun.
    """

    def chosen(connection: Connection) -> Sequence[int]:
        return list(ids_of_names(connection, mission.id, names).values())

    return purge_chosen(catalog, mission, chosen, actor, reason, rules, dry_run=dry_run)


def purge_chosen(
    catalog: Catalog,
    mission: LoadedMission,
    choose: FileChooser,
    actor: Actor,
    reason: str,
    rules: PurgeRules,
    *,
    dry_run: bool = False,
) -> Purged:
    """Purge the files that `choose` gives; see :func:`purge`.

    Raises
    ------
    NotFoundError, ArchiveError, CatalogUnavailableError
        As :func:`purge`.
    """
    work = _Purge(mission, actor, reason, rules)
    if dry_run:
        with catalog.read() as connection:
            return work.of(work.allowed(connection, choose(connection)))
    try:
        done = once_recovered(
            catalog, mission.id, mission.rootdir, actor, lambda: _rows(catalog, work, choose)
        )
    except IntegrityError as error:
        if _READING not in str(error.orig):
            raise
        raise ArchiveError(
            "a code has just begun to read one of these files: try again when it has ended"
        ) from error
    faultpoint("after_purge_rows")
    removed = carry_out(catalog, mission.rootdir, work.token, work.promised)
    troubles = tuple(f"{one.path}: {one.trouble}" for one in removed if one.trouble)
    return Purged(done.files, done.newest_again, done.held, troubles)


def _rows(catalog: Catalog, work: _Purge, choose: FileChooser) -> Purged:
    with catalog.begin() as connection:
        return work.rows(connection, choose)


class _Purge:
    """One purge: what it may take, and how it takes it."""

    def __init__(
        self, mission: LoadedMission, actor: Actor, reason: str, rules: PurgeRules
    ) -> None:
        self._mission = mission
        self._actor = actor
        self._reason = reason
        self._rules = rules
        self.token = uuid.uuid4()
        self.promised: list[PromisedRemoval] = []

    def rows(self, connection: Connection, choose: FileChooser) -> Purged:
        """Everything that the catalog has to do, in one transaction.

        Raises
        ------
        ArchiveError
            If a file may not be purged.
        PathsBusyError
            If somebody is placing a file at one of the paths.
        """
        lock_work(connection, self._mission.id)
        files = self.allowed(connection, choose(connection))
        if not files:
            return Purged(())
        purging.lock_products(connection, {file.product_id for file in files})
        self._promise(connection, files)
        held = self._hold(connection, files)
        fates = [(file, self._fate(file)) for file in files]
        again = purging.take_rows(connection, fates, self._actor, self._reason)
        held += self._hold_unplanned(connection, files)
        done = self.of(files)
        return Purged(done.files, tuple(again), held)

    def allowed(self, connection: Connection, ids: Sequence[int]) -> list[PurgeCandidate]:
        """The files and what goes with them.

        Raises
        ------
        ArchiveError
            If one of them may not be purged.
        """
        asked = set(ids)
        files = purging.made_from(connection, ids)
        more = [file.name for file in files if file.id not in asked]
        if more and not self._rules.recursive:
            raise ArchiveError(
                f"nothing was purged: {_listed(more)} was made from what you name; purge it too, "
                "or give --recursive"
            )
        if reasons := [why for file in files if (why := self._protected(file))]:
            shown = "; ".join(reasons[:_SHOWN])
            raise ArchiveError(f"nothing was purged: {shown}{_more(reasons)}")
        return files

    def _protected(self, file: PurgeCandidate) -> str | None:
        if file.level == 0 and not self._rules.forget_level_0:
            return f"{file.name} is level 0, which is never removed"
        if file.releases:
            releases = ", ".join(file.releases)
            return (
                f"{file.name} belongs to release {releases}: exclude it there first "
                "('headwater release exclude')"
            )
        if file.read_by:
            builds = ", ".join(map(str, file.read_by))
            return f"{file.name} is being read by build {builds}: wait for its end"
        return None

    def of(self, files: Iterable[PurgeCandidate]) -> Purged:
        """What a person is told of files."""
        return Purged(
            tuple(
                PurgedFile(file.name, file.product, file.version, self._fate(file))
                for file in files
            )
        )

    def _fate(self, file: PurgeCandidate) -> BytesFate:
        if file.level == 0:
            return BytesFate.LEFT
        return BytesFate.KEPT if self._rules.keep else BytesFate.REMOVED

    def _promise(self, connection: Connection, files: Sequence[PurgeCandidate]) -> None:
        keep_in = str(Path(self._mission.errordir, KEPT)) if self._rules.keep else None
        removals = [
            Removal(file.path, keep_in) for file in files if self._fate(file) is not BytesFate.LEFT
        ]
        said = f"purged by {self._actor.name}: {self._reason}"
        self.promised = promise(
            connection, self._mission.id, self.token, removals, self._actor, said
        )

    def _hold(self, connection: Connection, files: Sequence[PurgeCandidate]) -> int:
        held = purging.hold_builds_of(connection, [file.id for file in files], self._why_held)
        reasons = {row.id: row.reason for row in held if row.state == BuildState.HELD}
        write_events(connection, EventKind.BUILD_HELD, self._actor, reasons)
        return len(reasons)

    def _hold_unplanned(self, connection: Connection, files: Sequence[PurgeCandidate]) -> int:
        """Hold what the plan would make in place of files that no build of the catalog made."""
        held = 0
        for process in self._mission.processes.values():
            made = {output.product_id for output in process.outputs}
            lone = [f for f in files if f.newest and f.build_id is None and f.product_id in made]
            if lone:
                held += self._hold_dates(connection, process, lone)
        return held

    def _hold_dates(
        self, connection: Connection, process: LoadedProcess, files: Sequence[PurgeCandidate]
    ) -> int:
        dates = sorted({file.utc_file_date for file in files})
        groups = {(file.interval_key, file.keywords) for file in files}
        facts = plan_process(self._mission, process)
        entries = plan(read_state(connection, self._mission, facts, dates))
        rows = [
            build_row(entry, BuildState.HELD, self._why_held)
            for entry in entries
            if entry.action in (Action.MAKE, Action.WAIT)
            and entry.build_id is None
            and (
                process.timebase is not Timebase.FILE
                or (entry.interval_key, entry.keywords) in groups
            )
        ]
        held = insert_builds(connection, self._mission.id, process.id, rows)
        reasons = {row.id: row.reason for row in held}
        write_events(connection, EventKind.BUILD_HELD, self._actor, reasons)
        return len(held)

    @property
    def _why_held(self) -> str:
        return f"its output was purged by {self._actor.name}: {self._reason}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + _more(names)


def _more(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return f" and {more} more" if more > 0 else ""
