"""One stack for all faults of this folder; it ends with the last of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from on_airflow.site import Site, opened

from headwater.local.airflow_environment import dags_folder

CODE_SECONDS = "0.1"
"""What a code takes, so that a fault finds a run of 200 files in the middle."""


@pytest.fixture(scope="package")
def dags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stack's DAG files, a copy that a test may damage."""
    folder = tmp_path_factory.mktemp("deployed") / "dags"
    shutil.copytree(dags_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory, dags: Path) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(dags))
        root, folder = tmp_path_factory.mktemp("stack"), tmp_path_factory.mktemp("synthetic")
        with opened(root, folder) as site:
            yield site


@pytest.fixture(autouse=True)
def codes_as_usual(site: Site) -> Iterator[None]:
    """Each code takes its time and none hangs; what a test changes ends with it."""
    site.say("pace", CODE_SECONDS)
    site.say("hang")
    yield
    site.say("pace")
    site.say("hang")
