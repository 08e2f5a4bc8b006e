"""Steps of the state machine: workers die, sleep too long or meet trouble, and others recover."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from arrival_steps import ArrivalSteps
from hypothesis import strategies as st
from killed_worker import Worker, kill_when
from play import IDLE, WORK, Play, both, ingest, picks, process, step
from request_steps import RequestSteps
from seen import look

from headwater.archive import faultpoint
from headwater.archive.promises import broken_promises
from headwater.catalog.connection import Catalog
from headwater.core.errors import HeadwaterError

INGEST_POINTS = (
    "after_claim_rows", "after_claim_rename", "after_claim_rename@2", "after_retake_rows",
    "after_sidecar", "after_quarantine_move", "before_quarantine_rows", "after_drop_rows",
    "after_intents", "after_copy", "after_copy@2", "after_fsync", "after_link", "after_link@2",
    "after_folder_fsync", "before_commit", "after_commit", "after_unlink", "before_close",
    "before_recovery_close",
)  # fmt: skip
PROCESS_POINTS = (
    "after_sidecar", "after_quarantine_move", "after_intents", "after_intents@2", "after_fsync",
    "after_link", "after_link@2", "after_folder_fsync", "before_commit", "before_commit@2",
    "after_commit", "after_unlink", "before_close", "before_close@2",
)  # fmt: skip
PURGE_POINTS = ("after_purge_rows", "after_removal", "after_removal@2", "before_removal_close")
PLACES = tuple(
    (work, point)
    for work, points in (("ingest", INGEST_POINTS), ("process", PROCESS_POINTS))
    for point in points
)
OUTSIDE_TRANSACTIONS = tuple(place for place in PLACES if "before_commit" not in place[1])
"""Who sleeps inside a transaction holds locks for which the others would wait for ever."""


class MissionMachine(ArrivalSteps, RequestSteps):
    """The whole machine: everything that may happen to a mission, and every way to die of it."""

    @step(point=st.sampled_from(INGEST_POINTS), leases_over=st.booleans())
    def killed_in_ingest(self, point: str, leases_over: bool) -> None:
        self._killed(point, ingest, leases_over)

    @step(point=st.sampled_from(PROCESS_POINTS), leases_over=st.booleans())
    def killed_in_processing(self, point: str, leases_over: bool) -> None:
        self._killed(point, process, leases_over)

    @step(point=st.sampled_from(PURGE_POINTS), pick=picks, keep=st.booleans())
    def killed_in_a_purge(self, point: str, pick: int, keep: bool) -> object:
        if not self.made():
            return IDLE
        chosen = self.made()[pick % len(self.made())]
        self._killed(point, lambda catalog: self._purge(catalog, chosen.name, keep), False)
        if chosen.id not in look(self.lab.catalog, self.lab.root).files:
            self._gone(chosen.id)
        return None

    def _killed(self, point: str, deed: Callable[[Catalog], object], leases_over: bool) -> None:
        if leases_over:
            self.lab.time_passes()
        worker = Worker(self.lab.catalog.dsn, point, deed)
        if worker.stops():
            self._die()
            worker.kill()
        else:
            self._ended_well(deed)

    def _ended_well(self, deed: Callable[[Catalog], object]) -> None:
        """A worker never met its point: it did a whole pass, as far as the dead let it."""
        if self.dirty:
            self.products.died()
        else:
            self.ingested = self.ingested or deed in (ingest, both)
            self.processed = self.processed or deed in (process, both)

    def _die(self) -> None:
        Play.deaths += 1
        self.dirty = True
        self.arrivals.begun()
        self.products.died()

    @step(pick=picks)
    def killed_while_a_code_runs(self, pick: int) -> object:
        if self.dirty or not self.unmade():
            return IDLE
        key = self.unmade()[pick % len(self.unmade())]
        self.lab.tell_code(key, "hang")
        self.lab.hanging.unlink(missing_ok=True)
        before, self.products.how[key] = self.products.how.get(key), "hang"
        self._die()
        worker = Worker(self.lab.catalog.dsn, "none", process)
        kill_when(worker, self.lab.hanging.exists)
        self.products.how.pop(key)
        self.lab.tell_code(key, before)
        if before is not None:
            self.products.how[key] = before
        return None

    @step(place=st.sampled_from(OUTSIDE_TRANSACTIONS), meanwhile=st.booleans())
    def goes_on_long_after_its_leases(self, place: tuple[str, str], meanwhile: bool) -> None:
        """A worker that slept while others did its work changes nothing when it wakes."""
        work, point = place
        worker = Worker(self.lab.catalog.dsn, point, WORK[work])
        if not worker.stops():
            self._ended_well(WORK[work])
            return
        self._die()
        self.lab.time_passes(work_is_old=meanwhile)
        try:
            if meanwhile:
                both(self.lab.catalog)
        finally:
            worker.go_on()

    @step(place=st.sampled_from(PLACES))
    def meets_trouble(self, place: tuple[str, str]) -> None:
        """An error at a point; the worker tells it and ends."""
        work, point = place
        name, _, count = point.partition("@")
        os.environ[faultpoint.VARIABLE] = f"{name}=raise@{count or 1}"
        faultpoint._met.clear()
        if self.dirty:
            self.products.died()
        try:
            WORK[work](self.lab.catalog)
        except HeadwaterError:
            self._die()
        finally:
            del os.environ[faultpoint.VARIABLE]
        if faultpoint._met:
            self.dirty = True
        elif not self.dirty:
            self._ended_well(WORK[work])

    @step(process_first=st.booleans())
    def recover(self, process_first: bool) -> None:
        """Leases end, and one whole pass follows."""
        self.lab.time_passes()
        works = (process, ingest, process) if process_first else (ingest, process)
        if self.dirty:
            self.products.died()
        for work in works:
            work(self.lab.catalog)
        self.quiet = not self.dirty and not process_first  # what was ingested between makes more
        self.dirty = False
        self.ingested = self.processed = True

    def teardown(self) -> None:
        """In the end all is mended, released and made; then the archive is what it ought to be."""
        if sys.exc_info()[0] is None:
            with self.noted():
                self.come_to_rest()

    def come_to_rest(self) -> None:
        """Mend, recover, release and make everything; none of it counts as a step."""
        steps = Play.steps
        self.codes_are_mended()
        self.recover(process_first=False)
        self.judge()
        for key in self.products.all_keys():
            self.ask_again(key=key)
        self.lab.time_passes()  # the recovery has touched work directories of the dead
        self.process()
        self.judge()
        unmade = self.unmade()
        assert not unmade, f"not made in the end: {unmade}"
        broken = broken_promises(self.lab.catalog, "lab", at_rest=True)
        assert not broken, "; ".join(map(str, broken))
        assert not self.lab.leftovers(), self.lab.leftovers()
        Play.steps = steps
