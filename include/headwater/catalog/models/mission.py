"""What a mission is: its satellites, instruments, products, processes, codes and inspectors.

Columns carry the meaning of dbprocessing's tables of the same names (spec dbprocessing 1).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, composite, mapped_column, relationship

from headwater.catalog.models.base import Base, Key, Moment, Now, Small, state_type
from headwater.core.states import FoundBy, InputKind, Timebase
from headwater.core.version import Version


class Mission(Base):
    """One mission; a catalog holds many."""

    __tablename__ = "mission"
    __table_args__ = (
        CheckConstraint(
            "(ingest_paused_at is null) = (ingest_pause_reason is null)"
            " and (ingest_paused_at is null) = (ingest_room_bytes is null)",
            name="ingest_pause",
        ),
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(unique=True)
    rootdir: Mapped[str]
    """Absolute; the base of all of the mission's data paths."""
    incoming_dir: Mapped[str]
    """Absolute, like the three folders below."""
    codedir: Mapped[str]
    inspectordir: Mapped[str]
    errordir: Mapped[str]
    qa_dir: Mapped[str | None]
    """Where files with checks of quality lie, absolute; none for a mission without them."""
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    """The mission's settings, `headwater.missions.definition.MissionSettings` as JSON."""
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    """Grows with each applied change; the DAG snapshot is derived from it."""
    ingest_paused_at: Mapped[datetime | None]
    """Since when nothing is taken in because the disk is full; none while it is not."""
    ingest_pause_reason: Mapped[str | None]
    ingest_room_bytes: Mapped[int | None]
    """How much room the archive's file system must have for the ingest to go on."""
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class MissionDatabase(Base):
    """A dbprocessing database whose mission this is; old command lines name it so."""

    __tablename__ = "mission_database"

    name: Mapped[str] = mapped_column(primary_key=True)
    """The path of a sqlite file, as it was given or absolute, or the name of a database."""
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))


class Satellite(Base):
    """A satellite of a mission."""

    __tablename__ = "satellite"
    __table_args__ = (UniqueConstraint("mission_id", "name"),)

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    name: Mapped[str]


class Instrument(Base):
    """An instrument of a satellite."""

    __tablename__ = "instrument"
    __table_args__ = (UniqueConstraint("satellite_id", "name"),)

    id: Mapped[Key]
    satellite_id: Mapped[int] = mapped_column(ForeignKey(Satellite.id))
    name: Mapped[str]


class Product(Base):
    """A class of files: how they are named, where they lie, and their level."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("mission_id", "name"),)

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    instrument_id: Mapped[int] = mapped_column(ForeignKey(Instrument.id), index=True)
    name: Mapped[str]
    relative_path: Mapped[str]
    """Below the mission's rootdir; may hold date and version fields."""
    level: Mapped[float] = mapped_column(Float)
    format: Mapped[str]
    """File name template (spec dbprocessing 2.1)."""
    description: Mapped[str | None]
    several_per_day: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether one day may have more than one file, told apart by their start times."""
    expected: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """On which days files are expected, `headwater.missions.expected_data` as JSON; none if the
    mission does not say."""

    inspector: Mapped[Inspector] = relationship(back_populates="product", uselist=False)


class Inspector(Base):
    """The plug-in that says whether a file is of a product; each product has one."""

    __tablename__ = "inspector"
    __table_args__ = (UniqueConstraint("product_id"),)

    id: Mapped[Key]
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    filename: Mapped[str]
    relative_path: Mapped[str] = mapped_column(server_default=text("''"))
    """Below the mission's inspectordir."""
    description: Mapped[str] = mapped_column(server_default=text("''"))
    interface_version: Mapped[Small]
    quality_version: Mapped[Small]
    revision_version: Mapped[Small]
    version: Mapped[Version] = composite("interface_version", "quality_version", "revision_version")
    output_interface: Mapped[Small] = mapped_column(server_default=text("1"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    """Only active inspectors are asked."""
    newest_version: Mapped[bool] = mapped_column(server_default=text("true"))
    date_written: Mapped[date]
    arguments: Mapped[str | None]
    """``key=value key=value``, given to the inspector."""

    product: Mapped[Product] = relationship(back_populates="inspector")


class Process(Base):
    """What makes products from products."""

    __tablename__ = "process"
    __table_args__ = (
        UniqueConstraint("mission_id", "name"),
        UniqueConstraint("mission_id", "slug"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    name: Mapped[str]
    slug: Mapped[str]
    """The process's part of its DAG's name: ``<mission>.make.<slug>``."""
    timebase: Mapped[Timebase] = mapped_column(state_type(Timebase, "timebase"))
    extra_params: Mapped[str | None]
    """Items of the command line, separated by ``|``."""
    wait_for_end: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether an output is made only once its interval is over."""

    inputs: Mapped[list[ProcessInput]] = relationship(order_by="ProcessInput.position")
    outputs: Mapped[list[ProcessOutput]] = relationship(order_by="ProcessOutput.position")
    codes: Mapped[list[Code]] = relationship(order_by="Code.id", back_populates="process")


class ProcessInput(Base):
    """A product that a process reads, and in which window around its interval."""

    __tablename__ = "process_input"
    __table_args__ = (
        CheckConstraint("days_before >= 0 and days_after >= 0", name="window"),
        Index("ix_process_input_product_id", "product_id"),
    )

    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), primary_key=True)
    position: Mapped[Small]
    kind: Mapped[InputKind] = mapped_column(state_type(InputKind, "input_kind"))
    days_before: Mapped[Small] = mapped_column(server_default=text("0"))
    days_after: Mapped[Small] = mapped_column(server_default=text("0"))
    files_before: Mapped[Small] = mapped_column(server_default=text("0"))
    """How many of the nearest files before the interval are read besides those in it."""
    files_after: Mapped[Small] = mapped_column(server_default=text("0"))
    latest_valid: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether its files are valid from their start to their stop, and the latest one is read."""


class ProcessOutput(Base):
    """A product that a process makes; the one at position 0 names the build."""

    __tablename__ = "process_output"
    __table_args__ = (Index("ix_process_output_product_id", "product_id"),)

    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id), primary_key=True)
    position: Mapped[Small]
    required: Mapped[bool] = mapped_column(server_default=text("true"))
    found_by: Mapped[FoundBy] = mapped_column(
        state_type(FoundBy, "found_by"), server_default=text("'name'")
    )


class Orbit(Base):
    """One orbit: it lasts from `start` to the moment before `stop`.

    Those of a satellite count for the processes of its products; those without one for all
    others of the mission.
    """

    __tablename__ = "orbit"
    __table_args__ = (
        CheckConstraint("start < stop", name="span"),
        Index(
            "uq_orbit_number",
            "mission_id",
            "number",
            unique=True,
            postgresql_where=text("satellite_id is null"),
        ),
        Index(
            "uq_orbit_satellite_number",
            "mission_id",
            "satellite_id",
            "number",
            unique=True,
            postgresql_where=text("satellite_id is not null"),
        ),
        Index("ix_orbit_start", "mission_id", "satellite_id", "start"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    satellite_id: Mapped[int | None] = mapped_column(ForeignKey(Satellite.id))
    number: Mapped[int]
    start: Mapped[Moment]
    stop: Mapped[Moment]


class Code(Base):
    """One version of the executable that does a process."""

    __tablename__ = "code"
    __table_args__ = (
        CheckConstraint("start_date <= stop_date", name="dates"),
        CheckConstraint("interface_version >= 1 and output_interface >= 1", name="versions"),
        # Codes that are switched off are history: an imported mission may have several of one
        # version (spec dbprocessing 12).
        Index(
            "uq_code_version",
            "process_id",
            "interface_version",
            "quality_version",
            "revision_version",
            "start_date",
            "stop_date",
            unique=True,
            postgresql_where=text("active and newest_version"),
        ),
    )

    id: Mapped[Key]
    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id))
    filename: Mapped[str]
    relative_path: Mapped[str] = mapped_column(server_default=text("''"))
    """Below the mission's codedir; may hold ``{CODEVERSION}``, like the filename."""
    description: Mapped[str] = mapped_column(server_default=text("''"))
    interface_version: Mapped[Small]
    quality_version: Mapped[Small]
    revision_version: Mapped[Small]
    version: Mapped[Version] = composite("interface_version", "quality_version", "revision_version")
    output_interface: Mapped[Small]
    """The interface version of the files that it makes."""
    start_date: Mapped[date]
    """The first date of outputs for which it is used."""
    stop_date: Mapped[date]
    """The last such date."""
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    newest_version: Mapped[bool] = mapped_column(server_default=text("true"))
    """Used only when it is both active and the newest version (spec dbprocessing 1)."""
    date_written: Mapped[date]
    arguments: Mapped[str | None]
    cpu: Mapped[Small] = mapped_column(server_default=text("1"))
    """Cores that one run takes."""
    ram: Mapped[float | None] = mapped_column(Float)
    """Gigabytes that one run takes."""

    process: Mapped[Process] = relationship(back_populates="codes")
