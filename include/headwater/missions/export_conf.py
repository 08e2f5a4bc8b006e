"""A mission of the catalog -> a mission file in dbprocessing's format (spec dbprocessing 2).

The format says less than YAML. What it cannot say is refused, never left out: the text is read
back, and must come out as the mission that it was made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.core.errors import MissionFileError, NotFoundError
from headwater.core.states import InputKind
from headwater.missions.conf_file import INPUT_KEYS, OPTIONAL_KEYS, REQUIRED_KEYS, read_conf
from headwater.missions.definition import (
    InputDefinition,
    MissionDefinition,
    MissionSettings,
    ProcessDefinition,
    ProductDefinition,
)
from headwater.missions.described import described, relative_to_root
from headwater.missions.difference import compared
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.merging import merged
from headwater.missions.problems import Problems
from headwater.missions.settling import settled

_KEY_OF_KIND = {kind: key for key, kind in INPUT_KEYS.items()}


def export_conf(
    catalog: Catalog | Connection,
    name: str,
    instrument: str | None = None,
    *,
    satellite: str | None = None,
) -> str:
    """The products of one instrument, and what makes them, as a ``.conf``; applied, no change.

    Parameters
    ----------
    catalog
        The catalog, or a connection to it.
    name
        The mission.
    instrument
        Whose products; may be left out where the mission, or the satellite, has one instrument.
    satellite
        Whose instrument; may be left out where that is clear.

    Raises
    ------
    NotFoundError
        If the catalog has no such mission, or it no such satellite or instrument.
    MissionFileError
        If the format cannot say it; the message names what.
    CatalogUnavailableError
        If the database does not answer.
    """
    mission = load_mission(catalog, name)
    definition = _of_instrument(mission, instrument, satellite)
    cannot = list(_unsayable(definition, mission))
    if not cannot:
        text = "\n".join(_lines(definition))
        cannot = list(_read_back(text, mission))
    if cannot:
        raise MissionFileError(
            f"mission {name!r} cannot be written in dbprocessing's format, which cannot say that "
            f"{'; '.join(cannot)}. Export it as YAML"
        )
    return text


def _of_instrument(
    mission: LoadedMission, instrument: str | None, satellite: str | None
) -> MissionDefinition:
    """The definition of one instrument with the processes that make its products."""
    definitions = described(mission)
    processes = definitions[-1].processes
    chosen = [
        one
        for one in definitions
        if instrument in (None, one.instrument.name) and satellite in (None, one.satellite.name)
    ]
    if len(chosen) != 1:
        names = ", ".join(f"{one.instrument.name} of {one.satellite.name}" for one in definitions)
        if not chosen:
            wanted = f"{instrument or 'instrument'} of {satellite or 'any satellite'}"
            raise NotFoundError(f"mission {mission.name!r} has no {wanted}: it has {names}")
        raise MissionFileError(
            f"mission {mission.name!r} has {names}, and dbprocessing's format has one instrument a "
            "file: say which, by --instrument and --satellite"
        )
    own = chosen[0]
    own.processes = {name: process for name, process in processes.items() if _belongs(process, own)}
    return own


def _belongs(process: ProcessDefinition, definition: MissionDefinition) -> bool:
    """Whether a process goes with an instrument: by its first output, RUN by its first input."""
    outputs = [one.product for one in process.outputs]
    named = outputs + [one.product for one in process.inputs]
    return not named or named[0] in definition.products


def _unsayable(definition: MissionDefinition, mission: LoadedMission) -> Iterator[str]:
    """What the format has no words for, in ours."""
    settings = (definition.mission.settings or MissionSettings()).model_dump()
    for key, value in MissionSettings().model_dump().items():
        if settings[key] != value:
            yield f"the setting {key} is {settings[key]!r}"
    for product in definition.products.values():
        if product.several_per_day:
            yield f"product {product.name!r} may have several files a day"
        if product.expected is not None:
            yield f"product {product.name!r} is expected: {product.expected}"
    for process in definition.processes.values():
        yield from _unsayable_of(process, mission)
    for noun, parts in (("product", definition.products), ("process", definition.processes)):
        for name, part in parts.items():
            if any("\n" in text for text in _texts(part.model_dump())):
                yield f"{noun} {name!r} has a text of several lines"


def _texts(value: object) -> Iterator[str]:
    """All texts in plain values."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _unsayable_of(process: ProcessDefinition, mission: LoadedMission) -> Iterator[str]:
    if len(process.outputs) > 1:
        yield f"process {process.name!r} has several outputs"
    if any(not one.required for one in process.outputs):
        yield f"process {process.name!r} has an output that is only possible"
    if any(one.kind is InputKind.NO_TRIGGER for one in process.inputs):
        yield f"process {process.name!r} has an input that triggers nothing"
    if sum(code.in_use for code in mission.process(process.name).codes) > 1:
        yield f"process {process.name!r} has several codes in use"


def _read_back(text: str, mission: LoadedMission) -> Iterator[str]:
    """What comes out otherwise when the text is read: odd characters, or words yet unknown here."""
    problems = Problems()
    read = read_conf(Path(f"{mission.name}.conf"), text, problems)
    if read is None:
        yield from problems.lines
        return
    (wanted,) = merged([settled(read, mission.rootdir, problems)], problems)
    yield from problems.lines
    for change in compared(wanted, mission).real:
        yield f"{change.what}: {change.key} is {change.old!r}"


def _lines(definition: MissionDefinition) -> Iterator[str]:
    part = definition.mission.model_dump()
    for key in ("incoming_dir", *OPTIONAL_KEYS["mission"]):
        if part[key] is None:  # qa_dir, where nobody checks
            continue
        part[key] = relative_to_root(str(part[key]), definition.mission.rootdir)
    yield from _section("mission", "mission", part)
    yield from _section("satellite", "satellite", definition.satellite.model_dump())
    yield from _section("instrument", "instrument", definition.instrument.model_dump())
    for product in definition.products.values():
        yield from _product(product)
    for process in definition.processes.values():
        yield from _process(process, definition)


def _section(title: str, family: str, values: dict[str, Any]) -> Iterator[str]:
    yield f"[{title}]"
    keys = {**REQUIRED_KEYS[family], **OPTIONAL_KEYS.get(family, {})}
    for key, way in keys.items():
        value: Any = values
        for step in way:
            value = value[step]
        yield f"{key} = {_text(value)}".rstrip()
    yield ""


def _product(product: ProductDefinition) -> Iterator[str]:
    yield from _section(_title(product.name), "product", product.model_dump(mode="json"))


def _process(process: ProcessDefinition, definition: MissionDefinition) -> Iterator[str]:
    values = process.model_dump(mode="json")
    code = max(process.codes, key=lambda code: code.in_use)
    outputs = [_named(one.product, definition) for one in process.outputs]
    values |= {"code": code.model_dump(mode="json"), "output": outputs[0] if outputs else None}
    *lines, blank = _section(f"process_{process.name}", "process", values)
    yield from lines
    yield from _inputs(process.inputs, definition)
    yield blank


def _inputs(inputs: Sequence[InputDefinition], definition: MissionDefinition) -> Iterator[str]:
    for number, one in enumerate(inputs, 1):
        value = _named(one.product, definition)
        if one.days_before or one.days_after:
            value = f'("{value}", {one.days_before}, {one.days_after})'
        yield f"{_KEY_OF_KIND[one.kind]}{number} = {_text(value)}"


def _named(product: str, definition: MissionDefinition) -> str:
    """A product of this file by its section, one of another instrument by its name."""
    return _title(product) if product in definition.products else product


def _title(product: str) -> str:
    return f"product_{product}"


def _text(value: object) -> str:
    return "" if value is None else str(value).replace("%", "%%")
