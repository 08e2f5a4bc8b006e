"""Identified files into the archive, their rows and dispositions in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from headwater.archive.in_place import file_in_place
from headwater.archive.protocol import Archive, Placed, Placement, Refusal, Refused
from headwater.catalog.queries import arrivals
from headwater.catalog.queries.arrivals import Ending, HeldArrival, KnownFile
from headwater.catalog.queries.filing import (
    FileConflictError,
    FiledFile,
    NewFile,
    file_conflicts,
    file_new,
)
from headwater.core.states import Disposition
from headwater.ingest.endings import Endings, PutAside
from headwater.ingest.identified import Identified
from headwater.ingest.screening import Screened


@dataclass(slots=True)
class Adopter:
    """Files the files of a claim; those that changed while they were read join `changed`."""

    ends: Endings
    changed: list[HeldArrival]

    @property
    def _rootdir(self) -> Path:
        return Path(self.ends.mission.rootdir)

    def adopt(self, found: Sequence[Identified]) -> None:
        """File all that can be filed; every other one ends, or is begun again.

        Raises
        ------
        ArchiveError
            If the rootdir cannot be used.
        ClaimLostError
            If the claim is not ours any more.
        """
        conflicts = self._conflicts([one for one in found if not one.screened.linked])
        self._place([one for one in found if not one.screened.linked and one not in conflicts])
        for one in found:
            if one.screened.linked:
                self._file_in_place(one)

    def _conflicts(self, found: Sequence[Identified]) -> list[Identified]:
        """Put aside what the catalog, or the same set, has already."""
        if not found:
            return []
        with self.ends.catalog.read() as connection:
            identities = [one.identity for one in found]
            reasons = file_conflicts(connection, self.ends.mission.id, identities)
        conflicts = [one for one in found if one.identity.path in reasons]
        self.ends.put_aside(_aside(one.screened, reasons[one.identity.path]) for one in conflicts)
        return conflicts

    def _place(self, found: Sequence[Identified]) -> None:
        if not found:
            return
        by_path = {one.identity.path: one for one in found}

        def commit(connection: Connection, placed: Sequence[Placed]) -> None:
            items = [by_path[one.placement.final_path] for one in placed]
            rows = [item.new_file(one) for item, one in zip(items, placed, strict=True)]
            self._file(connection, items, rows)

        placements = [_placement(one.screened, path) for path, one in by_path.items()]
        try:
            placed, refused = self._archive().place(placements, commit)
        except (DataError, IntegrityError) as error:
            self._one_by_one(found, error)
            return
        self.ends.count(len(placed))
        self._end_refused(refused, {path: one.screened for path, one in by_path.items()})

    def _one_by_one(self, found: Sequence[Identified], error: DataError | IntegrityError) -> None:
        """The catalog refused a set: find the file at fault, and let the others in."""
        if len(found) > 1:
            for one in found:
                self._place([one])
            return
        self.ends.put_aside([_unstorable(found[0].screened, error)])

    def _file(
        self, connection: Connection, items: Sequence[Identified], rows: Sequence[NewFile]
    ) -> None:
        filed = file_new(connection, self.ends.mission.id, rows, self.ends.actor)
        self.ends.end_within(
            connection, [_ending(*pair) for pair in zip(items, filed, strict=True)]
        )

    def _archive(self) -> Archive:
        ends = self.ends
        return Archive(
            ends.catalog, ends.mission.id, self._rootdir, ends.actor, keep_alive=ends.keep_alive
        )

    def restore(self, one: Screened, file: KnownFile) -> None:
        """Give a file of the catalog its lost bytes again.

        Raises
        ------
        ArchiveError
            If the rootdir cannot be used.
        ClaimLostError
            If the claim is not ours any more.
        """
        if one.linked:
            self.ends.put_aside([_misplaced(one, file.path)])
            return
        reason = "its copy in the archive was lost: put back"
        ending = Ending(one.arrival.id, Disposition.ADOPTED, reason, file.product_id, file.id)

        def commit(connection: Connection, placed: Sequence[Placed]) -> None:
            for back in placed:
                values = {
                    "size": back.size,
                    "sha256": back.sha256,
                    "sha1": back.sha1,
                    "modified_at": back.modified_at,
                }
                restored = connection.execute(
                    arrivals.FILE_RESTORED, {"file_id": file.id, **values}
                )
                if not restored.rowcount:
                    raise FileConflictError(
                        {file.path: "its row was purged just now: send it again"}
                    )
            self.ends.end_within(connection, [ending])

        placed, refused = self._archive().place([_placement(one, file.path)], commit)
        self.ends.count(len(placed))
        self._end_refused(refused, {file.path: one})

    def _file_in_place(self, one: Identified) -> None:
        """File what a link leads to, if it lies where it belongs; then the link is not needed."""
        screened, path = one.screened, one.identity.path
        if screened.target != self._rootdir.resolve() / path:
            self.ends.put_aside([_misplaced(screened, path)])
            return

        def commit(connection: Connection, placed: Sequence[Placed]) -> None:
            self._file(connection, [one], [one.new_file(placed[0])])

        try:
            done = file_in_place(self._archive(), screened.entry, path, screened.stamp, commit)
        except (DataError, IntegrityError) as error:
            self.ends.put_aside([_unstorable(screened, error)])
            return
        if isinstance(done, Refused):
            self._end_refused([done], {path: screened})
        else:
            self.ends.count(1)

    def _end_refused(self, refused: Sequence[Refused], by_path: Mapping[str, Screened]) -> None:
        aside: list[PutAside] = []
        for refusal in refused:
            one = by_path[refusal.placement.final_path]
            if refusal.kind is Refusal.CHANGED:
                self.changed.append(one.arrival)
            elif refusal.kind is Refusal.GONE:
                self.ends.vanished([one.arrival])
            elif refusal.kind is Refusal.FULL:
                self.ends.full.append(refusal.reason)
            elif refusal.kind in {Refusal.BUSY, Refusal.TROUBLE}:
                self.ends.troubles.append(f"{one.arrival.name}: {refusal.reason}")
            else:
                aside.append(_aside(one, refusal.reason))
        self.ends.put_aside(aside)


def _aside(one: Screened, reason: str) -> PutAside:
    return PutAside(one.arrival, one.entry, reason)


def _unstorable(one: Screened, error: DataError | IntegrityError) -> PutAside:
    why = f"the catalog cannot hold what its inspector says: {error.orig}".splitlines()[0]
    return _aside(one, why)


def _placement(one: Screened, path: str) -> Placement:
    return Placement(str(one.entry.place), path, stamp=one.stamp, folder=one.entry.folder)


def _misplaced(one: Screened, path: str) -> PutAside:
    return _aside(one, f"it leads to {one.subject}, but the file's place is {path} below rootdir")


def _ending(one: Identified, filed: FiledFile) -> Ending:
    """How an arrival ends whose file is filed now."""
    disposition, reason = Disposition.ADOPTED, one.described
    if not filed.newest:
        disposition = Disposition.SUPERSEDED
        reason = (
            f"version {one.facts.version} is older than {filed.newest_version} "
            f"of {one.product.name}, {one.identity.interval_key}"
        )
    return Ending(one.screened.arrival.id, disposition, reason, one.product.id, filed.id)
