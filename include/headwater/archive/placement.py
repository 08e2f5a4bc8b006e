"""What is asked of the archive for one file, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from headwater.archive.entries import Folder
from headwater.archive.staging import Refusal, Stamp


@dataclass(frozen=True, slots=True)
class Placement:
    """One file to be placed.

    `source` is absolute, undecodable bytes as surrogates; `final_path` is below rootdir. With
    `move` the source's own inode is linked where that is safe: only for private outputs. `stamp`,
    if given, is what the source must still be. `folder` is the open folder that holds the source,
    needed where others may put a link in that folder's place.
    """

    source: str
    final_path: str
    move: bool = False
    stamp: Stamp | None = None
    folder: Folder | None = None

    @property
    def lasting_source(self) -> str:
        """The source as recovery will need it: without links, which may lead elsewhere then."""
        if self.folder is not None:
            return self.source
        folder, name = os.path.split(self.source)
        return os.path.join(os.path.realpath(folder), name)  # noqa: PTH118  a surrogate-safe text

    @property
    def source_folder(self) -> str | Folder:
        """The folder that holds the source."""
        return self.folder or os.path.dirname(self.source)  # noqa: PTH120  as above


@dataclass(frozen=True, slots=True)
class Placed:
    """A file under its final name, durable; `size` in bytes, sums hexadecimal, time UTC."""

    placement: Placement
    size: int
    sha256: str
    sha1: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not placed, and why; its source is untouched."""

    placement: Placement
    kind: Refusal
    reason: str


Commit = Callable[[Connection, Sequence[Placed]], None]
"""Writes the rows of exactly the files that it is given, in the transaction that it is given."""
