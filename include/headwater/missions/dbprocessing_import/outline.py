"""The rows of an old mission -> definitions as mission files make them. Pure.

Where the old rows contradict each other, or say what cannot be, a rule decides and the oddity is
noted; nothing that another row refers to is dropped without a note (spec dbprocessing 12).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headwater.core.states import Timebase
from headwater.missions.conf_values import empty_is_none
from headwater.missions.dbprocessing_import.code_rules import (
    CodeRules,
    KeptCode,
    listed_codes,
    usable,
)
from headwater.missions.dbprocessing_import.oddities import Oddities
from headwater.missions.dbprocessing_import.old_rows import (
    Numbers,
    OldCode,
    OldInput,
    OldInspector,
    OldMission,
    OldProcess,
    OldProduct,
)
from headwater.missions.definition import EARLIEST, MissionDefinition
from headwater.missions.problems import Places, Problems
from headwater.missions.settling import settled
from headwater.missions.slug import slug
from headwater.missions.validation import validated

_NO_INSPECTOR = "no inspector"
_TIMEBASES = frozenset(timebase.value for timebase in Timebase)


@dataclass(frozen=True, slots=True)
class Outline:
    """The old mission as definitions, and what its old numbers have become.

    `products` and `processes` are old number -> name here. `inspectors` are product name -> old
    number. `codes` are, by process name, all that are kept: old row -> definition.
    """

    definitions: tuple[MissionDefinition, ...]
    products: Mapping[int, str]
    processes: Mapping[int, str]
    inspectors: Mapping[str, int]
    codes: Mapping[str, tuple[KeptCode, ...]]

    @property
    def rootdir(self) -> Path:
        """The mission's rootdir, absolute."""
        return Path(self.definitions[0].mission.rootdir)


def outline_of(
    old: OldMission,
    shown: str,
    oddities: Oddities,
    *,
    name: str | None = None,
    rootdir: str | None = None,
    several_per_day: Iterable[str] = (),
) -> Outline:
    """Make definitions of the old rows.

    Parameters
    ----------
    old
        What the database says.
    shown
        How messages name the database.
    oddities
        Grows by what is odd.
    name
        The mission's name here; its own if absent.
    rootdir
        Where the mission's files lie here; where the database says if absent.
    several_per_day
        Names of products of which one day may have several files.

    Raises
    ------
    MissionFileError
        If it cannot be a mission here; the message lists all problems.
    """
    return _Outlining(old, shown, oddities, name, rootdir, frozenset(several_per_day)).outline()


@dataclass(slots=True)
class _Outlining:
    """One pass over the rows."""

    old: OldMission
    shown: str
    oddities: Oddities
    name: str | None
    rootdir: str | None
    several_per_day: frozenset[str]
    problems: Problems = field(default_factory=Problems)
    products: dict[int, str] = field(default_factory=dict)
    processes: dict[int, str] = field(default_factory=dict)
    inspectors: dict[str, int] = field(default_factory=dict)
    codes: dict[str, tuple[KeptCode, ...]] = field(default_factory=dict)

    def outline(self) -> Outline:
        self._locks()
        by_instrument: dict[int, dict[str, Any]] = {number: {} for number in self.old.instruments}
        named = _unique(
            [(one.id, one.name) for one in self.old.products], lambda text: text, self._renamed
        )
        for product in self.old.products:
            instrument = self._instrument(product)
            if instrument is None:
                continue
            self.products[product.id] = named[product.id]
            by_instrument[instrument][named[product.id]] = self._product(product)
        for wrong in sorted(self.several_per_day - set(self.products.values())):
            self.problems.add("--several-per-day", f"the database has no product {wrong!r}")
        self._orphaned_inspectors()
        processes = self._processes()
        definitions = self._definitions(by_instrument, processes)
        self.problems.refuse()
        final = {key: one.name for made in definitions for key, one in made.products.items()}
        self.products = {number: final[name] for number, name in self.products.items()}
        self.inspectors = {final[name]: number for name, number in self.inspectors.items()}
        return Outline(definitions, self.products, self.processes, self.inspectors, self.codes)

    # The mission as a whole

    def _definitions(
        self, by_instrument: Mapping[int, dict[str, Any]], processes: Mapping[str, Any]
    ) -> tuple[MissionDefinition, ...]:
        """One definition an instrument; the processes stand in the last."""
        numbers = list(by_instrument)
        if not numbers:
            self.problems.add(self.shown, "the database has no instrument, so it has no product")
        made: list[MissionDefinition] = []
        for number in numbers:
            instrument, satellite = self.old.instruments[number]
            if satellite not in self.old.satellites:
                self.problems.add(self.shown, f"instrument {instrument!r} is of satellite "
                                  f"{satellite}, which is not there")  # fmt: skip
                continue
            raw = {
                "mission": self._mission(),
                "satellite": {"name": self.old.satellites[satellite]},
                "instrument": {"name": instrument},
                "products": by_instrument[number],
                "processes": dict(processes) if number == numbers[-1] else {},
            }
            definition = validated(raw, Places(self.shown), (), self.problems)
            if definition is not None:
                made.append(settled(definition, Path.cwd(), self.problems))
        return tuple(made)

    def _mission(self) -> dict[str, Any]:
        folders = {key: value for key, value in self.old.folders.items() if value is not None}
        if self.rootdir is not None:
            folders["rootdir"] = self.rootdir
        root = Path(str(folders.get("rootdir", "."))).expanduser()
        return {"name": self.name or self.old.name, **folders, "rootdir": str(root)}

    def _locks(self) -> None:
        self.oddities.add_all(
            "the old lock is set: a run is under way, or died",
            "ignored: leases need no lock here; see that the old system is stopped",
            (f"run {one.id}: pid {one.pid} on {one.host}, since {one.started} UTC"
             for one in self.old.locks),
        )  # fmt: skip
        if self.old.runs > self.old.ended_runs:
            self.oddities.add_counted(
                "runs in the old log without the time of their end, which is never written",
                "not imported: the log of old runs stays in the old database",
                self.old.runs - self.old.ended_runs,
                (),
            )

    def _renamed(self, noun: str) -> None:
        self.oddities.add(
            "names that are not unique",
            "the first keeps it, the others have their old number added",
            noun,
        )

    # Products and inspectors

    def _instrument(self, product: OldProduct) -> int | None:
        """The instrument of a product: the linked one, as dbprocessing's traceback has it."""
        known = [one for one in product.linked_instruments if one in self.old.instruments]
        own = product.instrument_id if product.instrument_id in self.old.instruments else None
        title = f"product {product.name}"
        if len(known) > 1:
            chosen = own if own in known else known[0]
            self.oddities.add("several instruments linked to a product",
                              "it is of its own instrument, or else of the first linked one",
                              f"{title}: {self._instruments(known)}")  # fmt: skip
            return chosen
        if known and own is not None and known[0] != own:
            self.oddities.add("a product is linked to another instrument than its own",
                              "it is of the linked one, as dbprocessing takes it",
                              f"{title}: {self._instruments([known[0], own])}")  # fmt: skip
        linked = known[0] if known else own
        if linked is None:
            self.oddities.add("a product of an instrument that is not there",
                              "left out, with its files", title)  # fmt: skip
        return linked

    def _instruments(self, numbers: Sequence[int]) -> str:
        return ", ".join(self.old.instruments[number][0] for number in numbers)

    def _product(self, product: OldProduct) -> dict[str, Any]:
        name = self.products[product.id]
        return {
            "name": name,
            "level": product.level,
            "relative_path": product.relative_path,
            "format": product.format,
            "description": product.description,
            "several_per_day": name in self.several_per_day,
            "inspector": self._inspector(product, name),
        }

    def _inspector(self, product: OldProduct, name: str) -> dict[str, Any]:
        own = [one for one in self.old.inspectors if one.product_id == product.id]
        if not own:
            self.oddities.add("a product without an inspector",
                              "it has one that is switched off; `mission apply` gives it another",
                              f"product {name}")  # fmt: skip
            return {"filename": _NO_INSPECTOR, "active": False, "newest_version": False}
        best = max(own, key=lambda one: (one.active, one.numbers, one.id))
        for other in own:
            if other is not best:
                self.oddities.add(
                    "several inspectors of a product",
                    "the newest active one is taken, the others are left out",
                    f"product {name}: {_inspector_title(other)} gives way to "
                    f"{_inspector_title(best)}",
                )
        self.inspectors[name] = best.id
        return {
            "filename": best.filename,
            "relative_path": best.relative_path,
            "version": self._version(best.numbers, f"inspector {best.id}"),
            "arguments": best.arguments and empty_is_none(best.arguments),
            "description": best.description,
            "output_interface": max(1, best.output_interface),
            "active": best.active,
            "newest_version": best.newest_version,
            "date_written": best.date_written or EARLIEST,
        }

    def _orphaned_inspectors(self) -> None:
        there = {one.id for one in self.old.products}
        self.oddities.add_all(
            "an inspector of a product that is not there",
            "left out",
            (_inspector_title(one) for one in self.old.inspectors if one.product_id not in there),
        )

    def _version(self, numbers: Numbers, title: str) -> str:
        text = ".".join(map(str, numbers))
        if numbers[0] >= 1:
            return text
        self.oddities.add("a version below 1.0.0", "it counts as 1.0.0", f"{title}: {text}")
        return "1.0.0"

    # Processes

    def _processes(self) -> dict[str, Any]:
        kept = [one for one in self.old.processes if self._usable(one)]
        titles = {one.id for one in self.old.processes}
        self.oddities.add_all(
            "a code of a process that is not there",
            "left out; files that it made have no code here",
            (code.title for code in self.old.codes if code.process_id not in titles),
        )
        self.processes = _unique([(one.id, one.name) for one in kept], slug, self._renamed)
        return {self.processes[one.id]: self._process(one) for one in kept}

    def _usable(self, process: OldProcess) -> bool:
        """Whether a process can be one here; if not, it could not run in dbprocessing either."""
        timebase = (process.timebase or "").upper()
        reason = None
        if timebase not in _TIMEBASES:
            reason = f"its timebase is {process.timebase!r}"
        elif timebase != Timebase.RUN and process.output_product not in self.products:
            reason = "its output product is not there"
        elif not any(usable(code) for code in self._codes_of(process)):
            reason = "it has no code"
        if reason is not None:
            row = f"process {process.name}: {reason}"
            self.oddities.add("a process that could not run", "left out", row)
        return reason is None

    def _codes_of(self, process: OldProcess) -> list[OldCode]:
        return [code for code in self.old.codes if code.process_id == process.id]

    def _process(self, process: OldProcess) -> dict[str, Any]:
        timebase = str(process.timebase).upper()
        name = self.processes[process.id]
        if timebase == Timebase.RUN and process.output_product is not None:
            self.oddities.add("a RUN process with an output product",
                              "it has none: RUN never made it", f"process {name}")  # fmt: skip
        runs = timebase == Timebase.RUN
        return {
            "name": name,
            "timebase": timebase,
            "output": None if runs else self.products[process.output_product or 0],
            "extra_params": process.extra_params and empty_is_none(process.extra_params),
            "inputs": [
                self._input(one, process) for one in self.old.inputs
                if one.process_id == process.id and self._there(one, name)
            ],
            "codes": self._codes(process, name),
        }  # fmt: skip

    def _codes(self, process: OldProcess, name: str) -> list[dict[str, Any]]:
        """The codes that a mission file of the process would list."""
        rules = CodeRules(name, self.shown, self.oddities, self.problems)
        self.codes[name] = kept = rules.kept(self._codes_of(process))
        listed = listed_codes(kept)
        return [code.model_dump() for row, code in kept if row.id in listed]

    def _there(self, one: OldInput, process: str) -> bool:
        if one.product_id in self.products:
            return True
        self.oddities.add("an input product that is not there", "the input is left out",
                          f"process {process}: product {one.product_id}")  # fmt: skip
        return False

    def _input(self, one: OldInput, process: OldProcess) -> dict[str, Any]:
        kind = "soft" if one.optional else "hard"
        if one.product_id == process.output_product:
            kind = "no_trigger"
            self.oddities.add("a process reads its own output",
                              "it is an input that triggers nothing",
                              f"process {process.name}")  # fmt: skip
        return {
            "product": self.products[one.product_id],
            "kind": kind,
            "days_before": one.yesterday,
            "days_after": one.tomorrow,
        }


def _unique(
    named: Sequence[tuple[int, str]],
    key: Callable[[str], str],
    note: Callable[[str], object],
) -> dict[int, str]:
    """Number -> name, such that `key` of no two names is the same."""
    taken: set[str] = set()
    names: dict[int, str] = {}
    for number, name in named:
        unique = name
        if key(name) in taken:
            unique = f"{name}-{number}"
            note(f"{name}: number {number} is called {unique}")
        taken.add(key(unique))
        names[number] = unique
    return names


def _inspector_title(one: OldInspector) -> str:
    state = "" if one.active else ", switched off"
    return f"inspector {one.id} ({one.filename} {'.'.join(map(str, one.numbers))}{state})"
