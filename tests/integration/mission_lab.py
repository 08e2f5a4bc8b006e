"""A mission file of three products and two processes, and what tests ask of it once applied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert, select

from headwater.catalog.connection import Catalog
from headwater.catalog.models import Event, File, FileCode, Wake
from headwater.core.actor import Actor
from headwater.core.states import EventKind
from headwater.missions.apply import Applied, Change
from headwater.missions.loaded import load_mission

Put = Callable[..., Applied]
"""Writes a mission file of some content and applies it: the fixture `put`."""

ME = Actor("ana")
LAB = """
mission: {name: lab, rootdir: data, codedir: codes, errordir: errors}
satellite: {name: lab-a}
instrument: {name: i1}
products:
  l0: {name: l0, level: 0, relative_path: L0, format: "l0_{Y}{m}{d}.dat",
       inspector: {filename: i.py}}
  l1: {name: l1, level: 1, relative_path: L1, format: "l1_{Y}{m}{d}_v{VERSION}.dat",
       inspector: {filename: i.py}}
  l2: {name: l2, level: 2, relative_path: L2, format: "l2_{Y}{m}{d}_v{VERSION}.dat",
       inspector: {filename: i.py}}
processes:
  mk_l1: {name: mk_l1, timebase: FILE, output: l1, inputs: [l0], code: {filename: c.sh}}
  mk_l2: {name: mk_l2, timebase: DAILY, output: l2, code: {filename: c.sh},
          inputs: [{product: l1, days_before: 1}]}
"""
MK_L1 = "  mk_l1: {name: mk_l1, timebase: FILE, output: l1, inputs: [l0], code: {filename: c.sh}}\n"
NEW_CODE = MK_L1.replace("{filename: c.sh}", "{filename: d.sh, version: 1.1.0}")


def shown(changes: Sequence[Change]) -> list[str]:
    return [str(change) for change in changes]


def file_on(catalog: Catalog, product: str, day: date, made_by: str | None = None) -> None:
    """A newest file of a product, as if it had been filed."""
    mission = load_mission(catalog, "lab")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values = {
        "mission_id": mission.id,
        "product_id": mission.product(product).id,
        "name": f"{product}_{day}",
        "path": f"{product}/{product}_{day}",
        "interval_key": day.isoformat(),
        "utc_file_date": day,
        "utc_start_time": start,
        "utc_stop_time": start + timedelta(hours=23),
        "interface_version": 1,
        "quality_version": 0,
        "revision_version": 0,
        "newest": True,
        "level": 0.0,
        "size": 1,
        "sha256": "0" * 64,
        "sha1": "0" * 40,
        "file_create_date": start,
    }
    with catalog.begin() as connection:
        number = connection.scalar(insert(File).values(**values).returning(File.id))
        if made_by is not None:
            code = mission.process(made_by).codes[0]
            connection.execute(insert(FileCode).values(resulting_file=number, source_code=code.id))


def wakes(catalog: Catalog, process: str) -> dict[date, str]:
    number = load_mission(catalog, "lab").process(process).id
    with catalog.read() as connection:
        rows = connection.execute(select(Wake.__table__).where(Wake.process_id == number))
        return {row.utc_date: row.reason for row in rows}


def events(catalog: Catalog, kind: EventKind) -> list[tuple[str, str]]:
    with catalog.read() as connection:
        rows = connection.execute(select(Event.actor, Event.reason).where(Event.kind == kind))
        return [(row.actor, row.reason) for row in rows]
