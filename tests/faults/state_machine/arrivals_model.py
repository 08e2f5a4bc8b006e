"""The oracle of arrivals: what must become of each file that was sent, told from what was sent.

It knows nothing of claims, intents or leases; only that each file sent ends in one disposition,
that the first bytes of a good name are kept for ever, and that nothing that was sent is nowhere.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from seen import Seen, SeenFile

Version = tuple[int, int, int]
MOST_STARTS = 5
"""An arrival that was begun so often may be put aside."""


def l0_name(day: int, version: Version) -> str:
    return f"l0_202001{day:02d}_v{'.'.join(map(str, version))}.dat"


def day_and_version(name: str) -> tuple[int, Version] | None:
    """What the name of an L0 file says; none for a name that no inspector knows."""
    found = re.fullmatch(r"l0_202001(\d\d)_v(\d+)\.(\d+)\.(\d+)\.dat", name)
    if found is None:
        return None
    day, *version = map(int, found.groups())
    return day, (version[0], version[1], version[2])


@dataclass(slots=True)
class Sent:
    """A file that was put into incoming and has no disposition yet."""

    name: str
    content: bytes
    starts: int = 0


@dataclass(slots=True)
class ArrivalsModel:
    """All that was sent, and what is known of its end."""

    accepted: dict[str, bytes] = field(default_factory=dict)
    waiting: list[Sent] = field(default_factory=list)
    quarantined: Counter[bytes] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    """Files that their sender replaced in incoming by another one of the same name."""
    ended: set[int] = field(default_factory=set)

    def send(self, name: str, content: bytes, in_its_place: bytes | None) -> None:
        """A file arrives; `in_its_place` are the bytes of its name that lay in incoming."""
        if in_its_place is not None:
            old = next(s for s in self.waiting if (s.name, s.content) == (name, in_its_place))
            self.waiting.remove(old)
            self.replaced[name] += 1
        self.waiting.append(Sent(name, content))

    def begun(self) -> None:
        """An ingest that may die has begun what waits."""
        for sent in self.waiting:
            sent.starts += 1

    def newest(self, day: int) -> str | None:
        """The name of the L0 file of the highest version of a day."""
        return max(
            (name for name in self.accepted if day_and_version(name)[0] == day),  # type: ignore[index]
            key=lambda name: day_and_version(name)[1],  # type: ignore[index]
            default=None,
        )

    # What the catalog says, judged

    def check(self, seen: Seen, *, all_ended: bool) -> None:
        """Judge what has ended since the last look; with `all_ended` nothing may be left."""
        before = {day: self.newest(day) for day in range(1, 32)}
        fresh = [row for row in seen.arrivals if row[2] == "ended" and row[0] not in self.ended]
        files = {file.name: file for file in seen.files.values() if file.product == "l0"}
        filed = [row for row in fresh if row[3] in ("adopted", "superseded")]
        for _, name, *_ in filed:
            self._filed(name, files, seen)
        for _, name, _, disposition, reason in fresh:
            if disposition not in ("adopted", "superseded"):
                self._not_filed(name, disposition, reason)
        for _, name, _, disposition, _ in filed:
            self._newest_or_not(name, disposition == "adopted", before)
        self.ended |= {row[0] for row in fresh}
        self._archive(files, seen)
        self._nothing_lost(seen)
        if all_ended:
            assert not self.waiting, f"no disposition for {self.waiting}"
            held = [row[1] for row in seen.arrivals if row[2] != "ended"]
            assert not held, f"still claimed: {held}"
            assert seen.outside == +self.quarantined, "incoming and quarantine hold something else"

    def _filed(self, name: str, files: dict[str, SeenFile], seen: Seen) -> None:
        assert name not in self.accepted, f"{name} was filed a second time"
        assert name in files, f"{name} ended as filed, and has no row"
        self._end(name, seen.content(files[name]))
        self.accepted[name] = seen.content(files[name])

    def _not_filed(self, name: str, disposition: str | None, reason: str | None) -> None:
        kept = self.accepted.get(name)
        if disposition == "duplicate":
            assert kept is not None, f"{name} is called a duplicate of nothing: {reason}"
            self._end(name, kept)
        elif disposition == "quarantined":
            sent = [s for s in self.waiting if s.name == name and self._may_be_put_aside(s)]
            assert sent, f"{name} was quarantined without a cause: {reason}"
            self._end(name, sent[0].content)
            self.quarantined[sent[0].content] += 1
        else:
            assert self.replaced[name], f"{name} ended as {disposition}: {reason}"
            self.replaced[name] -= 1

    def _may_be_put_aside(self, sent: Sent) -> bool:
        kept = self.accepted.get(sent.name)
        other = kept is not None and kept != sent.content
        return other or day_and_version(sent.name) is None or sent.starts >= MOST_STARTS

    def _end(self, name: str, content: bytes) -> None:
        sent = next((s for s in self.waiting if (s.name, s.content) == (name, content)), None)
        assert sent is not None, (
            f"{name} with these bytes was never sent, or has ended: {content!r}"
        )
        self.waiting.remove(sent)

    def _newest_or_not(self, name: str, adopted: bool, before: dict[int, str | None]) -> None:
        day, version = day_and_version(name)  # type: ignore[misc]
        older = before[day]
        if name == self.newest(day):
            assert adopted, f"{name} is the newest, and was called superseded"
        elif older is not None and version < day_and_version(older)[1]:  # type: ignore[index]
            assert not adopted, f"{name} is older than {older}, and was called adopted"

    def _archive(self, files: dict[str, SeenFile], seen: Seen) -> None:
        """Every accepted file is there for ever, with its bytes, and no other one is."""
        assert set(files) == set(self.accepted), "the catalog's L0 is not what was accepted"
        for name, content in self.accepted.items():
            assert seen.content(files[name]) == content, f"the bytes of {name} have changed"
            day, version = day_and_version(name)  # type: ignore[misc]
            assert (files[name].day, files[name].version) == (day, version)
            newest = name == self.newest(day)
            assert files[name].newest == newest, f"{name}: newest ought to be {newest}"

    def _nothing_lost(self, seen: Seen) -> None:
        wanted = Counter(sent.content for sent in self.waiting) + self.quarantined
        gone = wanted - seen.outside
        assert not gone, f"sent, not filed, and nowhere: {gone}"
