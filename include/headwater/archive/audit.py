"""The audit of an archive: disk against catalog, each difference with its safe action.

No rule of a mission lives here: what a dark file is, and how it comes into the catalog, is for
:mod:`headwater.flows.audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice

from headwater.archive.comparing import Difference, Kind, Looked, differences
from headwater.archive.disk_repairs import DiskRepairs
from headwater.archive.finding import Finding, FindingState
from headwater.archive.place import ArchivePlace
from headwater.archive.sums import Reading, Verdict
from headwater.catalog.connection import Catalog

_AT_ONCE = 500
_BACKUP = "bring it back from a backup: drop it into incoming, it takes its place again"
_AGAIN = "is marked lost, and made again where it was the newest"
_ASIDE = "its bytes go to the error folder, and it is made again as the next version"
_UNREAD = "its checksums are read: the same bytes are noted, others are a changed file"
_NOT_MADE = "nobody can make it again: move it away, and drop the right one into incoming"
_PERSON = {
    Kind.DEAD_LINK: "remove the link, or bring back what it leads to",
    Kind.UNREADABLE: "give this user the right to read it; what lies in it was not looked at",
    Kind.DARK: "look what it is, then move it away, or name it in the mission's audit_ignore",
}
_PART = "it goes to the error folder; what it was copied from is still where it was"
_BACK = "its checksums are read: if they are right, its row says again that it is on disk"


def action_of(one: Difference) -> str:
    """What a repair does about a difference or, where it does nothing, what a person does."""
    if one.kind in _PERSON:
        return _PERSON[one.kind]
    if one.kind is Kind.PART:
        return _PART
    if one.kind is Kind.BACK:
        return _BACK
    if one.kind is Kind.TOUCHED:
        return _UNREAD
    made = one.file is not None and one.file.can_be_made
    if one.kind is Kind.LOST:
        return _AGAIN if made else _BACKUP
    return _ASIDE if made else _NOT_MADE


def finding_of(one: Difference, action: str = "", *, repaired: bool = False) -> Finding:
    """A difference as an audit reports it."""
    state = FindingState.REPAIRED if repaired else FindingState.WRONG
    return Finding(one.kind.value, one.subject, one.problem, action or action_of(one), state)


def audit_disk(
    catalog: Catalog,
    place: ArchivePlace,
    report: Callable[[Finding], None],
    *,
    dark: Callable[[Sequence[Difference]], None],
    repairs: DiskRepairs | None = None,
    reading: Reading | None = None,
    ignore: Sequence[str] = (),
    looked: Looked = lambda _: None,
) -> None:
    """Compare the disk with the catalog, and report each difference once it is dealt with.

    Parameters
    ----------
    catalog, place
        The catalog, and where the archive is.
    report
        Hears of each finding.
    dark
        Is given the files without a row, some hundred at a time, and reports them itself.
    repairs
        What mends; none to change nothing.
    reading
        Reads what has another time of change than its row; none to report it unread.
    ignore
        Patterns of paths below rootdir that need no row.
    looked
        Hears how many files were looked at.

    Raises
    ------
    ArchiveError
        If rootdir is not there, or holds nothing while the catalog has files.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    found = _not_ignored(differences(catalog, place, looked=looked), ignore)
    while batch := list(islice(found, _AT_ONCE)):
        dark([one for one in batch if one.kind is Kind.DARK])
        for one in batch:
            if one.kind is Kind.DARK:
                continue
            if repairs is not None and one.kind not in _PERSON:
                repairs.mend(one, report)
            elif one.kind is not Kind.TOUCHED or not _is_right(place, one, reading):
                report(finding_of(one))
    if repairs is not None:
        repairs.end(report)


def _is_right(place: ArchivePlace, one: Difference, reading: Reading | None) -> bool:
    """Whether a file that was touched has the bytes that were filed, if it may be read."""
    if reading is None or one.file is None or reading.is_over:
        return False
    return reading.verdict(place, one.file.id) is Verdict.SAME


def _not_ignored(found: Iterator[Difference], ignore: Sequence[str]) -> Iterator[Difference]:
    for one in found:
        free = one.kind in {Kind.DARK, Kind.DEAD_LINK}
        if not (free and any(fnmatchcase(one.path, pattern) for pattern in ignore)):
            yield one
