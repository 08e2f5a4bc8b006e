"""What is left of placements whose owner died: finished or undone, by looking at the disk."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import text

from headwater.archive.entries import Folder
from headwater.archive.faultpoint import faultpoint
from headwater.archive.intents import (
    TakenIntent,
    close_intents,
    close_removals,
    give_up_intents,
    take_over_intents,
)
from headwater.archive.paths import Folders, checked_path
from headwater.archive.removal import PathsBusyError, take_away
from headwater.archive.staging import take_back_name, undo, unlink_if_there
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError

_LOG = logging.getLogger(__name__)
_LEASE_SECONDS = 300.0
_AT_ONCE = 200
_Done = TypeVar("_Done")

INTENT_RECOVERED = text("""
    insert into headwater.event (kind, actor, reason, mission_id)
    select 'intent recovered', :actor, unnest(cast(:reasons as text[])), :mission_id
""")
"""Log what was done with each promise of an owner that is gone."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """One promise that was ended: its final path, and whether it was finished or undone."""

    final_path: str
    finished: bool
    removed: bool = False
    """Whether it was bytes on their way out; they have gone now."""
    kept_path: str | None = None

    @property
    def reason(self) -> str:
        """What was done, as a sentence."""
        if self.removed:
            went = f"were moved to {self.kept_path}" if self.kept_path else "were removed"
            return f"{self.final_path} was given up before a crash: its bytes {went}"
        if self.finished:
            return f"{self.final_path} was filed before a crash: its leftovers were removed"
        return f"{self.final_path} was not filed before a crash: its copy was removed"


def give_up(catalog: Catalog, mission_id: int, owner: Actor) -> None:
    """Let others recover at once what `owner` was placing, because it is known to be gone.

    Should it live all the same, the token of its promises is no longer theirs.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.begin() as connection:
        give_up_intents(connection, mission_id, owner)


def once_recovered(
    catalog: Catalog, mission_id: int, rootdir: Path, actor: Actor, act: Callable[[], _Done]
) -> _Done:
    """Do `act`; where a dead owner has left something in its way, recover that and try once more.

    Raises
    ------
    PathsBusyError
        If a living owner is in its way.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    try:
        return act()
    except PathsBusyError as error:
        recover_intents(catalog, mission_id, rootdir, actor, paths=error.paths)
    return act()


def recover_intents(
    catalog: Catalog,
    mission_id: int,
    rootdir: Path,
    actor: Actor,
    *,
    paths: Sequence[str] | None = None,
) -> list[Recovered]:
    """Finish or undo the placements whose lease is over; of `paths` only, if given.

    A committed one loses its part and its source; an open one loses its part and, if it is the
    part's own inode, its final name: the source is still there and can be placed again. Bytes
    that were given up are removed. One whose folders cannot be reached is left for the next time.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    done: list[Recovered] = []
    while True:
        token = uuid.uuid4()
        with catalog.begin() as connection:
            taken = take_over_intents(
                connection, mission_id, token, _LEASE_SECONDS, limit=_AT_ONCE, paths=paths
            )
        if not taken:
            return done
        ended = _end(rootdir, taken)
        faultpoint("before_recovery_close")
        with catalog.begin() as connection:
            gone = [(one.final_path, one.kept_path) for one in ended if one.removed]
            close_removals(connection, token, gone)
            close_intents(connection, token, [one.final_path for one in ended])
            reasons = [one.reason for one in ended]
            logged = {"actor": actor.name, "mission_id": mission_id, "reasons": reasons}
            connection.execute(INTENT_RECOVERED, logged)
        done += ended


def _end(rootdir: Path, taken: Sequence[TakenIntent]) -> list[Recovered]:
    ended: list[Recovered] = []
    folders = Folders(rootdir)
    try:
        _take_back_names(folders, taken)
        for intent in taken:
            try:
                ended.append(_end_one(folders, intent))
            except (ArchiveError, OSError) as error:
                _LOG.warning("%s is left to a later recovery: %s", intent.final, error)
        folders.sync()
    finally:
        folders.close()
    return ended


def _take_back_names(folders: Folders, taken: Sequence[TakenIntent]) -> None:
    """Remove the final names of all that was not committed, durably, before any of the parts.

    One fsync a folder instead of one a file; what fails here is met again by itself.
    """
    some = False
    for intent in taken:
        if intent.committed or intent.removal is not None:
            continue
        try:
            *parts, final = checked_path(intent.final)
            folder = folders.open(tuple(parts))
            some |= take_back_name(folder, Path(intent.part).name, final)
        except (ArchiveError, OSError):
            continue
    if some:
        folders.sync()


def _end_one(folders: Folders, intent: TakenIntent) -> Recovered:
    if intent.removal is not None:
        kept = take_away(folders, intent.removal)
        kept_path = None if kept is None else str(kept)
        return Recovered(intent.final, finished=True, removed=True, kept_path=kept_path)
    *parts, final = checked_path(intent.final)
    folder = folders.open(tuple(parts))
    part = Path(intent.part).name
    if intent.committed:
        unlink_if_there(part, folder)
        _remove_source(intent.source)
    else:
        undo(folder, part, final)
    return Recovered(intent.final, intent.committed)


def _remove_source(source: str) -> None:
    """Remove a source whose file is filed; never through a link, which may lead to other files."""
    path = Path(source)
    try:
        with Folder.without_links(path.parent) as folder:
            folder.entry(path.name).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return  # it has gone, or lies elsewhere now: the sweeps of its place deal with it
