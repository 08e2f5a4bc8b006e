"""One file's steps on the disk between its source and its final name (DESIGN 7).

Every step works on names relative to the handle of the final folder.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from headwater.archive.entries import READ_FLAGS
from headwater.archive.faultpoint import faultpoint
from headwater.archive.hashing import Digests, ReadFailedError, digest
from headwater.archive.paths import printable
from headwater.archive.reflink import reflink
from headwater.core.errors import ArchiveFullError

_MAKE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(mtime_ns: int) -> datetime:
    """A file's time in nanoseconds as UTC; one that no calendar holds becomes 1970-01-01."""
    try:
        return _EPOCH + timedelta(microseconds=mtime_ns // 1000)
    except OverflowError:
        return _EPOCH


class Refusal(StrEnum):
    """Why a file was not placed; what the caller may do about it differs."""

    UNSAFE = "unsafe"
    """The final path may not be used."""
    EXISTS = "exists"
    """The final name is there with other bytes, or the catalog has the file already."""
    CHANGED = "changed"
    """The source changed while it was read: it may be tried again."""
    GONE = "gone"
    """The source is not there."""
    UNREADABLE = "unreadable"
    """The source is not a regular file, or may not be read."""
    BUSY = "busy"
    """Another worker is placing a file there, or has taken over: try again later."""
    TROUBLE = "trouble"
    """The disk failed: try again when that is mended."""
    FULL = "full"
    """The disk is full: try again when there is room."""
    TOGETHER = "together"
    """Nothing is wrong with it, but with another file of the same batch."""


class StepRefusedError(Exception):
    """A step on the disk cannot be done; for the callers inside this package only."""

    def __init__(self, kind: Refusal, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells whether a file has changed: its inode, size in bytes, mtime in nanoseconds."""

    inode: int
    size: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        """The stamp of a file from its `stat`."""
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


@dataclass(slots=True)
class Staged:
    """A file on its way: its names, the handle of its folder, and what is known of it by now.

    `source` is a name in the open folder `source_folder`, or, without one, an absolute path.
    """

    source: str
    source_folder: int | None
    folder: int
    name: str
    part: str
    stamp: Stamp | None
    move: bool
    handle: int = -1
    digests: Digests | None = None
    inode: int = 0

    @property
    def modified_at(self) -> datetime:
        """The source's time of last change, UTC."""
        return moment_of(self.stamp.mtime_ns if self.stamp else 0)


def copy(staged: Staged) -> None:
    """Bring the source's bytes to the part name, and keep the part open for its fsync.

    Raises
    ------
    StepRefusedError
        If the source cannot be read or changed meanwhile, or the disk does not take it.
    """
    source = _open_source(staged)
    try:
        before = os.fstat(source)
        _same(staged, before)
        staged.stamp = Stamp.of(before)
        # A second link to a private output could be written to by its other owner.
        linked = staged.move and before.st_nlink == 1 and _link_part(staged)
        if linked:
            staged.digests, staged.handle = digest(source), os.dup(source)
        else:
            _copy_part(staged, source)
            os.utime(staged.handle, ns=(before.st_mtime_ns, before.st_mtime_ns))
        _same(staged, os.fstat(source))
        _whole(staged)
        faultpoint("after_copy")
    except ReadFailedError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise StepRefusedError(Refusal.UNREADABLE, reason) from error
    except OSError as error:
        raise trouble("copied", staged.name, error) from error
    finally:
        os.close(source)


def _open_source(staged: Staged) -> int:
    try:
        faultpoint("at_open")
        source = os.open(staged.source, READ_FLAGS, dir_fd=staged.source_folder)
    except FileNotFoundError as error:
        raise StepRefusedError(Refusal.GONE, "it was gone before it could be read") from error
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise StepRefusedError(Refusal.UNREADABLE, reason) from error
    if not stat.S_ISREG(os.fstat(source).st_mode):
        os.close(source)
        raise StepRefusedError(Refusal.UNREADABLE, "it is not a regular file")
    return source


def _copy_part(staged: Staged, source: int) -> None:
    """Clone the source, where the disk can, and read the clone; else copy what is read."""
    faultpoint("at_part")
    staged.handle = os.open(staged.part, _MAKE, 0o666, dir_fd=staged.folder)
    if reflink(source, staged.handle):
        staged.digests = digest(staged.handle)
    else:
        staged.digests = digest(source, staged.handle)


def _link_part(staged: Staged) -> bool:
    try:
        faultpoint("at_part_link")
        os.link(
            staged.source,
            staged.part,
            src_dir_fd=staged.source_folder,
            dst_dir_fd=staged.folder,
            follow_symlinks=False,
        )
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
            return False
        raise
    return True


def _same(staged: Staged, found: os.stat_result) -> None:
    if staged.stamp is not None and Stamp.of(found) != staged.stamp:
        raise StepRefusedError(Refusal.CHANGED, "it changed while it was read")


def _whole(staged: Staged) -> None:
    """Check that as many bytes lie in the part as the source has, and were summed."""
    written = os.fstat(staged.handle)
    staged.inode = written.st_ino
    assert staged.digests and staged.stamp  # noqa: S101  set just before, for the type checker
    if not written.st_size == staged.digests.size == staged.stamp.size:
        raise StepRefusedError(Refusal.CHANGED, "its size changed while it was read")


def sync(staged: Staged) -> None:
    """Make the part's bytes durable; a failed fsync is never tried again.

    Raises
    ------
    StepRefusedError
        If the disk says no.
    """
    try:
        faultpoint("at_fsync")
        os.fsync(staged.handle)
    except OSError as error:
        raise trouble("written to the disk", staged.name, error) from error


def link(staged: Staged) -> None:
    """Give the part its final name, never replacing another file.

    The same bytes under that name, left by a catalog older than its disk, are taken as they are.

    Raises
    ------
    StepRefusedError
        If the source changed, or the name is taken by other bytes.
    """
    try:
        now = os.stat(staged.source, dir_fd=staged.source_folder, follow_symlinks=False)
        _same(staged, now)
        folder = staged.folder
        faultpoint("at_link")
        os.link(staged.part, staged.name, src_dir_fd=folder, dst_dir_fd=folder)
        faultpoint("after_link")
    except FileExistsError as error:
        if not _same_bytes(staged):
            reason = "a file of its name with other bytes is in the archive already"
            raise StepRefusedError(Refusal.EXISTS, reason) from error
    except FileNotFoundError as error:
        raise StepRefusedError(Refusal.CHANGED, "it was taken away while it was copied") from error
    except OSError as error:
        raise trouble("given its final name", staged.name, error) from error


def _same_bytes(staged: Staged) -> bool:
    """Whether the file that has the final name is this one; if so, its bytes are durable now."""
    try:
        handle = os.open(staged.name, READ_FLAGS, dir_fd=staged.folder)
    except OSError:
        return False
    try:
        regular = stat.S_ISREG(os.fstat(handle).st_mode)
        if not regular or digest(handle) != staged.digests:
            return False
        os.fsync(handle)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def take_back_name(folder: int, part: str, final: str) -> bool:
    """Remove a final name if it is the part's own inode; whether it was, to be made durable.

    Raises
    ------
    OSError
        If the disk says no.
    """
    try:
        ours = os.stat(part, dir_fd=folder, follow_symlinks=False)
        there = os.stat(final, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
        return False
    os.unlink(final, dir_fd=folder)
    return True


def undo(folder: int, part: str, final: str) -> None:
    """Take back what was put on the disk: the final name only if it is the part's own inode.

    The final name goes first, durably, since the part tells whose it is.

    Raises
    ------
    OSError
        If the disk says no.
    """
    if take_back_name(folder, part, final):
        os.fsync(folder)
    unlink_if_there(part, folder)


def unlink_if_there(path: str, folder: int | None = None) -> None:
    """Remove a name that may be gone already.

    Raises
    ------
    OSError
        If it cannot be removed.
    """
    try:
        os.unlink(path, dir_fd=folder)
    except FileNotFoundError:
        return


def close(staged: Staged) -> None:
    """Close the part's handle."""
    if staged.handle >= 0:
        os.close(staged.handle)
        staged.handle = -1


def sync_folder(folder: int) -> None:
    """Make the entries of a folder durable; a failed fsync is never tried again.

    Raises
    ------
    OSError
        If the disk says no.
    """
    faultpoint("at_folder_fsync")
    os.fsync(folder)


def disk_refusal(error: OSError) -> Refusal:
    """The kind of refusal of a file because of what the disk said."""
    full = isinstance(error, ArchiveFullError) or error.errno == errno.ENOSPC
    return Refusal.FULL if full else Refusal.TROUBLE


def trouble(deed: str, name: str, error: OSError) -> StepRefusedError:
    """The refusal of a file whose step the disk did not do; `deed` says which, as a participle."""
    kind = disk_refusal(error)
    return StepRefusedError(kind, f"{printable(name)} cannot be {deed}: {error.strerror or error}")
