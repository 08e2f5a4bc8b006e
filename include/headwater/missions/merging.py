"""Several files of one mission -> one picture of what the mission is to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from headwater.core.states import Timebase
from headwater.missions.definition import (
    MissionDefinition,
    MissionPart,
    MissionSettings,
    ProcessDefinition,
    ProductDefinition,
)
from headwater.missions.problems import Places, Problems


@dataclass(frozen=True, slots=True)
class WantedProduct:
    """A product, whose it is, and where it is defined."""

    part: ProductDefinition
    satellite: str
    instrument: str
    place: str


@dataclass(frozen=True, slots=True)
class WantedProcess:
    """A process, and where it is defined."""

    part: ProcessDefinition
    key: str
    places: Places

    def place(self, *way: str | int) -> str:
        """Where it, or a value in it, stands."""
        base = ("processes", self.key)
        single = {"codes": "code", "outputs": "output"}.get(str(way[0])) if way else None
        if single and (*base, *way[:2]) not in self.places.names:
            way = (single, *way[2:])  # the file has the short form
        return self.places.place(*base, *way)


@dataclass(slots=True)
class Wanted:
    """What the files say that one mission is to be; products and processes by name."""

    mission: MissionPart
    place: str
    settings: MissionSettings | None = None
    products: dict[str, WantedProduct] = field(default_factory=dict)
    processes: dict[str, WantedProcess] = field(default_factory=dict)
    instruments: list[tuple[str, str]] = field(default_factory=list)
    """Satellite and instrument of each file."""
    warnings: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The mission's name."""
        return self.mission.name


def merged(definitions: Sequence[MissionDefinition], problems: Problems) -> list[Wanted]:
    """One picture a mission, in the order of first mention.

    A product may be repeated with the same content, which is how a ``.conf`` refers to it from
    another file (spec dbprocessing 2); it stays with the instrument that named it first.
    """
    wanted: dict[str, Wanted] = {}
    for definition in definitions:
        place = definition.places.place("mission")
        own = wanted.setdefault(definition.mission.name, Wanted(definition.mission, place))
        _same_folders(own, definition, problems)
        own.warnings += definition.warnings
        instrument = (definition.satellite.name, definition.instrument.name)
        if instrument not in own.instruments:
            own.instruments.append(instrument)
        seen: set[str] = set()
        for key, product in definition.products.items():
            found = definition.places.place("products", key)
            _add_product(own, WantedProduct(product, *instrument, found), seen, problems)
        for key, process in definition.processes.items():
            new = WantedProcess(process, key, definition.places)
            if process.name in own.processes:
                other = own.processes[process.name].place()
                problems.add(
                    new.place(), f"a process named {process.name!r} is defined already at {other}"
                )
            own.processes.setdefault(process.name, new)
    for own in wanted.values():
        _several_orbits_a_day(own)
    return list(wanted.values())


def _several_orbits_a_day(own: Wanted) -> None:
    """What is made an orbit may be made several times a day, whether or not its file says so."""
    for process in own.processes.values():
        made = process.part.outputs if process.part.timebase is Timebase.ORBIT else []
        for name in {one.product for one in made} & set(own.products):
            product = own.products[name]
            part = product.part.model_copy(update={"several_per_day": True})
            own.products[name] = replace(product, part=part)


def _same_folders(own: Wanted, definition: MissionDefinition, problems: Problems) -> None:
    settings, place = definition.mission.settings, definition.places.place("mission")
    for key in ("rootdir", "incoming_dir", "codedir", "inspectordir", "errordir", "qa_dir"):
        one, other = getattr(own.mission, key), getattr(definition.mission, key)
        if one != other:
            problems.add(place, f"{key} is {other}, but {one} at {own.place}: expected the same")
    if settings is not None and own.settings not in (None, settings):
        problems.add(place, f"the settings differ from those at {own.place}: expected the same")
    own.settings = own.settings or settings


def _add_product(own: Wanted, new: WantedProduct, seen: set[str], problems: Problems) -> None:
    name = new.part.name
    known = own.products.setdefault(name, new)
    if name in seen:
        problems.add(new.place, f"a product named {name!r} is defined already at {known.place}")
    elif known.part != new.part:
        problems.add(
            new.place, f"product {name!r} differs from its definition at {known.place}: "
            "expected the same, or another name"
        )  # fmt: skip
    seen.add(name)
