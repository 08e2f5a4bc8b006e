"""Databases as dbprocessing makes them, without dbprocessing: today's shape and older ones.

Tables, columns and constraints are those of spec dbprocessing 1. An older shape has no table
unixtime, no windows of inputs, a column newest_version of files, and a mission without codedir,
inspectordir and errordir; it also has no constraints, so that it holds what a test needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    insert,
    text,
    update,
)
from sqlalchemy.pool import NullPool

VERSION = ("interface_version", "quality_version", "revision_version")


def _key(name: str) -> Column[int]:
    return Column(name, Integer, primary_key=True)


def _ref(name: str, target: str, **options: Any) -> Column[int]:
    return Column(name, Integer, ForeignKey(target), nullable=False, **options)


def _versions() -> list[Column[int]]:
    return [Column(name, SmallInteger, nullable=False) for name in VERSION]


def tables(*, older: bool) -> MetaData:
    """The schema, on its own metadata."""
    meta = MetaData()
    folders = () if older else ("codedir", "inspectordir", "errordir")
    Table(
        "mission",
        meta,
        _key("mission_id"),
        Column("mission_name", String(20), nullable=False),
        Column("rootdir", String(250), nullable=False),
        Column("incoming_dir", String(250), nullable=False),
        *(Column(name, String(250)) for name in folders),
    )
    Table(
        "satellite",
        meta,
        _key("satellite_id"),
        Column("satellite_name", String(20), nullable=False),
        _ref("mission_id", "mission.mission_id"),
    )
    Table(
        "instrument",
        meta,
        _key("instrument_id"),
        Column("instrument_name", String(20), nullable=False),
        _ref("satellite_id", "satellite.satellite_id"),
    )
    Table(
        "product",
        meta,
        _key("product_id"),
        Column("product_name", String(100), nullable=False),
        Column("instrument_id", Integer, nullable=False),
        Column("relative_path", String(250), nullable=False),
        Column("level", Float, nullable=False),
        Column("format", Text, nullable=False),
        Column("product_description", Text),
    )
    Table(
        "instrumentproductlink",
        meta,
        Column("instrument_id", Integer),
        Column("product_id", Integer),
        PrimaryKeyConstraint("instrument_id", "product_id"),
    )
    Table(
        "process",
        meta,
        _key("process_id"),
        Column("process_name", String(50), nullable=False),
        Column("output_product", Integer),
        Column("output_timebase", String(10)),
        Column("extra_params", Text),
    )
    windows = (
        []
        if older
        else [
            Column("yesterday", Integer, nullable=False),
            Column("tomorrow", Integer, nullable=False),
        ]
    )
    Table(
        "productprocesslink",
        meta,
        Column("process_id", Integer),
        Column("input_product_id", Integer),
        Column("optional", Boolean, nullable=False),
        *windows,
        PrimaryKeyConstraint("process_id", "input_product_id"),
    )
    Table("file", meta, *_file(older))
    if not older:
        Table(
            "unixtime",
            meta,
            Column("file_id", Integer, primary_key=True),
            Column("unix_start", Integer),
            Column("unix_stop", Integer),
        )
    Table(
        "filefilelink",
        meta,
        Column("source_file", Integer),
        Column("resulting_file", Integer),
        PrimaryKeyConstraint("source_file", "resulting_file"),
    )
    Table(
        "code",
        meta,
        _key("code_id"),
        Column("filename", String(250), nullable=False),
        Column("relative_path", String(250), nullable=False),
        Column("code_start_date", Date, nullable=False),
        Column("code_stop_date", Date, nullable=False),
        Column("code_description", Text, nullable=False),
        Column("process_id", Integer),
        *_versions(),
        Column("output_interface_version", SmallInteger, nullable=False),
        Column("active_code", Boolean, nullable=False),
        Column("date_written", Date),
        Column("shasum", String(40)),
        Column("newest_version", Boolean, nullable=False),
        Column("arguments", Text),
        Column("ram", Float),
        Column("cpu", SmallInteger),
    )
    Table(
        "processqueue",
        meta,
        Column("file_id", Integer, primary_key=True),
        Column("version_bump", SmallInteger),
    )
    Table(
        "filecodelink",
        meta,
        Column("resulting_file", Integer),
        Column("source_code", Integer),
        PrimaryKeyConstraint("resulting_file", "source_code"),
    )
    Table(
        "release",
        meta,
        Column("file_id", Integer),
        Column("release_num", String(20)),
        PrimaryKeyConstraint("file_id", "release_num"),
    )
    Table(
        "logging",
        meta,
        _key("logging_id"),
        Column("currently_processing", Boolean),
        Column("pid", Integer),
        Column("processing_start_time", DateTime, nullable=False),
        Column("processing_end_time", DateTime),
        Column("comment", Text),
        Column("mission_id", Integer),
        Column("user", String(30), nullable=False),
        Column("hostname", String(100), nullable=False),
    )
    Table(
        "inspector",
        meta,
        _key("inspector_id"),
        Column("filename", String(250), nullable=False),
        Column("relative_path", String(250), nullable=False),
        Column("description", Text, nullable=False),
        *_versions(),
        Column("output_interface_version", SmallInteger, nullable=False),
        Column("active_code", Boolean, nullable=False),
        Column("date_written", Date),
        Column("shasum", String(40)),
        Column("newest_version", Boolean, nullable=False),
        Column("arguments", Text),
        Column("product", Integer, nullable=False),
    )
    return meta


def _file(older: bool) -> list[Any]:
    rules = (
        []
        if older
        else [
            UniqueConstraint("filename"),
            CheckConstraint("utc_stop_time is not NULL OR met_stop_time is not NULL"),
            CheckConstraint("utc_start_time <= utc_stop_time"),
            CheckConstraint("interface_version >= 1"),
        ]
    )
    own = [Column("newest_version", Boolean, nullable=False)] if older else []
    return [
        _key("file_id"),
        Column("filename", String(250), nullable=False),
        Column("utc_file_date", Date),
        Column("utc_start_time", DateTime),
        Column("utc_stop_time", DateTime),
        Column("data_level", Float, nullable=False),
        *_versions(),
        Column("verbose_provenance", Text),
        Column("check_date", DateTime),
        Column("quality_comment", Text),
        Column("caveats", Text),
        Column("file_create_date", DateTime, nullable=False),
        Column("met_start_time", Float),
        Column("met_stop_time", Float),
        Column("exists_on_disk", Boolean, nullable=False),
        Column("quality_checked", Boolean),
        Column("product_id", Integer, nullable=False),
        Column("shasum", String(40)),
        Column("process_keywords", Text),
        *own,
        *rules,
    ]


def _numbers(version: str) -> dict[str, int]:
    return dict(zip(VERSION, map(int, version.split(".")), strict=True))


class OldLab:
    """A database, and the tree of its mission on disk.

    The mission is `lab` of one satellite and instrument; products and processes are added. Rows
    are named by their old numbers.
    """

    def __init__(
        self, root: Path, *, older: bool = False, url: str | None = None, mission: str = "lab"
    ) -> None:
        self.root = root
        self.older = older
        root.mkdir(parents=True, exist_ok=True)
        self.path = root.parent / f"{mission}.sqlite"
        self.meta = tables(older=older)
        self.engine: Engine = create_engine(url or f"sqlite:///{self.path}", poolclass=NullPool)
        self.meta.create_all(self.engine)
        for folder in ("incoming", "codes/errors", "inspectors"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        folders = {} if older else {"codedir": "codes", "inspectordir": "inspectors"}
        self.add(
            "mission", mission_name=mission, rootdir=str(root), incoming_dir="incoming", **folders
        )
        self.add("satellite", satellite_name="lab-a", mission_id=1)
        self.add("instrument", instrument_name="i1", satellite_id=1)

    def add(self, table: str, **values: Any) -> int:
        """Insert a row; its number, or 0 where the table has no number of its own."""
        with self.engine.begin() as connection:
            done = connection.execute(insert(self.meta.tables[table]).values(**values))
            return int((done.inserted_primary_key or (0,))[0] or 0)

    def change(self, table: str, where: Mapping[str, Any], **values: Any) -> None:
        target = self.meta.tables[table]
        matches = [target.c[key] == value for key, value in where.items()]
        with self.engine.begin() as connection:
            connection.execute(update(target).where(*matches).values(**values))

    def remove(self, table: str, **where: Any) -> None:
        target = self.meta.tables[table]
        with self.engine.begin() as connection:
            matches = [target.c[key] == value for key, value in where.items()]
            connection.execute(delete(target).where(*matches))

    def run(self, sql: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(text(sql))

    def product(self, name: str, level: float, **values: Any) -> int:
        """A product with its link and its inspector."""
        own = {
            "product_name": name,
            "instrument_id": 1,
            "relative_path": name,
            "level": level,
            "format": name + "_{Y}{m}{d}_v{VERSION}.dat",
            "product_description": "lab",
        }
        number = self.add("product", **{**own, **values})
        self.add("instrumentproductlink", instrument_id=1, product_id=number)
        self.inspector(number, arguments=f"stem={name}")
        return number

    def inspector(self, product: int, version: str = "1.0.0", **values: Any) -> int:
        own = {
            "filename": "generic.py",
            "relative_path": "",
            "description": "lab",
            "output_interface_version": 1,
            "active_code": True,
            "newest_version": True,
            "date_written": date(2020, 1, 1),
            "product": product,
        }
        return self.add("inspector", **{**own, **_numbers(version), **values})

    def process(
        self,
        name: str,
        output: int | None,
        *inputs: int | tuple[int, int, int],
        timebase: str = "DAILY",
        optional: tuple[int, ...] = (),
    ) -> int:
        """A process; an input is a product, or product, yesterday, tomorrow."""
        number = self.add(
            "process",
            process_name=name,
            output_product=output,
            output_timebase=timebase,
            extra_params=None,
        )
        for one in (*inputs, *optional):
            product, before, after = one if isinstance(one, tuple) else (one, 0, 0)
            window = {} if self.older else {"yesterday": before, "tomorrow": after}
            self.add(
                "productprocesslink",
                process_id=number,
                input_product_id=product,
                optional=product in optional,
                **window,
            )
        return number

    def code(self, process: int, version: str = "1.0.0", **values: Any) -> int:
        own = {
            "filename": "copy.sh",
            "relative_path": "",
            "code_description": "lab",
            "code_start_date": date(1970, 1, 1),
            "code_stop_date": date(2049, 12, 31),
            "process_id": process,
            "output_interface_version": 1,
            "active_code": True,
            "newest_version": True,
            "date_written": date(2020, 1, 1),
            "cpu": 1,
            "ram": 1.0,
        }
        return self.add("code", **{**own, **_numbers(version), **values})

    def file(
        self,
        product: str,
        day: date,
        version: str = "1.0.0",
        *,
        sources: tuple[int, ...] = (),
        code: int | None = None,
        name: str | None = None,
        on_disk: bool = True,
        **values: Any,
    ) -> int:
        """A file with its bytes, its times, and what it was made from and by."""
        row = self._row("product", product_name=product)
        name = name or f"{product}_{day:%Y%m%d}_v{version}.dat"
        content = f"{name}\n".encode()
        if on_disk:
            folder = self.root / row["relative_path"]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        start = datetime.combine(day, time())
        stop = start + timedelta(days=1, microseconds=-1)
        own = {
            "filename": name,
            "utc_file_date": day,
            "utc_start_time": start,
            "utc_stop_time": stop,
            "data_level": row["level"],
            **_numbers(version),
            "file_create_date": datetime(2020, 6, 1, 12),
            "exists_on_disk": on_disk,
            "product_id": row["product_id"],
            "shasum": hashlib.sha1(content).hexdigest(),
        }
        if self.older:
            own["newest_version"] = False
        number = self.add("file", **{**own, **values})
        if not self.older:
            self.add("unixtime", file_id=number, unix_start=0, unix_stop=1)
        for source in sources:
            self.add("filefilelink", source_file=source, resulting_file=number)
        if code is not None:
            self.add("filecodelink", resulting_file=number, source_code=code)
        return number

    def _row(self, table: str, **where: Any) -> Mapping[str, Any]:
        target = self.meta.tables[table]
        matches = [target.c[key] == value for key, value in where.items()]
        with self.engine.connect() as connection:
            return dict(
                connection.execute(target.select().where(*matches)).mappings().first() or {}
            )


class ChainLab(OldLab):
    """``l0`` -> mk_l1 (FILE) -> ``l1`` -> mk_l2 (DAILY) -> ``l2``, each with its code."""

    def __init__(self, root: Path, **options: Any) -> None:
        super().__init__(root, **options)
        self.l0, self.l1, self.l2 = (self.product(f"l{n}", n) for n in range(3))
        self.mk_l1 = self.process("mk_l1", self.l1, self.l0, timebase="FILE")
        self.mk_l2 = self.process("mk_l2", self.l2, self.l1)
        self.code_l1, self.code_l2 = self.code(self.mk_l1), self.code(self.mk_l2)

    def day(self, day: date, version: str = "1.0.0") -> tuple[int, int, int]:
        """The three files of a day, each made from the one before."""
        first = self.file("l0", day, version)
        second = self.file("l1", day, version, sources=(first,), code=self.code_l1)
        third = self.file("l2", day, version, sources=(second,), code=self.code_l2)
        return first, second, third
