"""Steps of the state machine: codes go wrong and are changed; people hold, release and purge."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from play import IDLE, ME, Play, keys, outputs, picks, step
from state_lab import day_of

from headwater.catalog.connection import Catalog
from headwater.core.errors import ArchiveError
from headwater.core.interval import DateSpan
from headwater.missions.loaded import load_mission
from headwater.processing.holds import Asked, hold_dates, make_again
from headwater.processing.purging import PurgeRules, purge


class RequestSteps(Play):
    """What codes and people do."""

    @step(key=keys, how=st.sampled_from(("fail", "silent", "later", "hang")))
    def code_goes_wrong(self, key: tuple[str, int], how: str) -> None:
        self.products.how[key] = how
        self.lab.tell_code(key, how)

    @step()
    def codes_are_mended(self) -> None:
        for key in list(self.products.how):
            self.lab.tell_code(key, None)
        self.products.how.clear()

    @step(product=outputs)
    def activate_a_new_code(self, product: str) -> None:
        model = self.products
        number = len(model.codes[product])
        code = self.lab.new_code(product, number, model.active[product])
        model.codes[product].append(code)
        model.active[product] = code

    @step(product=outputs, pick=picks)
    def activate_an_older_code(self, product: str, pick: int) -> None:
        model = self.products
        code = model.codes[product][pick % len(model.codes[product])]
        if code != model.active[product]:
            self.lab.switch_to(product, code, model.active[product])
            model.active[product] = code

    @step(key=keys)
    def hold(self, key: tuple[str, int]) -> None:
        asked = self._ask(hold_dates, key)
        if not asked.running:
            self.products.hold(key)

    @step(key=keys)
    def release(self, key: tuple[str, int]) -> None:
        self._ask(make_again, key, by_person=True)
        self.products.release(key)

    @step(key=keys)
    def ask_again(self, key: tuple[str, int]) -> None:
        self._ask(make_again, key)
        self.products.retry(key)

    def _ask(self, deed: Callable[..., Asked], key: tuple[str, int], **how: bool) -> Asked:
        mission, day = self.lab.mission, day_of(key[1])
        processes = [mission.process(f"mk_{key[0]}")]
        return deed(self.lab.catalog, mission, processes, DateSpan(day, day), ME, "asked", **how)

    @step(pick=picks, keep=st.booleans())
    def purge(self, pick: int, keep: bool) -> object:
        if not self.made():
            return IDLE
        chosen = self.made()[pick % len(self.made())]
        try:
            self._purge(self.lab.catalog, chosen.name, keep)
        except ArchiveError:
            assert self.dirty, "a purge was refused with nobody at work"
            return None
        self._gone(chosen.id)
        return None

    def _purge(self, catalog: Catalog, name: str, keep: bool) -> None:
        rules = PurgeRules(recursive=True, keep=keep)
        purge(catalog, load_mission(catalog, "lab"), [name], ME, "wrong", rules)

    def _gone(self, asked: int) -> None:
        self.products.purge(self.products.made_from(asked), dirty=self.dirty)

    @step(pick=picks)
    def level_0_is_not_purged(self, pick: int) -> object:
        if not self.arrivals.accepted:
            return IDLE
        try:
            self._purge(self.lab.catalog, self._accepted(pick), keep=False)
        except ArchiveError:
            return None
        raise AssertionError("level 0 was purged")
