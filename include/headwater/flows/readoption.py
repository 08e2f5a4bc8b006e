"""Files of the archive that the catalog does not know, filed where they lie.

As after a restore of an older catalog: each becomes an arrival by a link in incoming, so that the
same inspectors, checks and dispositions decide as for any other, and its bytes are not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from headwater.archive.audit import finding_of
from headwater.archive.comparing import Difference
from headwater.archive.finding import Finding
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError
from headwater.core.states import Disposition
from headwater.ingest.report import EndedArrival
from headwater.ingest.scan import Intake
from headwater.ingest.service import ingest_pending
from headwater.ingest.uningested import link_into_incoming, products_by_place
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission

_FILED = {Disposition.ADOPTED, Disposition.SUPERSEDED}
_AT_ONCE = 500


@dataclass(slots=True)
class Readoption:
    """Tells what the dark files of a mission are, and files them where `repair` says so."""

    catalog: Catalog
    mission: LoadedMission
    actor: Actor
    report: Callable[[Finding], None]
    repair: bool
    _known: list[tuple[Difference, str]] = field(default_factory=list)

    def take(self, dark: Sequence[Difference]) -> None:
        """Report dark files, or keep those of a product for :meth:`end`."""
        product_of = products_by_place(self.mission)
        for one in dark:
            product = product_of(one.path) if one.path.isprintable() else None
            if product is None:
                self.report(finding_of(one))
            elif self.repair:
                self._known.append((one, product.name))
            else:
                action = f"it is filed where it lies, if its inspector says it is a {product.name}"
                self.report(finding_of(one, action))

    def end(self) -> None:
        """File what was kept, and report how each ended.

        Raises
        ------
        InspectorError
            If the inspectors' helper process cannot be started.
        CatalogUnavailableError
            If the catalog does not answer; what was filed stays so.
        """
        known, self._known = self._known, []
        if not known:
            return
        limit = self.mission.settings.inspector_time_limit_seconds
        specs = self.mission.inspector_specs()
        with InspectorHost(self.mission.facts(), specs, time_limit=limit) as host:
            for start in range(0, len(known), _AT_ONCE):
                self._file(known[start : start + _AT_ONCE], host)

    def _file(self, known: Sequence[tuple[Difference, str]], host: InspectorHost) -> None:
        recognised = list(self._recognised(known, host))
        try:
            ended = self._ingest(recognised, host)
        except ArchiveError as error:
            for one in recognised:
                self.report(finding_of(one, f"it could not be filed: {error}"))
            return
        for one in recognised:
            self.report(self._outcome(one, ended.get(one.path.rpartition("/")[2])))

    def _recognised(
        self, known: Sequence[tuple[Difference, str]], host: InspectorHost
    ) -> Iterator[Difference]:
        """Those that an inspector knows; a link to another one would only end in quarantine."""
        paths = [str(self.mission.rootdir / one.path) for one, _ in known]
        for (one, product), answer in zip(known, host.identify(paths), strict=True):
            if answer.product_id is not None:
                yield one
            else:
                action = f"it lies where a {product} would, but {answer.reason or 'is none'}"
                self.report(finding_of(one, f"{action}: look what it is, then move it away"))

    def _ingest(
        self, recognised: Sequence[Difference], host: InspectorHost
    ) -> dict[str, EndedArrival]:
        paths = [self.mission.rootdir / one.path for one in recognised]
        names = {link.name for link in link_into_incoming(self.mission, paths)}
        intake = Intake(0.0, accepts=names.__contains__)
        done = ingest_pending(self.catalog, self.mission, self.actor, host=host, intake=intake)
        return {arrival.name: arrival for arrival in done.ended if arrival.name in names}

    def _outcome(self, one: Difference, ended: EndedArrival | None) -> Finding:
        if ended is None:
            return finding_of(one, "incoming holds a file of its name: let the ingest end that one")
        if ended.disposition in _FILED:
            return finding_of(one, f"it was filed where it lies: {ended.reason}", repaired=True)
        return finding_of(one, f"it was not filed: {ended.reason}")
