"""What goes into an inspection and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath

from headwater.core.version import Version


@dataclass(frozen=True, slots=True)
class MissionFacts:
    """The mission whose inspectors run, as they see it through ``dbu``; folders are absolute."""

    mission_id: int
    name: str
    rootdir: str
    incoming_dir: str
    codedir: str
    inspectordir: str
    errordir: str


@dataclass(frozen=True, slots=True)
class InspectorSpec:
    """One active inspector and the product that it recognises.

    ``module_path`` is the inspector's file, absolute or below the mission's ``inspectordir``.
    ``format`` and ``relative_path`` are the product's templates, ``level`` its level,
    ``arguments`` the text that :func:`dbprocessing.Utils.strargs_to_args` reads, and
    ``description`` the inspector's own. ``known_...`` are the numbers by which inspectors know
    these rows: those of the old database where the mission was imported, else none.
    """

    inspector_id: int
    product_id: int
    product_name: str
    level: float
    format: str
    relative_path: str
    instrument_name: str
    instrument_id: int
    satellite_name: str
    satellite_id: int
    module_path: str
    arguments: str | None
    description: str
    known_inspector_id: int | None = None
    known_product_id: int | None = None
    known_instrument_id: int | None = None
    known_satellite_id: int | None = None

    def known(self, noun: str) -> int:
        """The number of its `noun` (product, instrument, ...) as inspectors see it."""
        number = getattr(self, f"known_{noun}_id")
        return int(getattr(self, f"{noun}_id") if number is None else number)

    @property
    def title(self) -> str:
        """How a reason names this inspector: ``inspector a.py for product P``."""
        return f"inspector {PurePath(self.module_path).name} for product {self.product_name}"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What an inspector found out about a file (spec dbprocessing 3).

    Times are UTC and aware; ``met_start_time`` and ``met_stop_time`` are mission elapsed times in
    the mission's own unit. The start is never after the stop.
    """

    utc_file_date: date
    utc_start_time: datetime
    utc_stop_time: datetime
    version: Version
    process_keywords: str | None = None
    quality_comment: str | None = None
    caveats: str | None = None
    verbose_provenance: str | None = None
    met_start_time: float | None = None
    met_stop_time: float | None = None
    quality_checked: bool | None = None
    check_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identification:
    """How the inspection of one file ended.

    ``path`` is as it was asked, undecodable bytes as surrogates (``os.fsencode`` gives them back).
    ``reason`` is empty for a file that was identified, else one sentence for a person.
    ``troubles`` are sentences about inspectors that failed on this file, in the order tried, also
    when a later one identified it. ``output`` is what the inspectors printed and logged, cut at
    64 KiB. ``reason``, ``troubles`` and ``output`` hold no surrogates and no NUL.
    """

    path: str
    product_id: int | None
    inspector_id: int | None
    facts: FileFacts | None
    reason: str
    troubles: tuple[str, ...] = ()
    output: str = ""
