"""Steps of the state machine: files arrive, and whole passes take them and make products."""

from __future__ import annotations

import threading

from arrivals_model import day_and_version, l0_name
from hypothesis import strategies as st
from play import IDLE, ME, WORK, Play, days, picks, process, step

from headwater.core.errors import ArchiveError
from headwater.ingest.service import ingest_pending


class ArrivalSteps(Play):
    """Files arrive: new, again, other bytes, older, unknown; and one or two workers take them."""

    def _send(self, name: str, content: bytes) -> None:
        self.arrivals.send(name, content, self.lab.send(name, content))

    def _content(self, name: str) -> bytes:
        self.sent += 1
        return f"{name} {self.sent}\n".encode()

    @step(day=days, quality=st.integers(0, 3), revision=st.integers(0, 3))
    def arrive(self, day: int, quality: int, revision: int) -> None:
        name = l0_name(day, (1, quality, revision))
        self._send(name, self._content(name))

    @step(day=days)
    def newer_version(self, day: int) -> None:
        self._near_the_newest(day, 1)

    @step(day=days)
    def older_version(self, day: int) -> None:
        self._near_the_newest(day, -1)

    def _near_the_newest(self, day: int, step: int) -> None:
        newest = self.arrivals.newest(day)
        interface, quality, revision = day_and_version(newest)[1] if newest else (1, 5, 5)
        name = l0_name(day, (interface, quality, max(0, revision + step)))
        self._send(name, self._content(name))

    @step(pick=picks)
    def redeliver(self, pick: int) -> object:
        if not self.arrivals.accepted:
            return IDLE
        name = self._accepted(pick)
        self._send(name, self.arrivals.accepted[name])
        return None

    @step(pick=picks)
    def same_name_other_bytes(self, pick: int) -> object:
        if not self.arrivals.accepted:
            return IDLE
        name = self._accepted(pick)
        self._send(name, self._content(name))
        return None

    @step(number=st.integers(0, 3))
    def unknown_name(self, number: int) -> None:
        name = f"unknown {number}.dat"
        self._send(name, self._content(name))

    def _accepted(self, pick: int) -> str:
        names = sorted(self.arrivals.accepted)
        return names[pick % len(names)]

    # Passes

    @step()
    def ingest(self) -> None:
        try:
            ingest_pending(self.lab.catalog, self.lab.mission, ME, host=self.lab.host)
        except ArchiveError:
            if not self.dirty:  # else a dead worker may be placing a file of the same name
                raise
        self.ingested = True

    @step()
    def process(self) -> None:
        if self.dirty:
            self.products.died()
        process(self.lab.catalog)
        self.processed = True

    @step(one=st.sampled_from(tuple(WORK)), other=st.sampled_from(tuple(WORK)))
    def two_workers_at_once(self, one: str, other: str) -> None:
        self.quiet = False
        failures: list[BaseException] = []

        def work(name: str) -> None:
            try:
                WORK[name](self.lab.catalog)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(name,)) for name in (one, other)]
        if self.dirty:
            self.products.died()
        else:  # not a whole pass: one may have taken in what the other did not see
            self.products.may_have_failed()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for failure in failures:  # a dead worker's arrival may have the name of a new one
            if not (self.dirty and isinstance(failure, ArchiveError)):
                raise failure
