"""What catalog and disk of the machine's mission hold at one moment, for the model to judge."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from headwater.catalog.connection import Catalog

PRODUCTS = ("l0", "l1", "l2")

_FILES = text("""
select f.id, p.name as product, f.name, extract(day from f.utc_file_date)::int as day, f.path,
       array[f.interface_version, f.quality_version, f.revision_version] as version, f.newest,
       f.sha256, f.exists_on_disk,
       array(select l.source_file from headwater.file_link l where l.resulting_file = f.id) parents,
       array(select c.filename from headwater.file_code l join headwater.code c
             on c.id = l.source_code where l.resulting_file = f.id) codes
from headwater.file f join headwater.product p on p.id = f.product_id order by f.id
""")
_ARRIVALS = text("select id, name, state, disposition, reason from headwater.arrival order by id")
_INTENTS = text("select final_path from headwater.intent")
_BUILDS = text("""
select b.id, p.name as process, extract(day from b.utc_date)::int as day, b.state, b.reason
from headwater.build b join headwater.process p on p.id = b.process_id order by b.id
""")


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file of the catalog; `day` is that of January 2020."""

    id: int
    product: str
    name: str
    day: int
    path: str
    version: tuple[int, int, int]
    newest: bool
    sha256: str
    exists_on_disk: bool
    parents: tuple[int, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of one moment, and what lies on the disk just after it."""

    files: dict[int, SeenFile]
    arrivals: list[tuple[int, str, str, str | None, str | None]]
    intents: list[str]
    builds: list[tuple[int, str, int, str, str]]
    archive: dict[str, bytes]
    """Path below rootdir -> bytes, also of part names."""
    outside: Counter[bytes]
    """What was sent and lies in incoming, claimed or not, or in quarantine."""

    def content(self, file: SeenFile) -> bytes:
        """The bytes of a file, which must be those of its row."""
        found = self.archive.get(file.path)
        assert found is not None, f"{file.path} has a row, and is not on the disk"
        assert hashlib.sha256(found).hexdigest() == file.sha256, (
            f"{file.path} is not what its row says"
        )
        return found


def look(catalog: Catalog, root: Path) -> Seen:
    """Read the catalog, in one transaction, then the disk."""
    with catalog.read() as connection:
        files = [_file(row) for row in connection.execute(_FILES)]
        arrivals = [tuple(row) for row in connection.execute(_ARRIVALS)]
        intents = list(connection.execute(_INTENTS).scalars())
        builds = [tuple(row) for row in connection.execute(_BUILDS)]
    archive = {
        str(path.relative_to(root)): path.read_bytes()
        for product in PRODUCTS
        for path in (root / product).rglob("*")
        if path.is_file()
    }
    places = [*(root / "incoming").rglob("*"), *(root / "errors").iterdir()]
    data = [
        path for path in places if path.is_file() and not path.name.startswith((".", "l1", "l2"))
    ]
    outside = Counter(path.read_bytes() for path in data if not path.name.endswith(".json"))
    return Seen({file.id: file for file in files}, arrivals, intents, builds, archive, outside)


def _file(row: object) -> SeenFile:
    values = dict(row._mapping)  # type: ignore[attr-defined]
    for name in ("version", "parents", "codes"):
        values[name] = tuple(values[name])
    return SeenFile(**values)
