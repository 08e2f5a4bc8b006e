"""Through Airflow: one arrival to its last product on an idle stack, and 1000 L0 at once.

``python tests/benchmarks/bench_airflow.py``; starts a stack of its own in a temporary folder.
Times count from the drop to the row of the last file in the catalog, seen every 0.3 s.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path

import psutil

from headwater.catalog.connection import Catalog
from headwater.local.demo import synthetic
from headwater.local.demo.run import Drop, make_drop, prepare
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack

DAYS = 1000
SINGLES = 3


def seconds_to(made: list, product: str) -> float:
    return max(one.seconds for one in made if one.product == product)


def measure(
    catalog: Catalog, mission: str, title: str, folder: Path, start: date, days: int
) -> None:
    def put() -> list[Path]:
        return synthetic.drop_synthetic_l0(folder, days, start=start)

    load = os.getloadavg()[0]
    made = make_drop(catalog, mission, Drop(title, put, frozenset()), days, lambda _a, _b: None)
    products = sorted({one.product for one in made})
    shown = ", ".join(f"{product} {seconds_to(made, product):.1f} s" for product in products)
    print(f"{title:<28} load {load:4.1f}   {shown}", flush=True)


def memory_of(pids: list[int]) -> float:
    """Proportional set size of process trees, in MiB."""
    trees = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
    every = {one for tree in trees for one in (tree, *tree.children(recursive=True))}
    return sum(one.memory_full_info().pss for one in every) / 2**20


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as temporary:
        stack = LocalStack(LocalHome(Path(temporary) / "home"))
        with stack:
            catalog = Catalog(stack.catalog_url())
            mission, _ = prepare(stack, catalog, DAYS)
            folder = stack.home.root / "synthetic"
            time.sleep(20)  # the stack comes to rest, and its preloading is over
            for number in range(SINGLES):
                start = date(2010, 1, 1 + number)
                measure(catalog, mission, f"one arrival, {number + 1}", folder, start, 1)
                time.sleep(5)
            measure(catalog, mission, f"{DAYS} arrivals at once", folder, date(2020, 1, 1), DAYS)
            pid = stack.status().pid
            print(f"memory of the whole stack    {memory_of([pid] if pid else []):.0f} MiB (PSS)")
            catalog.close()


if __name__ == "__main__":
    main()
