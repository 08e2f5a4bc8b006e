"""What an audit finds, what a repair does about it, and the report of it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MOST_KEPT = 1_000
"""So many findings are kept word for word; all are counted."""


class FindingState(StrEnum):
    """What has become of something that is wrong."""

    WRONG = "wrong"
    """It is as it was; its action says what to do."""
    REPAIRED = "repaired"
    """It is right now, or what makes it right is under way."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `kind` groups findings, `subject` is a path below rootdir or a row, `problem` completes the
    sentence. `action` says what a repair does, has done, or what a person must do.
    """

    kind: str
    subject: str
    problem: str
    action: str
    state: FindingState = FindingState.WRONG

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject} {self.problem}; {self.action}"


@dataclass(slots=True)
class Scrubbed:
    """What a scrub has read: files, and bytes; `left` is whether others are still due."""

    files: int = 0
    bytes: int = 0
    left: bool = False


@dataclass(slots=True)
class AuditReport:
    """All that an audit found; of each kind the first findings word for word."""

    mission: str
    looked_at: int = 0
    """How many files of the archive were looked at."""
    kept: list[Finding] = field(default_factory=list)
    scrubbed: Scrubbed | None = None
    _counts: Counter[tuple[str, FindingState]] = field(default_factory=Counter)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        self._counts[finding.kind, finding.state] += 1
        if len(self.kept) < MOST_KEPT:
            self.kept.append(finding)

    @property
    def wrong(self) -> int:
        """How many things are wrong still."""
        return self._of(FindingState.WRONG)

    @property
    def repaired(self) -> int:
        """How many things were wrong and are not any more."""
        return self._of(FindingState.REPAIRED)

    def _of(self, state: FindingState) -> int:
        return sum(count for (_, of), count in self._counts.items() if of is state)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many are wrong still, by kind, the kinds in the order of their names."""
        wrong = {kind: n for (kind, of), n in self._counts.items() if of is FindingState.WRONG}
        return dict(sorted(wrong.items()))

    @property
    def sentence(self) -> str:
        """The whole audit in one sentence."""
        mended = f"; {self.repaired} repaired" if self.repaired else ""
        if not self.wrong:
            return f"nothing is wrong with the archive of {self.mission}{mended}"
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        first = next(one for one in self.kept if one.state is FindingState.WRONG)
        are = "thing is" if self.wrong == 1 else "things are"
        return (
            f"{self.wrong} {are} wrong with the archive of {self.mission} ({kinds}){mended}; "
            f"first {first.subject} {first.problem}: 'headwater audit' lists them"
        )
