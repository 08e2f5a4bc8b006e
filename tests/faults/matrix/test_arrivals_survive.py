"""Everything that can happen at each step of an ingest.

After each: recovery, then nothing is lost, nothing is there twice, nothing is said to be done that
is not, and the promises hold.
"""

from __future__ import annotations

import pytest

from fault_record import Injected
from faults.matrix.arrivals import ArrivalSite
from faults.matrix.shared_site import SharedSite, survive
from faults.matrix.steps import ARRIVALS, Cell, params

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("cell", params(ARRIVALS))
def test_an_arrival_survives(
    arrival_site: SharedSite[ArrivalSite], cell: Cell, injected: Injected
) -> None:
    survive(arrival_site, cell, injected)
