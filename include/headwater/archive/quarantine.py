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

from headwater.archive.entries import Entry, Folder
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
    """Move `source`, a file in a folder of our own, into `errordir`, and return where it lies.

    As :func:`put_aside`; the folder is made if it is missing.

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
        near = Folder.opened(source.parent)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _trouble(source.name, errordir, error) from error
    with near, opened_errordir(errordir) as kept:
        return put_aside(near.entry(source.name), kept, reason, detail, key=key)


def opened_errordir(errordir: Path) -> Folder:
    """The error folder, made if it is missing, and held open.

    Raises
    ------
    ArchiveError
        If it cannot be made or opened.
    """
    try:
        errordir.mkdir(parents=True, exist_ok=True)
        return Folder.opened(errordir)
    except OSError as error:
        kind = ArchiveFullError if error.errno == errno.ENOSPC else ArchiveError
        raise kind(f"the folder {errordir} cannot be used: {error.strerror or error}") from error


def put_aside(
    source: Entry, kept: Folder, reason: str, detail: Mapping[str, object], *, key: str
) -> Path:
    """Move `source`, whatever it is, into the folder `kept`, and return where it lies.

    It keeps its name; ``.1``, ``.2`` ... is added while that is taken. `reason` and `detail` go
    into ``<name>.reason.json``. `key` tells this file from all others: called again with the same
    key, a move that was interrupted is finished.

    Raises
    ------
    FileNotFoundError
        If there is no source, and no earlier call had moved it.
    ArchiveError
        If it cannot be moved.
    """
    try:
        note = {"reason": reason, "key": key, "at": datetime.now(UTC).isoformat(), **detail}
        target = _reserved(kept, source.name, note)
        faultpoint("after_sidecar")
        if source.exists():
            _move(source, target)
        elif not target.exists():
            _sidecar(target).unlink()
            raise FileNotFoundError(errno.ENOENT, "nothing to quarantine", source.name)
        faultpoint("at_quarantine_fsync")
        kept.sync()
        faultpoint("after_quarantine_move")
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _trouble(source.name, kept.path, error) from error
    return target.place


def _trouble(name: str, errordir: Path, error: OSError) -> ArchiveError:
    why = error.strerror or error
    kind = ArchiveFullError if error.errno == errno.ENOSPC else ArchiveError
    return kind(f"{printable(name)} cannot be moved to {errordir}: {why}")


def kept_as(errordir: Path, name: str, key: str) -> tuple[Path, str] | None:
    """Where an earlier call with this key has put the file, and the reason; none if nowhere."""
    try:
        folder = Folder.opened(errordir)
    except OSError:
        return None
    with folder:
        return kept_in(folder, name, key)


def kept_in(kept: Folder, name: str, key: str) -> tuple[Path, str] | None:
    """As :func:`kept_as`, in a folder that is held open."""
    for number in count():
        target = _numbered(kept, name, number)
        note = _note(_sidecar(target))
        if note.get("key") == key:
            return (target.place, str(note["reason"])) if target.exists() else None
        if not (target.exists() or _sidecar(target).exists()):
            return None
    raise AssertionError("count() has no end")


def _numbered(kept: Folder, name: str, number: int) -> Entry:
    raw = os.fsencode(name)[: LONGEST_NAME - _ROOM]
    return kept.entry(os.fsdecode(raw + (f".{number}".encode() if number else b"")))


def _sidecar(target: Entry) -> Entry:
    return target.folder.entry(target.name + SIDECAR)


def _reserved(kept: Folder, name: str, note: Mapping[str, object]) -> Entry:
    """Find the first free name and write its note, or the name that this key has already."""
    written = json.dumps(note, indent=2, sort_keys=True, default=str).encode()
    draft = kept.entry(f".{uuid.uuid4().hex}.tmp")
    try:
        for number in count():
            target = _numbered(kept, name, number)
            if _note(_sidecar(target)).get("key") == note["key"]:
                return target
            if target.exists() or _sidecar(target).exists():
                continue
            if not draft.exists():
                _write(draft, written)
            try:
                _link(draft, _sidecar(target))
            except FileExistsError:
                continue
            return target
    finally:
        draft.unlink()
    raise AssertionError("count() has no end")


def _link(source: Entry, target: Entry) -> None:
    here, there = source.folder.handle, target.folder.handle
    os.link(source.name, target.name, src_dir_fd=here, dst_dir_fd=there)


def _note(sidecar: Entry) -> Mapping[str, object]:
    try:
        note = json.loads(sidecar.read())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _write(entry: Entry, content: bytes) -> None:
    with os.fdopen(_made(entry), "wb") as file:
        faultpoint("at_sidecar_write")
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _made(entry: Entry) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(entry.name, flags, 0o666, dir_fd=entry.folder.handle)


def _move(source: Entry, target: Entry) -> None:
    target.unlink()  # an interrupted copy of this very file, if any: its note is ours
    try:
        faultpoint("at_quarantine_rename")
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV or not stat.S_ISREG(source.lstat().st_mode):
            raise
        _copy(source, target)
        source.unlink()


def _copy(source: Entry, target: Entry) -> None:
    reading = source.open()
    try:
        writing = _made(target)
        try:
            digest(reading, writing)
            os.fsync(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
