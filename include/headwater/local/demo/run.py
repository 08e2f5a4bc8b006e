"""The demo as a person sees it: files are dropped, and every product is made through Airflow.

It only drops files and looks at the catalog; all work is done by the stack's own DAGs.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.listings import Filter, Row, files
from headwater.catalog.queries.provenance import provenance
from headwater.core.actor import Actor
from headwater.core.errors import StackError
from headwater.local.announce import announce
from headwater.local.demo import real_data, synthetic
from headwater.local.stack import LocalStack
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files

Progress = Callable[[int, int | None], None]
STEP_SECONDS = 300.0
"""How long one drop may take on a slow machine before the demo says that it failed."""


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that the demo waited for: what it is, what it was made from, and when it was there.

    `seconds` count from the drop of the level-0 files.
    """

    product: str
    utc_date: date
    version: str
    name: str
    parents: str
    """Its inputs, counted by product and version."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """One lot of level-0 files, what it shows, and the names that must be there in the end."""

    title: str
    put: Callable[[], Sequence[Path]]
    expected: frozenset[str]


def prepare(stack: LocalStack, catalog: Catalog, days: int | None) -> tuple[str, list[Drop]]:
    """Install the demo mission (or, with `days`, the generated one) and tell Airflow of it.

    Returns the mission's name and the drops to make, in order.
    """
    folder = stack.home.root / ("synthetic" if days else "demo")
    if days:
        mission_file = synthetic.write_synthetic_mission(folder, 0)
        mission, drops = synthetic.MISSION, _generated_drops(folder, days)
    else:
        mission_file = real_data.install_demo(folder)
        mission, drops = real_data.MISSION, _real_drops(folder)
    apply(catalog, read_mission_files([mission_file]), Actor("demo"))
    announce(catalog, [mission], stack.home)
    _wait_for_dags(stack, mission)
    return mission, drops


def _real_drops(folder: Path) -> list[Drop]:
    steps: tuple[tuple[real_data.Which, str], ...] = (
        ("first", "Three files of level 0 arrive"),
        ("more", "One more file of the same day arrives, with a drop-out"),
        ("newer", "A newer version of it arrives, complete"),
    )
    return [
        Drop(
            title,
            lambda which=which: real_data.drop(folder, which),  # type: ignore[misc]  # mypy cannot type a default
            frozenset(one.filename for one in real_data.expected_products(which)),
        )
        for which, title in steps
    ]


def _generated_drops(folder: Path, days: int) -> list[Drop]:
    def put() -> Sequence[Path]:
        return synthetic.drop_synthetic_l0(folder, days)

    return [Drop(f"{days} days of level 0 arrive", put, frozenset())]


def _wait_for_dags(stack: LocalStack, mission: str, seconds: float = 60.0) -> None:
    rest = stack.rest()
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any(str(dag["dag_id"]) == f"{mission}.incoming" for dag in rest.dags()):
                return
            time.sleep(0.3)
    finally:
        rest.close()
    raise StackError(
        f"Airflow does not show the DAGs of {mission} after {seconds:.0f} s: see "
        f"{stack.home.logs / 'dag-processor.log'}"
    )


def make_drop(
    catalog: Catalog, mission: str, drop: Drop, days: int | None, move: Progress
) -> list[MadeFile]:
    """Drop the files and wait until everything that follows from them is in the catalog.

    Raises
    ------
    StackError
        If it is not all there in time; the message names what is missing.
    """
    begin = time.monotonic()
    there_before = _there(catalog, mission)
    put = drop.put()
    expected = drop.expected or _generated_names(put)
    wanted = len(expected)
    seen: dict[str, float] = {}
    while time.monotonic() - begin < STEP_SECONDS:
        for name in _there(catalog, mission).keys() & expected - seen.keys():
            seen[name] = 0.0 if name in there_before else time.monotonic() - begin
        move(len(seen), wanted)
        if len(seen) == wanted:
            return _described(catalog, mission, seen, brief=days is not None)
        time.sleep(0.3)
    missing = ", ".join(sorted(expected - seen.keys())[:5])
    raise StackError(
        f"after {STEP_SECONDS:.0f} s {wanted - len(seen)} of {wanted} files are not there "
        f"({missing} ...): 'headwater builds' and 'headwater arrivals' say why"
    )


def _generated_names(put: Sequence[Path]) -> frozenset[str]:
    """Each level-0 file of the generated mission leads to one file at both higher levels."""
    names = [path.name for path in put]
    return frozenset(name.replace("_l0_", f"_l{level}_") for name in names for level in (0, 1, 2))


def _there(catalog: Catalog, mission: str) -> dict[str, Row]:
    with catalog.read() as connection:
        rows = files(connection, Filter(mission=mission, limit=1_000_000))
    return {row["name"]: row for row in rows}


def _described(
    catalog: Catalog, mission: str, seen: dict[str, float], *, brief: bool
) -> list[MadeFile]:
    rows = _there(catalog, mission)
    made = []
    for name, seconds in sorted(seen.items(), key=lambda one: (one[1], one[0])):
        parents = ""
        if not brief:
            with catalog.read() as connection:
                lineage = provenance(connection, name, mission)
            parents = _counted(row for row in lineage if row["depth"] == 1)
        row = rows[name]
        made.append(MadeFile(row["product"], row["date"], row["version"], name, parents, seconds))
    return made


def _counted(parents: Iterable[Row]) -> str:
    counts = Counter(f"{row['product']} {row['version']}" for row in parents)
    return ", ".join(f"{count} x {what}" for what, count in sorted(counts.items()))
