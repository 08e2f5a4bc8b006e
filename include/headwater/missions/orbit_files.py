"""The orbits that a mission takes from the files of one of its products."""

from __future__ import annotations

from sqlalchemy import Connection, text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import MissionFileError
from headwater.missions.loaded import LoadedMission
from headwater.missions.orbits import load_orbits, parse_orbits

UNREAD = text("""
select f.id, f.name, f.path from headwater.file f
join headwater.product p on p.id = f.product_id
where p.mission_id = :mission and p.name = :product and f.newest and f.exists_on_disk
  and not exists (select from headwater.orbit_file o where o.file_id = f.id)
order by f.utc_file_date, f.id
""")
"""The newest files of the product that have not been read yet, the oldest first."""

READ = text("""
insert into headwater.orbit_file (file_id, problem) values (:file, :problem) on conflict do nothing
""")
"""A file was read; a second reading changes nothing."""

UNUSABLE = text("""
select o.problem from headwater.orbit_file o join headwater.file f on f.id = o.file_id
where f.mission_id = :mission and f.newest and o.problem is not null order by f.name
""")
"""The newest files that could not be used, and why."""


def read_orbit_files(catalog: Catalog, mission: LoadedMission, actor: Actor) -> None:
    """Load the orbits of files that came since the last look, each in a transaction of its own.

    A file with a bad line is noted and not tried again: ``headwater mission orbits`` shows its
    problem, and none of its orbits count. A file that cannot be reached is tried at the next look.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    product = mission.settings.orbit_product
    if product is None:
        return
    with catalog.read() as connection:
        values = {"mission": mission.id, "product": product}
        files = connection.execute(UNREAD, values).all()
    for file in files:
        problem = None
        try:
            content = (mission.rootdir / file.path).read_text(encoding="utf-8")
            orbits = parse_orbits(content, file.name)
        except OSError:
            continue
        except UnicodeDecodeError:
            problem = f"{file.name} is not text in UTF-8"
        except MissionFileError as error:
            problem = str(error)
        else:
            load_orbits(catalog, mission, orbits, actor, source=file.name)
        with catalog.begin() as connection:
            connection.execute(READ, {"file": file.id, "problem": problem})


def unusable_orbit_files(connection: Connection, mission_id: int) -> list[str]:
    """Why newest files of the product could not be used, a sentence each."""
    return list(connection.scalars(UNUSABLE, {"mission": mission_id}))
