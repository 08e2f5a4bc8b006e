"""What durability costs: ingest with its fsyncs, the same without, and a bare copy without.

``python tests/benchmarks/bench_durability.py [--sizes BYTES ...] [--workers N ...]``. Each worker
is a process of its own with an inspector helper that runs already; all begin at once, on claims of
one mission. 'copied' is the same code with fsync left out (also of folders); 'cp' reads and writes
the same files in so many processes, and hashes nothing. Both end before the kernel has written a
byte. 'share' is durable over 'copied', and over 'cp'. Postgres is as the server is set.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_ingest import make_files
from fresh_catalog import fresh_catalog, server

from headwater.catalog.connection import Catalog
from headwater.core.states import Disposition
from headwater.ingest.claim import claim_arrivals
from headwater.ingest.service import ingest_claim
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import load_mission
from ingest_mission import ACTOR, NAME, make_mission

COUNTS = {65_536: 2000, 16_777_216: 60}
BLOCK = 1 << 20
_SPAWN = multiprocessing.get_context("spawn")


def ingest(url: str, tokens: Sequence[str], durable: bool, begin: object, told: object) -> None:
    """One worker: the claims of `tokens`, once all workers are ready."""
    if not durable:
        os.fsync = lambda _: None  # type: ignore[assignment]  # what is measured
    catalog = Catalog(url)
    mission = load_mission(catalog, NAME)
    with InspectorHost(mission.facts(), mission.inspector_specs()) as host:
        list(host.identify([str(mission.rootdir / "none")]))
        begin.wait()  # type: ignore[attr-defined]  # a barrier of multiprocessing
        filed = sum(
            ingest_claim(catalog, mission, token, ACTOR, host).count(Disposition.ADOPTED)
            for token in tokens
        )
    told.put((filed, time.time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))  # type: ignore[attr-defined]  # a queue


def copy(_: str, paths: Sequence[str], target: str, begin: object, told: object) -> None:
    """One worker of the bare loop, as ``cp`` does it."""
    begin.wait()  # type: ignore[attr-defined]  # as above
    for path in paths:
        copied = Path(target, Path(path).name)
        with Path(path).open("rb") as reading, copied.open("wb") as writing:
            while block := reading.read(BLOCK):
                writing.write(block)
    told.put((len(paths), time.time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))  # type: ignore[attr-defined]  # as above


def timed(work: Callable[..., None], url: str, shares: Sequence[Sequence[str]], how: object,
          count: int) -> tuple[float, float]:  # fmt: skip
    """Run `work` on each share in a process of its own; seconds, and the largest peak in MiB."""
    begin, told = _SPAWN.Barrier(len(shares) + 1), _SPAWN.Queue()
    workers = [_SPAWN.Process(target=work, args=(url, share, how, begin, told)) for share in shares]
    for worker in workers:
        worker.start()
    os.sync()
    begin.wait()
    started = time.time()
    ends = [told.get() for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(filed for filed, _, _ in ends) == count
    return max(end for _, end, _ in ends) - started, max(peak for _, _, peak in ends)


def ours(
    server_url: str, size: int, count: int, workers: int, durable: bool
) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder, fresh_catalog(server_url) as catalog:
        mission = make_mission(catalog, Path(folder))
        make_files(mission.incoming_dir, count, size)
        chunk = -(-count // workers)
        tokens = [claim.token for claim in claim_arrivals(catalog, mission, ACTOR, chunk=chunk)]
        url = catalog.url.render_as_string(hide_password=False)
        return timed(ingest, url, [[token] for token in tokens], durable, count)


def bare(size: int, count: int, workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        target.mkdir()
        make_files(source, count, size)
        paths = sorted(map(str, source.iterdir()))
        return timed(copy, "", [paths[n::workers] for n in range(workers)], str(target), count)[0]


def one_line(url: str, size: int, workers: int) -> None:
    count = COUNTS.get(size, max(20, min(2000, (1 << 30) // size)))
    durable, peak = ours(url, size, count, workers, durable=True)
    copied, _ = ours(url, size, count, workers, durable=False)
    plain = bare(size, count, workers)
    rates = [count / seconds for seconds in (durable, copied, plain)]
    speed = rates[0] * size / 1e6
    columns = " ".join(f"{rate:9.0f}" for rate in rates)
    shares = f"{rates[0] / rates[1]:10.2f} {rates[0] / rates[2]:8.2f}"
    load = os.getloadavg()[0]
    print(f"{size:9d} {count:6d} {workers:8d} {columns} {speed:7.0f} {shares} {load:6.1f} "
          f"{peak:9.0f}", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", type=int, default=list(COUNTS), help="bytes")
    parser.add_argument("--workers", nargs="*", type=int, default=[1, 2])
    arguments = parser.parse_args()
    print("                           durable    copied        cp durable share of share of"
          "         MiB peak")  # fmt: skip
    print("    bytes  files  workers    [1/s]     [1/s]     [1/s]  [MB/s]     copied       cp"
          "   load  a worker")  # fmt: skip
    with server() as url:
        for size in arguments.sizes:
            for workers in arguments.workers:
                one_line(url, size, workers)


if __name__ == "__main__":
    main()
