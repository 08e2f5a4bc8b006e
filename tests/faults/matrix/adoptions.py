"""What is made in one cell of the matrix, and what must have come of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Self

from processing_lab import Lab
from sqlalchemy import text

from fault_record import Injected
from headwater.archive.promises import broken_promises
from headwater.archive.recovery import recover_intents
from headwater.catalog.connection import Catalog
from headwater.processing.service import reap_expired_leases
from headwater.processing.work_directory import sweep_work_directories

_FIRST = date(1980, 1, 1)
_TABLES = ("build", "intent")
_EXPIRE = "update headwater.{} set lease_until = now() - interval '1 s' where lease_until > now()"
_DUE = (
    "update headwater.build set not_before = null where state in ('pending', 'failed')",
    "update headwater.wake set due_at = now()",
)


@dataclass
class AdoptionSite:
    """A mission l0 -> l1 -> l2 whose cells each have their own dates; they share it."""

    catalog: Catalog
    folder: Path
    _days: Iterator[date] = field(init=False)

    def __post_init__(self) -> None:
        self.lab = Lab(self.catalog, self.folder)
        self.lab.settings(retry_delay_seconds=0.0, automatic_attempts=3)
        self._days = (_FIRST + timedelta(days=number) for number in count())

    @property
    def name(self) -> str:
        """The mission's name."""
        return "lab"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing of it outlives a pass."""

    def send(self) -> dict[str, bytes]:
        """Two level 0 files of new dates; the names and bytes of what must be made of them."""
        days = [next(self._days) for _ in range(2)]
        self.lab.put_many("l0", days)
        made = {}
        for day in days:
            content = (self.lab.root / "l0" / f"l0_{day:%Y%m%d}_v1.0.0.dat").read_bytes()
            for product in ("l1", "l2"):
                made[f"{product}_{day:%Y%m%d}_v1.0.0.dat"] = content
        return made

    def others(self) -> None:
        """Another worker takes over what the victim holds, after its leases."""
        self._run("expire")
        self._recover()
        self.lab.process()

    def settle(self) -> None:
        """Recover and make what is due; then again, for what was found wrong in between."""
        for _ in range(3):
            self._run("expire")
            self._recover()
            self._run("due")
            self.lab.process()
        for path in sorted((self.lab.root / ".work").glob("**/*"), reverse=True):
            os.utime(path, (0, 0), follow_symlinks=False)
        sweep_work_directories(self.lab.mission, older_than=0)

    def _recover(self) -> None:
        recover_intents(self.catalog, self.lab.mission.id, self.lab.root, self.lab.actor)
        reap_expired_leases(self.catalog)

    def _run(self, what: str) -> None:
        with self.catalog.begin() as connection:
            for query in [_EXPIRE.format(t) for t in _TABLES] if what == "expire" else _DUE:
                connection.execute(text(query))

    def judge(self, wanted: dict[str, bytes], injected: Injected) -> list[str]:
        """What is wrong, of what must have been made and of the promises."""
        wrong = [str(one) for one in broken_promises(self.catalog, "lab", at_rest=True)]
        for name, content in wanted.items():
            stem, product = name.rpartition("_v")[0], name[:2]
            there = sorted(path.name for path in (self.lab.root / product).glob(f"{stem}*"))
            injected.lost += not there
            injected.duplicated += len(there) > 1
            if there != [name]:
                wrong.append(f"of {stem} there is {', '.join(there) or 'nothing'}")
            elif (self.lab.root / product / name).read_bytes() != content:
                wrong.append(f"{name} has other bytes")
        return wrong + self._false_ends(injected)

    def _false_ends(self, injected: Injected) -> list[str]:
        query = """
            select b.id, b.state, b.reason from headwater.build b
            where b.state = 'built' and not exists (
                      select from headwater.file f where f.build_id = b.id and f.exists_on_disk)
               or b.state in ('pending', 'waiting', 'running', 'failed', 'held')"""
        found = self.lab.rows(query)
        injected.false_green += sum(row.state == "built" for row in found)
        return [f"build {row.id} is {row.state}: {row.reason}" for row in found]
