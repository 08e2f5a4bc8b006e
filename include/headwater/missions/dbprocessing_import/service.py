"""Bring an existing dbprocessing database into the catalog, once or again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, text

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event
from headwater.core.actor import Actor
from headwater.core.errors import OldDatabaseError
from headwater.core.states import EventKind
from headwater.missions.dbprocessing_import import filing_sql, numbers, queue, staging
from headwater.missions.dbprocessing_import.bringing import Brought, bring
from headwater.missions.dbprocessing_import.checking import check_files
from headwater.missions.dbprocessing_import.file_oddities import note_files, note_unixtime
from headwater.missions.dbprocessing_import.oddities import Oddities, Oddity
from headwater.missions.dbprocessing_import.old_rows import OldMission, read_mission
from headwater.missions.dbprocessing_import.outline import Outline, outline_of
from headwater.missions.dbprocessing_import.source import OldDatabase, open_database
from headwater.missions.dbprocessing_import.staging import Report, StagedProduct
from headwater.missions.disk import make_folders, missing_executables
from headwater.missions.loaded import load_mission, mission_names
from headwater.missions.merging import merged
from headwater.missions.problems import Problems

_SLICE = 50_000  # files of one insert

RECORD_DATABASE = text("""
    insert into headwater.mission_database (name, mission_id) values (:name, :mission)
    on conflict (name) do update set mission_id = excluded.mission_id
    where mission_database.mission_id <> excluded.mission_id
""")
"""Keep by which path or name the old command lines know the mission; the latest import counts."""

DATABASES_OF = text("""
    select d.name from headwater.mission_database d
    join headwater.mission m on m.id = d.mission_id where m.name = :mission
""")
"""The databases that a mission was imported from."""


@dataclass(slots=True)
class Imported:
    """What an import did, or with a dry run would do."""

    mission: str
    database: str
    dry_run: bool
    changes: list[str] = field(default_factory=list)
    """What of the mission itself was written, one line each."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many rows of each kind were written."""
    oddities: list[Oddity] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What a person should know of the result, one sentence each."""

    @property
    def changed(self) -> bool:
        """Whether anything was, or would be, written."""
        return bool(self.changes) or any(self.counts.values())


def _silent(_what: str, _done: int, _total: int | None) -> None:
    return None


def import_database(
    catalog: Catalog,
    database: str,
    actor: Actor,
    *,
    name: str | None = None,
    rootdir: str | None = None,
    several_per_day: Sequence[str] = (),
    read_files: bool = False,
    dry_run: bool = False,
    report: Report = _silent,
) -> Imported:
    """Bring the mission of an old database into the catalog, all of it or nothing.

    A second import of the same database changes nothing; one after the old system has gone on
    adds what is new there. The old database is only read.

    Parameters
    ----------
    catalog, database, actor
        Where to, where from (a sqlite file, a Postgres address or a database's name), and who.
    name
        The mission's name here; its own if absent.
    rootdir
        Where its files lie here, if elsewhere than the database says.
    several_per_day
        Names of products of which one day may have several files.
    read_files
        Read every file: size, SHA-256, and SHA-1 against the recorded one.
    dry_run
        Change nothing.
    report
        Told of the progress.

    Raises
    ------
    OldDatabaseError
        If the database cannot be read, or has to be named `name` on purpose.
    MissionFileError
        If it cannot be a mission here; the message lists all problems.
    CatalogUnavailableError
        If the catalog does not answer; then nothing was changed.
    """
    oddities = Oddities()
    with open_database(database) as old, catalog.keep() as connection:
        mission = read_mission(old)
        several = set(several_per_day)
        with connection.begin():
            several |= _several_here(connection, mission, old, name)
        outline = outline_of(
            mission, old.shown, oddities, name=name, rootdir=rootdir, several_per_day=several
        )
        if read_files and not outline.rootdir.is_dir():
            raise OldDatabaseError(
                f"rootdir {outline.rootdir} is not on this machine, so --check-files would find no "
                "file: say --rootdir DIR, or leave the check out"
            )
        note_unixtime(old, oddities)
        staging.fill(connection, old, _staged_products(outline), report)
        if read_files:
            check_files(connection, outline.rootdir, report)
        work = _Import(connection, old, outline, mission, oddities, actor, read_files, report)
        with connection.begin() as transaction:
            result = work.written()
            if dry_run:
                transaction.rollback()
    result.dry_run = dry_run
    result.notes += _about_this_machine(outline, dry_run)
    return result


def _about_this_machine(outline: Outline, dry_run: bool) -> list[str]:
    """Make the mission's folders where they are missing; what else is not on this disk."""
    if not outline.rootdir.is_dir():
        return [f"rootdir {outline.rootdir} is not on this machine"]
    (wanted,) = merged(outline.definitions, Problems())
    made = [] if dry_run else [f"made {folder}" for folder in make_folders(wanted)]
    return made + missing_executables(wanted)


def _several_here(
    connection: Connection, mission: OldMission, old: OldDatabase, name: str | None
) -> set[str]:
    """The products that have several files a day here already.

    Raises
    ------
    OldDatabaseError
        If the mission is here, but not from this database, and was not named on purpose.
    """
    here = name or mission.name
    if here not in mission_names(connection):
        return set()
    databases = set(connection.scalars(DATABASES_OF, {"mission": here}))
    if name is None and databases.isdisjoint(old.names):
        known = f" (but from {', '.join(sorted(databases))})" if databases else ""
        raise OldDatabaseError(
            f"the catalog has a mission {here!r} that is not from {old.shown}{known}: say "
            f"--as {here} to bring both together, or --as NAME for a mission of its own"
        )
    products = load_mission(connection, here).products.values()
    return {product.name for product in products if product.several_per_day}


def _staged_products(outline: Outline) -> dict[int, StagedProduct]:
    parts = {part.name: part for made in outline.definitions for part in made.products.values()}
    return {
        number: StagedProduct(
            name, parts[name].relative_path, parts[name].level, parts[name].several_per_day
        )
        for number, name in outline.products.items()
    }


@dataclass(slots=True)
class _Import:
    """The one transaction that writes; the files are staged already."""

    connection: Connection
    old: OldDatabase
    outline: Outline
    mission: OldMission
    oddities: Oddities
    actor: Actor
    checked: bool
    report: Report
    counts: dict[str, int] = field(default_factory=dict)

    def written(self) -> Imported:
        brought = bring(self.connection, self.outline, self.mission, self.oddities, self.actor)
        self._map(brought)
        self._files(brought.mission.id)
        self._links(brought.mission.id)
        entries, dates, forced = queue.take_over(self.connection, brought.mission.id, self.actor)
        self.counts |= {
            "queue entries": entries, "dates to look at": dates, "forced builds": forced,
            "old numbers": self.counts["old numbers"] + brought.recorded,
            "database names": self._database_names(brought.mission.id),
        }  # fmt: skip
        note_files(self.connection, brought.mission.id, self.oddities, checked=self.checked)
        result = Imported(
            brought.mission.name,
            self.old.shown,
            False,
            [str(change) for change in brought.changes],
            self.counts,
            list(self.oddities),
            self._notes(brought.mission.id),
        )
        if result.changed:
            self._event(brought.mission.id, result)
        return result

    @property
    def _told_apart(self) -> bool:
        """Whether files of one day may be told apart, by keywords or start times."""
        several = any(
            part.several_per_day
            for made in self.outline.definitions
            for part in made.products.values()
        )
        with_keywords = text("select exists (select from old_file where keywords <> '')")
        return several or bool(self.connection.scalar(with_keywords))

    def _run(self, statement: Any, **values: object) -> int:  # noqa: ANN401  a text clause
        return self.connection.execute(statement, values).rowcount

    def _map(self, brought: Brought) -> None:
        """Tell the database which product and code here each old number is."""
        for table, pairs in (("old_product", brought.products), ("old_code", brought.codes)):
            if pairs:
                self.connection.execute(
                    text(f"insert into {table} values (:old, :new)"),  # noqa: S608  our own names
                    [{"old": old, "new": new} for old, new in pairs.items()],
                )

    def _files(self, mission_id: int) -> None:
        while self._told_apart and self._run(filing_sql.INHERIT_GROUPS):
            self.connection.execute(text("analyze old_group"))
        lowest = self.connection.scalar(text("select min(old_id) from old_file"))
        keep = lowest is not None and lowest > 0 and numbers.is_empty(self.connection, "file")
        self._run(filing_sql.PLACE_FILES, mission=mission_id, keep=keep)
        self.connection.execute(filing_sql.INDEX_PLACES)
        if keep:
            highest = self.connection.scalar(text("select max(old_id) from old_file"))
            numbers.go_on_above(self.connection, "file", highest)
        total = self.connection.scalar(text("select count(*) from old_place where is_new"))
        self._run(filing_sql.DEMOTE_OLDER)
        self.counts["files"] = 0
        for first in range(1, total + 1, _SLICE):
            span = {"first": first, "last": first + _SLICE - 1}
            self.counts["files"] += self._run(
                filing_sql.INSERT_OLD_FILES, mission=mission_id, **span
            )
            self.report("filing", self.counts["files"], total)
        self.counts["files brought up to date"] = self._run(filing_sql.FOLLOW_FILES)

    def _links(self, mission_id: int) -> None:
        counts = self.counts
        self.report("linking", 0, None)
        if counts["files"]:
            self.connection.execute(filing_sql.ANALYZE_FILES)
        counts["file links"] = self._run(filing_sql.INSERT_OLD_LINKS)
        counts["code links"] = self._run(filing_sql.INSERT_OLD_CODE_LINKS)
        counts["releases"] = self._run(filing_sql.INSERT_OLD_RELEASES)
        counts["old numbers"] = self._run(filing_sql.RECORD_FILE_NUMBERS, mission=mission_id)
        if counts["files"]:
            self.connection.execute(filing_sql.ANALYZE_LINKS)
        counts["left out"] = self._run(filing_sql.RECORD_LEFT_OUT, mission=mission_id)
        self._run(filing_sql.FORGET_LEFT_OUT, mission=mission_id)
        if self._told_apart:
            self._run(filing_sql.RECORD_BUILDS, mission=mission_id)

    def _database_names(self, mission_id: int) -> int:
        return sum(
            self._run(RECORD_DATABASE, name=name, mission=mission_id) for name in self.old.names
        )

    def _notes(self, mission_id: int) -> list[str]:
        unread = self.connection.scalar(
            text("select count(*) from headwater.file f where f.mission_id = :mission"
                 " and f.sha256 is null and f.exists_on_disk"),
            {"mission": mission_id},
        )  # fmt: skip
        notes = []
        if unread:
            notes.append(
                f"{unread} files are taken to be on disk because the old database says so; their "
                "size and SHA-256 are not known: import with --check-files reads them"
            )
        return notes

    def _event(self, mission_id: int, result: Imported) -> None:
        self.connection.execute(
            insert(Event).values(
                kind=EventKind.MISSION_IMPORTED,
                actor=self.actor.name,
                reason=f"imported from {result.database}: {result.counts['files']} files, "
                f"{len(result.oddities)} kinds of oddities",
                mission_id=mission_id,
                detail={
                    "database": result.database,
                    "changes": result.changes,
                    "counts": result.counts,
                    "oddities": [one.as_dict() for one in result.oddities],
                    "notes": result.notes,
                },
            )
        )
