"""Write a checked difference into the catalog, in the transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from headwater.catalog.models import (
    Code,
    Inspector,
    Instrument,
    Mission,
    Process,
    ProcessInput,
    ProcessOutput,
    Product,
    Satellite,
)
from headwater.core.version import Version
from headwater.missions.definition import CodeDefinition, InspectorDefinition, MissionSettings
from headwater.missions.difference import CodeMatch, Difference
from headwater.missions.loaded import LoadedMission
from headwater.missions.merging import Wanted, WantedProduct
from headwater.missions.slug import slug

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GivenIds:
    """Numbers for new rows, by name; rows without get theirs from the database.

    A kind has numbers for all of its new rows or for none. `instruments` are by satellite and
    name, `inspectors` by product, `codes` by process in the order of those that are added.
    """

    mission: int | None = None
    satellites: Mapping[str, int] = field(default_factory=dict)
    instruments: Mapping[tuple[str, str], int] = field(default_factory=dict)
    products: Mapping[str, int] = field(default_factory=dict)
    inspectors: Mapping[str, int] = field(default_factory=dict)
    processes: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, Sequence[int]] = field(default_factory=dict)


def write(
    connection: Connection,
    wanted: Wanted,
    loaded: LoadedMission | None,
    difference: Difference,
    ids: GivenIds | None = None,
) -> tuple[int, int]:
    """Bring the catalog's rows to what `wanted` says; the mission's number and new revision.

    The caller holds the lock of applies, and `difference` was found under it.
    """
    ids = ids or GivenIds()
    mission_id, revision = _mission(connection, wanted, loaded, difference, ids)
    instruments = _instruments(connection, mission_id, wanted, ids)
    _products(connection, mission_id, wanted, difference, instruments, ids)
    processes = _processes(connection, mission_id, wanted, difference, ids)
    for match in difference.codes:
        _codes(connection, processes[match.process], match, ids.codes.get(match.process))
    return mission_id, revision


def _numbered(row: Row, number: int | None) -> Row:
    return row if number is None else {"id": number, **row}


def _mission(
    connection: Connection,
    wanted: Wanted,
    loaded: LoadedMission | None,
    difference: Difference,
    ids: GivenIds,
) -> tuple[int, int]:
    values: Row = wanted.mission.model_dump(mode="json", exclude={"name", "settings"})
    if wanted.settings is not None or loaded is None:
        values["settings"] = (wanted.settings or MissionSettings()).model_dump(mode="json")
    if loaded is None:
        row_values = _numbered({"name": wanted.name, "revision": 1, **values}, ids.mission)
        made = insert(Mission).values(**row_values)
        row = connection.execute(made.returning(Mission.id, Mission.revision)).one()
    else:
        if not difference.keys(f"mission {wanted.name}"):
            values = {}
        changed = (
            update(Mission)
            .where(Mission.id == loaded.id)
            .values(**values, revision=Mission.revision + 1, updated_at=func.now())
        )
        row = connection.execute(changed.returning(Mission.id, Mission.revision)).one()
    return row.id, row.revision


def _instruments(
    connection: Connection, mission_id: int, wanted: Wanted, ids: GivenIds
) -> dict[tuple[str, str], int]:
    """Make missing satellites and instruments; the numbers of all, by both names."""
    of_mission = select(Satellite.name, Satellite.id).where(Satellite.mission_id == mission_id)
    satellites = {row.name: row.id for row in connection.execute(of_mission)}
    names = sorted({satellite for satellite, _ in wanted.instruments} - set(satellites))
    rows = [
        _numbered({"mission_id": mission_id, "name": name}, ids.satellites.get(name))
        for name in names
    ]
    if rows:
        connection.execute(insert(Satellite), rows)
        satellites = {row.name: row.id for row in connection.execute(of_mission)}
    query = (
        select(Satellite.name.label("satellite"), Instrument.name, Instrument.id)
        .join(Satellite.__table__, Satellite.id == Instrument.satellite_id)
        .where(Satellite.mission_id == mission_id)
    )
    known = {(row.satellite, row.name): row.id for row in connection.execute(query)}
    rows = [
        _numbered({"satellite_id": satellites[one], "name": name}, ids.instruments.get((one, name)))
        for one, name in wanted.instruments
        if (one, name) not in known
    ]
    if rows:
        connection.execute(insert(Instrument), rows)
    return {(row.satellite, row.name): row.id for row in connection.execute(query)}


def _products(
    connection: Connection,
    mission_id: int,
    wanted: Wanted,
    difference: Difference,
    instruments: Mapping[tuple[str, str], int],
    ids: GivenIds,
) -> None:
    new = [one for name, one in wanted.products.items() if difference.added(f"product {name}")]
    if new:
        connection.execute(
            insert(Product),
            [
                _numbered(
                    {
                        "mission_id": mission_id,
                        "name": one.part.name,
                        "instrument_id": instruments[one.satellite, one.instrument],
                        **_product_values(one),
                    },
                    ids.products.get(one.part.name),
                )
                for one in new
            ],
        )
    changed = [one for name, one in wanted.products.items() if difference.keys(f"product {name}")]
    query = select(Product.name, Product.id).where(Product.mission_id == mission_id)
    known = {row.name: row.id for row in connection.execute(query)}
    _update(connection, Product, [(known[one.part.name], _product_values(one)) for one in changed])
    inspectors = {one.part.name: _inspector_values(one.part.inspector) for one in new + changed}
    if new:
        names = [one.part.name for one in new]
        rows = [
            _numbered({"product_id": known[name], **inspectors[name]}, ids.inspectors.get(name))
            for name in names
        ]
        connection.execute(insert(Inspector), rows)
    _update(
        connection,
        Inspector,
        [(known[one.part.name], inspectors[one.part.name]) for one in changed],
        key="product_id",
    )


def _product_values(product: WantedProduct) -> Row:
    expected = product.part.expected
    values = product.part.model_dump(exclude={"name", "inspector", "expected"})
    return values | {"expected": expected and expected.model_dump(mode="json")}


def _versions(text: str) -> Row:
    version = Version.parse(text)
    return {
        "interface_version": version.interface,
        "quality_version": version.quality,
        "revision_version": version.revision,
    }


def _inspector_values(inspector: InspectorDefinition) -> Row:
    return inspector.model_dump(exclude={"version"}) | _versions(inspector.version)


def code_values(code: CodeDefinition) -> Row:
    """The columns of a code's row, but for its process."""
    return code.model_dump(exclude={"version"}) | _versions(code.version)


def _update(
    connection: Connection,
    table: type[Product | Inspector | Process | Code],
    rows: Sequence[tuple[int, Row]],
    key: str = "id",
) -> None:
    """Update rows by number; all rows have the same columns."""
    if rows:
        statement = update(table).where(table.__table__.c[key] == bindparam("row_key"))
        statement = statement.values({name: bindparam(f"new_{name}") for name in rows[0][1]})
        connection.execute(
            statement,
            [{"row_key": at, **{f"new_{k}": v for k, v in row.items()}} for at, row in rows],
        )


def _processes(
    connection: Connection,
    mission_id: int,
    wanted: Wanted,
    difference: Difference,
    ids: GivenIds,
) -> dict[str, int]:
    """Write processes with inputs and outputs; the numbers of all of the mission, by name."""
    new = [name for name in wanted.processes if difference.added(f"process {name}")]
    changed = [name for name in wanted.processes if difference.keys(f"process {name}")]
    values = {
        name: wanted.processes[name].part.model_dump(
            include={"timebase", "extra_params", "wait_for_end"}
        )
        for name in (*new, *changed)
    }
    if new:
        connection.execute(
            insert(Process),
            [
                _numbered(
                    {"mission_id": mission_id, "name": name, "slug": slug(name), **values[name]},
                    ids.processes.get(name),
                )
                for name in new
            ],
        )
    query = select(Process.name, Process.id).where(Process.mission_id == mission_id)
    known = {row.name: row.id for row in connection.execute(query)}
    _update(connection, Process, [(known[name], values[name]) for name in changed])
    for table in (ProcessInput, ProcessOutput):
        connection.execute(
            delete(table).where(table.process_id.in_([known[name] for name in changed]))
        )
    _links(connection, mission_id, wanted, {name: known[name] for name in (*new, *changed)})
    return known


def _links(
    connection: Connection, mission_id: int, wanted: Wanted, processes: Mapping[str, int]
) -> None:
    query = select(Product.name, Product.id).where(Product.mission_id == mission_id)
    products = {row.name: row.id for row in connection.execute(query)}
    for table, word in ((ProcessInput, "inputs"), (ProcessOutput, "outputs")):
        rows = [
            {
                "process_id": process_id,
                "product_id": products[one.product],
                "position": position,
                **one.model_dump(exclude={"product"}),
            }
            for name, process_id in processes.items()
            for position, one in enumerate(getattr(wanted.processes[name].part, word))
        ]
        if rows:
            connection.execute(insert(table), rows)


def _codes(
    connection: Connection, process_id: int, match: CodeMatch, numbers: Sequence[int] | None
) -> None:
    if match.added:
        rows = [
            _numbered({"process_id": process_id, **code_values(code)}, number)
            for code, number in zip(match.added, numbers or repeat(None), strict=False)
        ]
        connection.execute(insert(Code), rows)
    _update(connection, Code, [(old.id, code_values(new)) for old, new in match.kept])
    off = {"active": False, "newest_version": False}
    _update(connection, Code, [(old.id, off) for old in match.dropped])
