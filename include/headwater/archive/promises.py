"""The promises of DESIGN 2 as a program: what catalog and disk of a mission break of them.

It knows nothing of how files come to be where they are, so that it can judge those who put them
there. What it checks for each promise is in ``docs/reference/promises.md``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from headwater.archive.comparing import Kind, differences
from headwater.archive.hashing import digest_file
from headwater.archive.paths import printable
from headwater.archive.place import ArchivePlace, archive_place
from headwater.archive.quarantine import FALLBACK, kept_as
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import promises

CLAIMED = ".claimed"
"""The folder of incoming where claims are; no entry of it but hidden ones outlives its claim."""
WORK = ".work"
"""The folder of rootdir where the runs of codes have their directories."""
_PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Broken:
    """One promise that is broken: its number in DESIGN 2, over what, and how."""

    promise: int
    subject: str
    problem: str

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.subject} {self.problem}"


def broken_promises(
    catalog: Catalog, mission: str, *, at_rest: bool = False, sums: bool = True
) -> list[Broken]:
    """What is broken, ordered by promise; changes nothing.

    Parameters
    ----------
    catalog
        The catalog.
    mission
        The mission's name; its folders are those of its row.
    at_rest
        Whether everything has been recovered and nobody works: then nothing may be under way,
        in the catalog or on the disk.
    sums
        Whether the bytes of every file are read and compared with its recorded checksums.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    ArchiveError
        If its rootdir is not there.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    place = archive_place(catalog, mission)
    place.check()
    found = [*_of_the_rows(catalog, place), *_of_the_disk(catalog, place)]
    found += _of_arrivals(catalog, place)
    if sums:
        found += _of_the_bytes(catalog, place)
    if at_rest:
        found += _under_way(catalog, place)
    return sorted(dict.fromkeys(found), key=lambda one: one.promise)


def _of_the_rows(catalog: Catalog, place: ArchivePlace) -> Iterator[Broken]:
    with catalog.read() as connection:
        for one in promises.breaches(connection, place.mission_id):
            yield Broken(one.promise, one.subject, one.problem)


def _of_the_disk(catalog: Catalog, place: ArchivePlace) -> Iterator[Broken]:
    """Each file has its row and each row its file (promise 2; of level 0, promise 9)."""
    for one in differences(catalog, place, empty=True):
        if one.kind in {Kind.LOST, Kind.CHANGED, Kind.DARK, Kind.PART, Kind.UNREADABLE}:
            level_0 = one.file is not None and one.file.level == 0
            yield Broken(9 if level_0 else 2, one.subject, one.problem)


def _of_the_bytes(catalog: Catalog, place: ArchivePlace) -> Iterator[Broken]:
    """Each file has the bytes that were summed when it was filed (promises 2 and 9)."""
    after = 0
    while True:
        with catalog.read() as connection:
            values = {"mission": place.mission_id, "after": after, "most": _PAGE}
            page = connection.execute(promises.SUMS, values).all()
        for row in page:
            promise = 9 if row.level == 0 else 2
            try:
                found = digest_file(os.path.realpath(place.rootdir / row.path))
            except FileNotFoundError:
                continue  # the look at the disk says so, if it is not on its way out
            except OSError as error:
                yield Broken(promise, row.path, f"cannot be read: {error.strerror}")
                continue
            if row.size is not None and found.size != row.size:
                continue  # as above
            wanted = ((row.sha256, found.sha256), (row.sha1, found.sha1))
            if any(old not in (None, new) for old, new in wanted):
                yield Broken(promise, row.path, "has other bytes than its recorded checksum")
        if len(page) < _PAGE:
            return
        after = page[-1].id


def _of_arrivals(catalog: Catalog, place: ArchivePlace) -> Iterator[Broken]:
    """An arrival's bytes lie in incoming, in the archive or in quarantine (promise 3)."""
    with catalog.read() as connection:
        values = {"mission": place.mission_id}
        quarantined = connection.execute(promises.QUARANTINED, values).all()
        claimed = connection.execute(promises.CLAIMED, values).all()
    for row in quarantined:
        if row.quarantine_path is None or not _is_there(Path(row.quarantine_path)):
            where = row.quarantine_path or "a place that nobody wrote down"
            yield Broken(3, f"arrival {row.name}", f"is quarantined, but does not lie at {where}")
    missing = [row for row in claimed if not _held(place, row.id, row.raw_name, row.inode)]
    if not missing:
        return
    with catalog.read() as connection:  # those that have ended meanwhile are fine
        claimed = connection.execute(promises.CLAIMED, values).all()
    still = {row.id for row in claimed}
    for row in missing:
        if row.id in still and not _held(place, row.id, row.raw_name, row.inode):
            yield Broken(3, f"arrival {row.name}", "is claimed, but its bytes are nowhere")


def _is_there(path: Path) -> bool:
    """Whether something lies at a path that stands in the catalog as :func:`printable` gives it."""
    if os.path.lexists(path):
        return True
    try:
        return path.name in {printable(name) for name in os.listdir(path.parent)}  # noqa: PTH208  only names
    except OSError:
        return False


def _held(place: ArchivePlace, number: int, raw_name: bytes, inode: int) -> bool:
    name = os.fsdecode(raw_name)
    folders = [place.incoming_dir, *_entries(place.incoming_dir / CLAIMED)]
    for folder in folders:
        try:
            if os.lstat(folder / name).st_ino == inode:
                return True
        except OSError:
            continue
    kept = (place.errordir, place.incoming_dir / FALLBACK)
    return any(kept_as(folder, name, f"arrival {number}") for folder in kept)


def _under_way(catalog: Catalog, place: ArchivePlace) -> Iterator[Broken]:
    """Nothing is left of work that has ended (promise 2)."""
    with catalog.read() as connection:
        left = promises.unfinished(connection, place.mission_id)
    for one in left:
        yield Broken(one.promise, one.subject, one.problem)
    for entry in _entries(place.incoming_dir / CLAIMED):
        yield Broken(2, printable(str(entry)), "is left of a claim that has ended")
    for entry in _entries(place.rootdir / WORK):
        yield Broken(2, printable(str(entry)), "is a work directory that nobody uses")


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder and is not hidden; nothing if there is no such folder."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return []
