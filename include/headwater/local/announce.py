"""Tell the local Airflow of a mission's new revision at once.

Where no local stack runs nothing is done here: `headwater.system`, wherever Airflow is, sees the
new revision at its next look, writes the snapshot and has the DAG files read again.
"""

from __future__ import annotations

from collections.abc import Iterable

from headwater.catalog.connection import Catalog
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack
from headwater.missions.snapshot import read_snapshots, write_snapshot
from headwater_airflow.pools_and_files import ensure_pools, reparse_missions


def announce(catalog: Catalog, missions: Iterable[str], home: LocalHome | None = None) -> list[str]:
    """Write the missions' snapshots, make their pools, and have the DAG files read again.

    Returns what was done, a line each; nothing where no local stack runs.

    Raises
    ------
    HeadwaterError
        If the local Airflow refuses or does not answer.
    """
    stack = LocalStack(home)
    if not stack.status().is_running:
        return []
    folder = stack.home.snapshots
    done = [
        f"wrote the snapshot of {mission}"
        for mission in missions
        if write_snapshot(catalog, mission, folder)
    ]
    if done:
        rest = stack.rest()
        try:
            done += ensure_pools(rest, read_snapshots(folder))
            done += reparse_missions(rest)
        finally:
            rest.close()
    return done
