"""Room on the disk: ingest pauses when there is none, and goes on when there is (DESIGN 7).

What was claimed stays claimed meanwhile, and nothing more is taken from the senders.
"""

from __future__ import annotations

import os
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import ingest_pauses
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveFullError
from headwater.missions.loaded import LoadedMission


class IngestPausedError(ArchiveFullError):
    """A mission's ingest is paused, since there is still no room on the disk."""


def pause_for_room(catalog: Catalog, mission: LoadedMission, reason: str, actor: Actor) -> None:
    """Pause the ingest of a mission until there is room for all that is claimed.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.begin() as connection:
        ingest_pauses.pause_ingest(connection, mission.id, reason, actor)


def resume_with_room(catalog: Catalog, mission: LoadedMission, actor: Actor) -> bool:
    """Whether the ingest of a mission was paused and goes on now.

    Raises
    ------
    IngestPausedError
        If there is still no room; the message says since when, why, and how much is needed.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        pause = ingest_pauses.ingest_pause(connection, mission.id)
    if pause is None:
        return False
    free = min(_free_bytes(folder) for folder in (mission.rootdir, mission.errordir))
    if free < pause.room_bytes:
        raise IngestPausedError(
            f"the ingest of {mission.name} is {pause}, and {free:,} are: make room on the disk"
        )
    with catalog.begin() as connection:
        ingest_pauses.resume_ingest(connection, mission.id, actor)
    return True


def _free_bytes(folder: Path) -> int:
    """The bytes that may still be written below `folder`; none where no file can be made."""
    while not folder.exists():
        folder = folder.parent
    found = os.statvfs(folder)
    if found.f_files and not found.f_favail:
        return 0
    return found.f_bavail * found.f_frsize
