"""Versions of files and codes: ``interface.quality.revision``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from headwater.core.errors import VersionError

_TEXT = re.compile(r"\s*(\d+)\.(\d+)\.(\d+)\s*")


class Bump(IntEnum):
    """Which component of a version grows; the numbers are those of ``--force`` in dbprocessing."""

    INTERFACE = 0
    QUALITY = 1
    REVISION = 2


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version, ordered by interface, then quality, then revision (spec dbprocessing 1)."""

    interface: int
    quality: int
    revision: int

    def __post_init__(self) -> None:
        """Refuse what the catalog would refuse.

        Raises
        ------
        VersionError
            If the interface is below 1, or another component below 0.
        """
        if self.interface < 1 or self.quality < 0 or self.revision < 0:
            raise VersionError(
                f"version {self} cannot be used: the interface starts at 1, the others at 0"
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``X.Y.Z``.

        Raises
        ------
        VersionError
            If `text` is anything else, or X is 0.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise VersionError(f"{text!r} is not a version: expected X.Y.Z, for example 1.0.0")
        interface, quality, revision = (int(part) for part in found.groups())
        return cls(interface, quality, revision)

    def bumped(self, bump: Bump) -> Self:
        """The next version when `bump` grows; the components after it start at 0."""
        if bump is Bump.INTERFACE:
            return type(self)(self.interface + 1, 0, 0)
        if bump is Bump.QUALITY:
            return type(self)(self.interface, self.quality + 1, 0)
        return type(self)(self.interface, self.quality, self.revision + 1)

    def __str__(self) -> str:
        return f"{self.interface}.{self.quality}.{self.revision}"
