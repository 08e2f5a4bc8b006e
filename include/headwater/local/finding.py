"""What a check of `doctor` finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a check ended.

    ``ok``: nothing to do. ``warning``: works, but slower or with less. ``problem``: does not work.
    """

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Check:
    """One finding: the check's name, a sentence, and the command or act that mends it."""

    name: str
    verdict: Verdict
    text: str
    fix: str = ""
