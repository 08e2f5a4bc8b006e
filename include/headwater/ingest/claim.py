"""Arrivals claimed: first their rows, then the rename out of the sender's reach (DESIGN 7)."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from headwater.archive.entries import Entry, Folder
from headwater.archive.faultpoint import faultpoint
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import arrivals
from headwater.catalog.queries.arrivals import SeenArrival
from headwater.core.actor import Actor
from headwater.ingest.scan import CLAIMED, Intake, opened_incoming, scan
from headwater.missions.loaded import LoadedMission

LEASE_SECONDS = 300.0
CHUNK = 500
_PREVIEW = 3
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_DIGITS = str.maketrans("ghijklmnop", "0123456789")


@dataclass(frozen=True, slots=True)
class Claim:
    """Arrivals taken together: their token, how many, and the first few names."""

    token: str
    count: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        more = self.count - len(self.names)
        return ", ".join(self.names) + (f" and {more} more" if more > 0 else "")


def folder_name(token: uuid.UUID) -> str:
    """The name of a claim's folder: letters only.

    Existing inspectors search the whole path of a file for a date or a version (spec dbprocessing
    3), so no digit may stand in it.
    """
    return token.hex.translate(_LETTERS)


def token_of(folder: str) -> uuid.UUID | None:
    """The token whose folder has this name, or none."""
    try:
        return uuid.UUID(hex=folder.translate(_DIGITS))
    except ValueError:
        return None


def claim_folder(incoming_dir: Path, token: uuid.UUID) -> Path:
    """The folder that holds the files of a claim."""
    return incoming_dir / CLAIMED / folder_name(token)


@dataclass(frozen=True, slots=True)
class ClaimPlace:
    """An incoming folder and the folder of one claim in it, both held open.

    Senders may write into incoming, so that they could put a link in place of ``.claimed``: all
    work on a claim's files goes by these handles.
    """

    incoming: Folder
    home: Folder

    @classmethod
    @contextmanager
    def opened(cls, incoming_dir: Path, token: uuid.UUID) -> Iterator[ClaimPlace]:
        """Open both, and make the claim's folder if it is missing.

        Raises
        ------
        ArchiveError
            If one of them cannot be used.
        """
        with (
            opened_incoming(incoming_dir) as incoming,
            incoming.below(CLAIMED, folder_name(token), create=True) as home,
        ):
            yield cls(incoming, home)

    def remove_if_empty(self) -> None:
        """Remove the claim's folder once nothing lies in it."""
        remove_if_empty(self.incoming, self.home.path.name)


def claim_arrivals(
    catalog: Catalog,
    mission: LoadedMission,
    actor: Actor,
    *,
    limit: int | None = None,
    chunk: int = CHUNK,
    intake: Intake | None = None,
) -> list[Claim]:
    """Claim what has settled in the mission's incoming folder, at most `limit` arrivals.

    `intake` says which those are, if not the mission's settings. Each claim holds at most
    `chunk` of them, in the order of their names. Two callers at once never claim the same
    arrival.

    Raises
    ------
    ArchiveError
        If the incoming folder cannot be used.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    incoming = Path(mission.incoming_dir)
    ready = scan(incoming, intake or Intake(mission.settings.settle_seconds)).ready[:limit]
    claims = []
    for start in range(0, len(ready), chunk):
        claim = _claim(catalog, mission.id, incoming, ready[start : start + chunk], actor)
        if claim.count:
            claims.append(claim)
    return claims


def _claim(
    catalog: Catalog, mission_id: int, incoming: Path, seen: Sequence[SeenArrival], actor: Actor
) -> Claim:
    token = uuid.uuid4()
    with catalog.begin() as connection:
        ours = arrivals.claim(connection, mission_id, token, seen, actor, LEASE_SECONDS)
    faultpoint("after_claim_rows")
    taken = [arrival for arrival in seen if arrival.raw_name in ours]
    if taken:
        try:
            _take_all_in(incoming, token, taken)
        except OSError:
            with catalog.begin() as connection:
                arrivals.release(connection, token)  # what was renamed is found again by a retake
            raise
    return Claim(str(token), len(taken), tuple(one.name for one in taken[:_PREVIEW]))


def _take_all_in(incoming: Path, token: uuid.UUID, taken: Sequence[SeenArrival]) -> None:
    faultpoint("at_claim_mkdir")
    with ClaimPlace.opened(incoming, token) as place:
        for arrival in taken:
            name = os.fsdecode(arrival.raw_name)
            take_in(place.incoming.entry(name), place.home.entry(name))
            faultpoint("after_claim_rename")
        faultpoint("at_claim_fsync")
        place.home.sync()
        place.incoming.sync()


def take_in(source: Entry, target: Entry) -> bool:
    """Rename a file into a claim's folder; False if it is gone, which its ingest will say."""
    try:
        faultpoint("at_claim_rename")
        source.rename(target)
    except FileNotFoundError:
        return False
    return True


def remove_if_empty(incoming: Folder, name: str) -> None:
    """Remove the claim's folder `name` once nothing lies in it."""
    try:
        with incoming.below(CLAIMED) as claimed:
            os.rmdir(name, dir_fd=claimed.handle)
    except OSError:  # not empty, or gone: both are fine
        return
