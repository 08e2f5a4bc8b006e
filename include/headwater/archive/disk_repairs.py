"""What mends the differences of disk and catalog that need no rule of a mission.

A lost file is marked, so that the plan makes it again; wrong bytes are put aside, never removed;
level 0, and what no process makes, is never touched.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from headwater.archive.comparing import Difference, Kind
from headwater.archive.finding import Finding, FindingState
from headwater.archive.intents import PromisedRemoval, Removal
from headwater.archive.lost_files import mark_lost
from headwater.archive.place import ArchivePlace
from headwater.archive.quarantine import quarantine
from headwater.archive.recovery import once_recovered
from headwater.archive.removal import carry_out, promise
from headwater.archive.sums import Reading, Verdict
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import auditing, lost_files
from headwater.catalog.queries.archive_files import ExpectedFile
from headwater.catalog.queries.lost_files import FileOnDisk
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError

_AT_ONCE = 1_000
MANY = 100
"""More lost files than this, and than a tenth of the archive, are too many to be believed."""
_SHARE = 0.1

Report = Callable[[Finding], None]


@dataclass(slots=True)
class DiskRepairs:
    """The repairs of one audit; `believe_many` is whether any number of lost files is believed."""

    catalog: Catalog
    place: ArchivePlace
    actor: Actor
    reading: Reading
    believe_many: bool = False
    _lost: list[tuple[int, str, bool]] = field(default_factory=list)

    def mend(self, one: Difference, report: Report) -> None:
        """Mend one difference, and report it; lost files only at the :meth:`end`.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer.
        """
        if one.kind is Kind.LOST and one.file is not None:
            self._lost.append((one.file.id, one.path, one.file.can_be_made))
        elif one.kind is Kind.PART:
            self._put_part_aside(one, report)
        elif one.file is not None:
            self._mend_bytes(one, one.file, report)

    def end(self, report: Report) -> None:
        """Mark what is lost, unless it is too much to be true.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer; what was marked stays so.
        """
        lost, self._lost = self._lost, []
        if not lost:
            return
        if not self.believe_many and len(lost) > max(MANY, self._files() * _SHARE):
            for _, path, _ in lost:
                action = (
                    f"{len(lost)} files are lost, too many to be believed: see that the whole "
                    "archive is mounted, or repair with --many-lost"
                )
                report(Finding(Kind.LOST.value, path, "is not on disk", action))
            return
        for start in range(0, len(lost), _AT_ONCE):
            self._mark_lost(lost[start : start + _AT_ONCE], report)

    def _files(self) -> int:
        with self.catalog.read() as connection:
            return auditing.unread(connection, self.place.mission_id).files

    def _mark_lost(self, lost: list[tuple[int, str, bool]], report: Report) -> None:
        files = [FileOnDisk(number, Path(path).name, path) for number, path, _ in lost]
        mark_lost(self.catalog, self.place.mission_id, files, self.actor)
        for _, path, made in lost:
            if made:
                action = "was marked lost, and is made again where it was the newest"
                state = FindingState.REPAIRED
                report(Finding(Kind.LOST.value, path, "is not on disk", action, state))
            # What nobody makes is told with all files that are known to be lost.

    def _mend_bytes(self, one: Difference, file: ExpectedFile, report: Report) -> None:
        """Read the bytes of a file that look wrong, and believe the sums."""
        found = self.reading.verdict(self.place, file.id)
        if found is Verdict.UNREADABLE:
            action = "see that the disk is well, and that this user may read it"
            report(Finding(Kind.UNREADABLE.value, one.subject, "cannot be read", action))
        elif found is Verdict.GONE:
            self._lost.append((file.id, file.path, file.can_be_made))
        elif found is Verdict.SAME:
            self._take_back(one, file, report)
        else:
            self.set_aside(file, one.problem, report)

    def _take_back(self, one: Difference, file: ExpectedFile, report: Report) -> None:
        if one.kind is Kind.BACK:
            with self.catalog.begin() as connection:
                lock_work(connection, self.place.mission_id)
                lost_files.mark_back(connection, self.place.mission_id, [file.id], self.actor)
        action = "its bytes were read, and are those that were filed"
        state = FindingState.REPAIRED
        report(Finding(one.kind.value, one.subject, one.problem, action, state))

    def set_aside(self, file: ExpectedFile, problem: str, report: Report) -> None:
        """Deal with a file whose bytes are not those that were filed.

        One that can be made again is marked and its bytes go to the error folder, in the
        protocol of a removal; of any other, that it has changed is noted.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer; a recovery finishes what was begun.
        """
        kind = Kind.CHANGED.value
        if not file.can_be_made:
            with self.catalog.begin() as connection:
                auditing.raise_alarm(
                    connection, self.place.mission_id, file.id, self.actor, f"{file.path} {problem}"
                )
            action = "nobody can make it again: move it away, and drop the right one into incoming"
            report(Finding(kind, file.path, problem, action))
            return
        try:
            trouble = self._move_away(file, problem)
        except ArchiveError as error:
            report(Finding(kind, file.path, problem, str(error)))
            return
        if trouble:
            report(Finding(kind, file.path, problem, f"the next recovery goes on: {trouble}"))
            return
        action = "its bytes went to the error folder, and it is made again as the next version"
        report(Finding(kind, file.path, problem, action, FindingState.REPAIRED))

    def _move_away(self, file: ExpectedFile, problem: str) -> str:
        token = uuid.uuid4()
        mission_id, reason = self.place.mission_id, f"{file.path} {problem}"
        removal = Removal(file.path, str(self.place.errordir))

        def rows() -> None:
            with self.catalog.begin() as connection:
                lock_work(connection, mission_id)
                lost_files.mark_changed(connection, mission_id, [file.id], self.actor)
                promised[:] = promise(connection, mission_id, token, [removal], self.actor, reason)

        promised: list[PromisedRemoval] = []
        once_recovered(self.catalog, mission_id, self.place.rootdir, self.actor, rows)
        [removed] = carry_out(self.catalog, self.place.rootdir, token, promised)
        return removed.trouble

    def _put_part_aside(self, one: Difference, report: Report) -> None:
        """Keep bytes that no promise speaks of; where they have another name too, drop this one."""
        path = self.place.rootdir / one.path
        try:
            if path.lstat().st_nlink > 1:
                path.unlink()
                action = "it was a second name of a file that is there, and was removed"
            else:
                key = f"part {path.name}"
                kept = quarantine(path, self.place.errordir, one.problem, {}, key=key)
                action = f"it was moved to {kept}"
        except FileNotFoundError:
            return
        except OSError as error:
            problem = f"{one.problem}, and cannot be moved: {error.strerror or error}"
            report(Finding(one.kind.value, one.subject, problem, "see that the disk is well"))
            return
        report(Finding(one.kind.value, one.subject, one.problem, action, FindingState.REPAIRED))
