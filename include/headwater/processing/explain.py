"""Why there is a product of a date, or why there is none: for ``headwater why``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.campaign_builds import paused_builds
from headwater.catalog.queries.grid import quarantined
from headwater.core.interval import DateSpan
from headwater.core.output_interval import calendar_interval
from headwater.core.states import Timebase
from headwater.core.version import Version
from headwater.missions.loaded import LoadedMission, LoadedProcess, LoadedProduct
from headwater.processing.expected_days import expected_days
from headwater.processing.lookalikes import look_alikes
from headwater.processing.plan import plan
from headwater.processing.plan_state import Action, ProposedBuild
from headwater.processing.process_facts import plan_process
from headwater.processing.state_reading import read_state

NEWEST_OF_DAY = text("""
select f.id, f.name, f.path, f.interface_version, f.quality_version, f.revision_version,
       f.exists_on_disk, f.keywords, f.note, f.qa, f.quality_comment, f.created_at,
       p.name as process, c.filename as code,
       concat_ws('.', c.interface_version, c.quality_version, c.revision_version) as code_version
from headwater.file f
left join headwater.build b on b.id = f.build_id
left join headwater.process p on p.id = b.process_id
left join headwater.file_code l on l.resulting_file = f.id
left join headwater.code c on c.id = l.source_code
where f.product_id = :product and f.newest
  and (f.utc_file_date = any(:dates) or f.interval_key = any(:keys))
order by f.utc_file_date, f.interval_key, f.keywords
""")
"""The newest files of a product and dates or intervals, with the process and code of each."""

IGNORED = text("""
select name, quality_comment from headwater.file
where product_id = :product and utc_file_date = :day and newest and qa = 'ignore' order by name
""")
"""The newest files of a product and date that are left out as inputs."""

SOURCES = text("""
select l.resulting_file, f.name, f.newest,
       concat_ws('.', f.interface_version, f.quality_version, f.revision_version) as version
from headwater.file_link l join headwater.file f on f.id = l.source_file
where l.resulting_file = any(:files) order by f.name
""")
"""What files were made from."""

QUARANTINED = text("""
select name, reason, created_at from headwater.arrival
where mission_id = :mission and disposition = 'quarantined'
  and (product_id = :product or name like :compact or name like :dashed)
order by created_at desc limit 10
""")
"""Arrivals that were not taken and look as if they were of a product or date."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: one sentence, then what it rests on, a line each, indented by level.

    `made` is whether a newest file of that product and date is on disk.
    """

    product: str
    day: date
    made: bool
    headline: str
    details: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Headline and details."""
        return (self.headline, *self.details)


def explain(catalog: Catalog, mission: LoadedMission, product: str, day: date) -> Explanation:
    """Why `product` of `day` (UTC) is as it is, from the plan of this moment.

    Raises
    ------
    NotFoundError
        If the mission has no such product.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    wanted = mission.product(product)
    with catalog.read() as connection:
        return explanation(connection, mission, wanted, day)


def explanation(
    connection: Connection, mission: LoadedMission, product: LoadedProduct, day: date
) -> Explanation:
    """What :func:`explain` says, within the caller's transaction."""
    return _Why(connection, mission).answer(product, day)


class _Why:
    """One question, with the connection it is answered on."""

    def __init__(self, connection: Connection, mission: LoadedMission) -> None:
        self._connection = connection
        self._mission = mission

    def answer(self, product: LoadedProduct, day: date) -> Explanation:
        details: list[str] = []
        entries = self._entries(product, day)
        headline = self._of_files(product, day, entries, details)
        made = headline is not None
        if headline is None:
            headline = self._why_none(product, day, entries, details, frozenset())
            headline += self._not_expected(product, day, entries)
        else:
            details += [
                f"a newer one: {_state_of(process, entry)}"
                for process, entry in entries
                if entry.action in (Action.MAKE, Action.WAIT, Action.HOLD)
                or entry.not_before is not None
            ]
        return Explanation(product.name, day, made, headline, tuple(details))

    def _of_files(
        self,
        product: LoadedProduct,
        day: date,
        entries: list[tuple[LoadedProcess, ProposedBuild]],
        details: list[str],
    ) -> str | None:
        """What there is of the intervals that hold the day."""
        firsts = {calendar_interval(one.timebase, day).utc_date for one in self._makers(product)}
        orbits = (entry for one, entry in entries if one.timebase is Timebase.ORBIT)
        values = {
            "product": product.id,
            "dates": sorted({day, *firsts}),
            "keys": sorted({entry.interval_key for entry in orbits}),
        }
        rows = self._connection.execute(NEWEST_OF_DAY, values).all()
        sources: dict[int, list[str]] = {}
        for row in self._connection.execute(SOURCES, {"files": [row.id for row in rows]}):
            old = "" if row.newest else ", no longer the newest"
            sources.setdefault(row.resulting_file, []).append(f"{row.name} ({row.version}{old})")
        here = [row for row in rows if row.exists_on_disk]
        for row in rows:
            version = Version(row.interface_version, row.quality_version, row.revision_version)
            origin = (
                f"made by process {row.process} with {row.code} {row.code_version}"
                if row.process
                else "it arrived"
            )
            lost = "" if row.exists_on_disk else "; its file is lost"
            details.append(f"{row.name}: version {version}, {origin}{lost}")
            details += [f"  from {source}" for source in sources.get(row.id, ())]
            if row.note:
                details.append(f"  note: {row.note}")
            if row.qa:
                details.append(f"  check: {_check(row.qa, row.quality_comment)}")
        if not here:
            return None
        names = ", ".join(row.name for row in here)
        return f"{product.name} of {day} is there: {names}"

    def _makers(self, product: LoadedProduct) -> list[LoadedProcess]:
        return [
            process
            for process in self._mission.process_order()
            if any(put.product_id == product.id for put in process.outputs)
        ]

    def _entries(
        self, product: LoadedProduct, day: date
    ) -> list[tuple[LoadedProcess, ProposedBuild]]:
        found = []
        for process in self._makers(product):
            state = read_state(
                self._connection, self._mission, plan_process(self._mission, process), [day]
            )
            found += [(process, entry) for entry in plan(state)]
        known = [entry.build_id for _, entry in found if entry.build_id is not None]
        paused = paused_builds(self._connection, known)
        return [
            (process, replace(entry, action=Action.HOLD, reason=paused[entry.build_id]))
            if entry.action is Action.MAKE and entry.build_id in paused
            else (process, entry)
            for process, entry in found
        ]

    def _why_none(
        self,
        product: LoadedProduct,
        day: date,
        entries: list[tuple[LoadedProcess, ProposedBuild]],
        details: list[str],
        seen: frozenset[tuple[int, date]],
    ) -> str:
        """The sentence for a product that is not there; the lowest level with the hole is named."""
        self._quarantined(product, day, details)
        values = {"product": product.id, "day": day}
        for row in self._connection.execute(IGNORED, values):
            why = _check("ignore", row.quality_comment)
            return f"{row.name} is left out, since a check says {why}"
        for process, entry in entries:
            details.append(_state_of(process, entry))
        if not self._makers(product):
            return f"there is no {product.name} of {day}: no process makes it and none has arrived"
        best = min(entries, key=lambda pair: _RANK[pair[1].action], default=None)
        if best is None:
            return f"there is no {product.name} of {day}: nothing is planned"
        process, entry = best
        reason = _state_of(process, entry)
        if entry.missing is not None:
            lower = self._below(process, entry, day, details, seen | {(product.id, day)})
            reason = f"process {process.name} {entry.reason}{lower}"
        return f"there is no {product.name} of {day}: {reason}"

    def _below(
        self,
        process: LoadedProcess,
        entry: ProposedBuild,
        day: date,
        details: list[str],
        seen: frozenset[tuple[int, date]],
    ) -> str:
        missing = self._mission.product(entry.missing or "")
        if (missing.id, day) in seen:
            return ""
        lower = self._why_none(missing, day, self._entries(missing, day), details, seen)
        put = next(put for put in process.inputs if put.product_id == missing.id)
        window = DateSpan(entry.utc_date, max(entry.utc_date, entry.stop.date()))
        return f"; {lower}" if day in window.widened(put.days_before, put.days_after) else ""

    def _quarantined(self, product: LoadedProduct, day: date, details: list[str]) -> None:
        values = {
            "mission": self._mission.id,
            "product": product.id,
            "compact": f"%{day:%Y%m%d}%",
            "dashed": f"%{day.isoformat()}%",
        }
        for row in self._connection.execute(QUARANTINED, values):
            line = f"quarantined on arrival: {row.name}: {row.reason}"
            if line not in details:
                details.append(line)

    def _not_expected(
        self, product: LoadedProduct, day: date, entries: list[tuple[LoadedProcess, ProposedBuild]]
    ) -> str:
        """What to add where a hole is no gap: nothing is under way, and nothing is expected."""
        if any(map(_is_work, entries)):
            return ""
        expected = expected_days(self._connection, self._mission, [product.id])
        against = expected.against(product.id, day)
        if against is None:
            return ""
        span = DateSpan(day, day)
        if look_alikes([product], quarantined(self._connection, self._mission.id, span), span):
            return ""
        return f"; none is expected, since {against}"


def _is_work(made: tuple[LoadedProcess, ProposedBuild]) -> bool:
    """Whether a build is open for an entry of the plan, or would be."""
    _, entry = made
    return entry.action is not Action.NOTHING or entry.build_id is not None


def _check(mark: str, comment: str | None) -> str:
    return f"{mark}: {comment}" if comment else mark


_RANK = {Action.MAKE: 0, Action.WAIT: 1, Action.HOLD: 2, Action.NOTHING: 3}


def _state_of(process: LoadedProcess, entry: ProposedBuild) -> str:
    """What the plan says of a build, as a sentence."""
    words = f" ({entry.keywords})" if entry.keywords else ""
    name = f"process {process.name}{words}"
    if entry.action is Action.MAKE:
        version = f" version {entry.version}" if entry.version else ""
        return f"{name} is about to make{version}: {entry.reason}"
    if entry.action is Action.HOLD:
        return f"{name} is held: {entry.reason}"
    if entry.not_before is not None and entry.action is Action.NOTHING:
        return f"{name} failed: {entry.reason}; tried again after {entry.not_before:%H:%M:%S} UTC"
    return f"{name} {entry.reason}"
