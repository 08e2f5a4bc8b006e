"""A site that the cells of the matrix share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Generic, TypeVar

from fault_record import Injected
from faults.matrix.adoptions import AdoptionSite
from faults.matrix.arrivals import ArrivalSite
from faults.matrix.database import FragileDatabase
from faults.matrix.steps import Cell
from faults.matrix.strikes import Striker
from fresh_database import cloned
from headwater.catalog.connection import Catalog
from headwater.local.postgres import LocalPostgres

SiteT = TypeVar("SiteT", ArrivalSite, AdoptionSite)


@dataclass
class SharedSite(Generic[SiteT]):
    """Made at its first use; made anew after a cell that failed, which may have spoilt it."""

    server: LocalPostgres
    template: str
    forks: ForkServerContext
    new_folder: Callable[[], Path]
    make: Callable[[Catalog, Path], SiteT]
    deed: str
    _open: ExitStack = field(default_factory=ExitStack)
    _current: tuple[SiteT, Striker] | None = None

    def take(self) -> tuple[SiteT, Striker]:
        """The site, and what strikes those who work there."""
        if self._current is None:
            url, folder = self.server.url("postgres"), self.new_folder()
            catalog = self._open.enter_context(cloned(url, self.template))
            site = self._open.enter_context(self.make(catalog, folder))
            database = FragileDatabase(self.server, catalog)
            striker = Striker(self.forks, database, folder, self.deed, site.name, site.others)
            self._current = (site, striker)
        return self._current

    def discard(self) -> None:
        """Let the next cell have a new one."""
        self._current = None
        self._open.close()


def survive(shared: SharedSite[SiteT], cell: Cell, injected: Injected) -> None:
    """Let `cell` happen to the work of a site, which must be right after its recovery."""
    injected.what = [cell.fault]
    site, striker = shared.take()
    try:
        sent = site.send()
        striker.strike(cell)
        site.settle()
        assert site.judge(sent, injected) == []
    except BaseException:
        shared.discard()
        raise
