"""The ends of a claim's arrivals: rows first or file first, as a crash between them allows."""

from __future__ import annotations

import logging
import os
import time
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection

from headwater.archive.entries import Entry
from headwater.archive.faultpoint import faultpoint
from headwater.archive.paths import printable
from headwater.archive.quarantine import FALLBACK, kept_as, kept_in, opened_errordir, put_aside
from headwater.archive.staging import Refusal, disk_refusal
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import arrivals
from headwater.catalog.queries.arrivals import Ending, HeldArrival
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError, ArchiveFullError
from headwater.core.states import Disposition
from headwater.ingest.claim import LEASE_SECONDS, ClaimPlace
from headwater.ingest.report import Progress
from headwater.ingest.room import pause_for_room
from headwater.missions.loaded import LoadedMission

_LOG = logging.getLogger(__name__)
_RENEW_SECONDS = LEASE_SECONDS / 5


class ClaimLostError(Exception):
    """Another worker has taken the claim over: nothing more of it may be done here."""


@dataclass(frozen=True, slots=True)
class PutAside:
    """An arrival for quarantine: its file and the reason."""

    arrival: HeldArrival
    entry: Entry
    reason: str


@dataclass(slots=True)
class Endings:
    """A claim that is held, and the ways in which its arrivals end; usable by two threads."""

    catalog: Catalog
    mission: LoadedMission
    place: ClaimPlace
    token: uuid.UUID
    actor: Actor
    report: Progress
    total: int = 0
    done: int = 0
    troubles: list[str] = field(default_factory=list)
    """Sentences on what the disk did not do; the arrivals concerned stay claimed."""
    full: list[str] = field(default_factory=list)
    """The same, where the disk had no room for it."""
    _renewed: float = 0.0
    _counting: Lock = field(default_factory=Lock)

    def hold(self) -> list[HeldArrival]:
        """Renew the lease; the arrivals that are still to be ended, by name."""
        with self.catalog.begin() as connection:
            held = arrivals.hold(connection, self.token, self.actor, LEASE_SECONDS)
        self._renewed = time.monotonic()
        return held

    def keep_alive(self) -> None:
        """Renew the lease if that was some time ago."""
        if time.monotonic() - self._renewed > _RENEW_SECONDS:
            self.hold()

    def release(self) -> None:
        """Let anybody take over what is left of the claim."""
        with self.catalog.begin() as connection:
            arrivals.release(connection, self.token)

    def not_done(self, name: str, error: OSError) -> None:
        """Note that the disk did not do something with a file; its arrival stays claimed."""
        sentence = f"{printable(name)}: {error.strerror or error}"
        (self.full if disk_refusal(error) is Refusal.FULL else self.troubles).append(sentence)

    def refuse_troubles(self) -> None:
        """Release the claim if the disk did not take some of it, and say so.

        Raises
        ------
        ArchiveFullError
            If there was no room; the ingest of the mission is paused now.
        ArchiveError
            If the disk failed otherwise.
        """
        if not (self.full or self.troubles):
            return
        self.release()
        said = "; ".join(sorted({*self.full, *self.troubles}))
        if not self.full:
            raise ArchiveError(said)
        pause_for_room(self.catalog, self.mission, min(self.full), self.actor)
        raise ArchiveFullError(f"{said}; the ingest of {self.mission.name} is paused")

    def end_within(self, connection: Connection, endings: Sequence[Ending]) -> None:
        """End arrivals in a transaction of the caller.

        Raises
        ------
        ClaimLostError
            If one of them is not ours any more; the transaction must be rolled back.
        """
        if len(arrivals.end(connection, self.token, endings, self.actor)) < len(endings):
            raise ClaimLostError

    def count(self, number: int) -> None:
        """Report that `number` more arrivals have ended."""
        with self._counting:
            self.done += number
            self.report(self.done, self.total)

    def end(self, endings: Sequence[Ending]) -> None:
        """End arrivals.

        Raises
        ------
        ClaimLostError
            If one of them is not ours any more.
        """
        if endings:
            with self.catalog.begin() as connection:
                self.end_within(connection, endings)
            self.count(len(endings))

    def drop(self, ends: Iterable[tuple[Ending, Entry]]) -> None:
        """End arrivals whose files are not needed any more, then remove the files.

        Raises
        ------
        ClaimLostError
            If one of them is not ours any more.
        """
        known = list(ends)
        self.end([ending for ending, _ in known])
        faultpoint("after_drop_rows")
        for _, entry in known:
            try:
                entry.unlink()
            except OSError as error:
                _LOG.warning("%s is left to the next sweep: %s", entry.place, error)

    def missing(self, lost: Iterable[HeldArrival]) -> None:
        """End arrivals whose files are nowhere: quarantined before a crash, or gone.

        Raises
        ------
        ClaimLostError
            If one of them is not ours any more.
        """
        endings, gone = [], []
        for arrival in lost:
            found = self._kept(arrival)
            if found:
                endings.append(_quarantined(arrival, *found))
            else:
                gone.append(arrival)
        self.end(endings)
        self.vanished(gone)

    def vanished(self, gone: Iterable[HeldArrival]) -> None:
        """End arrivals whose files are not there any more.

        Raises
        ------
        ClaimLostError
            If one of them is not ours any more.
        """
        reason = "it was gone from incoming before it could be read"
        self.end([Ending(arrival.id, Disposition.IGNORED, reason) for arrival in gone])

    def put_aside(self, aside: Iterable[PutAside]) -> None:
        """Quarantine files, then end their arrivals.

        Raises
        ------
        ClaimLostError
            If one of them is not ours any more.
        """
        endings, gone = [], []
        for one in aside:
            try:
                kept = self._quarantine(one)
            except FileNotFoundError:
                gone.append(one.arrival)
            except ArchiveFullError as error:
                self.full.append(str(error))
            except ArchiveError as error:
                self.troubles.append(str(error))
            else:
                endings.append(_quarantined(one.arrival, kept, one.reason))
        faultpoint("before_quarantine_rows")
        self.end(endings)
        self.missing(gone)  # an error may have come just after the move

    def _quarantine(self, one: PutAside) -> Path:
        detail = {
            "mission": self.mission.name,
            "name": one.arrival.name,
            "raw_name": one.arrival.raw_name.hex(),
            "arrival": one.arrival.id,
            "actor": self.actor.name,
        }
        key = _key(one.arrival)
        try:
            with opened_errordir(Path(self.mission.errordir)) as kept:
                return put_aside(one.entry, kept, one.reason, detail, key=key)
        except ArchiveError:
            # A folder or a FIFO cannot leave its file system; neither can what we may not read.
            with self.place.incoming.below(FALLBACK, create=True) as near:
                return put_aside(one.entry, near, one.reason, detail, key=key)

    def _kept(self, arrival: HeldArrival) -> tuple[Path, str] | None:
        """Where an earlier call has put an arrival aside, and the reason."""
        name, key = os.fsdecode(arrival.raw_name), _key(arrival)
        if found := kept_as(Path(self.mission.errordir), name, key):
            return found
        with (
            suppress(ArchiveError, FileNotFoundError),
            self.place.incoming.below(FALLBACK) as near,
        ):
            return kept_in(near, name, key)
        return None


def _key(arrival: HeldArrival) -> str:
    return f"arrival {arrival.id}"


def _quarantined(arrival: HeldArrival, kept: Path, reason: str) -> Ending:
    return Ending(arrival.id, Disposition.QUARANTINED, reason, quarantine_path=printable(str(kept)))
