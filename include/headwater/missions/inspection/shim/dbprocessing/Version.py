"""Versions as inspectors make and compare them."""

from __future__ import annotations

from functools import total_ordering


@total_ordering
class Version:
    """``interface.quality.revision``; the parts may be given as numbers or texts."""

    def __init__(self, interface, quality, revision):
        self.interface = int(interface)
        self.quality = int(quality)
        self.revision = int(revision)

    @classmethod
    def fromString(cls, text):
        """Read ``X.Y.Z``; anything else raises ValueError."""
        parts = str(text).split(".")
        if len(parts) != 3:
            raise ValueError(f"{text!r} is not a version X.Y.Z")
        return cls(*parts)

    def incInterface(self):
        """Make the interface one larger, the rest 0."""
        self.interface, self.quality, self.revision = self.interface + 1, 0, 0

    def incQuality(self):
        """Make the quality one larger, the revision 0."""
        self.quality, self.revision = self.quality + 1, 0

    def incRevision(self):
        """Make the revision one larger."""
        self.revision += 1

    @property
    def _parts(self):
        return (self.interface, self.quality, self.revision)

    def __str__(self):
        return f"{self.interface}.{self.quality}.{self.revision}"

    def __repr__(self):
        return f"Version {self}"

    def __eq__(self, other):
        return self._parts == other._parts if isinstance(other, Version) else NotImplemented

    def __lt__(self, other):
        return self._parts < other._parts if isinstance(other, Version) else NotImplemented

    def __hash__(self):
        return hash(self._parts)

    def __sub__(self, other):
        """Give the differences of the three parts, as a list."""
        return [mine - its for mine, its in zip(self._parts, other._parts, strict=True)]
