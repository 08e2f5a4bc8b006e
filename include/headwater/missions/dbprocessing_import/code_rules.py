"""Which codes of an old process are kept, and for which dates each is used. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from headwater.core.interval import DAY
from headwater.missions.conf_values import empty_is_none
from headwater.missions.dbprocessing_import.oddities import Oddities
from headwater.missions.dbprocessing_import.old_rows import OldCode
from headwater.missions.definition import EARLIEST, CodeDefinition
from headwater.missions.problems import Problems

KeptCode = tuple[OldCode, CodeDefinition]
"""An old row, and what it is here."""


def usable(code: OldCode) -> bool:
    """Whether an old row can be a code at all; a database without rules may hold others."""
    return code.numbers[0] >= 1 and code.start_date <= code.stop_date


def listed_codes(codes: Sequence[KeptCode]) -> set[int]:
    """The old numbers of the codes that a mission file lists: the one in use, or else the latest.

    Of each version one, which is its identity there.
    """
    best: dict[str, tuple[bool, int]] = {}
    for row, code in codes:
        best[code.version] = max(best.get(code.version, (False, 0)), (code.in_use, row.id))
    return {number for _, number in best.values()}


@dataclass(frozen=True, slots=True)
class CodeRules:
    """The rules for the codes of one process; what they decide is noted."""

    process: str
    shown: str
    oddities: Oddities
    problems: Problems

    def kept(self, rows: Sequence[OldCode]) -> tuple[KeptCode, ...]:
        """All that can be a code, at most one in use a date; of one version one is as it was."""
        self.oddities.add_all(
            "a code whose version is below 1, or that ends before it starts",
            "left out; files that it made have no code here",
            (row.title for row in rows if not usable(row)),
        )
        there = self._without_overlap([row for row in rows if usable(row)])
        made = [(row, code) for row in there if (code := self._definition(row)) is not None]
        listed = listed_codes(made)
        kept = tuple(
            (row, code if code.in_use or row.id in listed else _switched_off(code))
            for row, code in made
        )
        self._equal_versions(kept)
        return kept

    def _definition(self, row: OldCode) -> CodeDefinition | None:
        try:
            return CodeDefinition.model_validate(_code(row))
        except ValidationError as error:
            for one in error.errors(include_url=False):
                where = ".".join(map(str, one["loc"])) or "it"
                self.problems.add(f"{self.shown}, {row.title}", f"{where}: {one['msg']}")
            return None

    def _without_overlap(self, rows: Sequence[OldCode]) -> list[OldCode]:
        """Of two codes in use for one date the higher version stays; the other gives way there."""
        kept: dict[int, OldCode] = {row.id: row for row in rows}
        order = sorted((r for r in rows if r.in_use), key=lambda r: (r.numbers, r.id), reverse=True)
        for place, row in enumerate(order):
            for higher in order[:place]:
                now = kept[row.id]
                if now.in_use and _overlap(now, kept[higher.id]):
                    kept[row.id] = _giving_way(now, kept[higher.id])
                    self.oddities.add(
                        "codes in use for the same dates",
                        "the higher version stays, the other keeps the dates that are its own",
                        f"process {self.process}: {row.title} gives way to {higher.title}: "
                        f"{_dates(kept[row.id])}",
                    )
        return [kept[row.id] for row in rows]

    def _equal_versions(self, codes: Sequence[KeptCode]) -> None:
        for version in sorted({code.version for _, code in codes}):
            same = [(row, code) for row, code in codes if code.version == version]
            if len(same) < 2:
                continue
            on = sum(code.in_use for _, code in same)
            done = (
                "each is used for its own dates; give all but one another version before you "
                "export the mission"
                if on > 1
                else "the one in use, or else the latest, stands for the version; the others are "
                "kept as what made their files"
            )
            titles = ", ".join(row.title for row, _ in same)
            self.oddities.add("codes of one version", done, f"process {self.process}: {titles}")


def _code(row: OldCode) -> dict[str, Any]:
    return {
        "filename": row.filename,
        "relative_path": row.relative_path,
        "version": str(row.version),
        "output_interface": max(1, row.output_interface),
        "arguments": row.arguments and empty_is_none(row.arguments),
        "description": row.description,
        "start_date": row.start_date,
        "stop_date": row.stop_date,
        "active": row.active,
        "newest_version": row.newest_version,
        "date_written": row.date_written or EARLIEST,
        "cpu": 1 if row.cpu is None else row.cpu,
        "ram": row.ram,
    }


def _switched_off(code: CodeDefinition) -> CodeDefinition:
    return code.model_copy(update={"active": False, "newest_version": False})


def _overlap(one: OldCode, other: OldCode) -> bool:
    return one.start_date <= other.stop_date and other.start_date <= one.stop_date


def _giving_way(low: OldCode, high: OldCode) -> OldCode:
    """`low` for the dates before or after `high`; switched off where that is none, or two spans."""
    before = low.start_date < high.start_date
    after = low.stop_date > high.stop_date
    if before == after:
        return replace(low, active=False, newest_version=False)
    if before:
        return replace(low, stop_date=high.start_date - DAY)
    return replace(low, start_date=high.stop_date + DAY)


def _dates(code: OldCode) -> str:
    if not code.in_use:
        return "switched off"
    return f"used from {code.start_date} to {code.stop_date}"
