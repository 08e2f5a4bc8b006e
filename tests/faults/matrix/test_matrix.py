"""Every step of the archive protocol, and everything that can happen at it (make faults).

After each: recovery, then nothing is lost, nothing is there twice, nothing is said to be done that
is not, and the promises hold.
"""

from __future__ import annotations

import pytest

from fault_record import Injected
from faults.matrix import victim
from faults.matrix.database import Deafness
from faults.matrix.shared_site import SharedSite
from faults.matrix.steps import ADOPTIONS, ARRIVALS, Cell, cells
from headwater.local.postgres import LocalPostgres

pytestmark = pytest.mark.slow


def params(points: tuple[str, ...]) -> list[object]:
    return [
        pytest.param(cell, id=str(cell), marks=pytest.mark.fault(cell.number))
        for cell in cells(points)
    ]


def survive(shared: SharedSite, cell: Cell, injected: Injected) -> None:
    injected.what = [cell.fault]
    site, striker = shared.take()
    try:
        sent = site.send()
        striker.strike(cell)
        site.settle()
        assert site.judge(sent, injected) == []
    except BaseException:
        shared.discard()
        raise


@pytest.mark.parametrize("cell", params(ARRIVALS))
def test_an_arrival_survives(arrival_site: SharedSite, cell: Cell, injected: Injected) -> None:
    survive(arrival_site, cell, injected)


@pytest.mark.parametrize("cell", params(ADOPTIONS))
def test_an_adoption_survives(adoption_site: SharedSite, cell: Cell, injected: Injected) -> None:
    survive(adoption_site, cell, injected)


@pytest.mark.fault(8)
@pytest.mark.parametrize("reaches", [True, False], ids=["committed", "not-committed"])
@pytest.mark.parametrize("kind", ["arrival_site", "adoption_site"])
def test_a_commit_whose_outcome_nobody_knows(
    request: pytest.FixtureRequest,
    fragile_postgres: LocalPostgres,
    kind: str,
    reaches: bool,
    injected: Injected,
) -> None:
    """Each commit of the work in turn loses its answer, or is lost itself."""
    shared = request.getfixturevalue(kind)
    site, striker = shared.take()
    injected.what, injected.faults = ["outcome unknown"], 0
    for at in range(1, 200):
        sent = site.send()
        door = Deafness(("127.0.0.1", fragile_postgres.port), at, reaches)
        with door.open() as port:
            url = site.catalog.url.set(drivername="postgresql", port=port, host="127.0.0.1")
            striker.count += 1
            dsn = url.update_query_dict({"sslmode": "disable"}).render_as_string(False)
            ended = striker.end(*striker.start("", dsn))
        assert ended.how != victim.BROKEN, f"commit {at}: {ended.said}"
        site.settle()
        assert site.judge(sent, injected) == [], f"commit {at}"
        if not door.cut.is_set():
            break
        injected.faults += 1
    assert injected.faults > 3
