"""A mission of the catalog -> the definitions that would make it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headwater.missions.definition import (
    CodeDefinition,
    InputDefinition,
    InspectorDefinition,
    InstrumentPart,
    MissionDefinition,
    MissionPart,
    OutputDefinition,
    ProcessDefinition,
    ProductDefinition,
    SatellitePart,
)
from headwater.missions.loaded import LoadedMission
from headwater.missions.mission_parts import LoadedCode, LoadedProcess, LoadedProduct


def described(mission: LoadedMission) -> list[MissionDefinition]:
    """One definition an instrument; the processes stand in the last.

    Keys of products and processes are their names. Folders are absolute.
    """
    instruments: dict[tuple[str, str], dict[str, ProductDefinition]] = {}
    for product in mission.products.values():
        own = instruments.setdefault((product.satellite, product.instrument), {})
        own[product.name] = _product(product)
    # A mission without products: any names do, no product hangs on them.
    instruments = instruments or {(mission.name, mission.name): {}}
    part = mission_part(mission)
    definitions = [
        MissionDefinition(
            mission=part,
            satellite=SatellitePart(name=satellite),
            instrument=InstrumentPart(name=instrument),
            products=products,
        )
        for (satellite, instrument), products in instruments.items()
    ]
    definitions[-1].processes = {
        process.name: _process(process, mission) for process in mission.processes.values()
    }
    return definitions


def mission_part(mission: LoadedMission) -> MissionPart:
    """The mission itself, with absolute folders and its settings."""
    return MissionPart(
        name=mission.name,
        rootdir=str(mission.rootdir),
        incoming_dir=str(mission.incoming_dir),
        codedir=str(mission.codedir),
        inspectordir=str(mission.inspectordir),
        errordir=str(mission.errordir),
        qa_dir=None if mission.qa_dir is None else str(mission.qa_dir),
        settings=mission.settings,
    )


def relative_to_root(path: str, rootdir: str) -> str:
    """`path` below `rootdir` if it lies there, else as it is."""
    whole = Path(path)
    return str(whole.relative_to(rootdir)) if whole.is_relative_to(rootdir) else path


def _product(product: LoadedProduct) -> ProductDefinition:
    inspector = product.inspector
    return ProductDefinition(
        name=product.name,
        level=product.level,
        relative_path=product.relative_path,
        format=product.format,
        description=product.description,
        several_per_day=product.several_per_day,
        expected=product.expected,
        inspector=InspectorDefinition(
            filename=inspector.filename,
            relative_path=inspector.relative_path,
            version=str(inspector.version),
            arguments=inspector.arguments,
            description=inspector.description,
            output_interface=inspector.output_interface,
            active=inspector.active,
            newest_version=inspector.newest_version,
            date_written=inspector.date_written,
        ),
    )


def _process(process: LoadedProcess, mission: LoadedMission) -> ProcessDefinition:
    return ProcessDefinition(
        name=process.name,
        timebase=process.timebase,
        wait_for_end=process.wait_for_end,
        extra_params=process.extra_params,
        inputs=[
            InputDefinition(
                product=mission.products[one.product_id].name,
                kind=one.kind,
                days_before=one.days_before,
                days_after=one.days_after,
                files_before=one.files_before,
                files_after=one.files_after,
                latest_valid=one.latest_valid,
            )
            for one in process.inputs
        ],
        outputs=[
            OutputDefinition(
                product=mission.products[one.product_id].name,
                required=one.required,
                found_by=one.found_by,
            )
            for one in process.outputs
        ],
        codes=[code_definition(code) for code in latest_codes(process.codes)],
    )


def latest_codes(codes: Sequence[LoadedCode]) -> list[LoadedCode]:
    """One code a version: the one in use, or else the latest row."""
    best: dict[str, LoadedCode] = {}
    for code in sorted(codes, key=lambda code: (code.in_use, code.id)):
        best[str(code.version)] = code
    return sorted(best.values(), key=lambda code: code.version)


def code_definition(code: LoadedCode) -> CodeDefinition:
    """The definition that would make `code`."""
    return CodeDefinition(
        filename=code.filename,
        relative_path=code.relative_path,
        version=str(code.version),
        output_interface=code.output_interface,
        arguments=code.arguments,
        description=code.description,
        start_date=code.start_date,
        stop_date=code.stop_date,
        active=code.active,
        newest_version=code.newest_version,
        date_written=code.date_written,
        cpu=code.cpu,
        ram=code.ram,
    )
