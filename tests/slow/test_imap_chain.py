"""Packets of IMAP MAG become products of level 1C with the released codes of the mission.

What real chains teach is asserted where it applies: outputs by what the packets hold, versions
allotted before the run, parents as the tool saw them, ancillary files, no network, other bytes each
time, a code that fails.
"""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headwater.catalog.connection import Catalog
from headwater.core.states import BuildState, Disposition
from headwater.processing.service import ProcessReport
from headwater.processing.up_to_date import Status
from imap_chain import (
    CALIBRATION,
    ENVIRONMENT,
    KERNELS,
    L0,
    MISSION,
    ImapChain,
    Origin,
    imap_chain,
)

pytestmark = pytest.mark.slow

NORM = {"l1a_norm-raw", "l1a_norm-mago", "l1a_norm-magi"}
BURST = {"l1a_burst-raw", "l1a_burst-mago", "l1a_burst-magi"}
HIGHER = {"l1b_norm-mago", "l1b_burst-mago", "l1c_norm-mago"}


def name_of(what: str, version: str = "001.0000") -> str:
    return f"imap_mag_{what}_20231025_v{version}.cdf"


@dataclass(frozen=True)
class FirstPass:
    """The chain after one pass over all that it needs, and how that pass ended."""

    chain: ImapChain
    report: ProcessReport
    versions: dict[str, str]
    origins: dict[str, Origin]


@pytest.fixture(scope="module")
def first(
    module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory, shared_dir: Path
) -> Iterator[FirstPass]:
    folder = tmp_path_factory.mktemp("chain") / "imap"
    with imap_chain(module_catalog, folder, shared_dir) as chain:
        arrived = chain.deliver(L0, CALIBRATION, *KERNELS)
        assert arrived.count(Disposition.ADOPTED) == 4, arrived.ended
        report = chain.process()
        yield FirstPass(chain, report, chain.newest(), chain.origins())


@pytest.fixture
def chain(catalog: Catalog, tmp_path: Path, shared_dir: Path) -> Iterator[ImapChain]:
    with imap_chain(catalog, tmp_path / "imap", shared_dir) as chain:
        yield chain


def test_one_run_makes_the_six_products_of_level_1a(first: FirstPass) -> None:
    [run] = [one for one in first.report.results if one.process == "make_l1a"]
    assert run.state is BuildState.BUILT, run.reason
    assert {output.name for output in run.outputs} == {name_of(what) for what in NORM | BURST}
    for what in NORM | BURST:
        assert first.origins[name_of(what)] == Origin(
            sorted([L0, *KERNELS]), run.build_id, "imap_mag.py 1.0.40"
        )


def test_level_1b_is_made_with_the_calibration_and_level_1c_from_it(first: FirstPass) -> None:
    assert first.versions == dict.fromkeys(NORM | BURST | HIGHER, "1.0.0")
    for mode in ("norm", "burst"):
        made = first.origins[name_of(f"l1b_{mode}-mago")]
        assert made.parents == sorted([name_of(f"l1a_{mode}-mago"), CALIBRATION, *KERNELS])
    made = first.origins[name_of("l1c_norm-mago")]
    assert made.parents == sorted([name_of("l1b_norm-mago"), *KERNELS])


def test_the_files_themselves_tell_the_version_and_the_parents_that_the_catalog_has(
    first: FirstPass,
) -> None:
    says = first.chain.cdf(first.origins)
    assert len(says) == 9
    for name, origin in first.origins.items():
        assert (says[name]["version"], says[name]["parents"]) == (["001.0000"], origin.parents)
    records = {what: says[name_of(what)]["records"] for what in HIGHER}
    assert records == {"l1b_norm-mago": 272, "l1b_burst-mago": 4864, "l1c_norm-mago": 255}


def test_a_code_that_fails_is_held_with_its_message_and_stops_nothing_else(
    first: FirstPass,
) -> None:
    chain = first.chain
    failed = [one for one in first.report.results if one.process == "make_l1c_with_burst"]
    assert [one.state for one in failed] == [BuildState.FAILED, BuildState.HELD]
    message = "ValueError: Expect x to be a 1D strictly increasing sequence."
    assert all(message in one.reason for one in failed)
    assert {one.state for one in first.report.results if one not in failed} == {BuildState.BUILT}
    build = chain.build("make_l1c_with_burst")
    assert build["state"] == "held" and message in build["reason"]
    assert message in chain.why("imap_mag_l1c_norm-mago_with-burst").headline
    # The archive holds nothing of it; its log, with the traceback, is kept for a person.
    assert not (chain.mission.rootdir / "imap/mag/l1c-with-burst").exists()
    assert list((chain.mission.rootdir / ".work").iterdir()) == []
    logs = list(chain.mission.errordir.glob("make_l1c_with_burst_20231025_v2.0.0.prob"))
    assert "Traceback (most recent call last)" in logs[0].read_text()


def test_again_makes_nothing_though_the_tool_never_writes_the_same_bytes(
    first: FirstPass, tmp_path: Path
) -> None:
    chain, made = first.chain, name_of("l1b_norm-mago")
    assert chain.deliver(L0).count(Disposition.DUPLICATE) == 1
    assert chain.process().results == []
    there = [row for row in chain.plan() if row.file and row.process]
    assert {row.status for row in there} == {Status.CURRENT}
    assert len(there) == len(NORM | BURST | HIGHER)

    [run] = [one for one in first.report.results if one.process == "make_l1b_norm"]
    environment = chain.environment()
    subprocess.run(
        run.command.split(), cwd=tmp_path, env=environment, capture_output=True, check=True
    )
    (by_hand,) = (path for path in tmp_path.rglob("*.cdf") if not path.is_symlink())
    assert by_hand.name == made
    assert by_hand.stat().st_size == chain.path(made).stat().st_size
    assert by_hand.read_bytes() != chain.path(made).read_bytes()


def test_a_newer_calibration_makes_again_what_it_bears_on_and_nothing_else(
    first: FirstPass,
) -> None:
    chain, content = first.chain, (first.chain.packets / CALIBRATION).read_bytes()
    newer = CALIBRATION.replace("20231001", "20231020")
    chain.arrive(newer, content)
    chain.ingest()
    results = chain.process().results
    assert sorted(one.process for one in results if one.state is BuildState.BUILT) == [
        "make_l1b_burst",
        "make_l1b_norm",
        "make_l1c",
    ]
    assert {one.process for one in results if one.state is not BuildState.BUILT} == {
        "make_l1c_with_burst"  # its inputs changed, so it is tried again
    }
    assert chain.newest() == {
        **dict.fromkeys(NORM | BURST, "1.0.0"),
        **dict.fromkeys(HIGHER, "1.1.0"),
    }
    origins = chain.origins()
    for mode in ("norm", "burst"):
        parents = origins[name_of(f"l1b_{mode}-mago", "001.0100")].parents
        assert newer in parents and CALIBRATION not in parents
        assert chain.path(name_of(f"l1b_{mode}-mago")).exists(), "the older version stays"
    parents = origins[name_of("l1c_norm-mago", "001.0100")].parents
    assert name_of("l1b_norm-mago", "001.0100") in parents

    chain.arrive(CALIBRATION.replace("20231001", "20231026"), content)
    chain.ingest()
    assert chain.process().results == [], "it is valid from the next day on"


def packets_of(path: Path, apid: int) -> bytes:
    """The packets of one kind."""
    data, kept = path.read_bytes(), b""
    while data:
        identity, _, length = struct.unpack(">HHH", data[:6])
        packet, data = data[: length + 7], data[length + 7 :]
        kept += packet if identity & 0x7FF == apid else b""
    return kept


def test_nothing_runs_without_a_clock_kernel_and_the_plan_names_what_is_missing(
    chain: ImapChain,
) -> None:
    chain.arrive(L0, packets_of(chain.packets / L0, 1052))  # normal mode only
    chain.deliver("naif0012.tls")
    assert chain.process().results == []
    needs = "needs imap_sclk that is valid at 2023-10-25 00:00:00 UTC: none"
    level_1a = {
        (row.product, row.status, row.reason) for row in chain.plan() if row.process == "make_l1a"
    }
    assert level_1a == {(f"imap_mag_{what}", Status.MISSING, needs) for what in NORM | BURST}
    assert needs in chain.why("imap_mag_l1c_norm-mago").headline

    # The kernel comes; a calibration comes that is valid a day too late.
    late = (chain.packets / CALIBRATION).read_bytes()
    chain.arrive(CALIBRATION.replace("20231001", "20231026"), late)
    chain.deliver("imap_sclk_0000.tsc")
    [run] = chain.process().results
    assert {output.name for output in run.outputs} == {name_of(what) for what in NORM}, (
        "the packets decide which of its products a run makes"
    )
    needs = "needs imap_mag_l1b-calibration that is valid at 2023-10-25 00:00:00 UTC: none"
    assert needs in chain.why("imap_mag_l1b_norm-mago").headline
    needs = "needs imap_mag_l1a_burst-mago of 2023-10-25: none"
    assert needs in chain.why("imap_mag_l1b_burst-mago").headline
    assert chain.process().results == []


def test_packets_of_another_day_than_the_name_says_are_not_taken(chain: ImapChain) -> None:
    chain.arrive(L0.replace("20231025", "20231027"), (chain.packets / L0).read_bytes())
    [arrival] = chain.ingest().ended
    assert arrival.disposition is Disposition.QUARANTINED
    assert "its name says 20231027, its packets are of 2023-10-25" in arrival.reason


def test_a_code_that_misses_a_file_cannot_try_the_internet(
    chain: ImapChain, tmp_path: Path
) -> None:
    needs = '[{"type": "science", "files": ["imap_mag_l1b_norm-mago_20231025_v001.0000.cdf"]}]'
    command = ["imap_cli", "--instrument", "mag", "--data-level", "l1c", "--descriptor",
               "norm-mago", "--start-date", "20231025", "--version", "v001.0000",
               "--dependency", needs]  # fmt: skip
    environment = {**chain.environment(), "IMAP_DATA_DIR": str(tmp_path / "empty")}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False,
        timeout=chain.mission.settings.code_time_limit_seconds,
    )  # fmt: skip
    assert done.returncode == 1
    assert "host='127.0.0.1', port=9" in done.stderr.splitlines()[-1]


def test_the_codes_are_compiled_and_those_that_the_mission_names(chain: ImapChain) -> None:
    [package] = (ENVIRONMENT / "lib").glob("python3*/site-packages/imap_processing")
    assert list(package.glob("__pycache__/cli.*.pyc")), "a start would take twice as long"
    versions = {str(code.version) for one in chain.mission.processes.values() for code in one.codes}
    pinned = (MISSION / "constraints.txt").read_text().splitlines()
    assert [f"imap-processing=={version}" for version in versions] == [
        line for line in pinned if line.startswith("imap-processing==")
    ]
    assert os.access(ENVIRONMENT / "bin" / "imap_cli", os.X_OK)
