"""Ingest of 1000 and 10,000 files, beside a bare loop that copies, hashes and fsyncs the same.

``python tests/benchmarks/bench_ingest.py [COUNT ...]``; ``HEADWATER_TEST_POSTGRES`` names a
Postgres server that may make databases, best one whose ``fsync`` is on, else one is started. Files
lie on the file system of the current temporary folder. Each line is one run; 'share' is ours over
the bare loop.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import shutil
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fresh_catalog import fresh_catalog, server

from headwater.core.states import Disposition
from headwater.ingest.service import ingest_pending
from headwater.missions.inspection.host import InspectorHost
from ingest_mission import ACTOR, make_mission

FIRST_DAY = date(1970, 1, 1)


def make_files(folder: Path, count: int, size: int) -> None:
    for number in range(count):
        day = FIRST_DAY + timedelta(days=number)
        name = f"l0_{day:%Y%m%d}_v1.0.0.dat"
        (folder / name).write_bytes(os.urandom(16) + bytes(size - 16))
    os.sync()


def bare_loop(source: Path, target: Path) -> float:
    """Copy, hash (both sums) and fsync each file, one after the other; seconds."""
    os.sync()
    started = time.perf_counter()
    for path in sorted(source.iterdir()):
        content = path.read_bytes()
        hashlib.sha256(content).hexdigest()
        hashlib.sha1(content, usedforsecurity=False).hexdigest()
        handle = os.open(target / path.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        os.write(handle, content)
        os.fsync(handle)
        os.close(handle)
    return time.perf_counter() - started


def ours(url: str, count: int, size: int, base: Path) -> float:
    """One pass of `ingest_pending` with its own inspector helper, already started; seconds."""
    with fresh_catalog(url) as catalog:
        mission = make_mission(catalog, base)
        make_files(mission.incoming_dir, count, size)
        host = InspectorHost(mission.facts(), mission.inspector_specs())
        with host:
            list(host.identify([str(next(mission.incoming_dir.glob("*.dat")))]))
            os.sync()
            started = time.perf_counter()
            report = ingest_pending(catalog, mission, ACTOR, host=host)
            seconds = time.perf_counter() - started
        assert report.count(Disposition.ADOPTED) == count, str(report)
    return seconds


def one_run(url: str, count: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "bare_in").mkdir()
        (base / "bare_out").mkdir()
        make_files(base / "bare_in", count, size)
        bare = count / bare_loop(base / "bare_in", base / "bare_out")
        shutil.rmtree(base / "bare_in")
        shutil.rmtree(base / "bare_out")
        os.sync()
        rate = count / ours(url, count, size, base)
    load = os.getloadavg()[0]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rates = f"{rate:11.0f} {bare:11.0f} {rate / bare:6.2f}"
    print(f"{count:7d} {size:7d} {rates} {load:6.1f} {peak:8.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("counts", nargs="*", type=int, default=[1000, 10_000])
    parser.add_argument("--sizes", nargs="*", type=int, default=[1024, 65_536], help="bytes")
    arguments = parser.parse_args()
    print("  files   bytes  ours [1/s]  bare [1/s]  share   load  MiB peak")
    with server() as url:
        for size in arguments.sizes:
            for count in arguments.counts:
                one_run(url, count, size)


if __name__ == "__main__":
    main()
