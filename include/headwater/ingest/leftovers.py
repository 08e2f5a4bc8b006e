"""Claims whose owner died: taken over, their files found again, their folders swept."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from headwater.archive.faultpoint import faultpoint
from headwater.archive.staging import unlink_if_there
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import arrivals
from headwater.core.actor import Actor
from headwater.core.states import ArrivalState, Disposition
from headwater.ingest.claim import (
    LEASE_SECONDS,
    Claim,
    claim_folder,
    sync_folder,
    take_in,
    token_of,
)
from headwater.ingest.scan import CLAIMED, seen
from headwater.missions.loaded import LoadedMission

_LOG = logging.getLogger(__name__)
_PREVIEW = 3
_FILED = {Disposition.ADOPTED, Disposition.SUPERSEDED, Disposition.DUPLICATE}


def retake_expired_claims(catalog: Catalog, mission: LoadedMission, actor: Actor) -> list[Claim]:
    """Take over every claim of the mission whose lease is over, each under a new token.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    claims: list[Claim] = []
    while True:
        token = uuid.uuid4()
        with catalog.begin() as connection:
            taken = arrivals.retake(connection, mission.id, token, actor, LEASE_SECONDS)
        if taken is None:
            return claims
        old_token, names = taken
        faultpoint("after_retake_rows")
        _rename_folder(Path(mission.incoming_dir), old_token, token)
        claims.append(Claim(str(token), len(names), tuple(names[:_PREVIEW])))


def _rename_folder(incoming: Path, old: uuid.UUID, new: uuid.UUID) -> None:
    try:
        claim_folder(incoming, old).rename(claim_folder(incoming, new))
    except FileNotFoundError:
        return  # never made, or already swept: `locate` looks for the files
    sync_folder(incoming / CLAIMED)


def locate(incoming: Path, token: uuid.UUID, arrival: arrivals.HeldArrival) -> Path | None:
    """Where the file of a claimed arrival lies now, brought into its claim's folder.

    Between the claim's rows and the rename, and after a retake, it may still lie in incoming or
    in an older claim's folder; it is known by its inode. None if it is nowhere.
    """
    name = os.fsdecode(arrival.raw_name)
    home = claim_folder(incoming, token) / name
    if os.path.lexists(home):
        return home
    for place in (incoming, *_claim_folders(incoming)):
        candidate = place / name
        try:
            found = candidate.lstat()
        except OSError:
            continue
        if found.st_ino == arrival.inode:
            home.parent.mkdir(parents=True, exist_ok=True)
            return home if take_in(candidate, home) else None
    return None


def _claim_folders(incoming: Path) -> Iterator[Path]:
    try:
        with os.scandir(incoming / CLAIMED) as entries:
            folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    yield from sorted(folders)


def sweep_claimed(catalog: Catalog, mission: LoadedMission) -> None:
    """Empty the folders of claims that have ended.

    A file that was filed, or was a duplicate, is removed; one that no row speaks of goes back to
    incoming. Files of open claims are left alone.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    for folder in _claim_folders(Path(mission.incoming_dir)):
        if token_of(folder.name) is None:
            continue
        for entry in sorted(folder.iterdir()):
            _sweep(catalog, mission, entry)
        remove_if_empty(folder)


def _sweep(catalog: Catalog, mission: LoadedMission, entry: Path) -> None:
    try:
        arrival = seen(entry.name, entry.lstat())
    except FileNotFoundError:
        return
    with catalog.read() as connection:
        known = arrivals.leftover(connection, mission.id, arrival)
    if known is None:
        _put_back(entry, Path(mission.incoming_dir))
    elif known[1] in _FILED:
        unlink_if_there(str(entry))
    elif known[0] is ArrivalState.ENDED:
        _put_back(entry, Path(mission.incoming_dir))


def _put_back(entry: Path, incoming: Path) -> None:
    target = incoming / entry.name
    if os.path.lexists(target):
        _LOG.warning("%s stays: incoming holds another file of its name", entry)
        return
    entry.rename(target)


def remove_if_empty(folder: Path) -> None:
    """Remove a claim's folder once nothing lies in it."""
    try:
        folder.rmdir()
    except OSError:  # not empty, or gone: both are fine
        return
