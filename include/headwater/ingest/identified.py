"""From what an inspector said to the row and the place that a file gets."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.archive.protocol import Placed
from headwater.catalog.queries.filing import FileIdentity, NewFile, interval_key
from headwater.core.errors import NameFormatError
from headwater.core.name_format import directory
from headwater.core.version import Version
from headwater.ingest.screening import Screened, ScreenedOutError
from headwater.missions.inspection.specs import FileFacts, Identification
from headwater.missions.loaded import LoadedMission, LoadedProduct

_GREATEST = 32767  # the catalog's small integer


@dataclass(frozen=True, slots=True)
class Identified:
    """A file whose product, times and version are known, and so its place."""

    screened: Screened
    product: LoadedProduct
    facts: FileFacts
    inspector_id: int | None
    troubles: tuple[str, ...]
    identity: FileIdentity

    @property
    def described(self) -> str:
        """``version 1.0.0 of l0, 2020-01-01``, as reasons say it."""
        key = self.identity.interval_key
        return f"version {self.facts.version} of {self.product.name}, {key}"

    @property
    def note(self) -> str | None:
        """What a person should know of the file."""
        notes = [*self.troubles]
        if self.screened.stamp.size == 0:
            notes.insert(0, "the file is empty")
        return "; ".join(notes) or None

    def new_file(self, placed: Placed) -> NewFile:
        """The row of the file, now that its bytes are in their place."""
        facts, identity = self.facts, self.identity
        return NewFile(
            product_id=self.product.id,
            name=identity.name,
            path=identity.path,
            interval_key=identity.interval_key,
            utc_file_date=facts.utc_file_date,
            utc_start_time=facts.utc_start_time,
            utc_stop_time=facts.utc_stop_time,
            version=facts.version,
            level=self.product.level,
            size=placed.size,
            sha256=placed.sha256,
            sha1=placed.sha1,
            file_create_date=placed.modified_at,
            keywords=identity.keywords,
            note=self.note,
            verbose_provenance=facts.verbose_provenance,
            quality_checked=facts.quality_checked,
            quality_comment=facts.quality_comment,
            caveats=facts.caveats,
            check_date=facts.check_date,
            met_start_time=facts.met_start_time,
            met_stop_time=facts.met_stop_time,
            inspector_id=self.inspector_id,
        )


def identified(mission: LoadedMission, screened: Screened, answer: Identification) -> Identified:
    """Turn an inspector's answer into a product and a place.

    Raises
    ------
    ScreenedOutError
        If no inspector took the file, or what it said cannot be used.
    """
    if answer.product_id is None or answer.facts is None:
        raise ScreenedOutError("; ".join([f"unidentified: {answer.reason}", *answer.troubles]))
    product = mission.products[answer.product_id]
    facts = answer.facts
    _check_version(facts.version)
    identity = FileIdentity(
        product_id=product.id,
        name=screened.name,
        path=_path(product, facts, screened.name),
        interval_key=interval_key(
            facts.utc_file_date, facts.utc_start_time, several_per_day=product.several_per_day
        ),
        keywords=facts.process_keywords or "",
        version=facts.version,
    )
    return Identified(screened, product, facts, answer.inspector_id, answer.troubles, identity)


def _check_version(version: Version) -> None:
    if max(version.interface, version.quality, version.revision) > _GREATEST:
        raise ScreenedOutError(f"its version {version} has a part above {_GREATEST}")


def _path(product: LoadedProduct, facts: FileFacts, name: str) -> str:
    try:
        folder = directory(
            product.relative_path,
            utc_file_date=facts.utc_file_date,
            utc_start_time=facts.utc_start_time,
            version=facts.version,
        )
    except NameFormatError as error:
        raise ScreenedOutError(f"its folder is not known: {error}") from error
    parts = [part for part in folder.split("/") if part not in {"", "."}]
    return "/".join([*parts, name])
