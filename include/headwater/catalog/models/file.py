"""Files, where they came from, and the way they arrive."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, composite, mapped_column

from headwater.catalog.models.base import Base, Key, Moment, Now, Small, state_type
from headwater.catalog.models.mission import Code, Inspector, Mission, Product
from headwater.core.states import ArrivalState, BytesFate, Disposition, IntentState, QaMark
from headwater.core.version import Version


class File(Base):
    """One file of the archive, with what its inspector said of it.

    The interval key tells the files of a product apart: the UTC date, or the start time where
    the product may have several files a day.
    """

    __tablename__ = "file"
    __table_args__ = (
        UniqueConstraint("mission_id", "name"),
        UniqueConstraint("mission_id", "path"),
        UniqueConstraint(
            "product_id",
            "interval_key",
            "keywords",
            "interface_version",
            "quality_version",
            "revision_version",
            name="uq_file_version",
        ),
        Index("ix_file_qa", "mission_id", postgresql_where=text("qa in ('ignore', 'problem')")),
        Index(
            "uq_file_newest",
            "product_id",
            "interval_key",
            "keywords",
            unique=True,
            postgresql_where=text("newest"),
        ),
        Index("ix_file_product_date", "product_id", "utc_file_date", "newest"),
        Index(
            "ix_file_product_span",
            "product_id",
            "utc_start_time",
            "utc_stop_time",
            postgresql_where=text("newest"),
        ),
        CheckConstraint("utc_start_time <= utc_stop_time", name="span"),
        CheckConstraint("interface_version >= 1", name="interface"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    name: Mapped[str]
    """The name without folder; unique in its mission."""
    path: Mapped[str]
    """Below the mission's rootdir."""
    interval_key: Mapped[str]
    utc_file_date: Mapped[date]
    """The date that characterises the file."""
    utc_start_time: Mapped[Moment]
    utc_stop_time: Mapped[Moment]
    interface_version: Mapped[Small]
    quality_version: Mapped[Small]
    revision_version: Mapped[Small]
    version: Mapped[Version] = composite("interface_version", "quality_version", "revision_version")
    newest: Mapped[bool]
    """Whether it has the highest version of its product, interval and keywords."""
    keywords: Mapped[str] = mapped_column(server_default=text("''"))
    """Process keywords, ``key=value key=value``; empty when there are none."""
    level: Mapped[float] = mapped_column(Float)
    size: Mapped[int | None]
    """Bytes; unknown for an imported file whose bytes have not been read, like both checksums."""
    sha256: Mapped[str | None] = mapped_column(String(64))
    sha1: Mapped[str | None] = mapped_column(String(40))
    """The checksum that dbprocessing's scripts show; an imported file may have it alone."""
    file_create_date: Mapped[Moment]
    """The time of last change of the file as it arrived or was made."""
    exists_on_disk: Mapped[bool] = mapped_column(server_default=text("true"))
    scrubbed_at: Mapped[datetime | None]
    """When its bytes were last read again and had the recorded sums; none: when it was filed."""
    scrubbed_mtime: Mapped[datetime | None]
    """The time of last change that the bytes had then, where it is not `file_create_date`."""
    note: Mapped[str | None]
    """What a person should know, for example that the file is empty."""
    verbose_provenance: Mapped[str | None]
    """The command line that made it; none for a file that arrived."""
    quality_checked: Mapped[bool | None]
    quality_comment: Mapped[str | None]
    caveats: Mapped[str | None]
    check_date: Mapped[datetime | None]
    qa: Mapped[QaMark | None] = mapped_column(state_type(QaMark, "qa"))
    """What the latest check of its quality says; none for a file that nobody checked."""
    met_start_time: Mapped[float | None] = mapped_column(Float)
    met_stop_time: Mapped[float | None] = mapped_column(Float)
    inspector_id: Mapped[int | None] = mapped_column(ForeignKey(Inspector.id))
    build_id: Mapped[int | None] = mapped_column(ForeignKey("headwater.build.id"), index=True)
    """The build that made it; none for a file that arrived."""
    created_at: Mapped[Now]


class FileLink(Base):
    """`source_file` was an input of `resulting_file` (dbprocessing: filefilelink)."""

    __tablename__ = "file_link"
    __table_args__ = (
        CheckConstraint("source_file <> resulting_file", name="different"),
        Index("ix_file_link_resulting_file", "resulting_file"),
    )

    source_file: Mapped[int] = mapped_column(ForeignKey(File.id), primary_key=True)
    resulting_file: Mapped[int] = mapped_column(ForeignKey(File.id), primary_key=True)


class FileCode(Base):
    """The code that made a file (dbprocessing: filecodelink)."""

    __tablename__ = "file_code"

    resulting_file: Mapped[int] = mapped_column(ForeignKey(File.id), primary_key=True)
    source_code: Mapped[int] = mapped_column(ForeignKey(Code.id), primary_key=True)


class Release(Base):
    """A file that belongs to a named set for the public, or was taken out of it."""

    __tablename__ = "release"

    file_id: Mapped[int] = mapped_column(ForeignKey(File.id), primary_key=True)
    release_num: Mapped[str] = mapped_column(primary_key=True)
    excluded: Mapped[str | None]
    """Why it was taken out; none while it belongs to the release."""


class ReleaseName(Base):
    """A release as a whole: who made it, when and why.

    One that was imported may have files without such a row.
    """

    __tablename__ = "release_name"

    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id), primary_key=True)
    release_num: Mapped[str] = mapped_column(primary_key=True)
    created_by: Mapped[str]
    created_at: Mapped[Now]
    reason: Mapped[str]


class Tombstone(Base):
    """A file whose row was purged: what it was, who did it and why.

    It stands until a file of that name is filed again.
    """

    __tablename__ = "tombstone"
    __table_args__ = (
        Index(
            "ix_tombstone_standing",
            "mission_id",
            "name",
            postgresql_where=text("closed_at is null"),
        ),
        Index("ix_tombstone_file_id", "file_id"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    file_id: Mapped[int]
    """The number that its row had."""
    product_id: Mapped[int] = mapped_column(ForeignKey(Product.id))
    name: Mapped[str]
    path: Mapped[str]
    """Below the mission's rootdir."""
    utc_file_date: Mapped[date]
    interval_key: Mapped[str]
    keywords: Mapped[str]
    interface_version: Mapped[Small]
    quality_version: Mapped[Small]
    revision_version: Mapped[Small]
    version: Mapped[Version] = composite("interface_version", "quality_version", "revision_version")
    sha256: Mapped[str | None] = mapped_column(String(64))
    fate: Mapped[BytesFate] = mapped_column(state_type(BytesFate, "fate"))
    kept_path: Mapped[str | None]
    """Where its bytes lie now, absolute, if they were kept and have been moved."""
    actor: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[Now]
    closed_at: Mapped[datetime | None]
    """When a file of its name was filed again."""


class QaFile(Base):
    """A file with checks of quality that was read: its state then, and what came of it."""

    __tablename__ = "qa_file"

    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    """Absolute."""
    size: Mapped[int]
    """Bytes."""
    mtime_ns: Mapped[int]
    """Its time of last change, in nanoseconds since 1970; with the size it tells a change."""
    marked: Mapped[int]
    """How many files it names."""
    trouble: Mapped[str] = mapped_column(server_default=text("''"))
    """Why nothing of it was taken; empty if it was."""
    read_at: Mapped[Now]


class OrbitFile(Base):
    """A file of the product that a mission takes its orbits from, and that it was read."""

    __tablename__ = "orbit_file"

    file_id: Mapped[int] = mapped_column(ForeignKey(File.id, ondelete="CASCADE"), primary_key=True)
    problem: Mapped[str | None]
    """Why it could not be used; none if its orbits are in the catalog."""
    read_at: Mapped[Now]


class Arrival(Base):
    """One file seen in a mission's incoming folder, and how it ended."""

    __tablename__ = "arrival"
    __table_args__ = (
        CheckConstraint("(state = 'ended') = (disposition is not null)", name="ended"),
        Index(
            "ix_arrival_claimed",
            "mission_id",
            "lease_until",
            postgresql_where=text("state = 'claimed'"),
        ),
        Index("ix_arrival_token", "token"),
        Index("ix_arrival_mission_created", "mission_id", "created_at"),
        Index(
            "ix_arrival_quarantined",
            "mission_id",
            "created_at",
            postgresql_where=text("disposition = 'quarantined'"),
        ),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    name: Mapped[str]
    """The name as text; bytes that are not UTF-8 stand as ``\\xNN``."""
    raw_name: Mapped[bytes] = mapped_column(LargeBinary)
    """The name's own bytes."""
    size: Mapped[int]
    modified_at: Mapped[Moment]
    inode: Mapped[int]
    token: Mapped[uuid.UUID]
    """The claim that holds it; also names its folder below ``.claimed``."""
    state: Mapped[ArrivalState] = mapped_column(state_type(ArrivalState, "state"))
    disposition: Mapped[Disposition | None] = mapped_column(state_type(Disposition, "disposition"))
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    file_id: Mapped[int | None] = mapped_column(index=True)
    """The number of the file that it became; its row may have been purged since."""
    quarantine_path: Mapped[str | None]
    claimed_by: Mapped[str]
    """Who claimed it: a run of Airflow or a command."""
    attempts: Mapped[Small] = mapped_column(server_default=text("1"))
    lease_until: Mapped[Moment]
    created_at: Mapped[Now]
    ended_at: Mapped[datetime | None]


class Intent(Base):
    """The archive protocol's promise to put one file at one path (DESIGN 7).

    A final path has at most one intent at a time, and each step on the disk checks the token.
    """

    __tablename__ = "intent"
    __table_args__ = (
        UniqueConstraint("mission_id", "final_path"),
        Index("ix_intent_lease", "lease_until"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    token: Mapped[uuid.UUID] = mapped_column(index=True)
    state: Mapped[IntentState] = mapped_column(state_type(IntentState, "state"))
    source_path: Mapped[bytes] = mapped_column(LargeBinary)
    """Absolute; the claimed arrival, or the output in its work directory."""
    part_path: Mapped[bytes] = mapped_column(LargeBinary)
    """Absolute; the copy under way, on the archive's file system."""
    final_path: Mapped[str]
    """Below the mission's rootdir."""
    owner: Mapped[str] = mapped_column(server_default=text("''"))
    """Who promises: a run of Airflow, a person's command, a pass."""
    keep_in: Mapped[str | None]
    """The folder to which bytes that are being removed go, absolute; none if nobody wants them."""
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    """Why bytes are being removed."""
    lease_until: Mapped[Moment]
    created_at: Mapped[Now]
