"""A Postgres that may be cut off and restarted, and processes that are quick to start."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from faults.matrix.adoptions import AdoptionSite
from faults.matrix.arrivals import ArrivalSite
from faults.matrix.shared_site import SharedSite
from fresh_database import make_template
from headwater.local.postgres import LocalPostgres

_SETTINGS = {"fsync": "off", "idle_in_transaction_session_timeout": "2s"}


@pytest.fixture(scope="session")
def fragile_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """A server of our own; what it has committed survives its kill, though not a power cut."""
    folder = tmp_path_factory.mktemp("fragile")
    with LocalPostgres(folder / "data", settings=_SETTINGS) as server:
        server.wanted_port = server.port  # it comes back where it was
        yield server


@pytest.fixture(scope="session")
def fragile_template(fragile_postgres: LocalPostgres) -> str:
    return make_template(fragile_postgres.url("postgres"))


@pytest.fixture(scope="session")
def forks() -> ForkServerContext:
    """Makes processes from one that has imported the program already."""
    tests = Path(__file__).resolve().parents[2]
    paths = [str(tests), str(tests / "integration"), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faults.matrix.victim"])
    return context


@pytest.fixture(scope="session")
def arrival_site(
    fragile_postgres: LocalPostgres,
    fragile_template: str,
    forks: ForkServerContext,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SharedSite[ArrivalSite]]:
    shared = SharedSite(
        fragile_postgres, fragile_template, forks,
        lambda: tmp_path_factory.mktemp("arrivals"), ArrivalSite.new, "ingest",
    )  # fmt: skip
    yield shared
    shared.discard()


@pytest.fixture(scope="session")
def adoption_site(
    fragile_postgres: LocalPostgres,
    fragile_template: str,
    forks: ForkServerContext,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SharedSite[AdoptionSite]]:
    shared = SharedSite(
        fragile_postgres, fragile_template, forks,
        lambda: tmp_path_factory.mktemp("adoptions"), AdoptionSite, "process",
    )  # fmt: skip
    yield shared
    shared.discard()
