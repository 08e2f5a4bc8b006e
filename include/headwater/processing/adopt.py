"""What codes have made goes into the archive and the catalog, a batch of runs at a time."""

from __future__ import annotations

import contextlib
import stat
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.protocol import Archive, Placed, Placement, Refusal
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import runs
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.filing import FileConflictError, NewFile, file_new, interval_key
from headwater.catalog.queries.runs import RunEnd
from headwater.catalog.queries.wakes import Ended, end_of_work, lock_work
from headwater.core.actor import Actor
from headwater.core.states import BuildState, EventKind
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from headwater.processing.beside import done_beside, put_strays_aside
from headwater.processing.failed_runs import UPSTREAM_ENDED, FailedRuns
from headwater.processing.found_outputs import find_outputs
from headwater.processing.made_files import LOST_CLAIM, Adoption, Output, identify, look
from headwater.processing.outcome import BuildResult, BuiltOutput, FinishedRun
from headwater.processing.process_facts import reaches
from headwater.processing.run_facts import remove_run_file
from headwater.processing.work_directory import WorkDirectories, log_place


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
        self._failed = FailedRuns(catalog, mission, actor)
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
        results = self._failed.end([a for a in adoptions if not a.committed])
        for adoption in adoptions:
            if adoption.committed:
                claimed = adoption.finished.run.claimed
                results[claimed.build_id] = adoption.result(BuildState.BUILT, claimed.reason)
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
            verbose_provenance=adoption.command,
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
        ended = [Ended.of_build(row) for row in rows]
        end_of_work(connection, ended, self._reaches, UPSTREAM_ENDED)


_PUT_OFF = {
    Refusal.FULL: "there is no room on the disk",
    Refusal.BUSY: "its place in the archive is not free yet",
}
"""Refusals that pass: they are no fault of the run, which is repeated and not counted."""


def _note(output: Output) -> str | None:
    return "the file is empty" if output.size == 0 else None


def _each_once(adoptions: Iterable[Adoption]) -> list[Adoption]:
    return list({id(adoption): adoption for adoption in adoptions}.values())


def _tokens(adoptions: Iterable[Adoption]) -> dict[int, uuid.UUID]:
    return {a.finished.run.claimed.build_id: a.finished.run.claimed.token for a in adoptions}


def _run_end(adoption: Adoption) -> RunEnd:
    claimed, ended = adoption.finished.run.claimed, adoption.finished.ended
    return RunEnd(
        claimed.build_id,
        claimed.token,
        BuildState.BUILT,
        claimed.reason,
        adoption.command,
        str(adoption.log_path) if adoption.log_path else None,
        ended.exit_code,
        ended.wall_seconds,
        ended.cpu_seconds,
        ended.max_rss_bytes,
    )
