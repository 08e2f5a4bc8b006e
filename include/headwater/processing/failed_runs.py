"""Runs that built nothing: what a person needs to see is kept, and their builds end by rule."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Row

from headwater.archive.quarantine import quarantine
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import runs
from headwater.catalog.queries.build_events import write_end_events
from headwater.catalog.queries.wakes import Ended, WakeUp, end_of_work, lock_work, wake
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError
from headwater.core.states import BuildState
from headwater.missions.loaded import LoadedMission
from headwater.processing.found_outputs import left_files
from headwater.processing.made_files import LOST_CLAIM, Adoption
from headwater.processing.outcome import BuildResult, Run, end_of
from headwater.processing.process_facts import reaches
from headwater.processing.work_directory import is_folder

MOST_EVIDENCE = 20
"""So many files that a failed code has named itself are kept."""
UPSTREAM_ENDED = "an upstream build has ended"


@dataclass(frozen=True, slots=True)
class FailedRuns:
    """Ends runs of a mission that built nothing."""

    catalog: Catalog
    mission: LoadedMission
    actor: Actor

    def end(self, adoptions: Sequence[Adoption]) -> dict[int, BuildResult]:
        """Keep the evidence, end the builds; how each ended, by its number.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer; leases free the builds.
        """
        if not adoptions:
            return {}
        settings = self.mission.settings
        ends = [
            end_of(a.finished, settings, self._keep_evidence(a), a.trouble, put_off=a.put_off)
            for a in adoptions
        ]
        with self.catalog.begin() as connection:
            lock_work(connection, self.mission.id)
            rows = runs.release(connection, ends)
            self._tell(connection, rows)
        written = {row.id: (BuildState(row.state), row.reason) for row in rows}
        return {
            end.build_id: adoption.result(*written.get(end.build_id, (end.state, LOST_CLAIM)))
            for adoption, end in zip(adoptions, ends, strict=True)
        }

    def _tell(self, connection: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> None:
        """Wake those who waited for a build, and a build that is to be tried again; log each."""
        ended = [Ended.of_build(row) for row in rows]
        end_of_work(connection, ended, reaches(self.mission), UPSTREAM_ENDED)
        wake(
            connection,
            [
                WakeUp(row.process_id, row.utc_date, "to be tried again", row.not_before)
                for row in rows
                if row.state == BuildState.FAILED.value and row.not_before is not None
            ],
        )
        write_end_events(connection, rows, self.actor)

    def _keep_evidence(self, adoption: Adoption) -> Path | None:
        """Move log and partial outputs to the error folder; returns where the log is."""
        run = adoption.finished.run
        if adoption.finished.interrupted or adoption.put_off:
            return None  # nothing is wrong with what it wrote
        if not is_folder(run.work):
            return None  # what lies where its link leads is not its own
        if adoption.log_path is not None:  # it was kept as the log of a good run
            with contextlib.suppress(FileNotFoundError):  # the work directory was swept away
                adoption.log_path.replace(run.log_path)
        kept = None
        for path in [run.log_path, *_partial_outputs(run)]:
            moved = self._put_aside(run, path, adoption.trouble)
            kept = moved if path == run.log_path else kept
        return kept

    def _put_aside(self, run: Run, path: Path, trouble: str) -> Path | None:
        detail = {
            "build": run.claimed.build_id,
            "process": run.claimed.process.name,
            "date": run.claimed.utc_date.isoformat(),
            "command": list(run.command.argv),
        }
        key = f"{run.claimed.token}/{path.relative_to(run.work)}"
        try:
            return quarantine(path, self.mission.errordir, trouble, detail, key=key)
        except (FileNotFoundError, ArchiveError):
            return None  # nothing was written, or it cannot be kept: the reason stands anyway


def _partial_outputs(run: Run) -> list[Path]:
    """What a person may want to see of a run that failed; of files without a name, the first."""
    named = [run.work / out.name for out in run.command.outputs if out.name]
    if len(named) == len(run.command.outputs):
        return named
    return named + sorted(path for path, _ in left_files(run))[:MOST_EVIDENCE]
