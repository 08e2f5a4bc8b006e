"""How long the codes of a process usually take, which decides how many share one task."""

from __future__ import annotations

from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.missions.loaded import LoadedProcess

USUAL_SECONDS = text("""
select avg(wall_seconds) from (
  select wall_seconds from headwater.build
  where process_id = :process and state in ('built', 'superseded') and wall_seconds is not null
  order by id desc limit 20) latest
""")
"""The mean of the latest builds of a process."""


def usual_seconds(catalog: Catalog, process: LoadedProcess) -> float | None:
    """The wall time of one build of `process` in seconds; none before its first.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        found = connection.scalar(USUAL_SECONDS, {"process": process.id})
    return None if found is None else float(found)
