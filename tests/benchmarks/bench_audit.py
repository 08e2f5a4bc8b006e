"""The audit of 100,000 files by size and time, and the recovery of 1,000 expired intents.

``python tests/benchmarks/bench_audit.py [FILES]``; ``HEADWATER_TEST_POSTGRES`` names a Postgres
server, else one is started. Aims: the audit under 20 s and 150 MB, the recovery under 5 s. The
limits are a bare walk with a stat of each file, and a bare removal of as many parts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from fresh_catalog import fresh_catalog, server
from large_catalog import fill, large_mission
from sqlalchemy import text

from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.loaded import LoadedMission

ACTOR = Actor("benchmark")
INTENTS = 1_000
FILE_BYTES = 64
AUDIT = """
import resource, sys
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.flows.audit import AuditWishes, audit
wishes = AuditWishes(repair=sys.argv[2] == "repair")
report = audit(Catalog(sys.argv[1]), "lab", Actor("benchmark"), wishes)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(report.looked_at, report.wrong + report.repaired, round(peak))
"""
_FILES = text("select path, extract(epoch from file_create_date) from headwater.file")
_SIZES = text("update headwater.file set size = :size")
_INTENTS = text("""
insert into headwater.intent (mission_id, token, state, source_path, part_path, final_path,
                              lease_until)
select :mission, :token, :state, convert_to(:root || '/source/' || n, 'UTF8'),
       convert_to(:root || '/l0_0/.' || :hex || '-' || n || '.part', 'UTF8'),
       'l0_0/new_' || n || '.dat', now() - interval '1 hour'
from generate_series(1, :count) n
""")


def write_files(catalog: Catalog, root: Path) -> None:
    """A small file for each row, with the time that the row says."""
    with catalog.begin() as connection:
        connection.execute(_SIZES, {"size": FILE_BYTES})
        rows = connection.execute(_FILES).all()
    content = b"x" * FILE_BYTES
    for path, modified in rows:
        place = root / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
        os.utime(place, (float(modified), float(modified)))


def bare_walk(root: Path) -> None:
    """The least that an audit by stat must do on the disk."""
    for folder, _, names in os.walk(root):
        for name in names:
            os.lstat(os.path.join(folder, name))  # noqa: PTH118  the barest form


def audit_alone(catalog: Catalog, how: str) -> tuple[float, int, int, int]:
    """Seconds, files, findings and peak MiB of an audit in a process of its own."""
    url = catalog.url.render_as_string(hide_password=False)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, url, how], check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - started
    files, findings, peak = (int(word) for word in done.stdout.split())
    return seconds, files, findings, peak


def promise(catalog: Catalog, mission: LoadedMission, root: Path, state: str) -> list[Path]:
    """Intents whose owner is gone, each with its part; the paths of the parts."""
    token = uuid.uuid4()
    values = {"mission": mission.id, "token": token, "state": state, "root": str(root),
              "hex": token.hex, "count": INTENTS}  # fmt: skip
    with catalog.begin() as connection:
        connection.execute(_INTENTS, values)
    parts = [root / "l0_0" / f".{token.hex}-{n}.part" for n in range(1, INTENTS + 1)]
    for number, part in enumerate(parts, start=1):
        part.write_bytes(b"x" * FILE_BYTES)
        os.link(part, root / "l0_0" / f"new_{number}.dat")
    return parts


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def show(what: str, count: int, seconds: float, peak: str = "-") -> None:
    load = os.getloadavg()[0]
    print(f"{what:44} {count:8} {seconds:9.2f} {peak:>9} {load:6.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="?", type=int, default=100_000)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder,
        server() as url,
        fresh_catalog(url) as catalog,
    ):
        root = Path(folder)
        mission = large_mission(catalog, root)
        count = fill(catalog, mission, arguments.files)
        write_files(catalog, root)
        print(f"{'':44} {'count':>8} {'seconds':>9} {'peak MiB':>9} {'load':>6}")
        show("bare walk with a stat of each", count, timed(lambda: bare_walk(root)))
        for what, how in (
            ("audit, a process of its own", "look"),
            ("the same with repair", "repair"),
        ):
            seconds, files, findings, peak = audit_alone(catalog, how)
            assert (files, findings) == (count, 0), (files, findings)
            show(what, files, seconds, str(peak))
        for state in ("open", "committed"):
            parts = promise(catalog, mission, root, state)
            started = time.perf_counter()
            found = recover_intents(catalog, mission.id, root, ACTOR)
            seconds = time.perf_counter() - started
            assert len(found) == INTENTS and not parts[0].exists()
            show(f"recovery of expired intents, {state}", INTENTS, seconds)
            for path in (root / "l0_0").glob("new_*"):
                path.unlink()
        parts = promise(catalog, mission, root, "open")
        show("bare removal of as many parts", INTENTS, timed(lambda: [p.unlink() for p in parts]))


if __name__ == "__main__":
    main()
