"""A commit whose answer is never heard: nobody can know whether it counts, but recovery."""

from __future__ import annotations

import pytest

from fault_record import Injected
from faults.matrix import victim
from faults.matrix.database import Deafness
from headwater.local.postgres import LocalPostgres

pytestmark = [pytest.mark.slow, pytest.mark.fault(8)]

_MORE_THAN_THERE_ARE = 200


@pytest.mark.parametrize("reaches", [True, False], ids=["committed", "not-committed"])
@pytest.mark.parametrize("work", ["arrival", "adoption"])
def test_each_commit_in_turn_loses_its_answer_or_is_lost(
    request: pytest.FixtureRequest,
    fragile_postgres: LocalPostgres,
    work: str,
    reaches: bool,
    injected: Injected,
) -> None:
    shared = request.getfixturevalue(f"{work}_site")
    site, striker = shared.take()
    injected.what, injected.faults = ["answer to a commit lost" if reaches else "commit lost"], 0
    for at in range(1, _MORE_THAN_THERE_ARE):
        sent = site.send()
        door = Deafness(("127.0.0.1", fragile_postgres.port), at, reaches)
        with door.open() as port:
            url = site.catalog.url.set(drivername="postgresql", port=port, host="127.0.0.1")
            dsn = url.update_query_dict({"sslmode": "disable"}).render_as_string(False)
            striker.count += 1
            ended = striker.end(*striker.start("", dsn))
        assert ended.how != victim.BROKEN, f"commit {at}: {ended.said}"
        site.settle()
        assert site.judge(sent, injected) == [], f"commit {at}"
        if not door.cut.is_set():
            break
        injected.faults += 1
    assert injected.faults > 3
