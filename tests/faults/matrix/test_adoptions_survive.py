"""Everything that can happen at each step of the adoption of a run's outputs.

After each: recovery, then nothing is lost, nothing is there twice, nothing is said to be done that
is not, and the promises hold.
"""

from __future__ import annotations

import pytest

from fault_record import Injected
from faults.matrix.adoptions import AdoptionSite
from faults.matrix.shared_site import SharedSite, survive
from faults.matrix.steps import ADOPTIONS, Cell, params

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("cell", params(ADOPTIONS))
def test_an_adoption_survives(
    adoption_site: SharedSite[AdoptionSite], cell: Cell, injected: Injected
) -> None:
    survive(adoption_site, cell, injected)
