"""What the DAG files know of a mission: one JSON file, derived from a revision (DESIGN 8).

It is read without the catalog, and equal revisions give equal bytes.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from headwater.catalog.connection import Catalog
from headwater.core.errors import SettingError
from headwater.core.states import InputKind, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProcess, load_mission
from headwater.missions.slug import asset_name, asset_uri

FOLDER_VARIABLE = "HEADWATER_SNAPSHOTS"
HOME_VARIABLE = "HEADWATER_HOME"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class PoolSnapshot(_Frozen):
    """A pool of Airflow that the mission's tasks need."""

    name: str
    slots: int


class ProductSnapshot(_Frozen):
    """A product and its asset."""

    name: str
    level: float
    asset: str
    uri: str
    description: str


class ProcessSnapshot(_Frozen):
    """A process; products by name."""

    name: str
    slug: str
    timebase: Timebase
    trigger_inputs: tuple[str, ...]
    """Hard and soft inputs, sorted."""
    other_inputs: tuple[str, ...]
    """Inputs that trigger nothing, sorted."""
    outputs: tuple[str, ...]
    """In the order of the mission file: the first names the builds."""
    description: str


class MissionSnapshot(_Frozen):
    """A mission as the DAG files need it; products by name, processes by slug."""

    format: Literal[1] = 1
    mission: str
    slug: str
    revision: int
    incoming_dir: str
    settle_seconds: float
    scan_seconds: float
    clock_minutes: int
    code_time_limit_seconds: float
    audit_hour: int | None = None
    """The hour (UTC) of the nightly audit; none: only by hand, as in a snapshot of old."""
    pools: tuple[PoolSnapshot, ...]
    products: tuple[ProductSnapshot, ...]
    processes: tuple[ProcessSnapshot, ...]

    def to_bytes(self) -> bytes:
        """Its file's content; equal snapshots give equal bytes."""
        return (self.model_dump_json(indent=1) + "\n").encode()


def snapshot_of(mission: LoadedMission) -> MissionSnapshot:
    """The snapshot of a mission as it was loaded."""
    settings = mission.settings
    products = sorted(mission.products.values(), key=lambda product: product.name)
    processes = sorted(mission.processes.values(), key=lambda process: process.slug)
    return MissionSnapshot(
        mission=mission.name,
        slug=mission.slug,
        revision=mission.revision,
        incoming_dir=str(mission.incoming_dir),
        settle_seconds=settings.settle_seconds,
        scan_seconds=settings.scan_seconds,
        clock_minutes=settings.clock_minutes,
        code_time_limit_seconds=settings.code_time_limit_seconds,
        audit_hour=settings.audit_hour,
        pools=(PoolSnapshot(name=f"{mission.slug}.cpu", slots=settings.cpu_slots),),
        products=tuple(
            ProductSnapshot(
                name=product.name,
                level=product.level,
                asset=asset_name(mission.slug, product.name),
                uri=asset_uri(mission.slug, product.name),
                description=product.description or "",
            )
            for product in products
        ),
        processes=tuple(_process(mission, process) for process in processes),
    )


def _process(mission: LoadedMission, process: LoadedProcess) -> ProcessSnapshot:
    names = {
        triggers: tuple(
            sorted(
                mission.products[one.product_id].name
                for one in process.inputs
                if (one.kind is not InputKind.NO_TRIGGER) is triggers
            )
        )
        for triggers in (True, False)
    }
    used = [code for code in process.codes if code.in_use] or process.codes[-1:]
    return ProcessSnapshot(
        name=process.name,
        slug=process.slug,
        timebase=process.timebase,
        trigger_inputs=names[True],
        other_inputs=names[False],
        outputs=tuple(mission.products[one.product_id].name for one in process.outputs),
        description=used[-1].description if used else "",
    )


def snapshot_folder() -> Path:
    """The folder that every host sees: ``HEADWATER_SNAPSHOTS``, or ``HEADWATER_HOME/snapshots``.

    Raises
    ------
    SettingError
        If neither variable is set.
    """
    folder, home = os.environ.get(FOLDER_VARIABLE), os.environ.get(HOME_VARIABLE)
    if folder:
        return Path(folder)
    if home:
        return Path(home, "snapshots")
    raise SettingError(
        f"no folder of mission snapshots is known: set {FOLDER_VARIABLE} to a folder that every "
        f"host sees, or {HOME_VARIABLE} to that of the local stack"
    )


def write_snapshot(catalog: Catalog, mission_name: str, folder: Path) -> bool:
    """Write ``<slug>.json`` if it differs from the catalog; whether it was written.

    It is renamed into place, so a reader sees the old file or the new one.

    Raises
    ------
    NotFoundError
        If the catalog has no such mission.
    CatalogUnavailableError
        If the database does not answer; the file stays.
    """
    snapshot = snapshot_of(load_mission(catalog, mission_name))
    content = snapshot.to_bytes()
    target = folder / f"{snapshot.slug}.json"
    if target.is_file() and target.read_bytes() == content:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{snapshot.slug}.{uuid.uuid4().hex}.part"
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return True


def read_snapshots(folder: Path) -> list[MissionSnapshot]:
    """All snapshots of a folder, by slug; none if it does not exist.

    A file that is no snapshot of this format is left out, so that one bad file does not take
    the DAGs of other missions away.
    """
    snapshots = []
    for path in sorted(folder.glob("*.json")):
        with contextlib.suppress(ValidationError, OSError):
            snapshots.append(MissionSnapshot.model_validate_json(path.read_bytes()))
    return sorted(snapshots, key=lambda snapshot: snapshot.slug)
