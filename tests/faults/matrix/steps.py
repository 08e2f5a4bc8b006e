"""The steps of the archive protocol, what can happen at each, and its number in the fault list.

The numbers are those of docs/reference/faults.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

KILLED = {
    "after_claim_rows": 1, "at_claim_mkdir": 1, "at_claim_rename": 1, "after_claim_rename": 1,
    "at_claim_fsync": 1,
    "after_intents": 2, "at_mkdir": 2, "at_open": 2,
    "at_part": 3, "at_part_link": 3, "at_read": 3, "at_write": 3, "after_copy": 4, "at_fsync": 4,
    "after_fsync": 5, "at_link": 5,
    "after_link": 6, "at_folder_fsync": 6,
    "after_folder_fsync": 7,
    "before_commit": 8,
    "after_commit": 9, "at_unlink": 9, "at_clean_fsync": 9, "at_source_fsync": 10,
    "after_unlink": 10, "before_close": 10,
    "after_drop_rows": 10, "at_sidecar_write": 10, "after_sidecar": 10,
    "at_quarantine_rename": 10, "at_quarantine_fsync": 10, "after_quarantine_move": 10,
    "before_quarantine_rows": 10,
}  # fmt: skip
"""Fault point -> the number of a kill at it: the list counts the steps of the protocol."""

ARRIVALS = tuple(point for point in KILLED if point != "at_part_link")
"""The points that an ingest of good, known and unknown files passes."""

ADOPTIONS = (
    "after_intents", "at_open", "at_part_link", "at_read", "after_copy", "at_fsync",
    "after_fsync", "at_link", "after_link", "at_folder_fsync", "after_folder_fsync",
    "before_commit", "after_commit", "at_unlink", "at_clean_fsync", "at_source_fsync",
    "after_unlink", "before_close",
)  # fmt: skip
"""The points that the adoption of a run's outputs passes."""

DISK_ERRORS = {"enospc": 24, "edquot": 25, "eio": 26, "estale": 27, "eacces": 28, "erofs": 28,
               "exdev": 37}  # fmt: skip
"""What the system calls of the disk answer, and the number of each."""

_ONLY_AT = {"exdev": ("at_part_link", "at_quarantine_rename", "at_claim_rename", "at_link")}
"""Errors that only some calls know."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix: what happens at which step; `number` is the one of the list."""

    point: str
    fault: str
    number: int

    def __str__(self) -> str:
        return f"{self.point}-{self.fault}"


IN_THE_PROCESS = ("kill", "raise")
WITH_THE_DATABASE = {"cut": 8, "restart-immediate": 14, "restart-fast": 14}
LATE = "late"
"""The process stands still beyond its lease, while another one does its work."""


def cells(points: tuple[str, ...]) -> list[Cell]:
    """All that can happen at these points."""
    found: list[Cell] = []
    for point in points:
        found += [Cell(point, fault, KILLED[point]) for fault in IN_THE_PROCESS]
        if not point.startswith("at_"):
            found += [Cell(point, fault, number) for fault, number in WITH_THE_DATABASE.items()]
            found.append(Cell(point, LATE, 56))
        else:
            found += [
                Cell(point, error, number)
                for error, number in DISK_ERRORS.items()
                if point in _ONLY_AT.get(error, (point,))
            ]
    return found


def params(points: tuple[str, ...]) -> list[object]:
    """The cells of these points, as parameters of a test with their numbers."""
    return [
        pytest.param(cell, id=str(cell), marks=pytest.mark.fault(cell.number))
        for cell in cells(points)
    ]
