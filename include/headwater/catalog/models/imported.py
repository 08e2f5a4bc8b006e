"""What is kept of the dbprocessing database that a mission came from (spec dbprocessing 12)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from headwater.catalog.models.base import Base, Now, Small, state_type
from headwater.catalog.models.mission import Mission


class ImportedKind(StrEnum):
    """The noun that an old number belongs to."""

    MISSION = "mission"
    SATELLITE = "satellite"
    INSTRUMENT = "instrument"
    PRODUCT = "product"
    INSPECTOR = "inspector"
    PROCESS = "process"
    CODE = "code"
    FILE = "file"


class ImportedId(Base):
    """The number of a row in the old database, and the row that stands for it here.

    dbprocessing's inspectors and codes may use the old number. A number that the old database
    gave to another row meanwhile (sqlite uses the highest one again) means the later row.
    """

    __tablename__ = "imported_id"

    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id), primary_key=True)
    kind: Mapped[ImportedKind] = mapped_column(state_type(ImportedKind, "kind"), primary_key=True)
    old_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    new_id: Mapped[int]


class ImportedQueueEntry(Base):
    """An entry of the old process queue as it was at the last import.

    It has become a wake or a forced build; found again by the next import, it does not once more.
    """

    __tablename__ = "imported_queue_entry"

    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    """The queued file."""
    version_bump: Mapped[Small | None]


class LeftOutFile(Base):
    """A file of the old database that has no row of its own here, and why.

    Its bytes are where they were; nothing of it was removed.
    """

    __tablename__ = "left_out_file"

    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    old_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    product: Mapped[str | None]
    """The name of its product, where the old database still has it."""
    utc_file_date: Mapped[date | None]
    path: Mapped[str | None]
    """Below the mission's rootdir, as far as it is known."""
    reason: Mapped[str]
    imported_at: Mapped[Now]
