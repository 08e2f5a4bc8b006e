"""A product gets another folder, and its files go there (dbprocessing: changeProductDir)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from headwater.archive.protocol import Archive, Placed, Placement
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import moving
from headwater.catalog.queries.filing import FileConflictError
from headwater.catalog.queries.moving import FileToMove
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.name_format import directory
from headwater.missions.apply import apply
from headwater.missions.described import described
from headwater.missions.loaded import LoadedMission, LoadedProduct, load_mission
from headwater.missions.problems import Problems
from headwater.missions.settling import folder_below

_AT_ONCE = 100

Progress = Callable[[int], None]
"""Called with how many files have been looked at."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many files were moved, how many lay there already, and why others were not moved."""

    moved: int
    in_place: int
    left: tuple[tuple[str, str], ...]
    """Name and reason; calling the move again takes them up."""


def move_product(
    catalog: Catalog,
    mission: LoadedMission,
    product: LoadedProduct,
    relative_path: str,
    actor: Actor,
    reason: str,
    *,
    report: Progress = lambda _: None,
) -> Moved:
    """Give a product another folder, then move its files there, each checked by its sum.

    New files go to the new folder at once. Called again, it goes on where it was: each file is
    linked at its new place, its row moved, and only then its old name removed.

    Raises
    ------
    MissionFileError
        If the folder cannot be used; then nothing has changed.
    ArchiveError
        If rootdir cannot be opened.
    CatalogUnavailableError
        If the catalog goes away; calling it again goes on.
    """
    _change(catalog, mission, product, relative_path, actor, reason)
    recover_intents(catalog, mission.id, mission.rootdir, actor)
    mission = load_mission(catalog, mission.name)
    work = _Move(catalog, mission, mission.products[product.id], actor)
    moved = in_place = looked = 0
    left: list[tuple[str, str]] = []
    for files in work.groups():
        places = {file: work.place(file) for file in files}
        here = [file for file, place in places.items() if file.path == place]
        done, refused = work.move([(f, p) for f, p in places.items() if f.path != p])
        in_place, moved, looked = in_place + len(here), moved + done, looked + len(files)
        left += refused
        report(looked)
    return Moved(moved, in_place, tuple(left))


def _change(
    catalog: Catalog,
    mission: LoadedMission,
    product: LoadedProduct,
    relative_path: str,
    actor: Actor,
    reason: str,
) -> None:
    """Apply the mission with the product's new folder, as a mission file would."""
    problems = Problems()
    folder = folder_below(relative_path, str(mission.rootdir), problems, f"product {product.name}")
    problems.refuse()
    definition = next(one for one in described(mission) if product.name in one.products)
    part = definition.products[product.name].model_copy(update={"relative_path": folder})
    definition.products, definition.processes = {product.name: part}, {}
    apply(catalog, [definition], actor, reason=reason)


class _Move:
    """The files of one product on their way."""

    def __init__(
        self, catalog: Catalog, mission: LoadedMission, product: LoadedProduct, actor: Actor
    ) -> None:
        self._catalog = catalog
        self._mission = mission
        self._product = product
        self._actor = actor
        self._archive = Archive(catalog, mission.id, mission.rootdir, actor)

    def groups(self) -> Iterator[Sequence[FileToMove]]:
        """All files of the product that are on disk, some at a time."""
        after = 0
        while True:
            with self._catalog.read() as connection:
                files = moving.files_to_move(connection, self._product.id, after, _AT_ONCE)
            if not files:
                return
            yield files
            after = files[-1].id

    def place(self, file: FileToMove) -> str:
        """Where a file belongs, below rootdir."""
        folder = directory(
            self._product.relative_path,
            utc_file_date=file.utc_file_date,
            utc_start_time=file.utc_start_time,
            version=file.version,
        )
        return os.path.normpath(f"{folder}/{file.name}")

    def move(self, moves: Sequence[tuple[FileToMove, str]]) -> tuple[int, list[tuple[str, str]]]:
        """Move files; how many, and the others with the reason."""
        if not moves:
            return 0, []
        by_place = {place: file for file, place in moves}

        def commit(connection: Connection, placed: Sequence[Placed]) -> None:
            self._commit(connection, placed, by_place)

        placements = [
            Placement(str(self._mission.rootdir / file.path), place, move=True)
            for file, place in moves
        ]
        placed, refused = self._archive.place(placements, commit)
        left = [(by_place[one.placement.final_path].name, one.reason) for one in refused]
        return len(placed), left

    def _commit(
        self,
        connection: Connection,
        placed: Sequence[Placed],
        by_place: dict[str, FileToMove],
    ) -> None:
        lock_work(connection, self._mission.id)
        files = {one.placement.final_path: by_place[one.placement.final_path] for one in placed}
        busy = moving.read_now(connection, [file.id for file in files.values()])
        reasons = {}
        for one in placed:
            place = one.placement.final_path
            file = files[place]
            if file.path in busy:
                reasons[place] = "a code is reading it: move again when it has ended"
            elif file.sha256 is not None and file.sha256 != one.sha256:
                reasons[place] = "its bytes are not those that the catalog knows"
        if reasons:
            raise FileConflictError(reasons)
        moves = [(file.id, file.path, place) for place, file in files.items()]
        done = moving.move_rows(connection, moves, self._actor)
        if gone := {place for place, file in files.items() if file.id not in done}:
            raise FileConflictError(dict.fromkeys(gone, "its row has changed meanwhile"))
