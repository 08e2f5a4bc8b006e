"""What lies behind one cell of the grid: its files, and its builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from headwater.core.states import BuildState
from headwater.core.version import Version

MOST = 200
"""How many files, and how many builds, a cell shows."""

FILES_OF_CELL = text("""
select f.id, f.name, f.interface_version, f.quality_version, f.revision_version, f.newest,
       f.exists_on_disk, f.keywords, f.size, f.created_at, f.build_id
from headwater.file f
where f.product_id = :product and f.utc_file_date = any(:dates)
order by f.utc_file_date desc, f.interval_key desc, f.keywords, f.interface_version desc,
         f.quality_version desc, f.revision_version desc
limit :most
""")
"""All versions of a product's files of some dates, the highest first."""

BUILDS_OF_CELL = text("""
select b.id, p.name as process, b.interval_key, b.keywords, b.state, b.reason, b.attempts,
       b.interface_version, b.quality_version, b.revision_version,
       c.filename as code, concat_ws('.', c.interface_version, c.quality_version,
                                     c.revision_version) as code_version,
       b.created_at, b.started_at, b.ended_at, b.not_before, b.campaign_id, b.airflow_dag_id,
       b.airflow_run_id, b.airflow_task_id, b.airflow_map_index, b.log_path
from headwater.build b
join headwater.process p on p.id = b.process_id
left join headwater.code c on c.id = b.code_id
where b.mission_id = :mission and b.process_id = any(:processes) and b.utc_date = any(:dates)
order by b.id desc limit :most
""")
"""The builds of processes and dates, the latest first."""


@dataclass(frozen=True, slots=True)
class CellFile:
    """A version of a file; times are UTC."""

    id: int
    name: str
    version: Version
    newest: bool
    on_disk: bool
    keywords: str
    size: int | None
    created_at: datetime
    build_id: int | None


@dataclass(frozen=True, slots=True)
class CellBuild:
    """A build; `version` is that of its outputs, `code` the file name of its code. Times are UTC.

    The four of Airflow tell the task that ran it last; all are none outside Airflow.
    """

    id: int
    process: str
    interval_key: str
    keywords: str
    state: BuildState
    reason: str
    attempts: int
    version: Version | None
    code: str | None
    code_version: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    not_before: datetime | None
    campaign_id: int | None
    airflow_dag_id: str | None
    airflow_run_id: str | None
    airflow_task_id: str | None
    airflow_map_index: int | None
    log_path: str | None


def files_of_cell(connection: Connection, product_id: int, dates: Sequence[date]) -> list[CellFile]:
    """All versions of a product's files of `dates`, at most `MOST`."""
    values = {"product": product_id, "dates": list(dates), "most": MOST}
    return [
        CellFile(
            row.id,
            row.name,
            Version(row.interface_version, row.quality_version, row.revision_version),
            row.newest,
            row.exists_on_disk,
            row.keywords,
            row.size,
            row.created_at,
            row.build_id,
        )
        for row in connection.execute(FILES_OF_CELL, values)
    ]


def builds_of_cell(
    connection: Connection, mission_id: int, process_ids: Sequence[int], dates: Sequence[date]
) -> list[CellBuild]:
    """The builds of processes for `dates`, the latest first, at most `MOST`."""
    values = {"mission": mission_id, "processes": list(process_ids), "dates": list(dates)}
    return [
        CellBuild(
            row.id,
            row.process,
            row.interval_key,
            row.keywords,
            BuildState(row.state),
            row.reason,
            row.attempts,
            None
            if row.interface_version is None
            else Version(row.interface_version, row.quality_version, row.revision_version),
            row.code,
            row.code_version or None,
            row.created_at,
            row.started_at,
            row.ended_at,
            row.not_before,
            row.campaign_id,
            row.airflow_dag_id,
            row.airflow_run_id,
            row.airflow_task_id,
            row.airflow_map_index,
            row.log_path,
        )
        for row in connection.execute(BUILDS_OF_CELL, values | {"most": MOST})
    ]
