"""The outline of an old mission -> the catalog's rows, in the transaction of the caller.

What the catalog has already stays as it is there, since a mission may have been changed after an
earlier import; only codes follow the old database in whether, and for which dates, they are used.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, select

from headwater.catalog.models import ImportedKind, Instrument, Satellite
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.states import Timebase
from headwater.missions.apply import CODE_IDENTITY, ONE_APPLY
from headwater.missions.checks import check
from headwater.missions.dbprocessing_import import numbers
from headwater.missions.dbprocessing_import.code_rules import KeptCode
from headwater.missions.dbprocessing_import.oddities import Oddities
from headwater.missions.dbprocessing_import.old_rows import OldCode, OldMission
from headwater.missions.dbprocessing_import.outline import Outline
from headwater.missions.definition import CodeDefinition
from headwater.missions.described import code_definition, described
from headwater.missions.difference import (
    Change,
    ChangeKind,
    CodeMatch,
    Difference,
    code_changes,
    compared,
)
from headwater.missions.loaded import LoadedCode, LoadedMission, load_mission, mission_names
from headwater.missions.merging import merged
from headwater.missions.problems import Problems
from headwater.missions.stale import open_stale_work
from headwater.missions.writing import GivenIds, write

_Name = TypeVar("_Name", bound=Hashable)

_FOLLOWED = ("active", "newest_version", "start_date", "stop_date")
_ONLY_HERE = frozenset({"several_per_day"})  # what an old database cannot say


@dataclass(frozen=True, slots=True)
class Brought:
    """The mission as it is now in the catalog."""

    mission: LoadedMission
    changes: tuple[Change, ...]
    products: Mapping[int, int]
    """Old number -> row, like `codes`."""
    codes: Mapping[int, int]
    recorded: int
    """How many old numbers were not known before."""


def bring(
    connection: Connection, outline: Outline, old: OldMission, oddities: Oddities, actor: Actor
) -> Brought:
    """Write what is new of the mission itself, and keep its old numbers.

    Raises
    ------
    MissionFileError
        If it cannot be a mission here; the message lists all problems.
    """
    connection.execute(ONE_APPLY)
    return _Bringing(connection, outline, old, oddities, actor).brought()


class _Bringing:
    """One write of a mission."""

    def __init__(
        self,
        connection: Connection,
        outline: Outline,
        old: OldMission,
        oddities: Oddities,
        actor: Actor,
    ) -> None:
        self._actor = actor
        self._connection = connection
        self._outline = outline
        self._old = old
        self._oddities = oddities
        self._code_numbers: dict[int, int] = {}
        (self._wanted,) = merged(outline.definitions, Problems())
        names = mission_names(connection)
        self._loaded = (
            load_mission(connection, self._wanted.name) if self._wanted.name in names else None
        )
        if self._loaded is not None:
            lock_work(connection, self._loaded.id)  # a new mission is nobody else's yet
            self._keep_what_is_there(self._loaded)
        problems = Problems()
        check(self._wanted, self._loaded, names, problems)
        problems.refuse()

    def brought(self) -> Brought:
        connection, loaded = self._connection, self._loaded
        found = compared(self._wanted, loaded)
        rows = self._match_codes(found)
        changes = found.real
        if changes:
            ids = self._numbers(found, rows)
            mission_id, _ = write(connection, self._wanted, loaded, found, ids)
            if loaded is not None:
                limit = loaded.settings.campaign_limit
                open_stale_work(connection, mission_id, self._stale(found), self._actor, limit)
        mission = load_mission(connection, self._wanted.name)
        products = {
            number: mission.product(name).id for number, name in self._outline.products.items()
        }
        codes = self._code_numbers
        recorded = self._record(mission, products, codes)
        return Brought(mission, tuple(changes), products, codes, recorded)

    # What is there already

    def _keep_what_is_there(self, loaded: LoadedMission) -> None:
        """Let the catalog's own picture stand for all that it has; say where they differ."""
        wanted = self._wanted
        differs = [
            str(change)
            for change in compared(wanted, loaded).real
            if change.kind is ChangeKind.CHANGED
            and change.key not in _ONLY_HERE
            and not change.what.startswith("code ")
        ]
        self._oddities.add_all(
            "what the old database says of the mission differs from what is here",
            "left as it is here; `mission apply` changes it",
            differs,
        )
        (picture,) = merged(described(loaded), Problems())
        wanted.mission, wanted.settings = picture.mission, picture.settings
        wanted.products |= {k: v for k, v in picture.products.items() if k in wanted.products}
        wanted.processes |= {k: v for k, v in picture.processes.items() if k in wanted.processes}

    # Codes

    def _match_codes(self, found: Difference) -> dict[str, list[OldCode]]:
        """Match codes by their old numbers; the old rows of those that are added, by process."""
        known = (
            numbers.known(self._connection, self._loaded.id, ImportedKind.CODE)
            if self._loaded is not None
            else {}
        )
        found.changes = [one for one in found.changes if not one.what.startswith("code ")]
        found.codes = []
        added: dict[str, list[OldCode]] = {}
        for process, codes in self._outline.codes.items():
            match, added[process] = self._match(process, codes, known)
            found.codes.append(match)
            found.changes += code_changes(match)
        return added

    def _match(
        self,
        process: str,
        codes: tuple[KeptCode, ...],
        known: Mapping[int, int],
    ) -> tuple[CodeMatch, list[OldCode]]:
        there = self._codes_of(process)
        found: dict[int, LoadedCode] = {}
        for row, code in codes:
            same = there.get(known.get(row.id, 0)) or _same(code, there, found)
            if same is not None:
                found[row.id] = same
        self._code_numbers |= {number: code.id for number, code in found.items()}
        imported = {code.id for code in found.values()}
        own = [code for code in there.values() if code.in_use and code.id not in imported]
        if own:
            self._oddities.add(
                "a process has a code that the old database does not know",
                "the codes that are in use here stay so, new ones are kept off",
                f"process {process}: {own[0].filename} {own[0].version}",
            )
        kept, added, rows = [], [], []
        for row, code in codes:
            if row.id in found:
                now = found[row.id]
                followed = {} if own else {key: getattr(code, key) for key in _FOLLOWED}
                kept.append((now, code_definition(now).model_copy(update=followed)))
            else:
                off = {"active": False, "newest_version": False} if own else {}
                added.append(code.model_copy(update=off))
                rows.append(row)
        return CodeMatch(process, tuple(kept), tuple(added), ()), rows

    def _codes_of(self, process: str) -> dict[int, LoadedCode]:
        """The codes that the catalog has of a process, by number."""
        processes = () if self._loaded is None else self._loaded.processes.values()
        return {code.id: code for one in processes if one.name == process for code in one.codes}

    def _stale(self, found: Difference) -> dict[str, tuple[str, bool]]:
        """The processes that must look again, as after `mission apply`."""
        stale: dict[str, tuple[str, bool]] = {}
        for match in found.codes:
            timebase = self._wanted.processes[match.process].part.timebase
            activated = ", ".join(code.version for code in match.activated)
            if found.added(f"process {match.process}"):
                stale[match.process] = ("new process", True)
            elif activated:
                stale[match.process] = (f"code {activated} activated", timebase is not Timebase.RUN)
        return stale

    # Numbers

    def _numbers(self, found: Difference, codes: Mapping[str, list[OldCode]]) -> GivenIds:
        """Numbers for all rows that are new."""
        outline, old = self._outline, self._old
        satellites, instruments = self._places(None if self._loaded is None else self._loaded.id)
        products = {name: number for number, name in outline.products.items()}
        new = [name for name in self._wanted.products if found.added(f"product {name}")]
        # A product whose inspector is a stand-in has no old number for it: one above all others.
        above = max((one.id for one in old.inspectors), default=0)
        processes = {name: number for number, name in outline.processes.items()}
        new_codes = self._take("code", {row.id: row.id for rows in codes.values() for row in rows})
        self._code_numbers |= new_codes
        return GivenIds(
            mission=None if self._loaded else self._take("mission", {"": old.id})[""],
            satellites=self._take(
                "satellite",
                {name: number for number, name in old.satellites.items() if name not in satellites},
            ),
            instruments=self._take(
                "instrument",
                {
                    way: number
                    for number, way in self._instrument_names().items()
                    if way not in instruments
                },
            ),
            products=self._take("product", {name: products[name] for name in new}),
            inspectors=self._take(
                "inspector",
                {
                    name: outline.inspectors.get(name, above + place)
                    for place, name in enumerate(new, 1)
                },
            ),
            processes=self._take(
                "process",
                {n: number for n, number in processes.items() if found.added(f"process {n}")},
            ),
            codes={process: [new_codes[row.id] for row in rows] for process, rows in codes.items()},
        )

    def _take(self, table: str, old: Mapping[_Name, int]) -> dict[_Name, int]:
        taken = numbers.take_numbers(self._connection, table, old.values())
        return {name: taken[number] for name, number in old.items()}

    def _instrument_names(self) -> dict[int, tuple[str, str]]:
        """Old number -> satellite and name."""
        names = self._old.satellites
        return {
            number: (names[satellite], name)
            for number, (name, satellite) in self._old.instruments.items()
        }

    def _places(self, mission_id: int | None) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
        """Satellites by name, and instruments by satellite and name, that the catalog has."""
        satellites = select(Satellite.name, Satellite.id).where(Satellite.mission_id == mission_id)
        instruments = (
            select(Satellite.name.label("satellite"), Instrument.name, Instrument.id)
            .join(Satellite.__table__, Satellite.id == Instrument.satellite_id)
            .where(Satellite.mission_id == mission_id)
        )
        read = self._connection.execute
        return (
            {row.name: row.id for row in read(satellites)},
            {(row.satellite, row.name): row.id for row in read(instruments)},
        )

    def _record(
        self, mission: LoadedMission, products: Mapping[int, int], codes: Mapping[int, int]
    ) -> int:
        """Keep all old numbers; how many were not known so."""
        outline = self._outline
        satellites, instruments = self._places(mission.id)
        kinds: dict[ImportedKind, Mapping[int, int]] = {
            ImportedKind.MISSION: {self._old.id: mission.id},
            ImportedKind.SATELLITE: {
                number: satellites[name] for number, name in self._old.satellites.items()
                if name in satellites
            },
            ImportedKind.INSTRUMENT: {
                number: instruments[way] for number, way in self._instrument_names().items()
                if way in instruments
            },
            ImportedKind.PRODUCT: products,
            ImportedKind.INSPECTOR: {
                number: mission.product(name).inspector.id
                for name, number in outline.inspectors.items()
            },
            ImportedKind.PROCESS: {
                number: mission.process(name).id for number, name in outline.processes.items()
            },
            ImportedKind.CODE: codes,
        }  # fmt: skip
        return sum(
            numbers.record(self._connection, mission.id, kind, rows) for kind, rows in kinds.items()
        )


def _same(
    code: CodeDefinition, there: Mapping[int, LoadedCode], taken: Mapping[int, LoadedCode]
) -> LoadedCode | None:
    """The code of the catalog that does what `code` does, where a mission file brought it."""
    used = {one.id for one in taken.values()}
    for one in there.values():
        other = code_definition(one)
        if one.id not in used and all(
            getattr(code, key) == getattr(other, key) for key in ("version", *CODE_IDENTITY)
        ):
            return one
    return None
