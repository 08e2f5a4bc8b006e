"""Both checksums of a file, and its copy, in one pass over its bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headwater.archive.faultpoint import faultpoint

_BLOCK = 1 << 20


class ReadFailedError(OSError):
    """The disk did not give a file's bytes; so the file that is read is at fault."""


@dataclass(frozen=True, slots=True)
class Digests:
    """What one pass over a file's bytes gave; `size` in bytes, the sums in hexadecimal."""

    size: int
    sha256: str
    sha1: str


def digest(
    source: int, target: int | None = None, passed: Callable[[int], None] = lambda _: None
) -> Digests:
    """Read the open file `source` to its end, and write its bytes to `target` if there is one.

    `passed` hears of each block how many bytes it had.

    Raises
    ------
    ReadFailedError
        If a read fails.
    OSError
        If a write fails.
    """
    # SHA-1 is what dbprocessing's scripts show; nothing relies on it being safe.
    sha256, sha1 = hashlib.sha256(), hashlib.sha1(usedforsecurity=False)
    size = 0
    while block := _read(source):
        sha256.update(block)
        sha1.update(block)
        size += len(block)
        if target is not None:
            _write_all(target, block)
        passed(len(block))
    return Digests(size, sha256.hexdigest(), sha1.hexdigest())


def digest_file(path: str | Path, passed: Callable[[int], None] = lambda _: None) -> Digests:
    """The digests of the regular file at `path`; a link is not followed.

    `passed` is as for :func:`digest`.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return digest(source, passed=passed)
    finally:
        os.close(source)


def _read(source: int) -> bytes:
    try:
        faultpoint("at_read")
        return os.read(source, _BLOCK)
    except OSError as error:
        raise ReadFailedError(error.errno, error.strerror) from error


def _write_all(target: int, block: bytes) -> None:
    faultpoint("at_write")
    written = os.write(target, block)
    while written < len(block):
        written += os.write(target, memoryview(block)[written:])
