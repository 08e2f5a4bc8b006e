"""Files: those of a product, one with every fact, its versions and its relatives."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import file_pages
from headwater.catalog.queries.family import family
from headwater.catalog.queries.file_pages import FileFilter, file_page
from headwater.catalog.queries.listings import Row
from headwater.core.errors import NotFoundError, SettingError
from headwater.core.states import QaMark
from headwater.missions.loaded import LoadedMission
from headwater.web.access import Right, needs
from headwater.web.fields import Answer, Day, First, Key, Last, Limit, PathKey, Time, Word
from headwater.web.provided import TheCatalog, TheMission

router = APIRouter(prefix="/api/missions/{mission}/files", tags=["files"])
MOST_VERSIONS = 500
MOST_LINKS = 2000


class FileLine(Answer):
    """A file of the archive."""

    id: int = Field(examples=[42])
    product: str = Field(examples=["l1"])
    name: str = Field(examples=["l1_20260131_v1.0.0.dat"])
    path: str = Field(description="Below the mission's rootdir.", examples=["l1/l1_20260131.dat"])
    date: Day = Field(examples=["2026-01-31"])
    interval_key: str = Field(examples=["2026-01-31"])
    keywords: str = Field(examples=[""])
    version: str = Field(examples=["1.0.0"])
    newest: bool = Field(examples=[True])
    size: int | None = Field(description="Bytes.", examples=[1048576])
    on_disk: bool = Field(examples=[True])
    qa: QaMark | None
    build: int | None = Field(description="The build that made it.", examples=[17])
    created_at: Time = Field(examples=["2026-02-01T00:00:09Z"])


class FilePage(FileLine):
    """Every fact of a file."""

    mission: str = Field(examples=["demo"])
    level: float = Field(examples=[1.0])
    full_path: str = Field(examples=["/data/demo/l1/l1_20260131.dat"])
    start: Time = Field(description="Where its data begin.", examples=["2026-01-31T00:00:00Z"])
    stop: Time = Field(description="Where they end.", examples=["2026-01-31T23:59:59.999999Z"])
    sha256: str | None = Field(examples=["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4959"])
    sha1: str | None = Field(examples=["da39a3ee5e6b4b0d3255bfef95601890afd80709"])
    file_changed_at: Time = Field(examples=["2026-02-01T00:00:08Z"])
    scrubbed_at: Time | None = Field(description="When its bytes were read again.")
    note: str | None = Field(examples=["it is empty"])
    quality_checked: bool | None
    quality_comment: str | None = Field(examples=["spikes after 12:00"])
    caveats: str | None
    checked_at: Time | None
    met_start_time: float | None
    met_stop_time: float | None
    command: str | None = Field(examples=["/data/demo/codes/mk_l1.py in.dat out.cdf"])
    process: str | None = Field(examples=["mk_l1"])
    code: str | None = Field(examples=["mk_l1.py"])
    code_version: str | None = Field(examples=["1.2.0"])
    inspector: str | None = Field(examples=["l1.py"])
    inspector_version: str | None = Field(examples=["1.0.0"])
    releases: list[str] = Field(examples=[["2026a"]])


class FileVersion(Answer):
    """A version of a file's product, interval and keywords."""

    id: int = Field(examples=[42])
    name: str = Field(examples=["l1_20260131_v1.0.0.dat"])
    version: str = Field(examples=["1.0.0"])
    newest: bool = Field(examples=[True])
    size: int | None = Field(examples=[1048576])
    sha256: str | None
    on_disk: bool = Field(examples=[True])
    build: int | None = Field(examples=[17])
    reason: str | None = Field(description="Why it was made.", examples=["l0 arrived"])
    code: str | None = Field(examples=["mk_l1.py"])
    code_version: str | None = Field(examples=["1.2.0"])
    created_at: Time = Field(examples=["2026-02-01T00:00:09Z"])


class Relative(Answer):
    """A file of a graph of provenance."""

    id: int = Field(examples=[42])
    product: str = Field(examples=["l1"])
    level: float = Field(examples=[1.0])
    date: Day = Field(examples=["2026-01-31"])
    version: str = Field(examples=["1.0.0"])
    name: str = Field(examples=["l1_20260131_v1.0.0.dat"])
    newest: bool = Field(examples=[True])
    on_disk: bool = Field(examples=[True])
    build: int | None = Field(examples=[17])
    code: str | None = Field(examples=["mk_l1.py"])
    code_version: str | None = Field(examples=["1.2.0"])


class Provenance(Answer):
    """Files, and links from a source file to one made from it."""

    file: int = Field(description="The file that was asked for.", examples=[42])
    files: list[Relative]
    links: list[tuple[int, int]] = Field(examples=[[[40, 42]]])
    more: bool = Field(description="There are further links, beyond 2000.", examples=[False])


class Direction(StrEnum):
    """Which relatives."""

    UP = "up"
    """What it was made from, up to the files that arrived."""
    DOWN = "down"
    """What was made from it, down to the last product."""
    BOTH = "both"


@router.get("", summary="Files of a product, by date", dependencies=[needs(Right.LOOK)])
def files(
    mission: TheMission,
    catalog: TheCatalog,
    product: Annotated[Word | None, Query(description="Of this product.", examples=["l1"])] = None,
    name: Annotated[Word | None, Query(description="Of exactly this name.")] = None,
    first: First = None,
    last: Last = None,
    newest: Annotated[bool, Query(description="Only the newest versions.")] = False,
    after: Annotated[
        Key | None, Query(description="Only what follows the file of this number.")
    ] = None,
    limit: Limit = 100,
) -> list[FileLine]:
    """Files by date; a product or a name must be given."""
    if product is None and name is None:
        raise SettingError("give a product, or the exact name of a file")
    chosen = FileFilter(
        product_id=mission.product(product).id if product else None,
        name=name,
        first=first,
        last=last,
        after=after,
        newest_only=newest,
    )
    with catalog.read() as connection:
        return [FileLine(**row) for row in file_page(connection, mission.id, chosen, limit)]


@router.get("/{file}", summary="Every fact of a file", dependencies=[needs(Right.LOOK)])
def file(mission: TheMission, file: PathKey, catalog: TheCatalog) -> FilePage:
    """What the catalog knows of a file, with the exact command line that made it."""
    return FilePage(**_one(catalog, mission, file))


@router.get("/{file}/versions", summary="All its versions", dependencies=[needs(Right.LOOK)])
def versions(mission: TheMission, file: PathKey, catalog: TheCatalog) -> list[FileVersion]:
    """All versions of its product, interval and keywords, the newest first."""
    _one(catalog, mission, file)
    with catalog.read() as connection:
        rows = file_pages.file_versions(connection, file, MOST_VERSIONS)
    return [FileVersion(**row) for row in rows]


@router.get("/{file}/provenance", summary="Its relatives", dependencies=[needs(Right.LOOK)])
def provenance(
    mission: TheMission,
    file: PathKey,
    catalog: TheCatalog,
    direction: Annotated[Direction, Query()] = Direction.BOTH,
) -> Provenance:
    """The graph of what it was made from and what was made from it, with the codes."""
    _one(catalog, mission, file)
    up, down = direction is not Direction.DOWN, direction is not Direction.UP
    with catalog.read() as connection:
        found = family(connection, file, up=up, down=down, most=MOST_LINKS)
    return Provenance(
        file=file,
        files=[Relative(**row) for row in found.files],
        links=found.links,
        more=found.more,
    )


def _one(catalog: Catalog, mission: LoadedMission, file: int) -> Row:
    with catalog.read() as connection:
        row = file_pages.one_file(connection, mission.id, file)
    if row is None:
        raise NotFoundError(f"mission {mission.name} has no file {file}")
    return row
