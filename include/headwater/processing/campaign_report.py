"""How far a campaign is, and the report of what it changed."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaign_record, campaign_weight
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.states import CampaignOutcome, CampaignState
from headwater.missions.loaded import LoadedMission
from headwater.processing.campaigns import campaign

_ENDED = (CampaignState.DONE, CampaignState.ABORTED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is, in builds; `to_look_at` are dates that nobody has planned yet.

    `per_hour` is the rate of the last hour, or of the time since its first build, if that is
    shorter. `rest_seconds` is how long the open builds take at that rate; none if it is not known.
    """

    number: int
    state: CampaignState
    built: int
    failed: int
    held: int
    running: int
    open: int
    not_needed: int
    to_look_at: int
    per_hour: float | None
    rest_seconds: float | None
    paused_by: str | None = None
    pause_reason: str | None = None

    def __str__(self) -> str:
        said = (
            f"campaign {self.number} is {self.state}: {self.built} built, {self.running} running, "
            f"{self.open} open, {self.failed} failed, {self.held} held, "
            f"{self.not_needed} not needed, {self.to_look_at} dates to look at"
        )
        if self.state is CampaignState.PAUSED:
            said += f"; by {self.paused_by}: {self.pause_reason}"
        elif self.per_hour:
            said += f"; {self.per_hour:.0f} an hour"
            said += f", about {self.rest_seconds:.0f} s left" if self.rest_seconds else ""
        return said


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One output of a campaign: what was there at its approval, what came, and why.

    `product` is none for a build without outputs. `changed` says how code and inputs of the new
    file differ from those of the old one. The date is UTC.
    """

    process: str
    product: str | None
    interval_key: str
    keywords: str
    utc_date: date
    old_file: str | None
    old_version: str | None
    old_code: str | None
    new_file: str | None
    new_version: str | None
    new_code: str | None
    build_id: int | None
    outcome: CampaignOutcome
    reason: str
    changed: str | None


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """A campaign and what became of each output; `kept` if the record can change no more."""

    campaign: CampaignRow
    kept: bool
    rows: tuple[ReportRow, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many outputs have each outcome."""
        return dict(Counter(row.outcome.value for row in self.rows))

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON; dates and times are objects."""
        return {
            "campaign": asdict(self.campaign),
            "kept": self.kept,
            "counts": self.counts,
            "outputs": [asdict(row) for row in self.rows],
        }

    def as_csv(self) -> str:
        """One line an output, with a line of names first."""
        written = io.StringIO()
        names = [one.name for one in fields(ReportRow)]
        writer = csv.DictWriter(written, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(row), "outcome": row.outcome.value} for row in self.rows)
        return written.getvalue()

    def as_text(self, most: int | None = None) -> str:
        """A page for a person; of each outcome and process at most so many lines."""
        row = self.campaign
        lines = [
            f"Campaign {row.id} of {row.mission}: {row.state}",
            f"Reason: {row.reason}",
            f"Proposed by {row.created_by}, {_moment(row.created_at)}",
        ]
        if row.approved_at is not None:
            lines.append(f"Approved by {row.approved_by}, {_moment(row.approved_at)}")
        if row.ended_at is not None:
            lines.append(f"Ended by {row.ended_by}, {_moment(row.ended_at)}: {row.end_reason}")
        if not self.kept:
            lines.append("It has not ended: this is how it stands now.")
        return "\n".join([*lines, "", *self._outputs(most)]) + "\n"

    def _outputs(self, most: int | None) -> list[str]:
        if not self.rows:
            return ["No output is on record."]
        groups: dict[tuple[str, CampaignOutcome], list[ReportRow]] = {}
        for row in self.rows:
            groups.setdefault((row.process, row.outcome), []).append(row)
        lines = []
        for (process, outcome), rows in groups.items():
            lines.append(f"{process}, {outcome}: {len(rows)}")
            lines += [f"  {_line(row)}" for row in rows[:most]]
            if most is not None and len(rows) > most:
                lines.append(f"  and {len(rows) - most} more")
        return lines


def _moment(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _line(row: ReportRow) -> str:
    name = f"{row.interval_key} {row.product or ''} {row.keywords}".rstrip()
    versions = row.old_version or "none"
    if row.new_version is not None:
        versions += f" -> {row.new_version}"
    return f"{name}: {versions}; {row.changed or row.reason}"


def progress(catalog: Catalog, mission: LoadedMission, number: int) -> Progress:
    """How far a campaign is.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    with catalog.read() as connection:
        row = campaign(connection, mission, number)
        pace = campaign_weight.pace(connection, number)
    count = row.builds.get
    open_builds = count("pending", 0) + count("waiting", 0)
    per_hour = pace.last_hour / pace.seconds * 3600 if pace.last_hour and pace.seconds else None
    left = open_builds + count("running", 0) + pace.to_look_at
    return Progress(
        number,
        row.state,
        count("built", 0) + count("superseded", 0),
        count("failed", 0),
        count("held", 0),
        count("running", 0),
        open_builds,
        count("not needed", 0),
        pace.to_look_at,
        per_hour,
        left / per_hour * 3600 if per_hour else None,
        row.paused_by,
        row.pause_reason,
    )


def report(catalog: Catalog | Connection, mission: LoadedMission, number: int) -> CampaignReport:
    """What became of each output of a campaign.

    Of one that has ended it is what was written down then: nothing that happens later alters it.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if isinstance(catalog, Catalog):
        with catalog.read() as connection:
            return report(connection, mission, number)
    row = campaign(catalog, mission, number)
    ended = row.state in _ENDED
    rows = campaign_record.record_rows(catalog, number, ended=ended)
    return CampaignReport(
        row,
        ended,
        tuple(ReportRow(**{**one, "outcome": CampaignOutcome(one["outcome"])}) for one in rows),
    )
