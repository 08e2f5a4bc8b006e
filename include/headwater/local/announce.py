"""Tell the local Airflow of a mission's new revision at once.

Where no local stack runs, only the snapshot is written: `headwater.system` does the rest wherever
Airflow is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from headwater.catalog.connection import Catalog
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack
from headwater.missions.snapshot import (
    FOLDER_VARIABLE,
    HOME_VARIABLE,
    read_snapshots,
    snapshot_folder,
    write_snapshot,
)
from headwater_airflow.pools_and_files import ensure_pools, reparse_missions


def announce(catalog: Catalog, missions: Iterable[str], home: LocalHome | None = None) -> list[str]:
    """Write the missions' snapshots, make their pools, and have the DAG files read again.

    Returns what was done, a line each.

    Raises
    ------
    HeadwaterError
        If the local Airflow runs and refuses or does not answer.
    """
    stack = LocalStack(home)
    running = stack.status().is_running
    if not running and not {FOLDER_VARIABLE, HOME_VARIABLE} & os.environ.keys():
        return []  # a site that works by cron has no Airflow to tell
    folder = stack.home.snapshots if running else snapshot_folder()
    done = [
        f"wrote the snapshot of {mission}"
        for mission in missions
        if write_snapshot(catalog, mission, folder)
    ]
    if running and done:
        rest = stack.rest()
        try:
            done += ensure_pools(rest, read_snapshots(folder))
            done += reparse_missions(rest)
        finally:
            rest.close()
    return done
