"""Files that a build reads though they do not touch its interval: neighbours, calibrations."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from headwater.catalog.queries.input_files import CandidateFile
from headwater.processing.plan_state import PlanInput


class FarFiles:
    """The files of one product by their start; of equal ones the higher version is the later."""

    def __init__(self, files: Iterable[CandidateFile], product_id: int) -> None:
        own = {file.id: file for file in files if file.product_id == product_id}
        self._files = sorted(own.values(), key=lambda file: (file.start, file.version, file.id))
        self._starts = [file.start for file in self._files]

    def valid_at(self, moment: datetime, keywords: str | None) -> list[CandidateFile]:
        """The file with the latest start of those that are valid at `moment`, if there is one.

        With `keywords` it has these, or none.
        """
        for file in self._back_from(bisect_right(self._starts, moment)):
            if file.stop >= moment and (keywords is None or file.keywords in ("", keywords)):
                return [file]
        return []

    def around(
        self,
        put: PlanInput,
        start: datetime,
        inside: Sequence[CandidateFile],
        keywords: str | None,
    ) -> list[CandidateFile]:
        """The nearest files before and after those that are `inside` an interval from `start`.

        So many as the input says; with `keywords` only files that have these.
        """
        taken = {file.id for file in inside}

        def fits(file: CandidateFile) -> bool:
            return file.id not in taken and (keywords is None or file.keywords == keywords)

        before = self._back_from(bisect_left(self._starts, start))
        after = iter(self._files[bisect_left(self._starts, start) :])
        return [
            *islice(filter(fits, before), put.files_before),
            *islice(filter(fits, after), put.files_after),
        ]

    def _back_from(self, position: int) -> Iterator[CandidateFile]:
        return (self._files[at] for at in range(position - 1, -1, -1))
