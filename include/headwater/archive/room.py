"""How much room the file systems of a mission's folders have."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """The room of a folder's file system, in bytes; `free_bytes` may still be written there."""

    folder: Path
    free_bytes: int
    total_bytes: int


def disk_room(folder: Path) -> DiskRoom:
    """The room of `folder`, or of the nearest folder above it that is there.

    Nothing is free where no further file can be made, whatever its size.

    Raises
    ------
    OSError
        If the file system does not answer.
    """
    place = folder
    while not place.exists():
        place = place.parent
    found = os.statvfs(place)
    full = bool(found.f_files) and not found.f_favail
    free = 0 if full else found.f_bavail * found.f_frsize
    return DiskRoom(folder, free, found.f_blocks * found.f_frsize)


def disk_rooms(folders: Iterable[Path]) -> list[DiskRoom]:
    """The room of each file system that holds some of the folders, by the first folder of it.

    Raises
    ------
    OSError
        If a file system does not answer.
    """
    rooms: dict[int, DiskRoom] = {}
    for folder in folders:
        place = folder
        while not place.exists():
            place = place.parent
        rooms.setdefault(place.stat().st_dev, disk_room(folder))
    return list(rooms.values())
