"""The oracle of products: what must be made from what, told from inputs, codes and requests.

It knows nothing of builds, wakes or waits. A product of a day is made by the active code from the
newest input; its recipe is (input file, code). It is made once for each recipe, unless a person
holds it, the recipe failed, or its output of that recipe was purged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from seen import Seen, SeenFile

from headwater.core.states import OPEN_BUILD_STATES

Key = tuple[str, int]
"""A product and a day."""
Recipe = tuple[int, str]
"""The number of the input file and the file name of the code."""
INPUT = {"l1": "l0", "l2": "l1"}
ATTEMPTS = 2


def first_code(product: str) -> str:
    return f"mk_{product}_v1.0.0.sh"


@dataclass(slots=True)
class ProductsModel:
    """What is known of each product of each day."""

    codes: dict[str, list[str]] = field(
        default_factory=lambda: {product: [first_code(product)] for product in INPUT}
    )
    active: dict[str, str] = field(
        default_factory=lambda: {product: first_code(product) for product in INPUT}
    )
    how: dict[Key, str] = field(default_factory=dict)
    """How the code of a key ends, if not well."""
    held: set[Key] = field(default_factory=set)
    stuck: dict[Key, Recipe] = field(default_factory=dict)
    """The recipe that failed, or whose output was purged: not to be made again by itself."""
    unsure: set[Key] = field(default_factory=set)
    """A worker died: whether the recipe has used up its attempts is not known."""
    deaths: Counter[Key] = field(default_factory=Counter)
    files: dict[int, SeenFile] = field(default_factory=dict)

    def newest(self, key: Key) -> SeenFile | None:
        found = [file for file in self.files.values() if (file.product, file.day) == key]
        return max(found, key=lambda file: file.version, default=None)

    def recipe(self, file: SeenFile) -> Recipe:
        """What the catalog says that a file was made from."""
        assert len(file.parents) == len(file.codes) == 1, f"{file.name} has {file.parents}"
        return file.parents[0], file.codes[0]

    def wanted(self, key: Key) -> Recipe | None:
        """What the newest file of a key ought to be made from; none without an input."""
        source = self.newest((INPUT[key[0]], key[1]))
        return None if source is None else (source.id, self.active[key[0]])

    def satisfied(self, key: Key) -> bool:
        wanted, newest = self.wanted(key), self.newest(key)
        if wanted is None:
            return newest is None
        return newest is not None and self.recipe(newest) == wanted

    def all_keys(self) -> Iterable[Key]:
        """All keys that have an input, inputs first."""
        days = sorted({file.day for file in self.files.values()})
        return [(product, day) for product in INPUT for day in days]

    # What people and accidents do

    def hold(self, key: Key) -> None:
        self.held.add(key)
        self.stuck.pop(key, None)

    def release(self, key: Key) -> None:
        """A person lets go what persons hold."""
        self.held.discard(key)

    def retry(self, key: Key) -> None:
        """A person asks again, whatever the reason was."""
        self.held.discard(key)
        self.stuck.pop(key, None)
        self.unsure.discard(key)
        self.deaths[key] = 0

    def died(self, keys: Iterable[Key] | None = None) -> None:
        """A worker died, or was kept from its work, while it may have been at any of the keys."""
        self.may_have_failed()
        for key in list(self.all_keys() if keys is None else keys):
            if self.satisfied(key):
                continue
            self.deaths[key] += 1
            if self.deaths[key] >= ATTEMPTS:
                self.unsure.add(key)

    def may_have_failed(self) -> None:
        """Codes that go wrong may have been run, also from inputs that came in the same step."""
        self.unsure.update(self.how)

    def made_from(self, asked: int) -> set[int]:
        """A file and all that was made from it."""
        found = {asked}
        for file in sorted(self.files.values(), key=lambda file: file.id):
            if found.intersection(file.parents):
                found.add(file.id)
        return found

    def purge(self, ids: set[int], *, dirty: bool) -> None:
        """Files have gone by a person's wish; the newest of them are not made again by itself."""
        for file in [self.files[number] for number in sorted(ids)]:
            key = file.product, file.day
            if self.newest(key) != file or key in self.held or key in self.stuck:
                continue
            if dirty or "later" in (self.how.get(("l1", key[1])), self.how.get(("l2", key[1]))):
                self.unsure.add(key)
            else:
                self.stuck[key] = self.recipe(file)
        for number in ids:
            del self.files[number]

    # What the catalog says, judged

    def check(self, seen: Seen, *, clean: bool) -> None:
        """Judge what was made since the last look; `clean` if no worker died meanwhile."""
        gone = {number: file for number, file in self.files.items() if number not in seen.files}
        assert not gone, f"gone from the catalog: {sorted(file.name for file in gone.values())}"
        fresh = [file for number, file in seen.files.items() if number not in self.files]
        for file in fresh:
            if file.product != "l0":
                self._made(file, seen)
            self.files[file.id] = file
        for file in seen.files.values():
            newest = self.newest((file.product, file.day))
            assert newest is not None
            assert file.newest == (file.id == newest.id), f"{file.name}: newest is {file.newest}"
            seen.content(file)
            assert file.exists_on_disk
        if clean:
            made = Counter((file.product, file.day) for file in fresh if file.product != "l0")
            assert max(made.values(), default=0) <= 1, f"made more than once: {made}"

    def _made(self, file: SeenFile, seen: Seen) -> None:
        key = file.product, file.day
        source_id, code = recipe = self.recipe(file)
        source = seen.files.get(source_id)
        assert source is not None and (source.product, source.day) == (INPUT[key[0]], key[1])
        assert code in self.codes[key[0]]
        content = f"{code}\n".encode() + seen.content(source)
        assert seen.content(file) == content, (
            f"{file.name} is not made from {source.name} by {code}"
        )
        newest = self.newest(key)
        if newest is not None:
            assert file.version > newest.version, f"{file.name} is older than {newest.name}"
            assert self.recipe(newest) != recipe, f"{file.name} repeats {newest.name}"
        assert key not in self.held, f"{file.name} was made though it is held"
        assert key not in self.how, f"{file.name} was made, and its code was to {self.how[key]}"
        assert key in self.unsure or self.stuck.get(key) != recipe, f"{file.name} was not asked for"
        self.stuck.pop(key, None)
        self.deaths[key] = 0

    def check_complete(self, seen: Seen) -> None:
        """After a pass of which no worker died: all is made that can be."""
        states = {(f"l{b[1][-1]}", b[2]): b[3:] for b in seen.builds if b[3] in OPEN_BUILD_STATES}
        for key in self.all_keys():
            wanted = self.wanted(key)
            if self.satisfied(key):
                self.stuck.pop(key, None)
                self.unsure.discard(key)
                self.deaths[key] = 0
                continue
            if wanted is None or key in self.held or self.stuck.get(key) == wanted:
                continue
            if self._waits(key):
                continue
            if key in self.how:
                self._failed(key, wanted, states.get(key))
                continue
            assert key in self.unsure, f"{key} was not made from {wanted}: {states.get(key)}"

    def _waits(self, key: Key) -> bool:
        """Whether its code, or that of its input, asked to be run later."""
        above = ("l1", key[1])
        late = self.how.get(above) == "later" and not self.satisfied(above)
        return self.how.get(key) == "later" or (key[0] == "l2" and late and above not in self.held)

    def _failed(self, key: Key, wanted: Recipe, build: tuple[str, str] | None) -> None:
        assert build is not None and build[0] in ("failed", "held"), f"{key} failed, but is {build}"
        self.stuck[key] = wanted
        self.unsure.discard(key)
