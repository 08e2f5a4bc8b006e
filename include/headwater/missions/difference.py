"""What a definition would change in the catalog. Pure: it compares two pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from headwater.core.states import Timebase
from headwater.missions.definition import CodeDefinition, ProcessDefinition, ProductDefinition
from headwater.missions.described import code_definition, described, latest_codes
from headwater.missions.loaded import LoadedMission
from headwater.missions.merging import Wanted, WantedProduct, merged
from headwater.missions.mission_parts import LoadedCode, LoadedProcess
from headwater.missions.problems import Problems

Values = Mapping[str, Any]
"""Plain values by key, as they are shown to a person and kept in the event."""


class ChangeKind(StrEnum):
    """What happens to a part of a mission."""

    ADDED = "added"
    CHANGED = "changed"
    ONLY_IN_CATALOG = "only in catalog"
    """The files do not name it; it stays as it is."""
    LEFT = "left"
    """It differs, and stays as it is because only additions were asked for."""

    @property
    def is_written(self) -> bool:
        """Whether applying writes it."""
        return self in (ChangeKind.ADDED, ChangeKind.CHANGED)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between a definition and the catalog.

    `what` is a noun and a name: ``product l1``; `key` is none where the whole part is meant.
    `old` and `new` are plain JSON values.
    """

    kind: ChangeKind
    what: str
    key: str | None = None
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        if self.key is None:
            return f"{self.what}: {self.kind}"
        return f"{self.what}: {self.key} {self.old!r} -> {self.new!r}"


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """The codes of one process: a version is the identity of a code."""

    process: str
    kept: tuple[tuple[LoadedCode, CodeDefinition], ...]
    added: tuple[CodeDefinition, ...]
    dropped: tuple[LoadedCode, ...]
    """Active or newest in the catalog, and no longer listed."""

    @property
    def activated(self) -> tuple[CodeDefinition, ...]:
        """The codes that are from now on used for dates for which they were not."""
        return tuple(code for code in self.added if code.in_use) + tuple(
            new
            for old, new in self.kept
            if new.in_use
            and (not old.in_use or new.start_date < old.start_date or new.stop_date > old.stop_date)
        )


@dataclass(slots=True)
class Difference:
    """All changes of one mission, and which parts they touch."""

    changes: list[Change] = field(default_factory=list)
    codes: list[CodeMatch] = field(default_factory=list)

    @property
    def real(self) -> list[Change]:
        """The changes that would be written."""
        return [one for one in self.changes if one.kind.is_written]

    def keys(self, what: str) -> set[str]:
        """The keys of `what` that change."""
        return {one.key for one in self.real if one.what == what and one.key is not None}

    def added(self, what: str) -> bool:
        """Whether `what` is new."""
        return Change(ChangeKind.ADDED, what) in self.changes

    def additions(self) -> Difference:
        """The same without what would change a part that is there already (dbprocessing's rule)."""
        new = [match for match in self.codes if self.added(f"process {match.process}")]
        codes = {f"code {match.process} " for match in new}

        def left(one: Change) -> Change:
            kept = one.kind is ChangeKind.ADDED and (
                not one.what.startswith("code ") or any(one.what.startswith(code) for code in codes)
            )
            return one if kept or not one.kind.is_written else replace(one, kind=ChangeKind.LEFT)

        return Difference([left(one) for one in self.changes], new)


def compared(wanted: Wanted, loaded: LoadedMission | None) -> Difference:
    """What applying `wanted` would change in `loaded`; none is loaded for a new mission."""
    found = Difference()
    new = _parts(wanted)
    old = _parts(_as_wanted(loaded)) if loaded is not None else {}
    for what, values in new.items():
        if what not in old:
            found.changes.append(Change(ChangeKind.ADDED, what))
        else:
            found.changes += _changed(what, old[what], values)
    processes = {one.name: one for one in loaded.processes.values()} if loaded else {}
    for name, process in wanted.processes.items():
        match = _matched(process.part, processes.get(name))
        found.codes.append(match)
        found.changes += code_changes(match)
    found.changes += [Change(ChangeKind.ONLY_IN_CATALOG, what) for what in old if what not in new]
    return found


def _as_wanted(loaded: LoadedMission) -> Wanted:
    (picture,) = merged(described(loaded), Problems())
    return picture


def _parts(wanted: Wanted) -> dict[str, Values]:
    parts: dict[str, Values] = {f"mission {wanted.name}": _mission(wanted)}
    for name, product in wanted.products.items():
        parts[f"product {name}"] = _product(product)
    for name, process in wanted.processes.items():
        parts[f"process {name}"] = _process(process.part)
    return parts


def _mission(wanted: Wanted) -> Values:
    values = wanted.mission.model_dump(mode="json", exclude={"name", "settings"})
    if wanted.settings is not None:
        settings = wanted.settings.model_dump(mode="json")
        values |= {f"settings.{key}": value for key, value in settings.items()}
    return values


def _product(product: WantedProduct) -> Values:
    part: ProductDefinition = product.part
    values = part.model_dump(mode="json", exclude={"name", "inspector", "expected"})
    values["expected"] = None if part.expected is None else str(part.expected)
    inspector = part.inspector.model_dump(mode="json")
    return values | {f"inspector.{key}": value for key, value in inspector.items()}


def _process(part: ProcessDefinition) -> Values:
    return {
        "timebase": str(part.timebase),
        "wait_for_end": part.wait_for_end,
        "extra_params": part.extra_params,
        "inputs": [one.model_dump(mode="json") for one in part.inputs],
        "outputs": [one.model_dump(mode="json") for one in part.outputs],
    }


def _changed(what: str, old: Values, new: Values) -> Iterator[Change]:
    for key, value in new.items():
        if old.get(key) != value:
            yield Change(ChangeKind.CHANGED, what, key, old.get(key), value)


def _matched(part: ProcessDefinition, loaded: LoadedProcess | None) -> CodeMatch:
    rows = loaded.codes if loaded is not None else ()
    known = {str(code.version): code for code in latest_codes(rows)}
    kept = tuple((known[code.version], code) for code in part.codes if code.version in known)
    kept_ids = {row.id for row, _ in kept}
    return CodeMatch(
        process=part.name,
        kept=kept,
        added=tuple(code for code in part.codes if code.version not in known),
        dropped=tuple(
            row for row in rows if row.id not in kept_ids and (row.active or row.newest_version)
        ),
    )


def code_changes(match: CodeMatch) -> Iterator[Change]:
    """What writing `match` would change."""
    for code in match.added:
        yield Change(ChangeKind.ADDED, f"code {match.process} {code.version}")
    for row, code in match.kept:
        old = code_definition(row).model_dump(mode="json")
        yield from _changed(
            f"code {match.process} {code.version}", old, code.model_dump(mode="json")
        )
    for row in match.dropped:
        for key in ("active", "newest_version"):
            if getattr(row, key):
                what = f"code {match.process} {row.version}"
                yield Change(ChangeKind.CHANGED, what, key, True, False)


def stale_processes(
    wanted: Wanted, difference: Difference, *, new_mission: bool
) -> dict[str, tuple[str, bool]]:
    """The processes that must look again at old dates: name -> (reason, also dates of inputs).

    A new mission has no files yet. A RUN process that is there already is not run again over all
    its inputs because its code is new (spec dbprocessing 5.4, step 4: it always runs).
    """
    stale: dict[str, tuple[str, bool]] = {}
    if new_mission:
        return stale
    other_orbits = "settings.orbit_product" in difference.keys(f"mission {wanted.name}")
    for match in difference.codes:
        what = f"process {match.process}"
        runs = wanted.processes[match.process].part.timebase is Timebase.RUN
        activated = ", ".join(code.version for code in match.activated)
        if difference.added(what):
            stale[match.process] = ("new process", True)
        elif activated:
            stale[match.process] = (f"code {activated} activated", not runs)
        elif difference.keys(what) & {"inputs", "outputs", "timebase", "wait_for_end"}:
            stale[match.process] = ("the definition of the process changed", not runs)
        elif other_orbits and wanted.processes[match.process].part.timebase is Timebase.ORBIT:
            stale[match.process] = ("the orbits come from another product", True)
    return stale
