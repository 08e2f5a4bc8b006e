"""The same mission and files through dbprocessing 0.1.0 and through Headwater, by their commands.

``python tests/benchmarks/bench_dbprocessing.py [SIZE ...] [--long]``; one level 0 file a day is
ingested, evaluated, and made into L1 (FILE) and L2 (DAILY) by a trivial code, two at a time.
dbprocessing sleeps half a second for each start: it needs 8 minutes for 200 files and half an hour
for 1000, so that it is run above 200 only with ``--long``. ``HEADWATER_TEST_POSTGRES`` names a
Postgres server, else one is started.

'whole' is the wall time of a command. Elsewhere its start is left out: of dbprocessing's the time
of the same command with nothing to do is taken off, of Headwater the services are called in this
process. A ratio says how many times as fast Headwater is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench_ingest import bare_loop
from dbprocessing_peer import Peer, PeerMissingError, Timed, peer_environment, timed
from fresh_catalog import fresh_catalog, server
from processing_lab import CHAIN, COPY, HEAD, INSPECTOR

from headwater.core.actor import Actor
from headwater.ingest.service import ingest_pending
from headwater.missions.apply import apply
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import load_mission
from headwater.missions.reading import read_mission_files
from headwater.processing.planner import preview
from headwater.processing.service import process_pending

SLOTS = 2
PATIENCE = 200
"""The most files that dbprocessing processes unless it is asked for more."""
FIRST = date(1990, 1, 1)
LEVELS = ("l1", "l2")


def make_mission(root: Path) -> Path:
    """The folders, inspector and code of the mission; its config file."""
    for name in ("incoming", "codes", "inspectors", "errors"):
        (root / name).mkdir(parents=True)
    (root / "inspectors/generic.py").write_text(INSPECTOR)
    code = root / "codes/copy.sh"
    code.write_text(COPY)
    code.chmod(0o755)
    config = root / "lab.conf"
    config.write_text(HEAD.format(root=root) + "".join(CHAIN))
    return config


def drop(folder: Path, count: int) -> None:
    for number in range(count):
        name = f"l0_{FIRST + timedelta(days=number):%Y%m%d}_v1.0.0.dat"
        (folder / name).write_text(f"{name}\n" * 40)
    os.sync()
    time.sleep(1.2)  # Headwater takes what nobody has touched for a second


def products(root: Path) -> dict[str, bytes]:
    """What was filed and made, by path below the root."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for level in ("l0", *LEVELS)
        for path in (root / level).rglob("*.dat")
    }


@dataclass(frozen=True, slots=True)
class Course:
    """What one program needed: seconds by step, what its commands used, and what it made."""

    seconds: dict[str, float]
    commands: Mapping[str, Timed]
    made: Mapping[str, bytes]


def wholes(commands: Mapping[str, Timed]) -> dict[str, float]:
    return {f"{step}, whole": run.wall for step, run in commands.items()}


def through_dbprocessing(scripts: Path, folder: Path, count: int) -> Course:
    root = folder / "old"
    peer = Peer(scripts, folder / "peer", make_mission(root))

    def steps() -> dict[str, Timed]:
        return {"ingest": peer.queue("-i"), "process": peer.queue("-p", "-n", str(SLOTS))}

    idle = steps()
    drop(root / "incoming", count)
    busy = steps()
    seconds = {step: busy[step].wall - idle[step].wall for step in busy}
    seconds["plan"] = peer.phases()["evaluate 1"]
    return Course(wholes(busy) | seconds, busy, products(root))


def by_commands(url: str, folder: Path, count: int) -> Course:
    root = folder / "commands"
    config = make_mission(root)
    with fresh_catalog(url) as catalog:
        environment = {**os.environ, "HEADWATER_CATALOG_URL": catalog.dsn}

        def headwater(*arguments: str) -> Timed:
            command = str(Path(sys.executable).with_name("headwater"))
            return timed([command, *arguments], environment, folder)

        headwater("mission", "apply", str(config))
        drop(root / "incoming", count)
        busy = {
            "ingest": headwater("ingest", "lab"),
            "plan": headwater("plan", "lab", "--json"),
            "process": headwater("process", "lab", "--slots", str(SLOTS)),
        }
    return Course(wholes(busy), busy, products(root))


def by_services(url: str, folder: Path, count: int) -> Course:
    root = folder / "services"
    actor = Actor("benchmark")
    seconds: dict[str, float] = {}
    with fresh_catalog(url) as catalog:
        apply(catalog, read_mission_files([make_mission(root)]), actor)
        mission = load_mission(catalog, "lab")
        drop(root / "incoming", count)
        with InspectorHost(mission.facts(), mission.inspector_specs()) as host:
            list(host.identify([str(next(mission.incoming_dir.glob("*.dat")))]))  # it has started
            with measured(seconds, "ingest"):
                ingest_pending(catalog, mission, actor, host=host)
        with measured(seconds, "plan"):
            planned = preview(catalog, mission, mission.process("mk_l1"))
        assert len(planned.entries) == count
        with measured(seconds, "process"):
            process_pending(catalog, mission, actor, slots=SLOTS)
    return Course(seconds, {}, products(root))


@contextmanager
def measured(seconds: dict[str, float], step: str) -> Iterator[None]:
    os.sync()
    started = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - started


def limits(folder: Path, count: int) -> dict[str, float]:
    """Seconds of the bare loop over the arrivals, and of ``xargs`` over all command lines."""
    source, target = folder / "bare", folder / "copied"
    for place in (source, target, *(folder / level for level in LEVELS)):
        place.mkdir()
    make_mission(folder / "bare_mission")
    drop(source, count)
    code = folder / "bare_mission/codes/copy.sh"
    lines = "".join(
        f"{path} {folder / level / path.name}\n" for level in LEVELS for path in source.iterdir()
    )
    ingest = bare_loop(source, target)
    started = time.perf_counter()
    subprocess.run(
        ["xargs", f"-P{SLOTS}", "-L1", str(code)], input=lines.encode(), check=True
    )  # fmt: skip
    return {"ingest": ingest, "process": time.perf_counter() - started}


def show(
    count: int, old: Course | None, new: Mapping[str, float], bare: Mapping[str, float]
) -> None:
    number = {"ingest": count, "plan": count, "process": count * len(LEVELS)}
    for step in sorted(new):
        of = number[step.partition(",")[0]]
        theirs = old.seconds.get(step) if old else None
        ratio = f"{theirs / new[step]:7.0f}" if theirs else "      -"
        print(
            f"{step:16} {of:7} {_rate(of, theirs)} {_rate(of, new[step])} {ratio} "
            f"{_rate(of, bare.get(step))}",
            flush=True,
        )


def show_use(title: str, one: Course) -> None:
    used = ", ".join(f"{step} {run.cpu:.1f} s" for step, run in one.commands.items())
    peak = max(run.peak for run in one.commands.values())
    print(f"{title}: CPU of the commands {used}; peak memory of a process {peak:.0f} MiB")


def _rate(of: int, seconds: float | None) -> str:
    return f"{seconds:9.2f} {of / seconds:8.1f}" if seconds else "        -        -"


def one_size(url: str, scripts: Path | None, count: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    try:
        commands = by_commands(url, folder, count)
        services = by_services(url, folder, count)
        assert len(services.made) == 3 * count, len(services.made)
        assert commands.made == services.made
        old = through_dbprocessing(scripts, folder, count) if scripts else None
        assert old is None or old.made == services.made, "the two made different files"
        show(count, old, commands.seconds | services.seconds, limits(folder, count))
        if old:
            show_use("dbprocessing", old)
        show_use("Headwater", commands)
        load = os.getloadavg()[0]
        print(f"load average {load:.1f} on {os.cpu_count()} cores\n", flush=True)
    finally:
        shutil.rmtree(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[PATIENCE, 1000])
    parser.add_argument(
        "--long", action="store_true", help=f"run dbprocessing above {PATIENCE} files too"
    )
    arguments = parser.parse_args()
    scripts: Path | None = None
    try:
        scripts = peer_environment()
    except PeerMissingError as error:
        print(f"dbprocessing is left out: {error}")
    print(f"{'':24} {'dbprocessing':>18} {'Headwater':>18}         {'bare limit':>18}")
    print(f"{'step':16} {'number':>7}" + f" {'seconds':>9} {'a second':>8}" * 2, end="")
    print(f" {'ratio':>7} {'seconds':>9} {'a second':>8}", flush=True)
    with server() as url:
        for count in arguments.sizes:
            patient = arguments.long or count <= PATIENCE
            if scripts and not patient:
                print(f"dbprocessing is left out at {count} files: --long runs it")
            one_size(url, scripts if patient else None, count)


if __name__ == "__main__":
    main()
