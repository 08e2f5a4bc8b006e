"""What is asked of the archive for one file, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from headwater.archive.staging import Refusal, Stamp


@dataclass(frozen=True, slots=True)
class Placement:
    """One file to be placed.

    `source` is absolute, undecodable bytes as surrogates; `final_path` is below rootdir. With
    `move` the source's own inode is linked where that is safe: only for private outputs. `stamp`,
    if given, is what the source must still be.
    """

    source: str
    final_path: str
    move: bool = False
    stamp: Stamp | None = None


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
