"""What the end of a run means for its build (DESIGN 6)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from headwater.archive.entries import READ_FLAGS, reading
from headwater.archive.staging import Stamp
from headwater.catalog.queries.runs import RunEnd
from headwater.core.states import BuildState
from headwater.core.version import Version
from headwater.missions.definition import MissionSettings
from headwater.processing.claim import ClaimedBuild
from headwater.processing.command_line import CommandLine
from headwater.processing.keeper.client import CodeEnded, EndedBy
from headwater.processing.plan import poison_reason

TRY_LATER = 75
"""The exit code of a code that wants to be run again later (``EX_TEMPFAIL`` of sysexits.h)."""

_TAIL_BYTES = 4096
_LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class BuiltOutput:
    """A file that a build put into the archive."""

    product: str
    utc_date: date
    version: Version
    name: str


@dataclass(frozen=True, slots=True)
class BuildResult:
    """How the making of one build ended; `state` is none for a build that does not exist."""

    build_id: int
    state: BuildState | None
    reason: str
    process: str = ""
    utc_date: date | None = None
    interval_key: str = ""
    version: Version | None = None
    outputs: tuple[BuiltOutput, ...] = ()
    wall_seconds: float | None = None
    command: str = ""
    """The full command line, joined by blanks."""
    ours: bool = True
    """Whether this call made it; else `state` is how somebody else has left it."""

    @property
    def put_off(self) -> bool:
        """Whether its code ran and it is to be made later, as after exit 75."""
        return self.state is BuildState.PENDING and bool(self.command)

    @property
    def code_name(self) -> str:
        """The file name of the code that ran."""
        return os.path.basename(self.command.split(" ", 1)[0])  # noqa: PTH119  a text


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed build with its work directory and its command line.

    `log_path` is the code's stdout and stderr, in the work directory. `input_stamps` tell what
    its inputs were before it began, by their paths below rootdir.
    """

    claimed: ClaimedBuild
    work: Path
    command: CommandLine
    log_path: Path
    input_stamps: Mapping[str, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run whose code has ended; `reason` says what is wrong with it, if anything is known.

    With `interrupted` the end was asked for by our own process, not by the build's owner.
    """

    run: Run
    ended: CodeEnded
    interrupted: bool = False


def last_line(log_path: Path) -> str:
    """The last line with a letter or digit that a code wrote, shortened; empty if there is none."""
    try:
        with reading(os.open(log_path, READ_FLAGS)) as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(0, size - _TAIL_BYTES))
            tail = log.read().decode(errors="replace")
    except OSError:
        return ""
    _, dashes, output = tail.rpartition("-" * 80 + "\n")
    lines = [line.strip() for line in (output if dashes else tail).splitlines()]
    words = (line for line in reversed(lines) if any(map(str.isalnum, line)))
    found = next((line for line in words if not line.startswith("-- ")), "")
    text = "".join(c if c.isprintable() else "?" for c in found)
    return text if len(text) <= _LONGEST_LINE else text[:_LONGEST_LINE] + "..."


def failed_reason(finished: FinishedRun) -> str:
    """Why a code that ended badly has failed, with the last line of its log."""
    line = last_line(finished.run.log_path)
    return f"{finished.ended.reason}: {line}" if line else finished.ended.reason


def end_of(
    finished: FinishedRun,
    settings: MissionSettings,
    log_path: Path | None,
    reason: str,
    *,
    put_off: str = "",
) -> RunEnd:
    """What becomes of a build whose run built nothing.

    Exit 75, an interruption of ours, and what puts off the filing of its outputs (`put_off`)
    give it back. A cancelled build has failed, and nothing tries it again by itself. Anything
    else counts as a failed attempt: tried again later, each time after twice the wait, or held
    when the mission's attempts are used up.
    """
    claimed, ended = finished.run.claimed, finished.ended
    state, delay, uncounted = BuildState.FAILED, None, False
    if finished.interrupted:
        state, reason, uncounted = BuildState.PENDING, "its run was interrupted", True
    elif ended.ended_by is EndedBy.EXIT and ended.exit_code == TRY_LATER:
        state, delay, uncounted = BuildState.PENDING, settings.retry_delay_seconds, True
        reason = f"its code asked to be run later (exit code {TRY_LATER}): {reason}"
    elif put_off:
        state, delay, uncounted = BuildState.PENDING, settings.retry_delay_seconds, True
        reason = f"{put_off}: {reason}"
    elif ended.ended_by is EndedBy.CANCEL:
        pass
    elif claimed.attempts >= settings.automatic_attempts:
        state, reason = BuildState.HELD, poison_reason(claimed.attempts, reason)
    else:
        delay = settings.retry_delay_seconds * 2 ** (claimed.attempts - 1)
    return RunEnd(
        claimed.build_id,
        claimed.token,
        state,
        reason,
        " ".join(finished.run.command.argv).replace("\x00", "?"),
        str(log_path) if log_path else None,
        ended.exit_code,
        ended.wall_seconds,
        ended.cpu_seconds,
        ended.max_rss_bytes,
        delay,
        uncounted,
    )
