"""Claims whose owner died: taken over, their files found again, their folders swept."""

from __future__ import annotations

import logging
import os
import uuid
from contextlib import suppress
from pathlib import Path

from headwater.archive.entries import Entry, Folder
from headwater.archive.faultpoint import faultpoint
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import arrivals
from headwater.core.actor import Actor
from headwater.core.states import ArrivalState, Disposition
from headwater.ingest.claim import (
    LEASE_SECONDS,
    Claim,
    ClaimPlace,
    folder_name,
    remove_if_empty,
    take_in,
    token_of,
)
from headwater.ingest.scan import CLAIMED, opened_incoming, seen
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


def _rename_folder(incoming_dir: Path, old: uuid.UUID, new: uuid.UUID) -> None:
    with opened_incoming(incoming_dir) as incoming:
        try:
            with incoming.below(CLAIMED) as claimed:
                claimed.entry(folder_name(old)).rename(claimed.entry(folder_name(new)))
                claimed.sync()
        except FileNotFoundError:
            return  # never made, or already swept: `locate` looks for the files


def locate(place: ClaimPlace, arrival: arrivals.HeldArrival) -> Entry | None:
    """Where the file of a claimed arrival lies now, brought into its claim's folder.

    Between the claim's rows and the rename, and after a retake, it may still lie in incoming or
    in an older claim's folder; it is known by its inode. None if it is nowhere.
    """
    name = os.fsdecode(arrival.raw_name)
    home = place.home.entry(name)
    if home.exists():
        return home
    found = _is_of(place.incoming.entry(name), arrival)
    if found and take_in(place.incoming.entry(name), home):
        return home
    for folder in _claim_folders(place.incoming):
        with suppress(FileNotFoundError), place.incoming.below(CLAIMED, folder) as old:
            if _is_of(old.entry(name), arrival):
                taken = take_in(old.entry(name), home)
                # Of an older owner, who died between two names of its folder.
                remove_if_empty(place.incoming, folder)
                return home if taken else None
    return None


def _is_of(entry: Entry, arrival: arrivals.HeldArrival) -> bool:
    try:
        return entry.lstat().st_ino == arrival.inode
    except OSError:
        return False


def _claim_folders(incoming: Folder) -> list[str]:
    try:
        with incoming.below(CLAIMED) as claimed:
            return list(claimed.folders())
    except FileNotFoundError:
        return []


def sweep_claimed(catalog: Catalog, mission: LoadedMission) -> None:
    """Empty the folders of claims that have ended.

    A file that was filed, or was a duplicate, is removed; one that no row speaks of goes back to
    incoming. Files of open claims are left alone, and so are their folders, which are empty before
    the first file has been renamed. Two may sweep at once.

    Raises
    ------
    ArchiveError
        If the incoming folder cannot be used.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with opened_incoming(mission.incoming_dir) as incoming:
        folders = {
            token: name
            for name in _claim_folders(incoming)
            if (token := token_of(name)) is not None
        }
        if not folders:
            return
        with catalog.read() as connection:  # after the look: rows come before their folder
            held = arrivals.open_claims(connection, mission.id)
        for token, name in folders.items():
            with suppress(FileNotFoundError), incoming.below(CLAIMED, name) as folder:
                for entry in folder.entries():
                    _sweep(catalog, mission, entry, incoming)
            if token not in held:
                remove_if_empty(incoming, name)


def _sweep(catalog: Catalog, mission: LoadedMission, entry: Entry, incoming: Folder) -> None:
    try:
        arrival = seen(entry.name, entry.lstat())
    except FileNotFoundError:
        return
    with catalog.read() as connection:
        known = arrivals.leftover(connection, mission.id, arrival)
    if known is None:
        _put_back(entry, incoming)
    elif known[1] in _FILED:
        entry.unlink()
    elif known[0] is ArrivalState.ENDED:
        _put_back(entry, incoming)


def _put_back(entry: Entry, incoming: Folder) -> None:
    """Give a file its name in incoming again; what a sender writes there is never replaced."""
    target = incoming.entry(entry.name)
    try:
        entry.link(target)
    except FileNotFoundError:
        return  # another sweep was quicker
    except FileExistsError:
        if target.is_same(entry):  # a sweep was killed between the two names
            entry.unlink()
        else:
            _LOG.warning("%s stays: incoming holds another file of its name", entry.place)
    except OSError:  # a folder, or a file system without second names
        if not target.exists():
            take_in(entry, target)
    else:
        entry.unlink()
