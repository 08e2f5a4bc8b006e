"""Any order of arrivals, requests, failures and deaths ends with the archive that was promised."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from death_steps import MissionMachine
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from play import Play
from state_lab import StateLab

from fault_record import Injected
from headwater.catalog.connection import Catalog

FAULTS = pytest.mark.fault(2, 3, 4, 5, 6, 7, 9, 10, 32, 41, 42, 43, 45, 51, 52, 56, 63)
STEPS_VARIABLE = "HEADWATER_STATE_STEPS"
SEED_VARIABLE = "HEADWATER_STATE_SEED"
SHORT = settings(
    max_examples=6,
    stateful_step_count=20,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate,),  # a shorter history is tried by hand: each try costs seconds
    print_blob=True,
)
LONG = settings(SHORT, max_examples=10, stateful_step_count=100)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Iterator[StateLab]:
    lab = StateLab(catalog, tmp_path / "mission")
    MissionMachine.lab = lab
    yield lab
    lab.close()


def play(at_least: int, first_seed: int, how: settings) -> None:
    """Play histories until there were so many steps, and say how many there were."""
    Play.steps = Play.deaths = 0
    Play.failure = []
    Play.counts.clear()
    Play.seconds.clear()
    started, number = time.monotonic(), first_seed
    while Play.steps < at_least:
        print(f"seed {number}: {Play.steps} steps so far")
        try:
            run_state_machine_as_test(seed(number)(MissionMachine), settings=how)
        except BaseException:
            print("the shortest history that failed:", *Play.failure, sep="\n    ")
            raise
        number += 1
    seconds = time.monotonic() - started
    rate = Play.steps / seconds
    for name, spent in sorted(Play.seconds.items()):
        print(f"{Play.counts[name]:6} {spent:8.2f} s  {name}")
    print(f"{Play.steps} steps, {Play.deaths} deaths, {rate:.1f} steps/s")


@FAULTS
def test_a_few_histories_end_as_promised(lab: StateLab, injected: Injected) -> None:
    play(1, 1, SHORT)
    injected.faults, injected.steps = Play.deaths, Play.steps


@pytest.mark.slow
@pytest.mark.skipif(STEPS_VARIABLE not in os.environ, reason=f"{STEPS_VARIABLE} says how many")
@FAULTS
def test_many_histories_end_as_promised(lab: StateLab, injected: Injected) -> None:
    play(int(os.environ[STEPS_VARIABLE]), int(os.environ.get(SEED_VARIABLE, "1")), LONG)
    injected.faults, injected.steps = Play.deaths, Play.steps
