"""Folders that are held open, and names in them.

Who may write beside a folder can rename it and put a link in its place. What goes by the handle
of the folder still meets the folder that was opened, and never what the link leads to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from headwater.archive.faultpoint import faultpoint
from headwater.core.errors import ArchiveError, ArchiveFullError, UnsafePathError

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder that is held open; undecodable bytes of it as surrogates."""

    folder: Folder
    name: str

    @property
    def place(self) -> Path:
        """Where it was when its folder was opened; for people, and for other processes."""
        return self.folder.path / self.name

    def lstat(self) -> os.stat_result:
        """Its status; a link is not followed.

        Raises
        ------
        OSError
            As :func:`os.stat`.
        """
        return os.stat(self.name, dir_fd=self.folder.handle, follow_symlinks=False)

    def exists(self) -> bool:
        """Whether the name is there, whatever it is."""
        try:
            self.lstat()
        except FileNotFoundError:
            return False
        return True

    def open(self) -> int:
        """A handle to read it; a link is not followed, and a FIFO does not block.

        Raises
        ------
        OSError
            As :func:`os.open`.
        """
        return os.open(self.name, READ_FLAGS, dir_fd=self.folder.handle)

    def read(self) -> bytes:
        """All its bytes, which must be few.

        Raises
        ------
        OSError
            If it is no regular file, or cannot be read.
        """
        with reading(self.open()) as file:
            return file.read()

    def readlink(self) -> str:
        """What the link says.

        Raises
        ------
        OSError
            If it is none.
        """
        return os.readlink(self.name, dir_fd=self.folder.handle)

    def rename(self, target: Entry) -> None:
        """Give it the name of `target`, which is replaced.

        Raises
        ------
        OSError
            As :func:`os.rename`.
        """
        here, there = self.folder.handle, target.folder.handle
        os.rename(self.name, target.name, src_dir_fd=here, dst_dir_fd=there)

    def link(self, target: Entry) -> None:
        """Give it the name of `target` too, which must be free; a link is not followed.

        Raises
        ------
        OSError
            As :func:`os.link`.
        """
        here, there = self.folder.handle, target.folder.handle
        os.link(self.name, target.name, src_dir_fd=here, dst_dir_fd=there, follow_symlinks=False)

    def is_same(self, other: Entry) -> bool:
        """Whether both names are of one file."""
        try:
            return os.path.samestat(self.lstat(), other.lstat())
        except FileNotFoundError:
            return False

    def unlink(self) -> None:
        """Remove the name, which may be gone already.

        Raises
        ------
        OSError
            If it cannot be removed.
        """
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.name, dir_fd=self.folder.handle)


@dataclass(frozen=True, slots=True, eq=False)
class Folder:
    """A folder that is held open until :meth:`close`; also a context manager.

    `path` is free of links where :meth:`opened` and :meth:`below` made it.
    """

    path: Path
    handle: int

    @classmethod
    def opened(cls, path: Path) -> Folder:
        """Open a folder of our own; links on the way to it are followed.

        Raises
        ------
        OSError
            If it is no folder, or may not be read.
        """
        real = os.path.realpath(path)
        return cls(Path(real), os.open(real, FOLDER_FLAGS))

    @classmethod
    def without_links(cls, path: Path) -> Folder:
        """Open a folder only if no link lies on the way to it.

        Raises
        ------
        OSError
            Also if a part of `path` is a link.
        """
        return cls(Path("/"), os.open("/", FOLDER_FLAGS))._leaving_us(*path.parts[1:])

    def below(self, *names: str, create: bool = False) -> Folder:
        """Open a folder below this one, made durably if asked for; no link is followed.

        Raises
        ------
        UnsafePathError
            If something else, such as a link, is in the way, or a name climbs.
        FileNotFoundError
            If it is not there.
        ArchiveError
            If it cannot be opened or made.
        """
        path = self.path.joinpath(*names)
        if any(name in {"", ".", ".."} or "/" in name for name in names):
            raise UnsafePathError(f"{path} does not name folders below {self.path}")
        try:
            return Folder(self.path, os.dup(self.handle))._leaving_us(*names, create=create)
        except FileNotFoundError:
            raise
        except NotADirectoryError as error:
            raise UnsafePathError(
                f"{path} is a link, or goes through one, or is no folder: remove it; nobody but "
                "this user may make it"
            ) from error
        except OSError as error:
            kind = ArchiveFullError if error.errno == errno.ENOSPC else ArchiveError
            raise kind(f"the folder {path} cannot be used: {error.strerror}") from error

    def _leaving_us(self, *names: str, create: bool = False) -> Folder:
        """The folder below, with this one closed."""
        handle = self.handle
        for name in names:
            try:
                following = open_child(handle, name, create=create)
            finally:
                os.close(handle)
            handle = following
        return Folder(self.path.joinpath(*names), handle)

    def entry(self, name: str) -> Entry:
        """The entry of that name, whether it is there or not."""
        return Entry(self, name)

    def entries(self) -> list[Entry]:
        """What lies in it, by name.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        return [Entry(self, name) for name in sorted(os.listdir(self.handle))]  # noqa: PTH208  of a handle

    def folders(self) -> Iterator[str]:
        """The names of the folders in it, in order; no link is taken for one.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        for one in self.entries():
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISDIR(one.lstat().st_mode):
                    yield one.name

    def sync(self) -> None:
        """Make its entries durable.

        Raises
        ------
        OSError
            If the disk says no.
        """
        os.fsync(self.handle)

    def close(self) -> None:
        """Close the handle."""
        os.close(self.handle)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def reading(handle: int) -> Iterator[BinaryIO]:
    """The regular file of a handle, which is closed at the end.

    Raises
    ------
    OSError
        If it is a folder, a FIFO or the like.
    """
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        with os.fdopen(os.dup(handle), "rb") as file:
            yield file
    finally:
        os.close(handle)


def open_child(parent: int, name: str, *, create: bool = False, point: str = "") -> int:
    """The handle of a folder in an open one, made durably if asked for; a link is refused.

    `point` is the fault point that is met before it is made.

    Raises
    ------
    OSError
        If it is none, or cannot be made.
    """
    try:
        return os.open(name, FOLDER_FLAGS, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    try:
        faultpoint(point)
        os.mkdir(name, dir_fd=parent)
        os.fsync(parent)
    except FileExistsError:  # another worker made it just now
        pass
    return os.open(name, FOLDER_FLAGS, dir_fd=parent)
