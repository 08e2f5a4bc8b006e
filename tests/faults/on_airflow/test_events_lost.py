"""Asset events are lost, DAGs are paused: the wake rows of the catalog find the work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import psycopg
import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import INCOMING, L1, L2, Site, until
from sqlalchemy.engine import make_url
from stack_processes import component

from headwater_airflow.assets import MOST_KEYS
from headwater_airflow.due_runs import RUNS_A_PROCESS

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

SCATTERED = 60


@contextmanager
def airflow_database(site: Site) -> Iterator[psycopg.Connection]:
    """Airflow's own database, beside the catalog's."""
    url = make_url(site.stack.environment()["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.fault(10)
def test_events_that_airflow_has_recorded_are_lost_before_it_starts_a_run(site: Site) -> None:
    drop = Drop.of(site, "2037-01-01")
    until(lambda: _ingesting(site), 60)
    scheduler = component(site, "scheduler")
    with airflow_database(site) as database:
        os.kill(scheduler.pid, signal.SIGSTOP)  # its task goes on and tells its events
        try:
            until(lambda: drop.made("synth_l0") == drop.days, 60)
            until(lambda: _forgotten(database) > 0, 60)
        finally:
            os.kill(scheduler.pid, signal.SIGCONT)
    all_well(drop)
    runs_end(drop)
    assert {run["run_type"] for run in drop.runs(L1)} == {"manual"}


def _ingesting(site: Site) -> bool:
    running = site.rest(lambda rest: rest.task_instances(INCOMING, states=["running"]))
    return any(task["task_id"] == "ingest" for task in running)


def _forgotten(database: psycopg.Connection) -> int:
    """Delete what would start runs, and say how much it was."""
    keys = database.execute("delete from partitioned_asset_key_log").rowcount
    return keys + database.execute("delete from asset_partition_dag_run").rowcount


@pytest.mark.fault(60)
def test_what_came_over_weeks_of_pause_is_caught_up_in_few_runs(site: Site) -> None:
    """Scattered dates, each of them told by an event that nobody hears."""
    first = date(2038, 1, 1)
    days = [first + timedelta(2 * n) for n in range(SCATTERED)]
    drops = [Drop(site, str(day), 1) for day in days]
    whole = Drop(site, str(first), 2 * SCATTERED)
    with site.paused(L1), site.paused(L2):
        for day in days:
            site.drop(str(day))
        until(lambda: whole.made("synth_l0") == SCATTERED, 120)
        assert whole.runs(L1) == []
    until(lambda: whole.made("synth_l2") == SCATTERED, 240)
    for drop in (drops[0], drops[-1]):
        all_well(drop)
    runs_end(whole)
    assert len(whole.runs(L1)) <= RUNS_A_PROCESS
    assert len(whole.runs(L2)) <= RUNS_A_PROCESS * MOST_KEYS
