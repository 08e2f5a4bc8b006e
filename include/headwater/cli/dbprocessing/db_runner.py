"""DBRunner.py: run one process for a range of dates, whether or not anything is due."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from headwater.catalog.connection import Catalog
from headwater.cli.dbprocessing.named import open_mission, process_of
from headwater.cli.dbprocessing.script_parser import add_dates, add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say, script_log
from headwater.cli.opening import this_person
from headwater.core.interval import DAY, DateSpan
from headwater.core.states import BuildState
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.outside import run_outside
from headwater.processing.planner import plan_due, preview
from headwater.processing.run import run_builds
from headwater.processing.service import pending_builds

_FIRST = date(2012, 8, 30)


def main(arguments: Sequence[str]) -> int:
    """Run the process; without ``-i`` what it makes lies here, in this folder, and is not filed."""
    options = _options(arguments)
    with open_mission(options.mission) as (catalog, mission):
        process = process_of(mission, options.process_id)
        span = DateSpan(options.startDate, options.endDate)
        forced = None if options.force is None else Bump(options.force)
        if options.dryrun:
            for entry in preview(catalog, mission, process, span=span, forced=forced).entries:
                say(f"{process.name} {entry.interval_key}: {entry.action.value}, {entry.reason}")
        elif options.ingest:
            _make(catalog, mission, process, span, forced, options.numproc)
        else:
            _run(catalog, mission, process, span, forced, options)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = script_parser("DBRunner.py", "Run one process for a range of dates.")
    parser.add_argument("-d", "--dryrun", action="store_true", help="only say what would be done")
    add_mission(parser)
    add_dates(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--force", type=int, choices=(0, 1, 2),
        help="always run, and grow the interface (0), quality (1) or revision (2)",
    )  # fmt: skip
    how.add_argument("-u", "--update", action="store_true", help="only what is out of date")
    how.add_argument("-v", "--version", help="accepted; without another flag it is the first one")
    parser.add_argument(
        "-i", "--ingest", action="store_true", help="file what is made; needs -u or --force"
    )
    parser.add_argument(
        "--nooptional", action="store_true", help="accepted; optional inputs are always taken"
    )
    parser.add_argument("-n", "--num-proc", dest="numproc", type=int, default=1)
    parser.add_argument("process_id", help="name or number of the process")
    options = parser.parse_args(arguments)
    if options.ingest and options.force is None and not options.update:
        parser.error("argument -i/--ingest: requires --force or --update")
    options.startDate = options.startDate or _FIRST
    options.endDate = options.endDate or datetime.now(UTC).date()
    if options.endDate < options.startDate:
        parser.error("endDate must be >= to startDate")
    return options


def _make(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    span: DateSpan,
    forced: Bump | None,
    slots: int,
) -> None:
    actor, first = this_person(), span
    while True:
        plan = plan_due(catalog, mission, process, actor=actor, span=first, forced=forced)
        for entry in plan.entries:
            say(f"{process.name} on {entry.interval_key}: {entry.action.value}, {entry.reason}")
        chosen = DateSpan(first.first, plan.dates[-1])
        ids = [number for number, _ in pending_builds(catalog, mission, process, span=chosen)]
        for result in run_builds(catalog, mission, ids, actor, slots=slots):
            done = result.state is BuildState.BUILT
            say(f"Process {result.command} {'FINISHED' if done else f'failed: {result.reason}'}")
            if done:
                script_log().info(
                    "Command: %s took %s seconds", result.code_name, result.wall_seconds
                )
        if not plan.more:
            return
        first = DateSpan(plan.dates[-1] + DAY, span.last)


def _run(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    span: DateSpan,
    forced: Bump | None,
    options: argparse.Namespace,
) -> None:
    ends = run_outside(
        catalog, mission, process, span, Path.cwd(),
        update=options.update, forced=forced, slots=options.numproc,
    )  # fmt: skip
    for command, ended in ends:
        say(f"Process {command} {'FINISHED' if ended.exit_code == 0 else ended.reason}")
    if not ends:
        say("Up to date, not running.")
