"""The state of a catalog as the recordings compare it."""

from __future__ import annotations

from sqlalchemy import text
from tests.conformance.dbprocessing.scenario import FileState, FinalState

from headwater.catalog.connection import Catalog

_FILES = text("""
select f.id, f.name, p.name as product, f.utc_file_date::text as date,
       concat_ws('.', f.interface_version, f.quality_version, f.revision_version) as version,
       f.newest, f.exists_on_disk, nullif(f.keywords, '') as keywords
from headwater.file f join headwater.product p on p.id = f.product_id order by f.id
""")
_LINKS = text("""
select s.name, r.name from headwater.file_link l
join headwater.file s on s.id = l.source_file join headwater.file r on r.id = l.resulting_file
""")
_CODES = text("""
select f.name, c.filename || ' v' || concat_ws('.', c.interface_version, c.quality_version,
       c.revision_version)
from headwater.file_code l join headwater.file f on f.id = l.resulting_file
join headwater.code c on c.id = l.source_code
""")


def catalog_state(catalog: Catalog) -> FinalState:
    """The files of the catalog, in the order in which they were filed, and their links."""
    with catalog.read() as connection:
        files = [
            FileState(
                row.name, row.product, row.date, row.version, row.newest, row.exists_on_disk,
                row.keywords,
            )
            for row in connection.execute(_FILES)
        ]  # fmt: skip
        links = frozenset((a, b) for a, b in connection.execute(_LINKS))
        codes = frozenset((a, b) for a, b in connection.execute(_CODES))
    return FinalState({file.name: file for file in files}, links, codes)
