"""Files that cannot be taken: kept in the error folder beside a note of the reason.

The note is written first and, by never replacing another, holds the name; so a crash in between
is finished by the same call again, and an earlier file is never overwritten.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from headwater.archive.faultpoint import faultpoint
from headwater.archive.hashing import digest
from headwater.archive.paths import LONGEST_NAME, printable
from headwater.core.errors import ArchiveError, ArchiveFullError

SIDECAR = ".reason.json"
FALLBACK = ".quarantine"
"""Folder beside the claimed ones, for what cannot leave its file system."""
_ROOM = len(f".999999{SIDECAR}")


def quarantine(
    source: Path, errordir: Path, reason: str, detail: Mapping[str, object], *, key: str
) -> Path:
    """Move `source`, whatever it is, into `errordir`, and return where it lies.

    It keeps its name; ``.1``, ``.2`` ... is added while that is taken. `reason` and `detail` go
    into ``<name>.reason.json``. `key` tells this file from all others: called again with the same
    key, a move that was interrupted is finished. The folder is made if it is missing; a path of
    links into it is not followed.

    Raises
    ------
    FileNotFoundError
        If there is no source, and no earlier call had moved it.
    ArchiveFullError
        If there is no room for it.
    ArchiveError
        If it cannot be moved.
    """
    try:
        errordir.mkdir(parents=True, exist_ok=True)
        note = {"reason": reason, "key": key, "at": datetime.now(UTC).isoformat(), **detail}
        target = _reserved(errordir, source.name, note)
        faultpoint("after_sidecar")
        if os.path.lexists(source):
            _move(source, target)
        elif not os.path.lexists(target):
            _sidecar(target).unlink(missing_ok=True)
            raise FileNotFoundError(errno.ENOENT, "nothing to quarantine", str(source))
        _sync(errordir)
        faultpoint("after_quarantine_move")
    except FileNotFoundError:
        raise
    except OSError as error:
        kind = ArchiveFullError if error.errno == errno.ENOSPC else ArchiveError
        raise kind(
            f"{printable(source.name)} cannot be moved to {errordir}: {error.strerror or error}"
        ) from error
    return target


def kept_as(errordir: Path, name: str, key: str) -> tuple[Path, str] | None:
    """Where an earlier call with this key has put the file, and the reason; none if nowhere."""
    for number in count():
        target = _numbered(errordir, name, number)
        note = _note(_sidecar(target))
        if note.get("key") == key:
            return (target, str(note["reason"])) if os.path.lexists(target) else None
        if not (os.path.lexists(target) or os.path.lexists(_sidecar(target))):
            return None
    raise AssertionError("count() has no end")


def _numbered(errordir: Path, name: str, number: int) -> Path:
    raw = os.fsencode(name)[: LONGEST_NAME - _ROOM]
    return errordir / os.fsdecode(raw + (f".{number}".encode() if number else b""))


def _sidecar(target: Path) -> Path:
    return target.with_name(target.name + SIDECAR)


def _reserved(errordir: Path, name: str, note: Mapping[str, object]) -> Path:
    """Find the first free name and write its note, or the name that this key has already."""
    written = json.dumps(note, indent=2, sort_keys=True, default=str).encode()
    draft = errordir / f".{uuid.uuid4().hex}.tmp"
    try:
        for number in count():
            target = _numbered(errordir, name, number)
            if _note(_sidecar(target)).get("key") == note["key"]:
                return target
            if os.path.lexists(target) or os.path.lexists(_sidecar(target)):
                continue
            if not draft.exists():
                _write(draft, written)
            try:
                os.link(draft, _sidecar(target))
            except FileExistsError:
                continue
            return target
    finally:
        draft.unlink(missing_ok=True)
    raise AssertionError("count() has no end")


def _note(sidecar: Path) -> Mapping[str, object]:
    try:
        note = json.loads(sidecar.read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        faultpoint("at_sidecar_write")
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _move(source: Path, target: Path) -> None:
    if os.path.lexists(target):  # an interrupted copy of this very file: its note is ours
        target.unlink()
    try:
        faultpoint("at_quarantine_rename")
        os.rename(source, target)  # noqa: PTH104  the name may hold any bytes
    except OSError as error:
        if error.errno != errno.EXDEV or not stat.S_ISREG(source.lstat().st_mode):
            raise
        _copy(source, target)
        source.unlink()


def _copy(source: Path, target: Path) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            digest(reading, writing)
            os.fsync(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _sync(folder: Path) -> None:
    faultpoint("at_quarantine_fsync")
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
