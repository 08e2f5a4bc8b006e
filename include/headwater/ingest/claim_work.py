"""The work on one claim, in sets: each arrival is ended as soon as its end is known."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from headwater.archive.entries import Entry
from headwater.archive.sums import Verdict, read_file
from headwater.catalog.queries import arrivals
from headwater.catalog.queries.arrivals import Ending, HeldArrival, KnownFile, SeenArrival
from headwater.catalog.queries.auditing import RecordedFile
from headwater.core.errors import ArchiveError, InspectorError
from headwater.core.states import Disposition
from headwater.ingest.adopting import Adopter
from headwater.ingest.endings import ClaimLostError, Endings, PutAside
from headwater.ingest.identified import Identified, identified
from headwater.ingest.leftovers import locate
from headwater.ingest.qa_arrivals import take_qa_arrivals
from headwater.ingest.quality import is_qa_name
from headwater.ingest.scan import seen
from headwater.ingest.screening import Screened, ScreenedOutError, screen
from headwater.missions.inspection.host import InspectorHost

_SLICE = 250  # one transaction and one grouped fsync; each file may need a folder's handle
_PLACED_AT_ONCE = 2  # while the disk takes one slice, the catalog takes another
_LONGEST_WAIT = 5.0  # seconds for a changed file to settle; it may be begun several times


@dataclass(slots=True)
class ClaimWork:
    """One claim, the inspectors that read its files, and those that changed meanwhile."""

    ends: Endings
    host: InspectorHost
    changed: list[HeldArrival] = field(default_factory=list)
    adopter: Adopter = field(init=False)

    def __post_init__(self) -> None:
        self.adopter = Adopter(self.ends, self.changed)

    def run(self) -> None:
        """End every arrival that the claim holds.

        Raises
        ------
        ArchiveError, InspectorError, CatalogUnavailableError
            As :func:`headwater.ingest.service.ingest_claim`.
        """
        held = self.ends.hold()
        self.ends.total = len(held)
        mission = self.ends.mission
        checks = [arrival for arrival in held if is_qa_name(mission, arrival.name)]
        held = [arrival for arrival in held if not is_qa_name(mission, arrival.name)]
        try:
            while held:
                self._pass(held)
                held = self._begin_again()
            if mission.qa_dir is not None:  # what the checks name is filed by now
                take_qa_arrivals(self.ends, mission.qa_dir, checks)
        except ClaimLostError:
            return
        except (ArchiveError, InspectorError):
            self.ends.release()
            raise
        self.ends.place.remove_if_empty()
        self.ends.refuse_troubles()

    @property
    def _rootdir(self) -> Path:
        return Path(self.ends.mission.rootdir)

    def _pass(self, held: Sequence[HeldArrival]) -> None:
        """Take a slice after the other: one is identified, one copied, one committed at a time."""
        with ThreadPoolExecutor(_PLACED_AT_ONCE, thread_name_prefix="adopting") as pool:
            placing: deque[Future[None]] = deque()
            for start in range(0, len(held), _SLICE):
                found = self._slice(held[start : start + _SLICE])
                if len(placing) == _PLACED_AT_ONCE:
                    placing.popleft().result()
                placing.append(pool.submit(self.adopter.adopt, found))
            while placing:
                placing.popleft().result()

    def _slice(self, held: Sequence[HeldArrival]) -> list[Identified]:
        screened = self._screen(held)
        fresh = self._without_known(screened)
        self.ends.keep_alive()
        return list(self._identify(fresh))

    def _begin_again(self) -> list[HeldArrival]:
        """Take in what changed as it is now, once it has had time to settle."""
        again = list(self.changed)
        self.changed.clear()
        if not again:
            return []
        time.sleep(min(self.ends.mission.settings.settle_seconds, _LONGEST_WAIT))
        with self.ends.catalog.begin() as connection:
            for arrival in again:
                now = self._now(arrival)
                arrivals.restamp(connection, self.ends.token, arrival.id, now)
        ids = {arrival.id for arrival in again}
        return [arrival for arrival in self.ends.hold() if arrival.id in ids]

    def _now(self, arrival: HeldArrival) -> SeenArrival:
        entry = locate(self.ends.place, arrival)
        if entry is None:
            return SeenArrival(
                arrival.name, arrival.raw_name, arrival.size, arrival.modified_at, arrival.inode
            )
        return seen(entry.name, entry.lstat())

    # Before any inspector

    def _screen(self, held: Sequence[HeldArrival]) -> list[Screened]:
        kept: list[Screened] = []
        aside: list[PutAside] = []
        lost: list[HeldArrival] = []
        for arrival in held:
            try:
                entry = locate(self.ends.place, arrival)
            except OSError as error:
                self.ends.not_done(arrival.name, error)
                continue
            if entry is None:
                lost.append(arrival)
                continue
            try:
                one = screen(self.ends.mission, arrival, entry)
                if _as_claimed(arrival, entry):
                    kept.append(one)
                else:
                    self.changed.append(arrival)
            except ScreenedOutError as error:
                aside.append(PutAside(arrival, entry, str(error)))
            except FileNotFoundError:
                lost.append(arrival)
        self.ends.put_aside(aside)
        self.ends.missing(lost)
        return kept

    def _without_known(self, screened: Sequence[Screened]) -> list[Screened]:
        """End what has the name of a file of the catalog; return the others."""
        if not screened:
            return []
        names = [one.name for one in screened]
        with self.ends.catalog.read() as connection:
            known = arrivals.known_files(connection, self.ends.mission.id, names)
        fresh: list[Screened] = []
        same: list[tuple[Screened, KnownFile]] = []
        aside: list[PutAside] = []
        for one in screened:
            file = known.get(one.name)
            if file is None:
                fresh.append(one)
            elif why := _differs(one, file):
                aside.append(PutAside(one.arrival, one.entry, why))
            else:
                same.append((one, file))
        self.ends.put_aside(aside)
        self._same(same)
        return fresh

    def _same(self, same: Sequence[tuple[Screened, KnownFile]]) -> None:
        """End duplicates; one whose copy in the archive is lost takes its place.

        An arrival is removed only for bytes that are known to be right: those in the archive are
        read, and where they are wrong, the arrival may be the only good copy, and is kept.
        """
        duplicates = []
        for one, file in same:
            said = self._in_the_archive(one, file)
            self.ends.keep_alive()
            if said is Verdict.SAME:
                reason = f"the same name and the same bytes as {file.path}"
                ending = Ending(
                    one.arrival.id, Disposition.DUPLICATE, reason, file.product_id, file.id
                )
                duplicates.append((ending, one.entry))
            elif said is Verdict.GONE:
                self.adopter.restore(one, file)
            else:
                self.ends.put_aside([PutAside(one.arrival, one.entry, _damaged(file, said))])
        self.ends.drop(duplicates)

    def _in_the_archive(self, one: Screened, file: KnownFile) -> Verdict:
        """What lies in a file's place: bytes as recorded, others, or none."""
        if one.linked and one.subject == (self._rootdir.resolve() / file.path):
            return Verdict.SAME  # these very bytes were compared with the sums just now
        recorded = RecordedFile(file.id, file.path, file.size, file.sha256, file.sha1)
        return read_file(self._rootdir, recorded)[0]

    # Inspectors

    def _identify(self, screened: Sequence[Screened]) -> Iterator[Identified]:
        """The files whose product is known; the others are put aside."""
        aside: list[PutAside] = []
        answers = self.host.identify([str(one.subject) for one in screened]) if screened else ()
        for one, answer in zip(screened, answers, strict=True):
            self.ends.keep_alive()
            try:
                yield identified(self.ends.mission, one, answer)
            except ScreenedOutError as error:
                aside.append(PutAside(one.arrival, one.entry, str(error)))
        self.ends.put_aside(aside)


def _damaged(file: KnownFile, said: Verdict) -> str:
    """Why an arrival is kept that should be a duplicate."""
    what = "has other bytes than were filed" if said is Verdict.CHANGED else "cannot be read"
    return (
        f"it is the same as was filed at {file.path}, and what lies there now {what}: move that "
        "away, then send this one again, and it takes its place"
    )


def _as_claimed(arrival: HeldArrival, entry: Entry) -> bool:
    now = seen(entry.name, entry.lstat())
    return (now.inode, now.size, now.modified_at) == (
        arrival.inode,
        arrival.size,
        arrival.modified_at,
    )


def _differs(one: Screened, file: KnownFile) -> str | None:
    """Why a file is not the one that the catalog has under its name; none if it is."""
    other = f"a file of this name with other bytes is in the catalog already, at {file.path}"
    if file.size is not None and one.stamp.size != file.size:
        return other
    try:
        found = one.digests()
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    if file.sha256 is not None:
        return None if found.sha256 == file.sha256 else other
    if file.sha1 is not None:
        return None if found.sha1 == file.sha1 else other
    return (
        f"a file of this name is in the catalog already, at {file.path}, and no checksum tells "
        "whether it is the same: 'headwater mission import --check-files' reads it"
    )
