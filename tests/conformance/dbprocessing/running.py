"""Scenarios run one after the other, each on an empty catalog, and judged."""

from __future__ import annotations

import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url
from tests.conformance.dbprocessing.judging import Verdict, judge
from tests.conformance.dbprocessing.playing import Played, play
from tests.conformance.dbprocessing.scenario import (
    FinalState,
    Scenario,
    as_recorded,
    final_state,
)
from tests.conformance.dbprocessing.soundness import unsound
from tests.conformance.dbprocessing.state import catalog_state

from headwater.catalog import schema
from headwater.catalog.connection import Catalog
from headwater.core.errors import HeadwaterError
from headwater.local.postgres import LocalPostgres
from headwater.missions.loaded import load_mission, mission_names

WANTED = Path(__file__).parent / "wanted.json"
"""The states that are wanted where dbprocessing's own is not: digest of what is played -> state."""

_QUARANTINED = text("select name from headwater.arrival where disposition = 'quarantined'")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scenario, what was called, the state it ended in, and the verdict."""

    scenario: Scenario
    played: Played
    state: FinalState
    verdict: Verdict


def run_scenarios(scenarios: Sequence[Scenario]) -> Iterator[Outcome]:
    """Run scenarios, each on a fresh clone of an empty catalog.

    Raises
    ------
    ScenarioError
        If a scenario holds a step that is not known.
    """
    written = json.loads(WANTED.read_text()) if WANTED.exists() else {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="conformance-")))
        given = os.environ.get("HEADWATER_TEST_POSTGRES")
        if given is None:
            server = LocalPostgres(
                folder / "postgres", settings={"fsync": "off", "synchronous_commit": "off"}
            )
            given = stack.enter_context(server).url("postgres")
        template = _template(given, stack)
        for number, scenario in enumerate(scenarios):
            wanted = scenario.wanted or final_state(written.get(scenario.digest))
            yield _run(scenario, wanted, given, template, folder / f"s{number}")


def _admin(url: str) -> psycopg.Connection[tuple[object, ...]]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(dsn, autocommit=True)


def _template(url: str, stack: ExitStack) -> str:
    name = f"conformance_{uuid.uuid4().hex[:12]}"
    with _admin(url) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    stack.callback(_drop, url, name)
    catalog = Catalog(make_url(url).set(database=name, drivername="postgresql+psycopg"))
    schema.upgrade(catalog)
    catalog.close()
    return name


def _drop(url: str, name: str) -> None:
    with _admin(url) as admin:
        admin.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


def _run(
    scenario: Scenario, wanted: FinalState | None, url: str, template: str, folder: Path
) -> Outcome:
    folder.mkdir()
    name = f"{template}_one"
    with _admin(url) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    mine = make_url(url).set(database=name, drivername="postgresql")
    try:
        played = play(scenario, mine.render_as_string(hide_password=False), folder)
        catalog = Catalog(mine.set(drivername="postgresql+psycopg"))
        try:
            return _judged(scenario, played, catalog, wanted)
        finally:
            catalog.close()
    finally:
        _drop(url, name)


def _judged(
    scenario: Scenario, played: Played, catalog: Catalog, wanted: FinalState | None
) -> Outcome:
    state = catalog_state(catalog)
    problems = list(played.problems)
    with catalog.read() as connection:
        quarantined = frozenset(connection.execute(_QUARANTINED).scalars())
        known = played.mission in mission_names(connection)
    if known:
        try:
            mission = load_mission(catalog, played.mission)
            problems += unsound(catalog, mission, state, settled=played.settled)
        except HeadwaterError as error:
            problems.append(str(error))
    verdict = judge(scenario, state, wanted, problems, quarantined)
    return Outcome(scenario, played, state, verdict)


def write_wanted(outcomes: Sequence[Outcome]) -> None:
    """Write down the states that are better than the recorded ones."""
    written = json.loads(WANTED.read_text()) if WANTED.exists() else {}
    for outcome in outcomes:
        if outcome.verdict.word == "better":
            written[outcome.scenario.digest] = {
                "title": outcome.scenario.title,
                "rules": list(outcome.verdict.rules),
                **as_recorded(outcome.state),
            }
    WANTED.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
