"""How fast builds are planned, and codes run, beside ``xargs -P2`` over the same command lines.

Run it with ``python tests/benchmarks/bench_processing.py``; ``HEADWATER_TEST_POSTGRES`` names a
Postgres server, else one is started. It prints a table and never fails on time.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fresh_catalog import fresh_catalog, server
from processing_lab import CHAIN, Lab, process

from headwater.core.states import BuildState
from headwater.processing.planner import plan_due

SLOTS = 2
FIRST = date(1990, 1, 1)
BURN = """#!/bin/sh
cp "$1" "$2"
exec python3 -S -c '
import time
while time.process_time() < {seconds}: pass'
"""


@contextmanager
def fresh_lab(url: str, sections: tuple[str, ...]) -> Iterator[Lab]:
    """A lab in a catalog and a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder,
        fresh_catalog(url) as catalog,
    ):
        yield Lab(catalog, Path(folder) / "lab", sections)


def days(count: int) -> list[date]:
    return [FIRST + timedelta(days=n) for n in range(count)]


def planning(url: str, count: int) -> tuple[str, int, float]:
    with fresh_lab(url, CHAIN) as lab:
        lab.put_many("l0", days(count))
        mission = lab.mission
        started = time.perf_counter()
        plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
        seconds = time.perf_counter() - started
        assert len(plan.to_make) == count
        return f"plan {count} builds", count, seconds


def running(url: str, count: int, code: str, title: str) -> list[tuple[str, int, float]]:
    chain = (*CHAIN[:2], process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE",
                                 code="bench.sh"))  # fmt: skip
    with fresh_lab(url, chain) as lab:
        lab.code("bench.sh", code)
        lab.put_many("l0", days(count))
        out = lab.root / "xargs"
        out.mkdir()
        lines = "".join(
            f"{path} {out}/{path.name}\n" for path in sorted((lab.root / "l0").iterdir())
        )
        started = time.perf_counter()
        subprocess.run(
            ["xargs", f"-P{SLOTS}", "-L1", f"{lab.root}/codes/bench.sh"],
            input=lines.encode(),
            check=True,
        )
        limit = time.perf_counter() - started
        started = time.perf_counter()
        report = lab.process(slots=SLOTS)
        seconds = time.perf_counter() - started
        assert report.count(BuildState.BUILT) == count, report.results[:3]
    return [(f"xargs -P{SLOTS}: {title}", count, limit), (f"process: {title}", count, seconds)]


def main() -> None:
    rows: list[tuple[str, int, float]] = []
    with server() as url:
        for count in (1000, 10_000):
            rows.append(planning(url, count))
        rows += running(url, 1000, '#!/bin/sh\nexec cp "$1" "$2"\n', "trivial codes")
        rows += running(url, 100, BURN.format(seconds=0.2), "codes of 0.2 s CPU")
    print(f"{'what':40} {'number':>7} {'seconds':>9} {'a second':>9}")
    for title, count, seconds in rows:
        print(f"{title:40} {count:7} {seconds:9.2f} {count / seconds:9.0f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    load = os.getloadavg()[0]
    print(f"peak memory {peak:.0f} MiB; load average {load:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
