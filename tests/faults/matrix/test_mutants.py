"""A protocol that is broken on purpose is found out by the matrix."""

from __future__ import annotations

import pytest

from fault_record import Injected
from faults.matrix.shared_site import SharedSite
from faults.matrix.steps import Cell

pytestmark = pytest.mark.slow

CASES = [
    ("commit before link", Cell("after_commit", "kill", 9)),
    ("clean before commit", Cell("after_unlink", "kill", 10)),
]


@pytest.mark.parametrize(("mutant", "cell"), CASES, ids=[name for name, _ in CASES])
def test_a_mutant_is_found_out(arrival_site: SharedSite, mutant: str, cell: Cell) -> None:
    site, striker = arrival_site.take()
    right = striker.deed
    striker.deed = f"ingest with {mutant}"
    try:
        sent = site.send()
        striker.strike(cell)
        striker.deed = right
        site.settle()
        assert site.judge(sent, Injected()) != []
    finally:
        arrival_site.discard()
