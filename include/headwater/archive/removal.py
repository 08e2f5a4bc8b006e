"""Bytes out of the archive: the catalog gives them up first, then they go (DESIGN 7).

Promised in the transaction that removes or changes their rows, so that after a crash a recovery
finishes the removal, and nothing is placed under the name before that.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.entries import Folder
from headwater.archive.faultpoint import faultpoint
from headwater.archive.intents import (
    PromisedRemoval,
    Removal,
    close_removals,
    hold_intents,
    open_removals,
)
from headwater.archive.paths import Folders, checked_path
from headwater.archive.quarantine import opened_errordir, put_aside
from headwater.archive.staging import unlink_if_there
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError

_LOG = logging.getLogger(__name__)
_LEASE_SECONDS = 300.0
_AT_ONCE = 100  # folders that may be open at a time


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal did; `trouble` is why its bytes are left to a recovery."""

    path: str
    kept_path: Path | None = None
    trouble: str = ""


class PathsBusyError(ArchiveError):
    """Somebody is placing files where bytes were to be removed."""

    def __init__(self, paths: Sequence[str]) -> None:
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        super().__init__(
            f"{', '.join(paths[:3])}{more}: somebody is placing or removing this file now; try "
            "again in a moment"
        )
        self.paths = paths


def promise(
    connection: Connection,
    mission_id: int,
    token: uuid.UUID,
    removals: Sequence[Removal],
    actor: Actor,
    reason: str,
) -> list[PromisedRemoval]:
    """Promise removals in the transaction that gives the bytes up.

    Raises
    ------
    PathsBusyError
        If others use some of the paths: the transaction must be rolled back.
    """
    promised = open_removals(connection, mission_id, token, removals, _LEASE_SECONDS, actor, reason)
    ours = {one.removal.path for one in promised}
    if busy := [one.path for one in removals if one.path not in ours]:
        raise PathsBusyError(busy)
    return promised


def carry_out(
    catalog: Catalog, rootdir: Path, token: uuid.UUID, promised: Sequence[PromisedRemoval]
) -> list[Removed]:
    """Remove the bytes of promises that are committed, durably, and close the promises.

    One file's trouble is its own: its promise stays, and a recovery tries it again.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; a recovery finishes what is left.
    """
    done: list[Removed] = []
    for start in range(0, len(promised), _AT_ONCE):
        group = promised[start : start + _AT_ONCE]
        with catalog.begin() as connection:
            ours = hold_intents(connection, token, _LEASE_SECONDS)
        removed = _remove(rootdir, [one for one in group if one.removal.path in ours])
        faultpoint("before_removal_close")
        closed = [
            (one.path, None if one.kept_path is None else str(one.kept_path))
            for one in removed
            if not one.trouble
        ]
        with catalog.begin() as connection:
            close_removals(connection, token, closed)
        done += removed
    return done


def _remove(rootdir: Path, group: Sequence[PromisedRemoval]) -> list[Removed]:
    removed: list[Removed] = []
    folders = Folders(rootdir)
    try:
        for one in group:
            removed.append(_attempt(folders, one))
            faultpoint("after_removal")
        folders.sync()
    except OSError as error:  # what a disk does not make durable is not done
        return [Removed(one.removal.path, trouble=str(error)) for one in group]
    finally:
        folders.close()
    return removed


def _attempt(folders: Folders, promised: PromisedRemoval) -> Removed:
    path = promised.removal.path
    try:
        return Removed(path, take_away(folders, promised))
    except (ArchiveError, OSError) as error:
        _LOG.warning("the bytes of %s are left to a recovery: %s", path, error)
        return Removed(path, trouble=str(error))


def take_away(folders: Folders, promised: PromisedRemoval) -> Path | None:
    """Remove one file's bytes, or put them aside; returns where they lie then.

    Bytes that are gone already are fine. The fsync of the folders is the caller's.

    Raises
    ------
    ArchiveError, OSError
        If the disk says no.
    """
    removal = promised.removal
    *parts, name = checked_path(removal.path)
    place = folders.root / removal.path
    if not place.parent.is_dir():
        return None  # its folder is gone, and it with it
    folder = folders.open(tuple(parts))
    if removal.keep_in is None:
        unlink_if_there(name, folder)
        return None
    source = Folder(place.parent, folder).entry(name)
    detail = {"path": removal.path}
    try:
        with opened_errordir(Path(removal.keep_in)) as kept:
            return put_aside(
                source, kept, promised.reason, detail, key=f"removal {promised.number}"
            )
    except FileNotFoundError:
        return None
