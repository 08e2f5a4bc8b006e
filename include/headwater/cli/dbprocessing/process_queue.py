"""ProcessQueue.py: one pass of ingest, or of processing."""

from __future__ import annotations

import argparse
import fnmatch
import time
from collections.abc import Sequence

from headwater.catalog.connection import Catalog
from headwater.cli.dbprocessing.named import open_mission, process_of
from headwater.cli.dbprocessing.script_parser import add_mission, script_parser
from headwater.cli.dbprocessing.speaking import say, say_timed, script_log
from headwater.core.errors import HeadwaterError
from headwater.core.states import BuildState, Disposition, PassKind, Timebase
from headwater.flows.passes import OpenPass, one_pass
from headwater.ingest.report import EndedArrival
from headwater.ingest.scan import Intake, scan
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing import campaigns
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import Plan, preview
from headwater.processing.service import due_processes, process_pending

_BAD = (BuildState.FAILED, BuildState.HELD)


def main(arguments: Sequence[str]) -> int:
    """Ingest what lies in incoming, or make what is due; 1 if another pass of the mission runs."""
    options = _options(arguments)
    log = script_log(options.loglevel)
    with open_mission(options.mission) as (catalog, mission):
        if options.report:
            say("the report is in Airflow's UI, and in 'headwater status', 'builds' and 'events'")
        if options.dryrun:
            (_show_incoming if options.i else _show_plan)(catalog, mission, options)
            return 0
        kind = PassKind.INGEST if options.i else PassKind.PROCESS
        try:
            with one_pass(catalog, mission, kind) as opened:
                for dead in opened.dead:
                    log.error("pass %d of %s died: what it held is free", dead.id, dead.actor)
                    say_timed(f"pass {dead.id} of {dead.actor} died: what it held is free again")
                (_ingest if options.i else _process)(catalog, mission, options, opened)
        except HeadwaterError as error:
            log.error("%s", error)
            raise
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = script_parser(
        "ProcessQueue.py", "Ingest what lies in incoming (-i), or make what is due (-p)."
    )
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("-i", action="store_true", help="ingest mode")
    action.add_argument("-p", action="store_true", help="process mode")
    add_mission(parser)
    parser.add_argument("-s", action="store_true", help="skip processes of timebase RUN")
    parser.add_argument("-o", "--only", dest="o", help="only these processes: PROCESS,PROCESS")
    parser.add_argument("-d", "--dryrun", action="store_true", help="change nothing")
    parser.add_argument("-r", "--report", action="store_true", help="say where the report is")
    parser.add_argument(
        "-l", "--log-level", dest="loglevel", default="debug",
        choices=("debug", "info", "warning", "error", "critical"), help="what the log keeps",
    )  # fmt: skip
    parser.add_argument(
        "-n", "--num-proc", dest="numproc", type=int, default=2, help="codes that run at a time"
    )
    parser.add_argument("--glb", dest="glob", default="*", help="only arrivals of such names")
    options = parser.parse_args(arguments)
    for letter in "so":
        if getattr(options, letter) and not options.p:
            parser.error(f"-{letter} requires -p")
    if options.numproc < 1:
        parser.error("-n needs at least one code at a time")
    return options


# Ingest


def _intake(glob: str) -> Intake:
    """As dbprocessing: nothing need settle, and only dot-files and what `glob` misses are left."""

    def accepts(name: str) -> bool:
        return fnmatch.fnmatchcase(name, glob) and not name.startswith(".")

    return Intake(0.0, accepts)


def _show_incoming(_catalog: Catalog, mission: LoadedMission, options: argparse.Namespace) -> None:
    for arrival in scan(mission.incoming_dir, _intake(options.glob)).ready:
        say(f"would ingest {arrival.name}")


def _ingest(
    catalog: Catalog, mission: LoadedMission, options: argparse.Namespace, opened: OpenPass
) -> None:
    log = script_log()
    say_timed(f"Currently {_due_dates(catalog, mission)} entries in process queue")
    started = time.monotonic()
    report = ingest_pending(catalog, mission, opened.actor, intake=_intake(options.glob))
    seconds = time.monotonic() - started
    for number, one in enumerate(report.ended, 1):
        line = f"{number}:{len(report.ended) - number} Removed from incoming: {_became(one)}"
        log.info(line)
        say_timed(line)
    added = report.count(Disposition.ADOPTED) + report.count(Disposition.SUPERSEDED)
    log.info("%d arrivals in %.2f seconds", len(report.ended), seconds)
    say_timed(f"Import finished: {added} files added")


def _became(one: EndedArrival) -> str:
    if one.disposition in (Disposition.ADOPTED, Disposition.SUPERSEDED):
        return f"{one.name} - ingested"
    return f"{one.name} - {one.disposition.value}: {one.reason}"


def _due_dates(catalog: Catalog, mission: LoadedMission) -> int:
    return sum(
        len(list(span.days())) for due in due_processes(catalog, mission.name) for span in due.spans
    )


# Processing


def _chosen(mission: LoadedMission, options: argparse.Namespace) -> tuple[LoadedProcess, ...]:
    chosen = mission.process_order()
    if options.o:
        only = {process_of(mission, text.strip()).id for text in options.o.split(",")}
        chosen = tuple(process for process in chosen if process.id in only)
    if options.s:
        chosen = tuple(process for process in chosen if process.timebase is not Timebase.RUN)
    return chosen


def _show_plan(catalog: Catalog, mission: LoadedMission, options: argparse.Namespace) -> None:
    for process in _chosen(mission, options):
        for entry in preview(catalog, mission, process).entries:
            version = f" {entry.version}" if entry.version else ""
            say(
                f"{process.name} {entry.interval_key}{version}: {entry.action.value}, "
                f"{entry.reason}"
            )


def _process(
    catalog: Catalog, mission: LoadedMission, options: argparse.Namespace, opened: OpenPass
) -> None:
    log = script_log()

    def planned(plan: Plan) -> None:
        say_timed(f"Building commands for {len(plan.dates)} dates of {plan.process}")
        for entry in plan.entries:
            log.debug("%s %s: %s, %s", plan.process, entry.interval_key, entry.action, entry.reason)

    def ended(result: BuildResult) -> None:
        if result.state is BuildState.BUILT:
            say(f"Process {result.command} FINISHED")
            log.info("Command: %s took %s seconds", result.code_name, result.wall_seconds)
        elif result.state in _BAD:
            say(f"Process {result.command or result.process} failed: {result.reason}")
            log.error("Command: %s failed: %s", result.command or result.process, result.reason)

    report = process_pending(
        catalog, mission, opened.actor, slots=options.numproc, report=ended, planned=planned,
        processes=[process.id for process in _chosen(mission, options)],
    )  # fmt: skip
    good = report.count(BuildState.BUILT)
    bad = sum(report.count(state) for state in _BAD)
    say_timed(f"{good} of {good + bad} processes were successful")
    log.info("%d of %d processes were successful", good, good + bad)
    campaigns.finish(catalog, mission, opened.actor)
