"""Which builds a task of an Airflow run is to make, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

RECORD_TASKS = text("""
with kept as (
    insert into headwater.run_task (dag_id, run_id, task_id, map_index, builds)
    select :dag_id, :run_id, :task_id, c.map_index, array_agg(c.build_id order by c.place)
    from unnest(cast(:indexes as int[]), cast(:builds as bigint[]))
         with ordinality as c (map_index, build_id, place)
    group by c.map_index
    on conflict (dag_id, run_id, task_id, map_index)
        do update set builds = excluded.builds, planned_at = now()
    returning map_index
)
delete from headwater.run_task t
where t.dag_id = :dag_id and t.run_id = :run_id and t.task_id = :task_id
  and t.map_index <> all (select map_index from kept)
""")
"""What the mapped tasks of a run are to make, in place of what an earlier try said."""

OF_TASK = """
  and (cast(:tasks as text[]) is null or {task} = any(:tasks))
  and (cast(:map_index as int) is null or {index} = :map_index)
"""
"""Part of a statement: of some tasks or all, of one mapped task or all."""

BUILDS_TO_MAKE = text(f"""
select b.id, b.mission_id from headwater.build b where b.id in (
    select unnest(t.builds) from headwater.run_task t
    where t.dag_id = :dag_id and t.run_id = :run_id
    {OF_TASK.format(task="t.task_id", index="t.map_index")}
    union
    select c.id from headwater.build c
    where c.airflow_dag_id = :dag_id and c.airflow_run_id = :run_id
    {OF_TASK.format(task="c.airflow_task_id", index="coalesce(c.airflow_map_index, -1)")})
order by b.id
""")  # noqa: S608  the pieces are constants of this module
"""The builds that tasks of a run are to make, or have claimed last."""

RUN_BUILDS = text(f"""
with listed as (
    select t.task_id, t.map_index, u.build_id, u.place
    from headwater.run_task t cross join unnest(t.builds) with ordinality as u (build_id, place)
    where t.dag_id = :dag_id and t.run_id = :run_id
    {OF_TASK.format(task="t.task_id", index="t.map_index")}
    union all
    select c.airflow_task_id, coalesce(c.airflow_map_index, -1), c.id, 0
    from headwater.build c
    where c.airflow_dag_id = :dag_id and c.airflow_run_id = :run_id
    {OF_TASK.format(task="c.airflow_task_id", index="coalesce(c.airflow_map_index, -1)")}
      and not exists (
        select from headwater.run_task t
        where t.dag_id = :dag_id and t.run_id = :run_id and t.task_id = c.airflow_task_id
          and t.map_index = coalesce(c.airflow_map_index, -1) and c.id = any(t.builds))
)
select l.task_id, l.map_index, b.id as build_id, m.name as mission, p.name as process,
       b.interval_key, b.keywords, b.utc_date, b.state, b.reason, b.attempts,
       case when b.interface_version is not null
            then concat_ws('.', b.interface_version, b.quality_version, b.revision_version)
            end as version,
       coalesce(b.airflow_dag_id = :dag_id and b.airflow_run_id = :run_id
                and b.airflow_task_id = l.task_id
                and coalesce(b.airflow_map_index, -1) = l.map_index, false) as claimed_here,
       b.claimed_by, b.started_at, b.ended_at
from listed l
join headwater.build b on b.id = l.build_id
join headwater.process p on p.id = b.process_id
join headwater.mission m on m.id = b.mission_id
order by l.task_id, l.map_index, l.place, b.id
limit :most
""")  # noqa: S608  the pieces are constants of this module
"""The builds of a run or of its tasks as they stand now, also those that nobody has claimed."""


@dataclass(frozen=True, slots=True)
class RunBuild:
    """A build of a task of a run, as it stands now.

    `version` is what it makes or would make. `claimed_here` tells whether this task was the last
    that claimed it; `started_at` and `ended_at` (UTC) are of its last run, whoever made it.
    """

    task_id: str
    map_index: int
    build_id: int
    mission: str
    process: str
    interval_key: str
    keywords: str
    utc_date: date
    state: str
    reason: str
    attempts: int
    version: str | None
    claimed_here: bool
    claimed_by: str | None
    started_at: datetime | None
    ended_at: datetime | None


def record_tasks(
    connection: Connection,
    dag_id: str,
    run_id: str,
    task_id: str,
    builds: Sequence[Sequence[int]],
) -> None:
    """Keep which builds the mapped tasks of a run are to make, in the order of their map index."""
    pairs = [(index, build) for index, chunk in enumerate(builds) for build in chunk]
    values = {
        "dag_id": dag_id,
        "run_id": run_id,
        "task_id": task_id,
        "indexes": [pair[0] for pair in pairs],
        "builds": [pair[1] for pair in pairs],
    }
    connection.execute(RECORD_TASKS, values)


def run_builds(
    connection: Connection,
    dag_id: str,
    run_id: str,
    *,
    task_id: str | None = None,
    map_index: int | None = None,
    most: int = 50_000,
) -> list[RunBuild]:
    """The builds of a run, or of one task of it, in the order in which they are made."""
    values: dict[str, Any] = {
        "dag_id": dag_id,
        "run_id": run_id,
        "tasks": None if task_id is None else [task_id],
        "map_index": map_index,
        "most": most,
    }
    return [RunBuild(*row) for row in connection.execute(RUN_BUILDS, values)]
