"""What every step of the state machine shares: the models, the passes, the judgement, the history.

Every step is a plain method, so that a history that failed is kept as a test that calls them.
"""

from __future__ import annotations

import contextlib
import functools
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from arrivals_model import ArrivalsModel
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from products_model import INPUT, ProductsModel
from seen import SeenFile, look
from state_lab import StateLab

from headwater.archive.promises import broken_promises
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
from headwater.processing.service import process_pending

ME = Actor("tester")
IDLE = object()
"""What a step gives back that found nothing to do."""
Deed = Callable[..., object]
DAYS = 3

days = st.integers(1, DAYS)
outputs = st.sampled_from(tuple(INPUT))
keys = st.tuples(outputs, days)
picks = st.integers(0, 50)


def ingest(catalog: Catalog) -> None:
    ingest_pending(catalog, load_mission(catalog, "lab"), ME)


def process(catalog: Catalog) -> None:
    process_pending(catalog, load_mission(catalog, "lab"), ME, slots=2)


def both(catalog: Catalog) -> None:
    ingest(catalog)
    process(catalog)


WORK = {"ingest": ingest, "process": process, "both": both}


def step(**arguments: st.SearchStrategy[Any]) -> Callable[[Deed], Deed]:
    """A rule that is written into the machine's history.

    No rule has a precondition: what is due depends on real processes, and hypothesis wants its
    own choices to depend on nothing but its seed. A rule that finds nothing to do is not counted.
    """

    def decorate(deed: Deed) -> Deed:
        @functools.wraps(deed)
        def told(self: Play, **values: Any) -> None:
            given = ", ".join(f"{name}={value!r}" for name, value in values.items())
            self.history.append(f"machine.{deed.__name__}({given})")
            began = time.monotonic()
            with self.noted():
                done = deed(self, **values) is not IDLE
            Play.steps += done
            Play.counts[deed.__name__] += done
            Play.seconds[deed.__name__] += time.monotonic() - began

        return rule(**arguments)(told)

    return decorate


class Play(RuleBasedStateMachine):
    """One mission, played with; `lab` is set by the test, `steps` counts what was done."""

    lab: ClassVar[StateLab]
    steps: ClassVar[int] = 0
    deaths: ClassVar[int] = 0
    counts: ClassVar[Counter[str]] = Counter()
    """How often each rule did something."""
    seconds: ClassVar[Counter[str]] = Counter()
    failure: ClassVar[list[str]] = []
    """The shortest history that failed."""

    def __init__(self) -> None:
        super().__init__()
        self.lab.begin_anew()
        self.arrivals = ArrivalsModel()
        self.products = ProductsModel()
        self.dirty = False
        """A worker has died, or met trouble, and nothing has recovered it yet."""
        self.quiet = True
        """No two workers were at the same work since the last look."""
        self.ingested = self.processed = False
        """A whole pass has just been done."""
        self.sent = 0
        self.history: list[str] = []

    def made(self) -> list[SeenFile]:
        """The files that codes have made."""
        return [file for file in self.products.files.values() if file.product != "l0"]

    def unmade(self) -> list[tuple[str, int]]:
        """The products and days whose newest file is not the one that is wanted."""
        return [key for key in self.products.all_keys() if not self.products.satisfied(key)]

    @invariant()
    def judge(self) -> None:
        began = time.monotonic()
        with self.noted():
            self._judge()
        Play.seconds["judge"] += time.monotonic() - began

    def _judge(self) -> None:
        seen = look(self.lab.catalog, self.lab.root)
        clean = not self.dirty
        self.arrivals.check(seen, all_ended=clean and self.ingested)
        self.products.check(seen, clean=clean and self.quiet)
        if clean and self.processed:
            self.products.check_complete(seen)
        if clean and (self.ingested or self.processed):
            paths = {file.path for file in seen.files.values()}
            assert set(seen.archive) == paths, "the disk holds something else than the catalog says"
            broken = broken_promises(self.lab.catalog, "lab", at_rest=False)
            assert not broken, "; ".join(map(str, broken))
            assert not seen.intents
        self.ingested = self.processed = False
        self.quiet = True

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Keep the shortest history that fails, also where it does not fail each time."""
        try:
            yield
        except Exception:
            failure = Play.failure
            if not failure or len(self.history) < len(failure):
                Play.failure = [*self.history, traceback.format_exc()]
            raise
