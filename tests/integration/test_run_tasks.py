"""Which builds the tasks of a run are to make, as the catalog lists them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processing_lab import Lab
from run_marks_lab import (
    DAG,
    RUN,
    TASK,
    opened,
    planned,
)

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.run_tasks import record_tasks, run_builds
from headwater.core.actor import Actor
from headwater.processing.run import BuildRunner


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Iterator[Lab]:
    with opened(catalog, tmp_path) as lab:
        yield lab


def test_the_builds_of_a_run_are_listed_as_they_stand_also_those_never_claimed(lab: Lab) -> None:
    builds = planned(lab, 3, chunks=2)
    BuildRunner(lab.catalog, lab.mission, TASK).run(builds[:1])
    loose = Actor.task(DAG, RUN, "redo", 0)  # claimed by a task that no list names
    BuildRunner(lab.catalog, lab.mission, loose).run(builds[1:2])
    with lab.catalog.read() as connection:
        found = run_builds(connection, DAG, RUN)
        one = run_builds(connection, DAG, RUN, task_id="build", map_index=0)
        other = run_builds(connection, DAG, "other run")
    listed = [(each.task_id, each.map_index, each.build_id, each.state, each.claimed_here)
              for each in found]  # fmt: skip
    assert listed == [
        ("build", 0, builds[0], "built", True),
        ("build", 0, builds[2], "pending", False),
        ("build", 1, builds[1], "built", False),
        ("redo", 0, builds[1], "built", True),
    ]
    assert [each.build_id for each in one] == [builds[0], builds[2]]
    assert (found[0].process, found[0].interval_key, found[0].version) == (
        "mk_l1",
        "2020-01-01",
        "1.0.0",
    )
    assert other == []


def test_a_plan_that_is_made_again_replaces_the_list_of_its_run(lab: Lab) -> None:
    builds = planned(lab, 4, chunks=3)
    with lab.catalog.begin() as connection:
        record_tasks(connection, DAG, RUN, "build", [builds[:1]])
    with lab.catalog.read() as connection:
        assert [each.build_id for each in run_builds(connection, DAG, RUN)] == builds[:1]
    with lab.catalog.begin() as connection:
        record_tasks(connection, DAG, RUN, "build", [])
    with lab.catalog.read() as connection:
        assert run_builds(connection, DAG, RUN) == []
