"""What is sent in one cell of the matrix, and what must have become of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Self

from fault_record import Injected
from headwater.archive.promises import broken_promises
from headwater.catalog.connection import Catalog
from headwater.core.errors import HeadwaterError
from headwater.ingest.service import ingest_pending
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from ingest_mission import ACTOR, drop, make_mission, rows

GOOD = 3
_FIRST = date(1980, 1, 1)


@dataclass
class ArrivalSite:
    """A mission whose cells each have their own dates; they share it, to be quick.

    A context: its inspectors run from its begin to its end.
    """

    catalog: Catalog
    mission: LoadedMission
    _days: Iterator[date] = field(init=False)

    def __post_init__(self) -> None:
        self.host = InspectorHost(self.mission.facts(), self.mission.inspector_specs())
        self._days = (_FIRST + timedelta(days=366 * number) for number in count())

    @classmethod
    def new(cls, catalog: Catalog, folder: Path) -> Self:
        """One with a mission of its own."""
        return cls(catalog, make_mission(catalog, folder))

    @property
    def name(self) -> str:
        """The mission's name."""
        return self.mission.name

    def __enter__(self) -> Self:
        self.host.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.host.__exit__(None, None, None)

    def send(self) -> dict[str, bytes]:
        """Three good files of new dates, one that is in the archive already, two unknown ones."""
        known = f"l0_{next(self._days):%Y%m%d}_v1.0.0.dat"
        drop(self.mission, known)
        self.work()
        return {known: drop(self.mission, known).read_bytes()} | self.send_new()

    def send_new(self) -> dict[str, bytes]:
        """Three good files of new dates and two unknown ones."""
        names = [f"l0_{next(self._days):%Y%m%d}_v1.0.0.dat" for _ in range(GOOD)]
        names += [f"unknown {names[0]} {number}" for number in range(2)]
        return {name: drop(self.mission, name).read_bytes() for name in names}

    def work(self) -> None:
        """One pass of a worker of this process."""
        ingest_pending(self.catalog, self.mission, ACTOR, host=self.host)

    def others(self) -> None:
        """Another worker takes over what the victim holds, after its leases."""
        self.expire()
        self.work()

    def expire(self) -> None:
        for table in ("arrival", "intent"):
            over = f"update {table} set lease_until = now() - interval '1 s' returning id"
            rows(self.catalog, over)

    def settle(self) -> None:
        """Recover; a pass that finds something wrong is followed by one that must not."""
        for _ in range(2):
            self.expire()
            try:
                self.work()
            except HeadwaterError:
                continue
        self.expire()
        self.work()

    def judge(self, sent: dict[str, bytes], injected: Injected) -> list[str]:
        """What is wrong, of what was sent and of the promises."""
        wrong = [str(one) for one in broken_promises(self.catalog, self.mission.name, at_rest=True)]
        query = "select name, path from file where name = any(:names) and exists_on_disk"
        paths = {row.name: row.path for row in rows(self.catalog, query, names=list(sent))}
        for name, content in sent.items():
            places = [
                path
                for path in (self.mission.rootdir / paths.get(name, " "), *self._aside(name))
                if path.is_file() and path.read_bytes() == content
            ]
            injected.lost += not places
            # The second copy of a known file may lie aside, if it could not be read.
            twice = len(places) > 1 and not self._was_known(name)
            injected.duplicated += twice
            if twice or not places:
                wrong.append(f"{name} lies at {places or 'no place'}")
        return wrong + self._false_ends(sent, injected)

    def _was_known(self, name: str) -> bool:
        found = rows(self.catalog, "select count(*) from arrival where name = :name", name=name)
        return bool(found[0][0] > 1)

    def _aside(self, name: str) -> list[Path]:
        folders = (self.mission.errordir, self.mission.incoming_dir / ".quarantine")
        return [path for folder in folders for path in folder.glob(f"{name}*") if _is_data(path)]

    def _false_ends(self, sent: dict[str, bytes], injected: Injected) -> list[str]:
        query = """select name, disposition, reason, state from arrival where name = any(:names)
                   and (state <> 'ended' or disposition in ('adopted', 'superseded', 'duplicate')
                        and not exists (select from file f where f.id = arrival.file_id))"""
        found = rows(self.catalog, query, names=list(sent))
        injected.false_green += len(found)
        return [f"{row.name} is {row.state} as {row.disposition}: {row.reason}" for row in found]


def _is_data(path: Path) -> bool:
    return not path.name.endswith(".reason.json")
