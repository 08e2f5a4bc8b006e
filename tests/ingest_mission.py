"""A small mission in the catalog and on the disk, for the tests of archive and ingest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from headwater.catalog.connection import Catalog
from headwater.catalog.models import (
    Inspector,
    Instrument,
    Mission,
    Process,
    ProcessInput,
    ProcessOutput,
    Product,
    Satellite,
)
from headwater.core.actor import Actor
from headwater.core.states import InputKind, Timebase
from headwater.missions.loaded import LoadedMission, load_mission

ACTOR = Actor("test")
NAME = "demo"

INSPECTOR = r"""
import datetime, re
from dbprocessing import inspector, Version

class Inspector(inspector.inspector):
    code_name = "by_name.py"

    def inspect(self, kwargs):
        found = re.match(
            kwargs["name"] + r"_(\d{8})(?:_(\d\d))?(?:_k([a-z]+))?(?:_x\w*)?"
            r"_v(\d+\.\d+\.\d+)\.dat$",
            self.basename)
        if found is None:
            return None
        day = datetime.datetime.strptime(found[1], "%Y%m%d")
        start = day + datetime.timedelta(hours=int(found[2] or 0))
        params = self.diskfile.params
        params["utc_file_date"] = day.date()
        params["utc_start_time"] = start
        params["utc_stop_time"] = start + datetime.timedelta(hours=23 - int(found[2] or 0))
        params["version"] = Version.Version.fromString(found[4])
        if found[3]:
            params["process_keywords"] = "kind=" + found[3]
        return True
"""


def make_mission(
    catalog: Catalog, folder: Path, *, name: str = NAME, **settings: Any
) -> LoadedMission:
    """A mission with products l0 and many (several a day), and three processes that read l0."""
    places = {key: folder / key for key in ("root", "incoming", "codes", "inspectors", "errors")}
    for place in places.values():
        place.mkdir(exist_ok=True)
    (places["inspectors"] / "by_name.py").write_text(INSPECTOR)
    with catalog.begin() as connection, Session(connection) as session:
        mission = Mission(
            name=name,
            rootdir=str(places["root"]),
            incoming_dir=str(places["incoming"]),
            codedir=str(places["codes"]),
            inspectordir=str(places["inspectors"]),
            errordir=str(places["errors"]),
            settings={"settle_seconds": 0.0, **settings},
        )
        session.add(mission)
        session.flush()
        satellite = _added(session, Satellite(mission_id=mission.id, name="sat"))
        instrument = _added(session, Instrument(satellite_id=satellite.id, name="inst"))
        products = {
            product: _product(session, mission.id, instrument.id, product)
            for product in ("l0", "many", "l1")
        }
        _process(session, mission.id, "daily", Timebase.DAILY, products, days_before=1)
        _process(session, mission.id, "each", Timebase.FILE, products, days_after=1)
        _process(session, mission.id, "quiet", Timebase.DAILY, products, kind=InputKind.NO_TRIGGER)
        session.flush()
    return load_mission(catalog, name)


def _added(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def _product(session: Session, mission_id: int, instrument_id: int, name: str) -> int:
    product = _added(
        session,
        Product(
            mission_id=mission_id,
            instrument_id=instrument_id,
            name=name,
            relative_path=f"{name}/{{Y}}",
            level=0.0,
            format=f"{name}_{{Y}}{{m}}{{d}}_v{{VERSION}}.dat",
            several_per_day=name == "many",
        ),
    )
    session.add(
        Inspector(
            product_id=product.id,
            filename="by_name.py",
            interface_version=1,
            quality_version=0,
            revision_version=0,
            date_written=date(2020, 1, 1),
            arguments=f"name={name}",
        )
    )
    return int(product.id)


def _process(
    session: Session,
    mission_id: int,
    name: str,
    timebase: Timebase,
    products: dict[str, int],
    *,
    kind: InputKind = InputKind.HARD,
    days_before: int = 0,
    days_after: int = 0,
) -> None:
    process = _added(
        session, Process(mission_id=mission_id, name=name, slug=name, timebase=timebase)
    )
    session.add(
        ProcessInput(
            process_id=process.id,
            product_id=products["l0"],
            position=0,
            kind=kind,
            days_before=days_before,
            days_after=days_after,
        )
    )
    session.add(ProcessOutput(process_id=process.id, product_id=products["l1"], position=0))


def drop(mission: LoadedMission, name: str, content: bytes | None = None) -> Path:
    """Put a file into incoming; its bytes are made from its name if not given."""
    path = mission.incoming_dir / name
    path.write_bytes(name.encode() * 10 if content is None else content)
    return path


def rows(catalog: Catalog, query: str, **values: Any) -> Sequence[Any]:
    """The rows of a query."""
    with catalog.begin() as connection:
        connection.execute(text("set local search_path to headwater"))
        return connection.execute(text(query), values).all()
