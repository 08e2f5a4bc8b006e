"""The audit of a mission: its archive, its rows and its unfinished work, found and repaired.

It composes what the archive, the ingest and the processing know; the order matters: what a crash
left is recovered first, then the disk is compared, what lies there is filed, and only then do the
rules of the rows decide what is to be made again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from headwater.archive.audit import audit_disk
from headwater.archive.disk_repairs import DiskRepairs
from headwater.archive.finding import AuditReport, Finding, FindingState
from headwater.archive.place import ArchivePlace, archive_place
from headwater.archive.recovery import recover_intents
from headwater.archive.scrubbing import scrub
from headwater.archive.sums import Reading, Verdict
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import auditing, promises
from headwater.catalog.queries.archive_files import ExpectedFile
from headwater.catalog.queries.consistency import RULES
from headwater.catalog.queries.consistency.mission_rules import MISSION_RULES
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError
from headwater.flows.readoption import Readoption
from headwater.ingest.scan import Intake
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing.consistency import find_faults, mend_faults
from headwater.processing.service import reap_expired_leases
from headwater.processing.work_directory import sweep_work_directories, unused_work_directories

_ADVICE = {"date outside its time", "odd duration", "version too large", "nobody works"}
ROW_RULES = tuple(rule for rule in RULES if rule not in MISSION_RULES and rule.name not in _ADVICE)
"""The rules of ``headwater check`` that say something is wrong, not that it is odd."""

Progress = Callable[[str, int, int | None], None]
"""What is being done, how far it is, and out of how much where that is known."""


@dataclass(frozen=True, slots=True)
class Scrub:
    """How bytes are read again: bytes a second and bytes in all, none for no limit."""

    rate: float | None = None
    most_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class AuditWishes:
    """What an audit does.

    repair
        Mend what can be mended.
    dry_run
        Change nothing at all, not even the note that an audit was made.
    scrub
        How bytes are read again; none to look at sizes and times only.
    many_lost
        Whether to believe that very many files are lost.
    """

    repair: bool = False
    dry_run: bool = False
    scrub: Scrub | None = None
    many_lost: bool = False


def audit(
    catalog: Catalog,
    mission: str,
    actor: Actor,
    wishes: AuditWishes,
    progress: Progress = lambda _what, _done, _of: None,
) -> AuditReport:
    """Audit a mission.

    Raises
    ------
    NotFoundError
        If there is no such mission.
    ArchiveError
        If its rootdir is not there, or holds nothing while the catalog has files.
    InspectorError
        If unknown files were to be filed and the inspectors' helper process cannot be started.
    CatalogUnavailableError
        If the catalog does not answer; what was repaired stays so.
    """
    return _Audit(catalog, archive_place(catalog, mission), actor, wishes, progress).run()


@dataclass(slots=True)
class _Audit:
    """One audit under way."""

    catalog: Catalog
    place: ArchivePlace
    actor: Actor
    wishes: AuditWishes
    progress: Progress
    report: AuditReport = field(init=False)
    mission: LoadedMission = field(init=False)

    def __post_init__(self) -> None:
        self.report = AuditReport(self.place.mission)
        self.mission = load_mission(self.catalog, self.place.mission)

    @property
    def _repairs(self) -> bool:
        return self.wishes.repair and not self.wishes.dry_run

    def run(self) -> AuditReport:
        """Do every step."""
        self.place.check()
        if self._repairs:
            self._recover()
        reading = self._reading()
        repairs = self._disk_repairs(reading) if self._repairs else None
        self._disk(reading if self.wishes.scrub else None, repairs)
        if self.wishes.scrub:
            self._scrub(reading, repairs)
        self._rows()
        if not self.wishes.dry_run:
            self._log()
        return self.report

    def _add(self, kind: str, subject: str, problem: str, action: str, repaired: bool) -> None:
        state = FindingState.REPAIRED if repaired else FindingState.WRONG
        self.report.add(Finding(kind, subject, problem, action, state))

    # What a crash left

    def _recover(self) -> None:
        """Finish or undo what dead owners held, as the next ingest and pass would."""
        place = self.place
        for one in recover_intents(self.catalog, place.mission_id, place.rootdir, self.actor):
            self._add("intent", one.final_path, "was promised by someone who is gone",
                      one.reason, repaired=True)  # fmt: skip
        for number, state, reason in reap_expired_leases(self.catalog):
            self._add("lease over", f"build {number}", "was held by someone who is gone",
                      f"it is {state}: {reason}", repaired=True)  # fmt: skip
        try:
            nothing = Intake(0.0, accepts=lambda _name: False)
            left = ingest_pending(self.catalog, self.mission, self.actor, intake=nothing)
        except ArchiveError as error:
            self._add("arrivals", self.mission.name, "cannot be taken in", str(error),
                      repaired=False)  # fmt: skip
            return
        for arrival in left.ended:
            self._add("lease over", f"arrival {arrival.name}", "was held by someone who is gone",
                      f"it is {arrival.disposition}: {arrival.reason}", repaired=True)  # fmt: skip

    # The disk

    def _reading(self) -> Reading:
        limits = self.wishes.scrub or Scrub()
        return Reading(
            self.catalog,
            limits.rate,
            limits.most_bytes,
            remember=not self.wishes.dry_run,
            passed=lambda done: self.progress("bytes read", done, None),
        )

    def _disk_repairs(self, reading: Reading) -> DiskRepairs:
        many = self.wishes.many_lost
        return DiskRepairs(self.catalog, self.place, self.actor, reading, many)

    def _disk(self, reading: Reading | None, repairs: DiskRepairs | None) -> None:
        with self.catalog.read() as connection:
            total = auditing.unread(connection, self.place.mission_id).files

        def looked(count: int) -> None:
            self.report.looked_at = count
            if count % 1000 == 0:
                self.progress("files looked at", count, total)

        dark = Readoption(
            self.catalog, self.mission, self.actor, self.report.add, repairs is not None
        )
        audit_disk(
            self.catalog,
            self.place,
            self.report.add,
            dark=dark.take,
            repairs=repairs,
            reading=reading,
            ignore=self.mission.settings.audit_ignore,
            looked=looked,
        )
        dark.end()
        self._work_directories()

    def _work_directories(self) -> None:
        unused = [path.name for path in unused_work_directories(self.mission)]
        if self._repairs:
            unused = sweep_work_directories(self.mission)
        for name in unused:
            self._add("work directory", f".work/{name}", "is used by no run", "it is removed",
                      repaired=self._repairs)  # fmt: skip

    def _scrub(self, reading: Reading, repairs: DiskRepairs | None) -> None:
        problem = "has other bytes than were filed"

        def bad(file: ExpectedFile, said: Verdict) -> None:
            if said is Verdict.CHANGED and repairs is not None:
                repairs.set_aside(file, problem, self.report.add)
            elif said is Verdict.CHANGED:
                action = "it is put aside and made again" if file.can_be_made else _NOT_MADE
                self._add("changed", file.path, problem, action, repaired=False)
            elif said is Verdict.UNREADABLE:
                action = "see that the disk is well, and that this user may read it"
                self._add("unreadable", file.path, "cannot be read", action, repaired=False)

        self.report.scrubbed = scrub(self.place, reading, bad)

    # The rows

    def _rows(self) -> None:
        name = self.place.mission
        if self._repairs:
            found = mend_faults(self.catalog, name, self.actor, ROW_RULES)
        else:
            found = find_faults(self.catalog, name, ROW_RULES)
        for one in found:
            self._add(one.rule.name, one.subject, one.problem, one.rule.remedy, one.mended)
        with self.catalog.read() as connection:
            lost = auditing.lost_for_good(connection, self.place.mission_id)
            broken = list(promises.breaches(connection, self.place.mission_id, promises.OWN_CHECKS))
        for subject, problem in lost:
            self._add("lost", subject, problem, _BACKUP, repaired=False)
        for breach in broken:
            self._add(f"promise {breach.promise}", breach.subject, breach.problem,
                      "no repair is known: see 'headwater events'", repaired=False)  # fmt: skip

    def _log(self) -> None:
        report = self.report
        detail = {"looked_at": report.looked_at, "wrong": report.wrong,
                  "repaired": report.repaired, "counts": dict(report.counts)}  # fmt: skip
        if report.scrubbed:
            detail |= {"read_files": report.scrubbed.files, "read_bytes": report.scrubbed.bytes}
        with self.catalog.begin() as connection:
            auditing.log_audit(
                connection, self.place.mission_id, self.actor, report.sentence, json.dumps(detail)
            )


_BACKUP = "bring it back from a backup: drop it into incoming, it takes its place again"
_NOT_MADE = "nobody can make it again: move it away, and drop the right one into incoming"
