"""Where a mission's archive lies on this machine, and what below it is not the archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.archive_files import MissionFolders, mission_folders
from headwater.core.errors import ArchiveError, NotFoundError


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """The archive of one mission.

    `apart` are the folders below rootdir that hold other things, as absolute paths. Plain files
    directly in rootdir belong to the archive only where a product lies there.
    """

    mission_id: int
    mission: str
    rootdir: Path
    incoming_dir: Path
    errordir: Path
    apart: frozenset[str]
    top_counts: bool

    def check(self) -> None:
        """See that rootdir is there.

        Raises
        ------
        ArchiveError
            If it is not: an archive that is not mounted has lost nothing.
        """
        if not self.rootdir.is_dir():
            raise ArchiveError(f"the folder {self.rootdir} is not there: is the archive mounted?")


def archive_place(catalog: Catalog, mission: str) -> ArchivePlace:
    """The archive of a mission, from its row alone.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        found = mission_folders(connection, mission)
    if found is None:
        raise NotFoundError(f"there is no mission {mission!r}: see 'headwater mission list'")
    return ArchivePlace(
        found.mission_id,
        mission,
        Path(found.rootdir),
        Path(found.incoming_dir),
        Path(found.errordir),
        _apart(found),
        any(_lies_at_the_top(folder) for folder in found.product_folders),
    )


def _apart(found: MissionFolders) -> frozenset[str]:
    """The other folders of the mission; one that holds the archive itself is none of them."""
    root = Path(found.rootdir)
    others = (found.incoming_dir, found.errordir, found.codedir, found.inspectordir, found.qa_dir)
    places = [Path(other) for other in others if other]
    return frozenset(str(place) for place in places if not root.is_relative_to(place))


def _lies_at_the_top(relative_path: str) -> bool:
    return relative_path.strip("/") in {"", "."}
