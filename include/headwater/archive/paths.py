"""Which names and paths may be used in the archive, and folders opened without leaving it.

The rules of DESIGN 7: no ``..``, not absolute, no link out, no control character, valid UTF-8,
not too long. A folder is checked after its links are resolved, then opened step by step from the
root's own handle, so that nobody can put a link in between.
"""

from __future__ import annotations

import errno
import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from headwater.archive.entries import FOLDER_FLAGS, open_child
from headwater.archive.faultpoint import faultpoint
from headwater.core.errors import ArchiveError, ArchiveFullError, UnsafePathError

LONGEST_NAME = 255
"""Bytes that one name may have; the limit of the usual file systems."""
LONGEST_PATH = 4000
"""Bytes that a path below the root may have."""


def printable(name: str) -> str:
    r"""`name` on one line: undecodable bytes and control characters as ``\xNN``."""
    if name.isascii() and name.isprintable():
        return name
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) == "Cc" else c for c in text)


def check_name(name: str) -> None:
    """Refuse a file name, without folder, that the archive does not hold.

    Raises
    ------
    UnsafePathError
        With what is wrong with it.
    """
    shown = printable(name)
    try:
        raw = name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsafePathError(f"the name {shown!r} is not valid UTF-8: rename the file") from error
    if name in {"", ".", ".."} or "/" in name:
        raise UnsafePathError(f"{shown!r} is not a file name")
    if not name.isprintable() and any(unicodedata.category(char) == "Cc" for char in name):
        raise UnsafePathError(f"the name {shown!r} holds a control character: rename the file")
    if len(raw) > LONGEST_NAME:
        raise UnsafePathError(f"the name {shown!r} is longer than {LONGEST_NAME} bytes")


def checked_path(path: str) -> tuple[str, ...]:
    """The parts of `path`, a path below a root, with a trailing or doubled ``/`` left out.

    Raises
    ------
    UnsafePathError
        If it is absolute, climbs with ``..`` or holds a name that :func:`check_name` refuses.
    """
    if path.startswith("/"):
        raise UnsafePathError(
            f"the path {printable(path)!r} is absolute: expected one below rootdir"
        )
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    if not parts:
        raise UnsafePathError("the path is empty")
    for part in parts:
        if part == "..":
            raise UnsafePathError(f"the path {printable(path)!r} climbs with '..'")
        check_name(part)
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise UnsafePathError(f"the path {printable(path)!r} is longer than {LONGEST_PATH} bytes")
    return parts


@dataclass(slots=True)
class Folders:
    """Handles of folders below one root, each opened once; close them all with :meth:`close`."""

    root: Path
    _handles: dict[tuple[str, ...], int] = field(default_factory=dict)
    _real_root: str = ""

    def open(self, parts: tuple[str, ...], *, create: bool = False) -> int:
        """The handle of the folder `parts` below the root, made durably if asked for.

        Raises
        ------
        UnsafePathError
            If a link leads out of the root.
        ArchiveError
            If it, or the root itself, is not there.
        """
        if (known := self._handles.get(parts)) is not None:
            return known
        self._real_root = self._real_root or os.path.realpath(self.root)
        real = os.path.realpath(os.path.join(self._real_root, *parts))  # noqa: PTH118  parts are texts
        inside = os.path.relpath(real, self._real_root)
        if inside == ".." or inside.startswith("../"):
            raise UnsafePathError(f"the folder {'/'.join(parts)!r} is a link out of {self.root}")
        handle = self._walk(() if inside == "." else tuple(inside.split("/")), create)
        self._handles[parts] = handle
        return handle

    def _walk(self, parts: tuple[str, ...], create: bool) -> int:
        try:
            handle = os.open(self._real_root, FOLDER_FLAGS)
        except OSError as error:
            raise ArchiveError(
                f"the folder {self.root} cannot be opened: {error.strerror}"
            ) from error
        for part in parts:
            try:
                following = open_child(handle, part, create=create, point="at_mkdir")
            except OSError as error:
                kind = ArchiveFullError if error.errno == errno.ENOSPC else ArchiveError
                raise kind(
                    f"the folder {'/'.join(parts)!r} below {self.root} cannot be opened: "
                    f"{error.strerror}"
                ) from error
            finally:
                os.close(handle)
            handle = following
        return handle

    def sync(self) -> None:
        """Make the entries of all open folders durable.

        Raises
        ------
        OSError
            If a disk says no.
        """
        for handle in self._handles.values():
            faultpoint("at_clean_fsync")
            os.fsync(handle)

    def close(self) -> None:
        """Close all handles."""
        for handle in self._handles.values():
            os.close(handle)
        self._handles.clear()
