"""Whether a final state is what the rules ask for, worked out without Headwater's own plan.

Versions grow and the highest is the newest; each newest output of a FILE or DAILY process was
made by the code of its date from exactly the newest inputs of its window (spec 5.3); what could
be made and was not has a reason that a person can read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text
from tests.conformance.dbprocessing.scenario import FinalState

from headwater.catalog.connection import Catalog
from headwater.core.states import InputKind, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.planner import preview
from headwater.processing.service import due_processes

_TIMES = text("""
select f.name, f.product_id, f.utc_file_date, f.keywords,
       (f.utc_start_time at time zone 'UTC')::date as first,
       (f.utc_stop_time at time zone 'UTC')::date as last
from headwater.file f where f.newest and f.exists_on_disk
""")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Input:
    """A newest file on disk; `first` and `last` are the days that its time touches."""

    name: str
    product_id: int
    utc_file_date: date
    keywords: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class _Due:
    """An output that the inputs allow, and the names of these inputs."""

    process: LoadedProcess
    day: date
    keywords: str
    inputs: frozenset[str]


def unsound(
    catalog: Catalog, mission: LoadedMission, state: FinalState, *, settled: bool
) -> list[str]:
    """What is wrong with a state, a sentence each.

    Unless it is `settled`, work that is known to be due counts as explained.
    """
    due = set() if settled else _known_to_be_due(catalog, mission)
    return [*_versions(state), *_outputs(catalog, mission, state, due)]


def _known_to_be_due(catalog: Catalog, mission: LoadedMission) -> set[tuple[str, date]]:
    """Processes and dates of which something is still to be made, also what will follow it."""
    due = {
        (work.process, day)
        for work in due_processes(catalog, mission.name)
        for span in work.spans
        for day in span.days()
    }
    made = {put.product_id for name, _ in due for put in mission.process(name).outputs}
    for process in mission.process_order():
        if made & {put.product_id for put in process.inputs}:
            made |= {put.product_id for put in process.outputs}
            due |= {(process.name, day) for _, day in due}
    return due


def _versions(state: FinalState) -> Iterator[str]:
    highest: dict[tuple[str, str, str], tuple[int, ...]] = {}
    newest: dict[tuple[str, str, str], list[str]] = {}
    for file in state.files.values():  # in the order in which they were filed
        if file.newest:
            newest.setdefault(file.place, []).append(file.name)
        if state.code(file.name) and file.numbers <= highest.get(file.place, ()):
            yield f"{file.name} was made after a higher version"
        highest[file.place] = max(highest.get(file.place, ()), file.numbers)
    for place, names in newest.items():
        if len(names) > 1:
            yield f"{place} has two newest files: {', '.join(names)}"
    for file in state.newest().values():
        if file.numbers < highest[file.place]:
            yield f"{file.name} is called newest, and a higher version is there"


def _outputs(
    catalog: Catalog, mission: LoadedMission, state: FinalState, known: set[tuple[str, date]]
) -> Iterator[str]:
    with catalog.read() as connection:
        files = [_Input(*row) for row in connection.execute(_TIMES)]
    newest = state.newest()
    for process in mission.processes.values():
        if process.timebase not in (Timebase.FILE, Timebase.DAILY):
            continue
        for due in _due(process, files):
            codes = process.codes_for(due.day)
            code = f"{codes[0].filename} v{codes[0].version}" if len(codes) == 1 else None
            product = mission.products[process.outputs[0].product_id].name
            made = newest.get((product, due.day.isoformat(), due.keywords))
            if _shared(mission, process):
                continue  # two processes of one product: either may be the last
            current = (
                made is not None
                and made.exists
                and state.code(made.name) == code
                and state.parents(made.name) == due.inputs
            )
            if (process.name, due.day) in known:
                continue
            if not current and not _explained(catalog, mission, process, due.day):
                what = f"{made.name} is stale" if made else f"{product} of {due.day} is missing"
                yield f"{what}, and nothing says why; inputs: {', '.join(sorted(due.inputs))}"


def _shared(mission: LoadedMission, process: LoadedProcess) -> bool:
    mine = {put.product_id for put in process.outputs}
    return any(
        mine & {put.product_id for put in other.outputs}
        for other in mission.processes.values()
        if other.id != process.id
    )


def _explained(catalog: Catalog, mission: LoadedMission, process: LoadedProcess, day: date) -> bool:
    """Whether the plan names a reason that is not 'is about to be made' or 'up to date'."""
    plan = preview(catalog, mission, process, dates=[day])
    return any(
        entry.reason and entry.action != "make" and not entry.reason.startswith("up to date")
        for entry in plan.entries
    )


def _due(process: LoadedProcess, files: Sequence[_Input]) -> Iterator[_Due]:
    """What the inputs allow: by day, and by keywords for FILE (spec 5.2, 5.3)."""
    triggers = [put for put in process.inputs if put.kind is not InputKind.NO_TRIGGER]
    own = [file for file in files if file.product_id in {put.product_id for put in triggers}]
    by_file = process.timebase is Timebase.FILE
    wanted = {
        (day, file.keywords if by_file else "")
        for file in own
        for day in ([file.utc_file_date] if by_file else _days(file))
    }
    for day, keywords in sorted(wanted):
        chosen: set[str] = set()
        complete = True
        for put in process.inputs:
            window = (day - put.days_before * _DAY, day + put.days_after * _DAY)
            found = {
                file.name
                for file in files
                if file.product_id == put.product_id and _within(file, window, by_file, keywords)
            }
            complete &= bool(found) or put.kind is not InputKind.HARD
            chosen |= found
        if complete and chosen:
            yield _Due(process, day, keywords, frozenset(chosen))


def _days(file: _Input) -> Iterator[date]:
    day = file.first
    while day <= file.last:
        yield day
        day += _DAY


def _within(file: _Input, window: tuple[date, date], by_file: bool, keywords: str) -> bool:
    if by_file:
        return window[0] <= file.utc_file_date <= window[1] and file.keywords == keywords
    return file.first <= window[1] and file.last >= window[0]
