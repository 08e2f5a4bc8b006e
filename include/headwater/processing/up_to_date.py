"""Whether each product of each date is current, and if not, why: for ``headwater plan``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.planning import NewestOutput, newest_outputs
from headwater.catalog.queries.wakes import due_dates
from headwater.core.interval import DateSpan
from headwater.core.states import Timebase
from headwater.core.version import Version
from headwater.missions.loaded import LoadedMission, LoadedProcess, LoadedProduct
from headwater.processing.plan import is_current, plan_beside_outputs
from headwater.processing.plan_state import Action, PlanProcess, ProposedBuild
from headwater.processing.planner import DATES_AT_ONCE
from headwater.processing.process_facts import plan_process
from headwater.processing.state_reading import read_state

_NO_PROCESS = 0  # files that arrived belong to the build of no process


class Status(StrEnum):
    """What can be said of a product of a date."""

    CURRENT = "current"
    """Its newest file is made from the newest inputs by the code in use; or it arrived."""
    STALE = "stale"
    """A file is there, but another one ought to be made."""
    MISSING = "missing"
    """No file is there."""
    WAITING = "waiting"
    """Something is under way that comes first, or it is being made now."""


@dataclass(frozen=True, slots=True)
class ProductDate:
    """A product of a date (or of a part of it), as it is and as it would become.

    `process` is none for a product that only arrives, `product` none for a process without
    outputs. `version` is that of the file that would be made, `file_version` that of the newest
    file, on disk or not. `needs` names the input product that is not there.
    """

    product: str | None
    process: str | None
    interval_key: str
    utc_date: date
    keywords: str
    status: Status
    reason: str
    action: Action
    version: Version | None
    file: str | None
    file_version: Version | None
    needs: str | None
    waits_for: str | None


@dataclass(frozen=True, slots=True)
class UpToDate:
    """The answer; with `more` there are further dates."""

    rows: tuple[ProductDate, ...]
    more: bool


def up_to_date(
    catalog: Catalog,
    mission: LoadedMission,
    *,
    processes: Sequence[LoadedProcess] | None = None,
    span: DateSpan | None = None,
    limit: int = DATES_AT_ONCE,
) -> UpToDate:
    """What there is of every product and date of `span`, or of the dates that are due.

    Of some processes only, or of all and of the products that arrive; those stand first, then
    each process after those whose outputs it reads. At most `limit` dates of each. Changes
    nothing.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    more = span is not None and (span.last - span.first).days >= limit
    with catalog.read() as connection:
        days = list(_first_days(span, limit)) if span else []
        told = _Teller(connection, mission)
        rows = list(_arriving(connection, mission, days)) if days and processes is None else []
        for process in mission.process_order() if processes is None else processes:
            dates = days if span else sorted(due_dates(connection, process.id, limit))
            more = more or (span is None and len(dates) >= limit)
            rows += told.of_process(process, dates)
    return UpToDate(tuple(rows), more)


def _first_days(span: DateSpan, limit: int) -> Iterator[date]:
    for number, day in enumerate(span.days()):
        if number == limit:
            return
        yield day


def _arriving(
    connection: Connection, mission: LoadedMission, days: Sequence[date]
) -> Iterator[ProductDate]:
    """What has arrived of the products that no process makes."""
    made = {put.product_id for process in mission.processes.values() for put in process.outputs}
    products = sorted(
        (product for product in mission.products.values() if product.id not in made),
        key=lambda product: (product.level, product.name),
    )
    found: dict[tuple[int, date], list[NewestOutput]] = {}
    ids = [product.id for product in products]
    for file in newest_outputs(connection, _NO_PROCESS, ids, [DateSpan(days[0], days[-1])]):
        found.setdefault((file.product_id, file.utc_file_date), []).append(file)
    for product in products:
        for day in days:
            files = found.get((product.id, day))
            if not files:
                yield _arrived(product, day, None)
                continue
            for file in sorted(files, key=lambda file: file.name):
                yield _arrived(product, day, file)


def _arrived(product: LoadedProduct, day: date, file: NewestOutput | None) -> ProductDate:
    status, reason = Status.CURRENT, "it arrived"
    if file is None:
        status, reason = Status.MISSING, "none has arrived, and no process makes it"
    elif not file.exists_on_disk:
        status, reason = Status.MISSING, f"its file {file.name} is lost, and no process makes it"
    return ProductDate(
        product=product.name,
        process=None,
        interval_key=file.interval_key if file else day.isoformat(),
        utc_date=day,
        keywords=file.keywords if file else "",
        status=status,
        reason=reason,
        action=Action.NOTHING,
        version=None,
        file=file.name if file else None,
        file_version=file.version if file else None,
        needs=None,
        waits_for=None,
    )


class _Teller:
    """Tells of processes, each after those whose outputs it reads.

    What is up to date by itself waits, if what it is made from is about to change.
    """

    def __init__(self, connection: Connection, mission: LoadedMission) -> None:
        self._connection = connection
        self._mission = mission
        self._to_make: dict[int, set[date]] = {}

    def of_process(self, process: LoadedProcess, dates: Sequence[date]) -> Iterator[ProductDate]:
        facts = plan_process(self._mission, process)
        state = read_state(self._connection, self._mission, facts, dates)
        under_way = {(work.process_id, work.utc_date): work.state for work in state.upstream}
        for entry, outputs in plan_beside_outputs(state):
            upstream = self._upstream_of(facts, entry, under_way)
            if entry.action in (Action.MAKE, Action.WAIT):
                self._to_make.setdefault(process.id, set()).update(_days(facts, entry).days())
            for put in sorted(process.outputs, key=lambda put: put.position):
                name = self._mission.products[put.product_id].name
                yield _row(process, entry, name, outputs.get(put.product_id), upstream)
            if not process.outputs:
                yield _row(process, entry, None, None, upstream)

    def _upstream_of(
        self,
        facts: PlanProcess,
        entry: ProposedBuild,
        under_way: Mapping[tuple[int, date], str],
    ) -> str | None:
        """The first upstream work that will change an input of an entry."""
        for number, up in facts.upstream.items():
            days = _days(facts, entry).widened(up.days_before, up.days_after)
            for day in days.days():
                state = under_way.get((number, day))
                if state is None and day in self._to_make.get(number, ()):
                    state = "to be made"
                if state is not None:
                    return f"{up.process} of {day} ({state})"
        return None


def _days(facts: PlanProcess, entry: ProposedBuild) -> DateSpan:
    """The days whose inputs an entry reads, without its windows."""
    if facts.timebase in (Timebase.FILE, Timebase.RUN):
        return DateSpan(entry.utc_date, entry.utc_date)
    return DateSpan(entry.start.date(), entry.stop.date())


def _row(
    process: LoadedProcess,
    entry: ProposedBuild,
    product: str | None,
    file: NewestOutput | None,
    upstream: str | None,
) -> ProductDate:
    status, reason = _status(entry, product, file)
    waits_for = entry.waiting_for
    if upstream is not None and (is_current(entry) or entry.missing is not None):
        status, reason, waits_for = Status.WAITING, f"waits for {upstream}", upstream
    return ProductDate(
        product=product,
        process=process.name,
        interval_key=entry.interval_key,
        utc_date=entry.utc_date,
        keywords=entry.keywords,
        status=status,
        reason=reason,
        action=entry.action,
        version=entry.version,
        file=file.name if file else None,
        file_version=file.version if file else None,
        needs=entry.missing,
        waits_for=waits_for,
    )


def _status(
    entry: ProposedBuild, product: str | None, file: NewestOutput | None
) -> tuple[Status, str]:
    """What an entry of the plan means for one product of it."""
    there = file is not None and file.exists_on_disk
    if entry.action is Action.WAIT or entry.reason.startswith("is being made"):
        return Status.WAITING, entry.reason
    if is_current(entry):
        if product is None or there:
            return Status.CURRENT, entry.reason
        return Status.MISSING, f"{entry.reason}; this one is not made every time"
    made = file is not None and file.code_id is not None
    if there and not made and entry.action is Action.NOTHING:
        return Status.CURRENT, "it arrived"
    held = "held: " if entry.action is Action.HOLD else ""
    return (Status.STALE if there else Status.MISSING), held + entry.reason
