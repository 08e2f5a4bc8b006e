"""Make builds: some codes always run, while those before them are adopted and the next claimed."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NoReturn

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import runs
from headwater.catalog.queries.runs import RunEnd
from headwater.core.actor import Actor
from headwater.core.errors import HeadwaterError, ProcessingError
from headwater.core.states import BuildState
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.adopt import Adopter
from headwater.processing.beside import input_stamps
from headwater.processing.claim import (
    LEASE_SECONDS,
    PROCESS_OF_BUILDS,
    ClaimedBuild,
    NotClaimed,
    claim_builds,
)
from headwater.processing.command_line import CommandLine, command_line
from headwater.processing.keeper.client import (
    CodeCommand,
    CodeEnded,
    EndedBy,
    Keeper,
    LeaseRenewal,
)
from headwater.processing.keeper.environment import code_environment
from headwater.processing.keeper.lease import build_key
from headwater.processing.outcome import BuildResult, FinishedRun, Run
from headwater.processing.run_facts import run_environment, write_run_file
from headwater.processing.work_directory import WorkDirectories

Report = Callable[[BuildResult], None]

ADOPTED_AT_ONCE = 64
"""The most runs of one adoption."""

_AHEAD_SECONDS = 1.0  # so much work is claimed before its turn, for codes that end at once
_MOST_AHEAD = 64
_GATHER_SECONDS = 0.5  # a run waits so long for others to be adopted with it
_ADOPTION_LEASE_SECONDS = 300.0  # while bytes of outputs are read and filed
_RENEW_SECONDS = 10.0
_STEP_SECONDS = 0.5


def run_builds(
    catalog: Catalog,
    mission: LoadedMission,
    build_ids: Sequence[int],
    actor: Actor,
    *,
    slots: int = 1,
    report: Report | None = None,
) -> list[BuildResult]:
    """Claim and make builds, `slots` codes at a time, and return how each ended, in their order.

    Raises
    ------
    CatalogUnavailableError
        If the catalog goes away; the codes are ended, and leases free their builds.
    KeyboardInterrupt
        Passed on, after the codes are ended and their builds given back.
    """
    return BuildRunner(catalog, mission, actor, slots=slots, report=report).run(build_ids)


class BuildRunner:
    """One call of :func:`run_builds`, which another thread may `cancel`.

    Two threads: this one starts codes and sees them end; the clerk claims and adopts.
    """

    def __init__(
        self,
        catalog: Catalog,
        mission: LoadedMission,
        actor: Actor,
        *,
        slots: int = 1,
        report: Report | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._catalog = catalog
        self._mission = mission
        self._actor = actor
        self._slots = max(1, slots)
        self._report = report or (lambda result: None)
        self._lease_seconds = lease_seconds
        self._ready: queue.Queue[Run] = queue.Queue()
        self._finished: queue.Queue[FinishedRun] = queue.Queue()
        self._all_claimed = threading.Event()
        self._codes_over = threading.Event()
        self._cancelled = threading.Event()
        self._failure: BaseException | None = None
        self._results: dict[int, BuildResult] = {}
        self._held: dict[int, uuid.UUID] = {}
        self._code_seconds: float | None = None
        self._environment = code_environment(os.environ, mission.settings.environment)
        lease = LeaseRenewal(catalog.dsn, lease_seconds=lease_seconds)
        self._keeper = Keeper(lease=lease)
        self._directories = WorkDirectories(mission)

    def cancel(self) -> None:
        """End every code; their builds become pending again. Callable from anywhere."""
        self._cancelled.set()
        self._keeper.cancel_all()

    def run(self, build_ids: Sequence[int]) -> list[BuildResult]:
        """Make the builds; see :func:`run_builds`."""
        if not build_ids:
            return []
        clerk = threading.Thread(
            target=self._clerk, args=(list(dict.fromkeys(build_ids)),), name="clerk"
        )
        with self._keeper:
            clerk.start()
            interrupted = self._run_codes()
            self._codes_over.set()
            _join(clerk)
        if self._failure is not None:
            self._give_back()
            raise self._failure
        if interrupted is not None:
            raise interrupted
        return [self._results[build_id] for build_id in dict.fromkeys(build_ids)]

    # The codes

    def _run_codes(self) -> BaseException | None:
        """Keep the slots full until there is nothing left; returns an interruption."""
        interrupted: BaseException | None = None
        running: dict[str, Run] = {}
        while True:
            try:
                if not self._step(running):
                    return interrupted
            except KeyboardInterrupt as error:
                interrupted = error
                self.cancel()

    def _step(self, running: dict[str, Run]) -> bool:
        """Start what there is room for, take what has ended; false when all is done."""
        while len(running) < self._slots:
            run = self._next_run(wait=not running)
            if run is None:
                break
            self._start(run, running)
        if not running:
            return not (self._all_claimed.is_set() and self._ready.empty())
        starved = len(running) < self._slots and not self._all_claimed.is_set()
        for ended in self._keeper.ended(0.01 if starved else _STEP_SECONDS):
            run = running.pop(ended.key)
            self._learn(ended)
            self._finished.put(FinishedRun(run, ended, self._ours(ended)))
        return True

    def _next_run(self, *, wait: bool) -> Run | None:
        try:
            return self._ready.get(timeout=0.05) if wait else self._ready.get_nowait()
        except queue.Empty:
            return None

    def _start(self, run: Run, running: dict[str, Run]) -> None:
        key = build_key(run.claimed.build_id, str(run.claimed.token))
        try:
            self._keeper.start(
                CodeCommand(
                    key,
                    run.command.argv,
                    str(run.work),
                    str(run.log_path),
                    self._mission.settings.code_time_limit_seconds,
                    self._environment | run_environment(run.claimed, run.work),
                )
            )
        except (ProcessingError, ValueError) as error:
            self._finished.put(FinishedRun(run, _not_started(key, str(error))))
        else:
            running[key] = run

    def _ours(self, ended: CodeEnded) -> bool:
        return self._cancelled.is_set() and ended.ended_by in (EndedBy.CANCEL, EndedBy.SIGNAL)

    def _learn(self, ended: CodeEnded) -> None:
        """Remember how long codes take, the later ones counting most.

        After one that failed, no more stand ready than there are slots: they would all be run
        before their owner could cancel because of too many failures.
        """
        if ended.exit_code != 0:
            self._code_seconds = None
            return
        old = self._code_seconds
        new = ended.wall_seconds
        self._code_seconds = new if old is None else 0.8 * old + 0.2 * new

    # The clerk

    def _clerk(self, build_ids: list[int]) -> None:
        try:
            specs, limit = self._mission.inspector_specs(), self._mission.settings
            with InspectorHost(
                self._mission.facts(), specs, time_limit=limit.inspector_time_limit_seconds
            ) as host:
                self._keep_books(build_ids, host)
        except BaseException as error:
            self._failure = error
            self.cancel()
        finally:
            self._all_claimed.set()

    def _keep_books(self, build_ids: list[int], host: InspectorHost) -> None:
        adopter = Adopter(
            self._catalog,
            self._mission,
            self._actor,
            host,
            self._directories,
            keep_alive=self._renew_quietly,
        )
        to_claim = self._by_process(build_ids)
        batch: list[FinishedRun] = []
        adopted = renewed = time.monotonic()
        while to_claim or not self._codes_over.is_set() or batch or not self._finished.empty():
            self._serve(to_claim)
            self._gather(batch)
            now = time.monotonic()
            full = len(batch) >= ADOPTED_AT_ONCE or now - adopted > _GATHER_SECONDS
            if batch and (full or len(batch) == len(self._held)):
                self._adopt(adopter, batch)
                batch = []
                adopted = time.monotonic()
            if now - renewed > _RENEW_SECONDS:
                self._renew(self._lease_seconds)
                renewed = now
        adopter.close()
        self._directories.close()

    def _serve(self, to_claim: deque[tuple[LoadedProcess, int]]) -> None:
        """Claim what will soon be started; after a cancel, nothing more."""
        if self._cancelled.is_set():
            self._leave(to_claim)
        while to_claim and self._ready.qsize() < max(1, self._ahead() // 2):
            self._claim_some(to_claim)
        if not to_claim:
            self._all_claimed.set()

    def _ahead(self) -> int:
        """How many claimed builds may stand ready: one a slot, more when codes end at once."""
        if self._code_seconds is None:
            return self._slots
        soon = self._slots * _AHEAD_SECONDS / max(self._code_seconds, 0.001)
        return max(self._slots, min(_MOST_AHEAD, int(soon)))

    def _by_process(self, build_ids: Sequence[int]) -> deque[tuple[LoadedProcess, int]]:
        with self._catalog.read() as connection:
            found = connection.execute(PROCESS_OF_BUILDS, {"ids": list(build_ids)})
            processes = {row.id: self._mission.processes.get(row.process_id) for row in found}
        to_claim: deque[tuple[LoadedProcess, int]] = deque()
        for build_id in build_ids:
            process = processes.get(build_id)
            if process is None:
                reason = f"mission {self._mission.name} has no build {build_id}"
                self._end(BuildResult(build_id, None, reason))
            else:
                to_claim.append((process, build_id))
        return to_claim

    def _claim_some(self, to_claim: deque[tuple[LoadedProcess, int]]) -> None:
        """Claim the next builds of one process and make them ready to start."""
        most = self._ahead()
        process = to_claim[0][0]
        chosen: list[int] = []
        while to_claim and len(chosen) < most and to_claim[0][0].id == process.id:
            chosen.append(to_claim.popleft()[1])
        for found in claim_builds(
            self._catalog, self._mission, process, chosen, self._actor, self._lease_seconds
        ):
            if isinstance(found, NotClaimed):
                self._end(
                    BuildResult(found.build_id, found.state, found.reason, process.name, ours=False)
                )
            else:
                self._held[found.build_id] = found.token
                self._make_ready(found)

    def _make_ready(self, claimed: ClaimedBuild) -> None:
        work = self._directories.take()
        trouble = ""
        try:
            command = command_line(self._mission, claimed, work)
            write_run_file(self._mission, claimed, work, command)
        except (HeadwaterError, OSError) as error:
            command, trouble = CommandLine(("",), ()), str(error)
        names = [output.name for output in command.outputs if output.name]
        first = names[0] if names else _run_name(claimed)
        stamps = input_stamps(self._mission, claimed)
        run = Run(claimed, work, command, work / f"{first}.prob", stamps)
        if trouble:
            self._finished.put(FinishedRun(run, _not_started(str(claimed.build_id), trouble)))
        else:
            self._ready.put(run)

    def _leave(self, to_claim: deque[tuple[LoadedProcess, int]]) -> None:
        """Give back what was claimed and not started, and leave the rest unclaimed."""
        while to_claim:
            process, build_id = to_claim.popleft()
            self._end(BuildResult(build_id, None, "not begun: interrupted", process.name))

    def _gather(self, batch: list[FinishedRun]) -> None:
        """Add the runs that have ended, waiting a moment for one."""
        with contextlib.suppress(queue.Empty):
            batch.append(self._finished.get(timeout=0.02))
            while len(batch) < ADOPTED_AT_ONCE:
                batch.append(self._finished.get_nowait())

    def _adopt(self, adopter: Adopter, batch: list[FinishedRun]) -> None:
        self._renew(_ADOPTION_LEASE_SECONDS)
        for result in adopter.adopt(batch):
            self._held.pop(result.build_id, None)
            self._end(result)
        if self._held:  # should we die now, these are soon free
            self._renew(self._lease_seconds)

    def _end(self, result: BuildResult) -> None:
        self._results[result.build_id] = result
        self._report(result)

    def _renew(self, lease_seconds: float) -> None:
        """Renew the leases of builds whose code does not run at this moment."""
        with self._catalog.begin() as connection:
            runs.renew(connection, dict(self._held), lease_seconds)

    def _give_back(self) -> None:
        """After a failure of ours: let others make what we hold, where the catalog answers."""
        reason = f"its run was interrupted: {self._failure}"
        ends = [
            RunEnd(build_id, token, BuildState.PENDING, reason, uncounted=True)
            for build_id, token in self._held.items()
        ]
        with contextlib.suppress(HeadwaterError), self._catalog.begin() as connection:
            runs.release(connection, ends)

    def _renew_quietly(self) -> None:
        with contextlib.suppress(HeadwaterError):  # the commit itself will tell
            self._renew(_ADOPTION_LEASE_SECONDS)


def _run_name(claimed: ClaimedBuild) -> str:
    """The log's name of a run without a named output; without any, as in spec 5.4."""
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in claimed.process.name)
    if claimed.version is not None:
        return f"{name}_{claimed.utc_date:%Y%m%d}_v{claimed.version}"
    first = claimed.inputs[0].id if claimed.inputs else 0
    return f"RUN_{name}_{first}"


def _not_started(key: str, reason: str) -> CodeEnded:
    return CodeEnded.unseen(key, EndedBy.NOT_STARTED, reason)


def _join(thread: threading.Thread) -> None:
    """Wait for a thread; a second interruption does not leave it half way."""
    while thread.is_alive():
        try:
            thread.join(0.5)
        except KeyboardInterrupt:
            continue


@contextlib.contextmanager
def interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does; only where signals can be received."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
