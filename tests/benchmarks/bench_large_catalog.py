"""Questions to a catalog of 1,000,000 files: each within 50 ms, a page of the grid within 1 s.

``python tests/benchmarks/bench_large_catalog.py [FILES]``; ``HEADWATER_TEST_POSTGRES``
names a Postgres server, else one is started. Each figure is that of the service call, warm, of 20
calls on different days. The limit is the round trip of ``select 1`` on the same connection.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fresh_catalog import fresh_catalog, server
from large_catalog import FIRST, fill, large_mission
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import listings
from headwater.catalog.queries.filing import NewFile, file_new
from headwater.catalog.queries.listings import Filter
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan, day_start, day_stop
from headwater.core.version import Version
from headwater.missions.loaded import LoadedMission
from headwater.processing.cell import cell
from headwater.processing.coverage import coverage
from headwater.processing.explain import explain
from headwater.processing.grid import GridUnit, grid
from headwater.processing.planner import plan_due, preview

REPEATS = 20
ACTOR = Actor("benchmark")
DAYS = [FIRST + timedelta(days=40 + 11 * number) for number in range(REPEATS + 1)]
SIZES = text("""
select relname as table, c.reltuples::bigint as rows,
       pg_size_pretty(pg_table_size(c.oid)) as data,
       pg_size_pretty(pg_indexes_size(c.oid)) as indexes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'headwater' and relkind = 'r' and reltuples > 1000 order by reltuples desc
""")


class Questions:
    """The questions, each for a day."""

    def __init__(self, catalog: Catalog, mission: LoadedMission) -> None:
        self.catalog = catalog
        self.mission = mission

    def arrive(self, day: date) -> None:
        """File one new version of a level 0 product, which wakes its process."""
        product = self.mission.product("l0_7")
        name = f"l0_7_{day:%Y%m%d}_v1.1.0.dat"
        file = NewFile(
            product.id, name, f"l0_7/{name}", day.isoformat(), day, day_start(day), day_stop(day),
            Version(1, 1, 0), 0.0, 1, "0" * 64, "0" * 40, datetime.now(UTC),
        )  # fmt: skip
        with self.catalog.begin() as connection:
            file_new(connection, self.mission.id, [file], ACTOR)

    def round_trip(self, _: date) -> None:
        with self.catalog.read() as connection:
            connection.execute(text("select 1")).all()

    def plan(self, _: date) -> None:
        plan = plan_due(self.catalog, self.mission, self.mission.process("mk_l1_7"), actor=ACTOR)
        assert len(plan.to_make) == 1, plan

    def preview_day(self, day: date) -> None:
        process = self.mission.process("mk_l2_3")
        assert preview(self.catalog, self.mission, process, span=DateSpan(day, day)).entries

    def why_there(self, day: date) -> None:
        assert explain(self.catalog, self.mission, "l2_3", day).made

    def why_stale(self, day: date) -> None:
        assert explain(self.catalog, self.mission, "l2_7", day).made

    def why_missing(self, day: date) -> None:
        before = FIRST - (day - FIRST)
        assert not explain(self.catalog, self.mission, "l2_3", before).made

    def files_of_month(self, day: date) -> None:
        self._files(day, product="l1_4")

    def newest_of_month(self, day: date) -> None:
        self._files(day, product="l1_4", newest_only=True)

    def all_files_of_month(self, day: date) -> None:
        self._files(day)

    def _files(self, day: date, **more: object) -> None:
        chosen = Filter(mission="lab", first=day, last=day + timedelta(days=29), limit=100, **more)  # type: ignore[arg-type]
        with self.catalog.read() as connection:
            assert len(listings.files(connection, chosen)) in (30, 100)

    def coverage_of_year(self, day: date) -> None:
        days = coverage(self.catalog, self.mission, "l2_5", day, day + timedelta(days=364))
        assert len(days) == 365 and days[0].version

    def cell_of_grid(self, day: date) -> None:
        assert cell(self.catalog, self.mission, "l2_3", day).files

    def page_of_grid(self, day: date) -> None:
        """20 products and a year of days: one page of the grid."""
        names = [f"l{level}_{chain}" for chain in range(7) for level in range(3)][:20]
        self._grid(names, day, day + timedelta(days=364), GridUnit.DAY)

    def years_of_grid(self, day: date) -> None:
        """20 products and ten years, by month."""
        names = [f"l2_{chain}" for chain in range(20)]
        self._grid(names, day, day + timedelta(days=3652), GridUnit.MONTH)

    def _grid(self, names: list[str], first: date, last: date, unit: GridUnit) -> None:
        found = grid(self.catalog, self.mission, names, first, last, unit)
        assert len(found.products) == 20 and "c" in found.products[0].states

    def status(self, _: date) -> None:
        with self.catalog.read() as connection:
            assert len(listings.status(connection, "lab")) == 60


def milliseconds(
    question: Callable[[date], None], before: Callable[[date], None] | None = None
) -> tuple[float, float]:
    """Median and slowest of `REPEATS` calls; the first call is not counted."""
    found = []
    for day in DAYS:
        if before:
            before(day)
        started = time.perf_counter()
        question(day)
        found.append((time.perf_counter() - started) * 1000)
    return statistics.median(found[1:]), max(found[1:])


def show_sizes(catalog: Catalog) -> None:
    with catalog.read() as connection:
        for row in connection.execute(SIZES):
            print(f"{row.table:20} {row.rows:9} rows {row.data:>8} + indexes {row.indexes:>8}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="?", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder,
        server() as url,
        fresh_catalog(url) as catalog,
    ):
        mission = large_mission(catalog, Path(folder))
        started = time.perf_counter()
        count = fill(catalog, mission, arguments.files)
        print(f"{count} files generated in {time.perf_counter() - started:.0f} s")
        show_sizes(catalog)
        ask = Questions(catalog, mission)
        print(f"{'question':40} {'median ms':>10} {'slowest':>10} {'load':>6}", flush=True)
        for title, question, before in (
            ("select 1", ask.round_trip, None),
            ("plan of one new file, written", ask.plan, ask.arrive),
            ("plan of a day, previewed", ask.preview_day, None),
            ("why: it is there", ask.why_there, None),
            ("why: a newer one is coming", ask.why_stale, None),
            ("why: it is missing", ask.why_missing, None),
            ("files of a product and month", ask.files_of_month, None),
            ("the newest files of the same", ask.newest_of_month, None),
            ("files of a month, the first 100", ask.all_files_of_month, None),
            ("coverage of a year", ask.coverage_of_year, None),
            ("a cell of the grid, with all behind it", ask.cell_of_grid, None),
            ("grid: 20 products, 365 days", ask.page_of_grid, None),
            ("grid: 20 products, 10 years by month", ask.years_of_grid, None),
            ("status of all products (no aim)", ask.status, None),
        ):
            median, slowest = milliseconds(question, before)
            load = os.getloadavg()[0]
            print(f"{title:40} {median:10.1f} {slowest:10.1f} {load:6.1f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB, without Postgres; {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
