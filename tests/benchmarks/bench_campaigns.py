"""Impact previews and large campaigns in a catalog of 1,000,000 files.

``python tests/benchmarks/bench_campaigns.py [FILES]``; ``HEADWATER_TEST_POSTGRES`` names a Postgres
server, else one is started. Each figure is that of one call. The limit is one pass of Postgres over
the links of all newest files.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fresh_catalog import fresh_catalog, server
from large_catalog import CHAINS, fill, large_mission
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.impact import Changed
from headwater.core.actor import Actor
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission
from headwater.processing import campaigns
from headwater.processing.campaign_plan import campaign_summary
from headwater.processing.campaign_report import report
from headwater.processing.impact import changed_input, impact

ACTOR = Actor("benchmark")
PASS_OVER_LINKS = text("""
select count(*) from headwater.file made
join headwater.file_link l on l.resulting_file = made.id
join headwater.file source on source.id = l.source_file where made.newest
""")


@contextmanager
def timed(what: str) -> Iterator[list[str]]:
    """Print how long it took, and what was found."""
    said: list[str] = []
    started = time.perf_counter()
    yield said
    seconds, load = time.perf_counter() - started, os.getloadavg()[0]
    print(f"{what:52} {seconds:8.2f} s  load {load:4.1f}  {' '.join(said)}", flush=True)


def previews(catalog: Catalog, mission: LoadedMission) -> None:
    """The impact of one file, one product, and all products of level 0."""
    level_0 = [product.id for product in mission.products.values() if product.level == 0]
    first = mission.product("l0_3")
    with catalog.read() as connection:
        name = connection.scalar(
            text("select name from headwater.file where product_id = :p and newest limit 1"),
            {"p": first.id},
        )
    for what, changed in (
        ("impact of one file", changed_input(catalog, mission, str(name))),
        ("impact of a product", changed_input(catalog, mission, "l0_3")),
        (f"impact of {CHAINS} products", Changed(products=level_0)),
    ):
        with timed(what) as said:
            said.append(f"{impact(catalog, mission, changed).files} outputs")


def campaign(catalog: Catalog, mission: LoadedMission, processes: list[str]) -> None:
    """A forced campaign over all dates of processes, from the proposal to the record."""
    many = f"{len(processes)} processes"
    with timed(f"propose {many}") as said:
        proposed = campaigns.propose(
            catalog, mission, ACTOR, "benchmark", processes=dict.fromkeys(processes, True),
            forced=Bump.REVISION,
        )  # fmt: skip
        said.append(f"{proposed.dates} dates")
    number = proposed.number or 0
    with timed(f"plan of {many}") as said:
        said.append(f"{campaign_summary(catalog, mission, number).builds} builds")
    with timed(f"approve {many}: all builds are written"):
        campaigns.approve(catalog, mission, number, ACTOR)
    with timed(f"pause {many}"):
        campaigns.pause(catalog, mission, number, ACTOR, "benchmark")
    with timed(f"abort {many}: the record is written"):
        campaigns.abort(catalog, mission, number, ACTOR, "benchmark")
    with timed(f"report of {many}") as said:
        said.append(f"{len(report(catalog, mission, number).rows)} outputs")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="?", type=int, default=1_000_000)
    files = parser.parse_args().files
    with server() as url, fresh_catalog(url) as catalog, tempfile.TemporaryDirectory() as folder:
        mission = large_mission(catalog, Path(folder))
        print(f"{fill(catalog, mission, files)} files", flush=True)
        limit = "limit: one pass over the links of newest files"
        with timed(limit) as said, catalog.read() as connection:
            said.append(f"{connection.scalar(PASS_OVER_LINKS)} links")
        previews(catalog, mission)
        campaign(catalog, mission, ["mk_l1_3"])
        campaign(catalog, mission, [f"mk_l1_{chain}" for chain in range(CHAINS)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB, without Postgres; {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
