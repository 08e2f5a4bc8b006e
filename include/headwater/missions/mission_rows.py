"""Rows of a mission's products and processes -> what :mod:`headwater.missions.loaded` holds."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, FromClause, Row, select

from headwater.catalog.models import (
    Code,
    Inspector,
    Instrument,
    Process,
    ProcessInput,
    ProcessOutput,
    Product,
    Satellite,
)
from headwater.core.version import Version
from headwater.missions.expected_data import ExpectedDefinition
from headwater.missions.mission_parts import (
    LoadedCode,
    LoadedInput,
    LoadedInspector,
    LoadedOutput,
    LoadedProcess,
    LoadedProduct,
)

Products = dict[int, LoadedProduct]
Processes = dict[int, LoadedProcess]


def read_parts(connection: Connection, mission_id: int) -> tuple[Products, Processes]:
    """The products and processes of a mission, by their numbers, ascending."""
    return _products(connection, mission_id), _processes(connection, mission_id)


def _version(row: Row[Any]) -> Version:
    return Version(row.interface_version, row.quality_version, row.revision_version)


def _products(connection: Connection, mission_id: int) -> Products:
    inspectors = {
        row.product_id: LoadedInspector(
            id=row.id,
            filename=row.filename,
            relative_path=row.relative_path,
            version=_version(row),
            arguments=row.arguments,
            description=row.description,
            output_interface=row.output_interface,
            active=row.active,
            newest_version=row.newest_version,
            date_written=row.date_written,
        )
        for row in connection.execute(
            select(Inspector.__table__)
            .join(Product.__table__, Product.id == Inspector.product_id)
            .where(Product.mission_id == mission_id)
        )
    }
    rows = connection.execute(
        select(
            Product.__table__,
            Instrument.name.label("instrument"),
            Satellite.id.label("satellite_id"),
            Satellite.name.label("satellite"),
        )
        .join(Instrument.__table__, Instrument.id == Product.instrument_id)
        .join(Satellite.__table__, Satellite.id == Instrument.satellite_id)
        .where(Product.mission_id == mission_id)
        .order_by(Product.id)
    )
    return {
        row.id: LoadedProduct(
            id=row.id,
            name=row.name,
            level=row.level,
            relative_path=row.relative_path,
            format=row.format,
            description=row.description,
            several_per_day=row.several_per_day,
            instrument_id=row.instrument_id,
            instrument=row.instrument,
            satellite_id=row.satellite_id,
            satellite=row.satellite,
            inspector=inspectors[row.id],
            expected=row.expected and ExpectedDefinition.model_validate(row.expected),
        )
        for row in rows
    }


def _of_processes(
    connection: Connection, table: FromClause, mission_id: int, order: str
) -> dict[int, list[Row[Any]]]:
    rows: dict[int, list[Row[Any]]] = defaultdict(list)
    query = (
        select(table)
        .join(Process.__table__, Process.id == table.c.process_id)
        .where(Process.mission_id == mission_id)
        .order_by(table.c.process_id, table.c[order])
    )
    for row in connection.execute(query):
        rows[row.process_id].append(row)
    return rows


def _processes(connection: Connection, mission_id: int) -> Processes:
    inputs = _of_processes(connection, ProcessInput.__table__, mission_id, "position")
    outputs = _of_processes(connection, ProcessOutput.__table__, mission_id, "position")
    codes = _of_processes(connection, Code.__table__, mission_id, "id")
    query = select(Process.__table__).where(Process.mission_id == mission_id).order_by(Process.id)
    return {
        row.id: LoadedProcess(
            id=row.id,
            name=row.name,
            slug=row.slug,
            timebase=row.timebase,
            extra_params=row.extra_params,
            inputs=tuple(
                LoadedInput(
                    one.product_id,
                    one.kind,
                    one.days_before,
                    one.days_after,
                    one.position,
                    one.files_before,
                    one.files_after,
                    one.latest_valid,
                )
                for one in inputs[row.id]
            ),
            outputs=tuple(
                LoadedOutput(one.product_id, one.required, one.position, one.found_by)
                for one in outputs[row.id]
            ),
            codes=tuple(map(_code, codes[row.id])),
            wait_for_end=row.wait_for_end,
        )
        for row in connection.execute(query)
    }


def _code(row: Row[Any]) -> LoadedCode:
    return LoadedCode(
        id=row.id,
        filename=row.filename,
        relative_path=row.relative_path,
        description=row.description,
        version=_version(row),
        output_interface=row.output_interface,
        start_date=row.start_date,
        stop_date=row.stop_date,
        active=row.active,
        newest_version=row.newest_version,
        date_written=row.date_written,
        arguments=row.arguments,
        cpu=row.cpu,
        ram=row.ram,
    )
