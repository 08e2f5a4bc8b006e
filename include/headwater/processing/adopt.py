"""What codes have made goes into the archive and the catalog, a batch of runs at a time."""

from __future__ import annotations

import contextlib
import stat
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.protocol import Archive, Placed, Placement, Refusal
from headwater.archive.quarantine import quarantine
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import runs
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.filing import FileConflictError, NewFile, file_new, interval_key
from headwater.catalog.queries.runs import RunEnd
from headwater.catalog.queries.wakes import Ended, WakeUp, end_of_work, lock_work, wake
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError
from headwater.core.states import BuildState, EventKind
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from headwater.processing.beside import done_beside, put_strays_aside
from headwater.processing.found_outputs import find_outputs, left_files
from headwater.processing.made_files import Adoption, Output, identify, look
from headwater.processing.outcome import (
    BuildResult,
    BuiltOutput,
    FinishedRun,
    Run,
    end_of,
)
from headwater.processing.process_facts import reaches
from headwater.processing.run_facts import remove_run_file
from headwater.processing.work_directory import WorkDirectories, is_folder, log_place

MOST_EVIDENCE = 20
"""So many files that a failed code has named itself are kept."""
LOST_CLAIM = "its build is no longer ours: its lease was over, or somebody else took it"


class Adopter:
    """Ends runs: files what they made, or keeps what a person needs to see why they failed.

    Use it from the thread that `host` belongs to.
    """

    def __init__(
        self,
        catalog: Catalog,
        mission: LoadedMission,
        actor: Actor,
        host: InspectorHost,
        directories: WorkDirectories,
        *,
        keep_alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._catalog = catalog
        self._mission = mission
        self._actor = actor
        self._host = host
        self._directories = directories
        self._leaving: Path | None = None
        self._reaches = reaches(mission)
        self._archive = Archive(catalog, mission.id, mission.rootdir, actor, keep_alive=keep_alive)

    def adopt(self, batch: Sequence[FinishedRun]) -> list[BuildResult]:
        """End the runs of `batch`: file the outputs of those that made them, in one transaction.

        One run's trouble is its own. The work directories are removed.

        Raises
        ------
        CatalogUnavailableError
            If the catalog does not answer; leases and recovery then free what was begun.
        """
        adoptions = [Adoption(finished) for finished in batch]
        for adoption in adoptions:
            look(adoption)
            if beside := done_beside(self._mission, adoption.finished.run):
                adoption.trouble = f"{adoption.trouble}; {beside}" if adoption.trouble else beside
        identify([a for a in adoptions if not a.trouble], self._host, self._mission)
        for adoption in adoptions:
            find_outputs(adoption, self._host, self._mission)
        self._keep_logs([a for a in adoptions if not a.trouble])
        self._place([a for a in adoptions if not a.trouble and a.outputs])
        self._finish_without_files([a for a in adoptions if not a.trouble and not a.outputs])
        results = self._fail([a for a in adoptions if not a.committed])
        results |= {a.finished.run.claimed.build_id: _built(a) for a in adoptions if a.committed}
        for finished in batch:
            remove_run_file(finished.run.work)
            self._directories.give_back(finished.run.work)
        put_strays_aside(self._mission, [each.run.command.argv[0] for each in batch])
        return [results[finished.run.claimed.build_id] for finished in batch]

    def _keep_logs(self, adoptions: Sequence[Adoption]) -> None:
        """Move the logs of good runs to their place."""
        for adoption in adoptions:
            run = adoption.finished.run
            claimed = run.claimed
            place = log_place(
                self._mission, claimed.process.slug, claimed.utc_date, claimed.build_id
            )
            try:
                if not stat.S_ISREG(run.log_path.lstat().st_mode):
                    continue  # its code put a link or a FIFO there
                try:
                    run.log_path.replace(place)
                except FileNotFoundError:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    run.log_path.replace(place)
            except OSError:
                continue  # a product is not refused for the sake of its log
            adoption.log_path = place

    # Into the archive

    def _place(self, adoptions: Sequence[Adoption]) -> None:
        if not adoptions:
            return
        by_path = {o.final_path: (a, o) for a in adoptions for o in a.outputs}
        gathered = self._gathered(adoptions)
        placements = [
            Placement(str(source), final_path, move=True) for final_path, source in gathered.items()
        ]

        def commit(connection: Connection, placed: Sequence[Placed]) -> None:
            self._commit(connection, placed, by_path)

        placed, refused = self._archive.place(placements, commit)
        for each in refused:
            adoption, output = by_path[each.placement.final_path]
            with contextlib.suppress(FileNotFoundError):  # swept away while this process slept
                gathered[each.placement.final_path].replace(output.path)
            adoption.put_off = adoption.put_off or _PUT_OFF.get(each.kind, "")
            if not adoption.trouble:
                adoption.trouble = f"its output {output.name} is refused: {each.reason}"
        for one in placed:
            by_path[one.placement.final_path][0].committed = True

    def _gathered(self, adoptions: Sequence[Adoption]) -> dict[str, Path]:
        """Final path -> source. The sources go to one folder, so that one fsync frees them all."""
        if self._leaving is None:
            self._leaving = self._directories.take()
        gathered = {}
        for adoption in adoptions:
            for number, output in enumerate(adoption.outputs):
                build_id = adoption.finished.run.claimed.build_id
                source = self._leaving / f"{build_id}.{number}"
                output.path.replace(source)
                gathered[output.final_path] = source
        return gathered

    def close(self) -> None:
        """Give the folder of the sources back."""
        if self._leaving is not None:
            self._directories.give_back(self._leaving)
            self._leaving = None

    def _commit(
        self,
        connection: Connection,
        placed: Sequence[Placed],
        by_path: dict[str, tuple[Adoption, Output]],
    ) -> None:
        """File the outputs and end their builds; the whole of a build or nothing of it."""
        lock_work(connection, self._mission.id)
        adoptions = _each_once(by_path[one.placement.final_path][0] for one in placed)
        self._refuse_lost_and_partial(connection, adoptions, placed)
        files = [self._new_file(one, *by_path[one.placement.final_path]) for one in placed]
        filed = file_new(connection, self._mission.id, files, self._actor)
        runs.link_outputs(
            connection,
            [
                (file.build_id, row.id)
                for file, row in zip(files, filed, strict=True)
                if file.build_id is not None
            ],
        )
        for adoption in adoptions:
            adoption.filed = [
                BuiltOutput(o.expected.product, o.facts.utc_file_date, o.facts.version, o.name)
                for o in adoption.outputs
            ]
        self._end_built(connection, adoptions)

    def _refuse_lost_and_partial(
        self, connection: Connection, adoptions: Sequence[Adoption], placed: Sequence[Placed]
    ) -> None:
        """Drop the files of builds that are no longer ours, or of which a file was refused.

        Raises
        ------
        FileConflictError
            Naming them; the archive takes them back and calls the commit again for the rest.
        """
        here = {one.placement.final_path for one in placed}
        ours = runs.still_ours(connection, _tokens(adoptions))
        reasons: dict[str, str] = {}
        for adoption in adoptions:
            paths = [output.final_path for output in adoption.outputs]
            if adoption.finished.run.claimed.build_id not in ours:
                reasons |= dict.fromkeys(here & set(paths), LOST_CLAIM)
            elif not here.issuperset(paths):
                reasons |= dict.fromkeys(
                    here & set(paths), "another output of the same run was refused"
                )
        if reasons:
            raise FileConflictError(reasons)

    def _new_file(self, one: Placed, adoption: Adoption, output: Output) -> NewFile:
        claimed, facts = adoption.finished.run.claimed, output.facts
        product = self._mission.products[output.expected.product_id]
        # An output of a build that is told apart by its time keeps the build's key, also where
        # the code's first record is a little later than its input's.
        key = claimed.interval_key if product.several_per_day else None
        if key is None or key == claimed.utc_date.isoformat():
            key = interval_key(
                facts.utc_file_date, facts.utc_start_time, several_per_day=product.several_per_day
            )
        known = output.identification
        return NewFile(
            product_id=product.id,
            name=output.name,
            path=one.placement.final_path,
            interval_key=key,
            utc_file_date=facts.utc_file_date,
            utc_start_time=facts.utc_start_time,
            utc_stop_time=facts.utc_stop_time,
            version=facts.version,
            level=product.level,
            size=one.size,
            sha256=one.sha256,
            sha1=one.sha1,
            file_create_date=one.modified_at,
            keywords=facts.process_keywords or claimed.keywords,
            note=_note(output),
            verbose_provenance=_command_text(adoption),
            quality_checked=facts.quality_checked,
            quality_comment=facts.quality_comment,
            caveats=facts.caveats,
            check_date=facts.check_date,
            met_start_time=facts.met_start_time,
            met_stop_time=facts.met_stop_time,
            inspector_id=known.inspector_id if known else None,
            build_id=claimed.build_id,
        )

    def _finish_without_files(self, adoptions: Sequence[Adoption]) -> None:
        """End runs that rightly left no file: RUN, and outputs that are only possible."""
        if not adoptions:
            return
        with self._catalog.begin() as connection:
            lock_work(connection, self._mission.id)
            ours = runs.still_ours(connection, _tokens(adoptions))
            mine = [a for a in adoptions if a.finished.run.claimed.build_id in ours]
            self._end_built(connection, mine)
        for adoption in adoptions:
            adoption.committed = adoption in mine
            adoption.trouble = "" if adoption.committed else LOST_CLAIM

    def _end_built(self, connection: Connection, adoptions: Sequence[Adoption]) -> None:
        ends = [_run_end(adoption) for adoption in adoptions]
        if not ends:
            return
        rows = runs.mark_built(connection, ends)
        reasons = {row.id: row.reason for row in rows}
        write_events(connection, EventKind.BUILD_BUILT, self._actor, reasons)
        self._tell_of_the_end(connection, [Ended.of_build(row) for row in rows])

    def _tell_of_the_end(self, connection: Connection, ended: Sequence[Ended]) -> None:
        end_of_work(connection, ended, self._reaches, "an upstream build has ended")

    # What failed

    def _fail(self, adoptions: Sequence[Adoption]) -> dict[int, BuildResult]:
        if not adoptions:
            return {}
        ends = [
            end_of(
                a.finished,
                self._mission.settings,
                self._keep_evidence(a),
                a.trouble,
                put_off=a.put_off,
            )
            for a in adoptions
        ]
        with self._catalog.begin() as connection:
            lock_work(connection, self._mission.id)
            rows = runs.release(connection, ends)
            self._tell_of_the_end(connection, [Ended.of_build(row) for row in rows])
            wake(
                connection,
                [
                    WakeUp(row.process_id, row.utc_date, "to be tried again", row.not_before)
                    for row in rows
                    if row.state == BuildState.FAILED.value and row.not_before is not None
                ],
            )
            for kind, state in _END_EVENTS.items():
                reasons = {row.id: row.reason for row in rows if row.state == state.value}
                write_events(connection, kind, self._actor, reasons)
        written = {row.id: (BuildState(row.state), row.reason) for row in rows}
        return {
            end.build_id: _not_built(adoption, *written.get(end.build_id, (end.state, LOST_CLAIM)))
            for adoption, end in zip(adoptions, ends, strict=True)
        }

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
        detail = {
            "build": run.claimed.build_id,
            "process": run.claimed.process.name,
            "date": run.claimed.utc_date.isoformat(),
            "command": list(run.command.argv),
        }
        kept = None
        for path in [run.log_path, *_partial_outputs(run)]:
            try:
                moved = quarantine(
                    path,
                    self._mission.errordir,
                    adoption.trouble,
                    detail,
                    key=f"{run.claimed.token}/{path.relative_to(run.work)}",
                )
            except (FileNotFoundError, ArchiveError):
                continue  # nothing was written, or it cannot be kept: the reason stands anyway
            kept = moved if path == run.log_path else kept
        return kept


def _partial_outputs(run: Run) -> list[Path]:
    """What a person may want to see of a run that failed; of files without a name, the first."""
    named = [run.work / out.name for out in run.command.outputs if out.name]
    if len(named) == len(run.command.outputs):
        return named
    return named + sorted(path for path, _ in left_files(run))[:MOST_EVIDENCE]


_PUT_OFF = {
    Refusal.FULL: "there is no room on the disk",
    Refusal.BUSY: "its place in the archive is not free yet",
}
"""Refusals that pass: they are no fault of the run, which is repeated and not counted."""

_END_EVENTS = {
    EventKind.BUILD_FAILED: BuildState.FAILED,
    EventKind.BUILD_HELD: BuildState.HELD,
    EventKind.BUILD_RETRIED: BuildState.PENDING,
}


def _note(output: Output) -> str | None:
    return "the file is empty" if output.size == 0 else None


def _each_once(adoptions: Iterable[Adoption]) -> list[Adoption]:
    return list({id(adoption): adoption for adoption in adoptions}.values())


def _tokens(adoptions: Iterable[Adoption]) -> dict[int, uuid.UUID]:
    return {a.finished.run.claimed.build_id: a.finished.run.claimed.token for a in adoptions}


def _command_text(adoption: Adoption) -> str:
    return " ".join(adoption.finished.run.command.argv)


def _run_end(adoption: Adoption) -> RunEnd:
    claimed, ended = adoption.finished.run.claimed, adoption.finished.ended
    return RunEnd(
        claimed.build_id,
        claimed.token,
        BuildState.BUILT,
        claimed.reason,
        _command_text(adoption),
        str(adoption.log_path) if adoption.log_path else None,
        ended.exit_code,
        ended.wall_seconds,
        ended.cpu_seconds,
        ended.max_rss_bytes,
    )


def _built(adoption: Adoption) -> BuildResult:
    claimed = adoption.finished.run.claimed
    return BuildResult(
        claimed.build_id,
        BuildState.BUILT,
        claimed.reason,
        claimed.process.name,
        claimed.utc_date,
        claimed.interval_key,
        claimed.version,
        tuple(adoption.filed),
        adoption.finished.ended.wall_seconds,
        _command_text(adoption),
    )


def _not_built(adoption: Adoption, state: BuildState, reason: str) -> BuildResult:
    claimed = adoption.finished.run.claimed
    return BuildResult(
        claimed.build_id,
        state,
        reason,
        claimed.process.name,
        claimed.utc_date,
        claimed.interval_key,
        claimed.version,
        (),
        adoption.finished.ended.wall_seconds,
        _command_text(adoption),
    )
