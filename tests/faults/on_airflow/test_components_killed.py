"""Kill -9 of each part of a stack in the middle of 200 files: all is made, once."""

from __future__ import annotations

import psutil
import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import Site, until
from stack_processes import build_tasks, component, kill, replaced, whole_stack

from headwater.catalog.connection import Catalog

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@pytest.mark.fault(53)
def test_the_scheduler_dies(site: Site) -> None:
    drop = Drop.of(site, "2030-01-01")
    drop.halfway()
    former = component(site, "scheduler")
    kill(former)
    replaced(site, "scheduler", former)
    all_well(drop)
    runs_end(drop)


@pytest.mark.fault(54, 55)
def test_the_api_server_the_dag_processor_and_the_triggerer_die_one_after_the_other(
    site: Site,
) -> None:
    drop = Drop.of(site, "2031-01-01")
    for name, done in (("api-server", 40), ("dag-processor", 80), ("triggerer", 120)):
        until(lambda done=done: drop.made("synth_l1") >= done, 240)
        former = component(site, name)
        kill(former)
        replaced(site, name, former)
    late = Drop.of(site, "2031-12-01", 5)  # the new triggerer sees what comes now
    all_well(drop)
    all_well(late)
    runs_end(drop)


@pytest.mark.fault(14)
def test_the_database_server_dies(site: Site) -> None:
    drop = Drop.of(site, "2032-01-01")
    drop.halfway()
    former = component(site, "postgres")
    kill(former, *former.children(recursive=True))
    replaced(site, "postgres", former)
    all_well(drop)
    runs_end(drop)


@pytest.mark.fault(13, 53, 54, 55)
def test_every_process_of_the_stack_dies_at_once(site: Site) -> None:
    """As when the machine loses power, but for what the disk had not written yet."""
    drop = Drop.of(site, "2033-01-01")
    drop.halfway()
    codes = [code for task in build_tasks(site) for code in task.below()]
    all_of_it = {*whole_stack(site), *codes}
    kill(*all_of_it)
    psutil.wait_procs(all_of_it, timeout=10)
    site.stack.start(tied=True)
    site.catalog.close()
    site.catalog = Catalog(site.stack.catalog_url())
    all_well(drop)
    runs_end(drop)
