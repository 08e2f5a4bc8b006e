"""The chain of IMAP MAG: real packets, the released codes, a catalog of its own.

The codes are in an environment beside the checkout's, which `make imap` makes from the versions
in ``tests/imap_mission/constraints.txt``; tests are skipped with a sentence without it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.listings import Filter, builds, files
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.ingest.report import IngestReport
from headwater.ingest.service import ingest_pending
from headwater.missions.apply import apply
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.missions.reading import read_mission_files
from headwater.processing.explain import Explanation, explain
from headwater.processing.keeper.environment import code_environment
from headwater.processing.service import ProcessReport, process_pending
from headwater.processing.up_to_date import ProductDate, up_to_date

CHECKOUT = Path(__file__).resolve().parents[1]
MISSION = CHECKOUT / "tests" / "imap_mission"
ENVIRONMENT = CHECKOUT / ".venv-imap"
ME = Actor("test")
DAY = date(2023, 10, 25)
L0 = "imap_mag_l0_raw_20231025_v001.pkts"
CALIBRATION = "imap_mag_l1b-calibration_20231001_v001.cdf"
KERNELS = ["imap_sclk_0000.tsc", "naif0012.tls"]

LINKS = text("""
select f.name, array_agg(s.name order by s.name) as parents, f.build_id,
       min(c.filename || ' ' || concat_ws('.', c.interface_version, c.quality_version,
                                          c.revision_version)) as code
from headwater.file f
join headwater.file_link l on l.resulting_file = f.id
join headwater.file s on s.id = l.source_file
left join headwater.file_code fc on fc.resulting_file = f.id
left join headwater.code c on c.id = fc.source_code
group by f.name, f.build_id
""")
"""What each file that was made came from."""

READ_CDF = """
import json, sys, cdflib
def read(path):
    cdf = cdflib.CDF(path)
    says = cdf.globalattsget()
    return {"parents": sorted(says["Parents"]), "version": says["Data_version"],
            "records": len(cdf.varget("epoch"))}
print(json.dumps([read(path) for path in sys.argv[1:]]))
"""


@dataclass(frozen=True)
class Origin:
    """Where the catalog says that a file came from."""

    parents: list[str]
    build_id: int
    code: str


@dataclass(frozen=True)
class ImapChain:
    """The mission in a folder and in a catalog; `packets` is the folder of what arrives."""

    catalog: Catalog
    mission: LoadedMission
    packets: Path

    def deliver(self, *names: str) -> IngestReport:
        """Files of `packets` arrive."""
        for name in names:
            self.arrive(name, (self.packets / name).read_bytes())
        return self.ingest()

    def arrive(self, name: str, content: bytes) -> None:
        (self.mission.incoming_dir / name).write_bytes(content)

    def ingest(self) -> IngestReport:
        return ingest_pending(self.catalog, self.mission, ME)

    def process(self) -> ProcessReport:
        return process_pending(self.catalog, self.mission, ME, slots=2)

    def plan(self) -> list[ProductDate]:
        """What the plan says of each product of the day."""
        span = DateSpan(DAY, DAY)
        return list(up_to_date(self.catalog, self.mission, span=span).rows)

    def why(self, product: str) -> Explanation:
        return explain(self.catalog, self.mission, product, DAY)

    def newest(self) -> dict[str, str]:
        """Product -> version of what was made, without ``imap_mag_``."""
        with self.catalog.read() as connection:
            rows = files(connection, Filter(mission="imap", first=DAY, last=DAY, newest_only=True))
        made = {row["product"]: row["version"] for row in rows if row["name"] != L0}
        return {product.removeprefix("imap_mag_"): version for product, version in made.items()}

    def origins(self) -> dict[str, Origin]:
        with self.catalog.read() as connection:
            rows = connection.execute(LINKS)
            return {row.name: Origin(row.parents, row.build_id, row.code) for row in rows}

    def build(self, process: str) -> Mapping[str, Any]:
        """The latest build of a process."""
        with self.catalog.read() as connection:
            return builds(connection, Filter(process=process))[0]

    def environment(self) -> dict[str, str]:
        """What the codes see, but for what tells of a run."""
        return code_environment(os.environ, self.mission.settings.environment)

    def path(self, name: str) -> Path:
        """Where a made file lies in the archive."""
        (found,) = (self.mission.rootdir / "imap" / "mag").rglob(name)
        return found

    def cdf(self, names: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What CDF files say of themselves, by the library of the codes."""
        known = sorted(names)
        paths = [str(self.path(name)) for name in known]
        python = ENVIRONMENT / "bin" / "python"
        done = subprocess.run([python, "-c", READ_CDF, *paths], capture_output=True, check=True)
        return dict(zip(known, json.loads(done.stdout), strict=True))


@contextmanager
def imap_chain(catalog: Catalog, folder: Path, shared: Path) -> Iterator[ImapChain]:
    """The mission, applied, with its codes on the PATH; skips where it cannot be had."""
    packets = shared / "data" / "imap-mag"
    if not packets.is_dir():
        pytest.skip("the packets of IMAP MAG are not beside this checkout")
    if not (ENVIRONMENT / ".ready").exists():
        pytest.skip("the environment of the codes is not there: `make imap` makes it")
    shutil.copytree(MISSION, folder)
    file = folder / "mission.yaml"
    quick = "settle_seconds: 0.0\n    retry_delay_seconds: 0"
    file.write_text(file.read_text().replace("settle_seconds: 1.0", quick))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{ENVIRONMENT / 'bin'}")
        (applied,) = apply(catalog, read_mission_files([file]), ME)
        assert applied.warnings == ()
        yield ImapChain(catalog, load_mission(catalog, "imap"), packets)
