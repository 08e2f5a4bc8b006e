"""The states of the catalog's nouns, one enum a noun, with what each means.

The diagrams are in ``docs/reference/states.md``.
"""

from __future__ import annotations

from enum import StrEnum


class Timebase(StrEnum):
    """The span of time that an output of a process covers (spec dbprocessing 1)."""

    FILE = "FILE"
    """One output for each input file of the date, with the same process keywords."""
    DAILY = "DAILY"
    """One output for each UTC day; inputs are chosen by overlap in time, as for the next four."""
    WEEKLY = "WEEKLY"
    """One output for each ISO week, Monday to Sunday."""
    MONTHLY = "MONTHLY"
    """One output for each month of the calendar."""
    YEARLY = "YEARLY"
    """One output for each year of the calendar."""
    ORBIT = "ORBIT"
    """One output for each orbit of the mission's table of orbits."""
    RUN = "RUN"
    """No output: the code runs for what it does."""

    @property
    def by_date(self) -> bool:
        """Whether inputs are chosen by their date, not by overlap in time (spec 5.3)."""
        return self in (Timebase.FILE, Timebase.RUN)


class InputKind(StrEnum):
    """What an input means to a process."""

    HARD = "hard"
    """The process cannot be run without it, and a change of it re-makes the output."""
    SOFT = "soft"
    """Taken when it is there; a change of it re-makes the output (dbprocessing: optional)."""
    NO_TRIGGER = "no_trigger"
    """Taken when it is there; a change of it alone re-makes nothing."""


class FoundBy(StrEnum):
    """How an output of a run is found in its work directory."""

    NAME = "name"
    """By the name that its product's format gives, which the code is told."""
    INSPECTOR = "inspector"
    """By its product's inspector: the code names it, and may put it into a folder of its own."""


class ArrivalState(StrEnum):
    """Where an arrival is on its way from the incoming folder."""

    CLAIMED = "claimed"
    """Taken out of the incoming folder by one owner, whose lease runs."""
    ENDED = "ended"
    """It has its disposition."""


class Disposition(StrEnum):
    """How an arrival ended; each has a reason that a person can read."""

    ADOPTED = "adopted"
    """Filed in the archive, and the newest of its product and interval."""
    SUPERSEDED = "superseded"
    """Filed in the archive, but a newer version was there before it."""
    DUPLICATE = "duplicate"
    """The same name with the same bytes is in the archive already; the arrival was removed."""
    QUARANTINED = "quarantined"
    """Kept in the error folder with its reason, for a person to look at."""
    IGNORED = "ignored"
    """Left alone by rule, or gone before it could be read."""


class BuildState(StrEnum):
    """The state of one build: a process, an interval and keywords."""

    PENDING = "pending"
    """May be made as soon as somebody claims it."""
    WAITING = "waiting"
    """For a named input, for an upstream build, or for the end of its interval."""
    RUNNING = "running"
    """Claimed by one owner, whose lease runs."""
    BUILT = "built"
    """Its outputs are in the archive, and it is the newest of its interval."""
    FAILED = "failed"
    """It did not give its outputs; it may be tried again by rule or by a person."""
    HELD = "held"
    """Not to be made until a person says so."""
    SUPERSEDED = "superseded"
    """It was built, and a newer build of the same interval has been built since."""
    NOT_NEEDED = "not needed"
    """What it would have made is there already."""


OPEN_BUILD_STATES = (
    BuildState.PENDING,
    BuildState.WAITING,
    BuildState.RUNNING,
    BuildState.FAILED,
    BuildState.HELD,
)
"""The states in which a build still stands for work; at most one such build an interval."""


class MarkKind(StrEnum):
    """What a person did in Airflow to a run or to a task."""

    FAILED = "failed"
    """Marked it failed: its work ends, and is a failure."""
    SUCCESS = "success"
    """Marked it success: its work ends, is not made, and is no failure."""
    SKIPPED = "skipped"
    """Marked it skipped: as success."""
    CLEARED = "cleared"
    """Cleared or retried it: its unfinished work is made again."""

    @property
    def state(self) -> BuildState:
        """What unfinished builds become by a mark."""
        return BuildState.FAILED if self is MarkKind.FAILED else BuildState.HELD

    def said(self, person: str, note: str = "") -> str:
        """Who did it, and why if a note says so."""
        words = "cleared by" if self is MarkKind.CLEARED else f"marked {self} by"
        return f"{words} {person}: {note}" if note else f"{words} {person}"


class ExpectedWhen(StrEnum):
    """When files of a product are expected, as a mission file says it."""

    ALWAYS = "always"
    """Each day."""
    WEEKDAYS = "weekdays"
    """Some days of each week."""
    CONTACTS = "contacts"
    """The days (UTC) that a contact of a table touches."""
    NEVER = "never"
    """No day: it comes on demand, or nobody can tell when."""


class CellState(StrEnum):
    """What a product has of one day, or of a week or a month: a cell of the grid.

    They stand in the order of precedence, the most pressing first: of all that is so of a day,
    and of all days of a period, the first one here is shown. First comes what needs a person,
    then what is under way by itself, then what is settled.
    """

    FAILED = "failed"
    """A build of it failed, whether or not an older file is there."""
    LOST = "lost"
    """The catalog has its newest file, but it is not on disk."""
    QUARANTINED = "quarantined"
    """No file is there, and an arrival in quarantine looks like one."""
    MISSING = "missing"
    """A file is expected, none is there, and nothing is under way: a gap."""
    HELD = "held"
    """A build of it is not made until a person says so."""
    BUILDING = "building"
    """A build of it runs."""
    WAITING = "waiting"
    """No file is there, and a build of it is pending or waits, or is still to be planned."""
    STALE = "stale"
    """A file is there, made from inputs or by a code that are no longer the newest, or work is
    open that will make it anew."""
    CURRENT = "current"
    """Its newest file is there, and nothing asks for another."""
    NOT_EXPECTED = "not expected"
    """No file is there, and none is expected."""

    @property
    def letter(self) -> str:
        """How it stands in a row of the grid."""
        return self.value[0]

    @property
    def rank(self) -> int:
        """Its place in the order of precedence; 0 is the most pressing."""
        return _CELL_RANKS[self]


_CELL_RANKS = {state: rank for rank, state in enumerate(CellState)}


class CampaignState(StrEnum):
    """Where a campaign is."""

    PROPOSED = "proposed"
    """It waits for a person's approval; nothing is made for it."""
    RUNNING = "running"
    """Approved: its dates are looked at and made, after live data."""
    PAUSED = "paused"
    """A person stopped it for now: none of its builds is begun until it is resumed."""
    DONE = "done"
    """Nothing of it is left to be made."""
    ABORTED = "aborted"
    """A person ended it; what was made stays."""


class CampaignOutcome(StrEnum):
    """What became of one output of a campaign."""

    MADE = "made"
    """A build of the campaign made it anew."""
    MADE_ELSEWHERE = "made elsewhere"
    """It is new since the approval, and made for live data or for another campaign."""
    FAILED = "failed"
    """Its build failed, and may be tried again."""
    HELD = "held"
    """Its build is held: by a person, a check, or because it failed too often."""
    OPEN = "open"
    """Its build is to be made, or is being made."""
    DROPPED = "dropped"
    """The campaign was aborted before it was begun."""
    NOT_NEEDED = "not needed"
    """It is as it was: nothing asked for a new one."""


class PassKind(StrEnum):
    """What a run of ProcessQueue.py does."""

    INGEST = "ingest"
    PROCESS = "process"


class QaMark(StrEnum):
    """What a check of quality says of a file."""

    OK = "ok"
    """It may be used."""
    IGNORE = "ignore"
    """It is left out as an input; an older version does not take its place."""
    PROBLEM = "problem"
    """What would be made from it is held."""


class BytesFate(StrEnum):
    """What becomes of the bytes of a file whose row was removed."""

    REMOVED = "removed"
    """They are removed from the disk."""
    KEPT = "kept"
    """They are moved to the folder ``purged`` of the mission's error folder."""
    LEFT = "left"
    """They stay where they are: level 0 is never removed (DESIGN 2)."""


class IntentState(StrEnum):
    """How far the archive protocol has come with one file (DESIGN 7)."""

    OPEN = "open"
    """Bytes may be under way; no row of a file speaks of them yet."""
    COMMITTED = "committed"
    """The file's row is committed; only the leftovers have still to go."""
    REMOVING = "removing"
    """The catalog has given the file's bytes up; they have still to go."""


class EventKind(StrEnum):
    """What happened, in the append-only log."""

    MISSION_APPLIED = "mission applied"
    MISSION_IMPORTED = "mission imported"
    CODE_ACTIVATED = "code activated"
    CAMPAIGN_PROPOSED = "campaign proposed"
    CAMPAIGN_APPROVED = "campaign approved"
    CAMPAIGN_PAUSED = "campaign paused"
    CAMPAIGN_RESUMED = "campaign resumed"
    CAMPAIGN_ENDED = "campaign ended"
    PASS_DIED = "pass died"  # noqa: S105  no password
    INGEST_PAUSED = "ingest paused"
    INGEST_RESUMED = "ingest resumed"
    ARRIVAL_CLAIMED = "arrival claimed"
    ARRIVAL_ENDED = "arrival ended"
    FILE_ADOPTED = "file adopted"
    FILE_LOST = "file lost"
    FILE_CHANGED = "file changed"
    FILE_BACK = "file back"
    FILE_PURGED = "file purged"
    FILE_REAPED = "file reaped"
    FILE_MOVED = "file moved"
    FILE_CHECKED = "file checked"
    RELEASE_CHANGED = "release changed"
    BUILD_PLANNED = "build planned"
    BUILD_STARTED = "build started"
    BUILD_BUILT = "build built"
    BUILD_FAILED = "build failed"
    BUILD_HELD = "build held"
    BUILD_RETRIED = "build retried"
    BUILD_NOT_NEEDED = "build not needed"
    TASK_MARKED = "task marked"
    RUN_MARKED = "run marked"
    ACTION_ASKED = "action asked"
    INTENT_RECOVERED = "intent recovered"
    CATALOG_REPAIRED = "catalog repaired"
    AUDIT_ENDED = "audit ended"
