"""Reap superseded files: first their bytes, later their rows (dbprocessing: fast_data).

Fast data is made again so often that its old versions are not worth their room. Never level 0, the
newest, a released file, or what one of these was made from.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.faultpoint import faultpoint
from headwater.archive.intents import PromisedRemoval, Removal
from headwater.archive.recovery import once_recovered
from headwater.archive.removal import carry_out, promise
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import purging
from headwater.catalog.queries.purging import PurgeCandidate
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.missions.loaded import LoadedMission
from headwater.processing.purging import Purged, PurgeRules, purge_chosen


def reapable(catalog: Catalog, mission: LoadedMission, cutoff: date) -> list[PurgeCandidate]:
    """The files that may be reaped: superseded, and newer than `cutoff` (UTC)."""
    with catalog.read() as connection:
        return _candidates(connection, mission, cutoff)


def reap_files(
    catalog: Catalog, mission: LoadedMission, cutoff: date, actor: Actor, archive: Path | None
) -> list[str]:
    """Remove the bytes of superseded files, or move them below `archive`; their rows stay.

    Returns why some are still there; the next recovery tries these again.

    Raises
    ------
    ArchiveError
        If somebody is placing one of the files now; then nothing has changed.
    CatalogUnavailableError
        If the catalog goes away; the next recovery finishes what was begun.
    """
    token = uuid.uuid4()
    goes = "removed" if archive is None else f"moved to {archive}"
    reason = f"superseded and newer than {cutoff}: {goes} by {actor.name}"

    def rows() -> list[PromisedRemoval]:
        with catalog.begin() as connection:
            lock_work(connection, mission.id)
            files = [f for f in _candidates(connection, mission, cutoff) if f.exists_on_disk]
            purging.give_up_bytes(connection, [file.id for file in files], actor, reason)
            removals = [Removal(file.path, _place(archive, file.path)) for file in files]
            return promise(connection, mission.id, token, removals, actor, reason)

    promised = once_recovered(catalog, mission.id, mission.rootdir, actor, rows)
    faultpoint("after_reap_rows")
    removed = carry_out(catalog, mission.rootdir, token, promised)
    return [f"{one.path}: {one.trouble}" for one in removed if one.trouble]


def reap_records(catalog: Catalog, mission: LoadedMission, cutoff: date, actor: Actor) -> Purged:
    """Purge the rows of superseded files whose bytes are gone, and of which nothing is left.

    Raises
    ------
    ArchiveError, CatalogUnavailableError
        As :func:`headwater.processing.purging.purge`.
    """

    def chosen(connection: Connection) -> Sequence[int]:
        gone = {
            file.id for file in _candidates(connection, mission, cutoff) if not file.exists_on_disk
        }
        return purging.closed_downwards(connection, sorted(gone))

    reason = f"superseded, newer than {cutoff}, and no longer on disk"
    return purge_chosen(catalog, mission, chosen, actor, reason, PurgeRules())


def _candidates(
    connection: Connection, mission: LoadedMission, cutoff: date
) -> list[PurgeCandidate]:
    ids = purging.reapable(connection, mission.id, cutoff)
    wanted = set(ids)
    return [file for file in purging.made_from(connection, ids) if file.id in wanted]


def _place(archive: Path | None, path: str) -> str | None:
    """The folder of a file below the archive folder, as it is below rootdir."""
    return None if archive is None else str((archive / path).parent)
