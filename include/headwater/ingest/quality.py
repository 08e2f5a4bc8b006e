"""Files with checks of quality: a line a file, ``NAME MARK [COMMENT]`` or the same as CSV.

They lie in the mission's `qa_dir`, arrive like other files under a name that ends in ``.qa``,
``.qa.csv`` or ``.qa.txt``, or are named by a person. All of a file's lines count, or none.
"""

from __future__ import annotations

import csv
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from headwater.archive.entries import READ_FLAGS
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import quality
from headwater.catalog.queries.filing import ids_of_names
from headwater.catalog.queries.quality import QaLine, QaStamp
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import ArchiveError, NotFoundError, QaFileError
from headwater.core.states import QaMark
from headwater.missions.loaded import LoadedMission

_ENDINGS = (".qa", ".qa.csv", ".qa.txt")
_LARGEST = 1 << 20  # bytes
_MARKS = {mark.value for mark in QaMark}
_HEADINGS = {"file", "filename", "name"}


@dataclass(frozen=True, slots=True)
class QaRead:
    """A file with checks that was read: how many files it marks, or why nothing was taken."""

    path: Path
    marked: int = 0
    trouble: str = ""


def is_qa_name(mission: LoadedMission, name: str) -> bool:
    """Whether an arrival of that name brings checks; only where the mission has a `qa_dir`."""
    return mission.qa_dir is not None and name.lower().endswith(_ENDINGS)


def parse_checks(text: str, place: str) -> list[QaLine]:
    """The lines of a file with checks.

    Blank lines and such that begin with ``#`` are left out, and a first line of headings.

    Raises
    ------
    QaFileError
        If a line cannot be read, or two speak of one file; the message names the line.
    """
    found: dict[str, QaLine] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, mark, comment = _fields(line)
        if not found and name.lower() in _HEADINGS:
            continue
        try:
            one = QaLine(os.path.basename(name), QaMark(mark.lower()), comment or None)  # noqa: PTH119  a text
        except ValueError as error:
            raise QaFileError(
                f"{place}, line {number}: expected a file name, then ok, ignore or problem, then "
                f"perhaps a comment; found {line.strip()!r}"
            ) from error
        if found.setdefault(one.name, one) != one:
            raise QaFileError(f"{place}, line {number}: {one.name} was marked otherwise above")
    if not found:
        raise QaFileError(f"{place}: it names no file")
    return list(found.values())


def _fields(line: str) -> tuple[str, str, str]:
    """Name, mark and comment; what is missing is empty."""
    words = line.split(None, 2)
    is_csv = "," in words[0] or len(words) < 2 or words[1].rstrip(",;:").lower() not in _MARKS
    if "," in line and is_csv:
        name, mark, *rest = [*next(csv.reader([line], skipinitialspace=True)), ""]
        return name.strip(), mark.strip(), ", ".join(part.strip() for part in rest if part.strip())
    name, mark, comment = [*words, "", ""][:3]
    return name, mark.rstrip(",;:"), comment.strip()


def read_checks(
    path: Path, opened: Callable[[], int] | None = None
) -> tuple[list[QaLine], QaStamp]:
    """Read a file with checks; `opened` gives a handle of it where `path` alone is not safe.

    Raises
    ------
    QaFileError
        If it is no such file.
    """
    try:
        content, status = _content(opened() if opened else os.open(path, READ_FLAGS))
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise QaFileError(f"{path} is not a regular file but a link") from error
        raise QaFileError(f"{path} cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(status.st_mode):
        raise QaFileError(f"{path} is not a regular file")
    if len(content) > _LARGEST:
        raise QaFileError(f"{path} is larger than {_LARGEST} bytes: split it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QaFileError(f"{path} is not UTF-8 text") from error
    stamp = QaStamp(str(path), status.st_size, status.st_mtime_ns)
    return parse_checks(text, path.name), stamp


def _content(handle: int) -> tuple[bytes, os.stat_result]:
    """The beginning of an open file, one byte more than it may have, and its status; closed."""
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return b"", status
        with os.fdopen(os.dup(handle), "rb") as file:
            return file.read(_LARGEST + 1), status
    finally:
        os.close(handle)


def apply_checks(
    connection: Connection,
    mission: LoadedMission,
    lines: list[QaLine],
    actor: Actor,
    source: str,
) -> int:
    """Mark files in a transaction of the caller, and let what reads them be planned again.

    Raises
    ------
    NotFoundError
        If the catalog lacks one of them: nothing may be committed then.
    """
    lock_work(connection, mission.id)
    ids_of_names(connection, mission.id, [line.name for line in lines])
    return quality.mark_files(connection, mission.id, lines, actor, source)


def take_checks(catalog: Catalog, mission: LoadedMission, path: Path, actor: Actor) -> QaRead:
    """Read a file with checks that a person names, and mark its files.

    Raises
    ------
    QaFileError, NotFoundError
        If it is wrong, or names a file that the catalog lacks; then nothing has changed.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    lines, _ = read_checks(path)
    with catalog.begin() as connection:
        apply_checks(connection, mission, lines, actor, path.name)
    return QaRead(path, len(lines))


def read_qa_dir(catalog: Catalog, mission: LoadedMission, actor: Actor) -> list[QaRead]:
    """Read what is new or changed in the mission's `qa_dir`, the oldest first.

    A file of which nothing could be taken is tried again by each call, since the files that it
    names may have come; only what came of it anew is logged.

    Raises
    ------
    ArchiveError
        If the folder cannot be read.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if mission.qa_dir is None:
        return []
    with catalog.read() as connection:
        before = quality.read_before(connection, mission.id)
    done = []
    for stamp in sorted(_stamps(mission.qa_dir), key=lambda one: (one.mtime_ns, one.path)):
        known, trouble = before.get(stamp.path, (None, ""))
        if known != stamp or trouble:
            done.append(_read_one(catalog, mission, stamp, actor, trouble))
    return done


def _stamps(folder: Path) -> Iterator[QaStamp]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and not entry.name.startswith("."):
                    status = entry.stat(follow_symlinks=False)
                    yield QaStamp(entry.path, status.st_size, status.st_mtime_ns)
    except FileNotFoundError:
        return
    except OSError as error:
        raise ArchiveError(f"the folder {folder} cannot be read: {error.strerror}") from error


def _read_one(
    catalog: Catalog, mission: LoadedMission, stamp: QaStamp, actor: Actor, before: str
) -> QaRead:
    path = Path(stamp.path)
    try:
        lines, stamp = read_checks(path)
        with catalog.begin() as connection:
            apply_checks(connection, mission, lines, actor, path.name)
            quality.note_read(connection, mission.id, stamp, len(lines))
    except (QaFileError, NotFoundError) as error:
        trouble = str(error)
        with catalog.begin() as connection:
            quality.note_read(connection, mission.id, stamp, 0, trouble)
            if trouble != before:
                said = f"nothing of {path.name} was taken: {trouble}"
                quality.log_trouble(connection, mission.id, actor, said)
        return QaRead(path, trouble=trouble)
    return QaRead(path, len(lines))
