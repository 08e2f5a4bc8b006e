"""How the arrivals of a claim ended, for a person, a command and an Airflow task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from headwater.catalog.queries.arrivals import EndedRow
from headwater.core.interval import DateSpan, spans_of
from headwater.core.states import Disposition
from headwater.ingest.quality import QaRead

EndedArrival = EndedRow
Progress = Callable[[int, int], None]
"""Called with how many arrivals of a claim have ended, and how many there are."""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """How arrivals ended, by name."""

    ended: list[EndedArrival] = field(default_factory=list)
    checks: list[QaRead] = field(default_factory=list)
    """The files with checks of quality that were read in the mission's `qa_dir`."""

    def __add__(self, other: IngestReport) -> IngestReport:
        return IngestReport(self.ended + other.ended, self.checks + other.checks)

    def count(self, disposition: Disposition) -> int:
        """How many ended so."""
        return sum(arrival.disposition is disposition for arrival in self.ended)

    def adopted_spans(self) -> dict[str, list[DateSpan]]:
        """The UTC days of the adopted files by product name, neighbours gathered into spans.

        A file counts for its characteristic date and each day that its times touch.
        """
        days: dict[str, set[date]] = {}
        for arrival in self.ended:
            if arrival.disposition is Disposition.ADOPTED and arrival.product is not None:
                days.setdefault(arrival.product, set()).update(_days(arrival))
        return {product: spans_of(found) for product, found in sorted(days.items())}

    def __str__(self) -> str:
        counts = Counter(arrival.disposition.value for arrival in self.ended)
        return ", ".join(
            f"{counts[one.value]} {one.value}" for one in Disposition if counts[one.value]
        )


def _days(arrival: EndedArrival) -> set[date]:
    days = {arrival.utc_file_date} if arrival.utc_file_date else set()
    if arrival.first and arrival.last:
        count = (arrival.last - arrival.first).days + 1
        days |= {arrival.first + timedelta(days=number) for number in range(count)}
    return days
