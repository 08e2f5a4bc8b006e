"""Codes that write beside their work directory: what is seen, reported, and never overwritten."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import date
from pathlib import Path

import pytest
from processing_lab import CHAIN, COPY, Lab, process

from headwater.catalog.connection import Catalog
from headwater.core.states import BuildState
from headwater.ingest.service import ingest_pending
from headwater.processing.outcome import BuildResult

D1 = date(2020, 1, 1)
INPUT = "l0_20200101_v1.0.0.dat"
OUTPUT = "l1_20200101_v1.0.0.dat"


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab", CHAIN)


def one_run(lab: Lab, script: str) -> BuildResult:
    """The result of the first attempt at L1 of one day."""
    lab.code("copy.sh", f"#!/bin/sh\nset -e\n{script}\n")
    lab.put("l0", D1)
    return lab.process().results[0]


def catalog_files(lab: Lab) -> set[str]:
    return {str(row.name) for row in lab.rows("select name from headwater.file")}


@pytest.mark.fault(42, 47)
def test_an_output_at_its_place_in_the_archive_is_reported_and_not_taken(lab: Lab) -> None:
    place = lab.root / "l1" / OUTPUT
    result = one_run(lab, f'mkdir -p {place.parent}; cat "$1" >{place}')
    assert result.state is BuildState.FAILED
    assert f"did not write {OUTPUT}" in result.reason
    assert f"a file lies at l1/{OUTPUT} already" in result.reason
    assert catalog_files(lab) == {INPUT}


@pytest.mark.fault(42)
def test_exit_1_with_an_output_at_its_place_is_reported_and_not_taken(lab: Lab) -> None:
    place = lab.root / "l1" / OUTPUT
    result = one_run(lab, f"mkdir -p {place.parent}; echo half >{place}; exit 1")
    assert result.state is BuildState.FAILED
    assert "exit code 1" in result.reason
    assert f"a file lies at l1/{OUTPUT} already" in result.reason
    assert catalog_files(lab) == {INPUT}


@pytest.mark.fault(47)
@pytest.mark.parametrize("how", ["echo changed >>$1", "rm $1; echo changed >$1"])
def test_a_code_that_changes_its_input_has_failed_whatever_it_made(lab: Lab, how: str) -> None:
    result = one_run(lab, f'{how}; cat "$1" >"$2"')
    assert result.state is BuildState.FAILED
    assert f"its input l0/{INPUT} changed while it ran" in result.reason
    assert catalog_files(lab) == {INPUT}
    recorded = lab.rows("select sha256 from headwater.file")[0].sha256
    found = hashlib.sha256((lab.root / "l0" / INPUT).read_bytes()).hexdigest()
    assert found != recorded  # which an audit of sums tells


@pytest.mark.fault(47)
def test_a_file_beside_the_work_directory_is_put_aside_with_a_reason(lab: Lab) -> None:
    result = one_run(lab, 'cat "$1" >"$2"; echo stray >../stray.txt')
    assert result.state is BuildState.BUILT
    assert (lab.root / "errors/stray.txt").read_text() == "stray\n"
    note = json.loads((lab.root / "errors/stray.txt.reason.json").read_text())
    assert note["reason"] == "a code wrote it beside its work directory"
    assert note["ended just before"] == [str(lab.root / "codes/copy.sh")]
    assert lab.leftovers() == []


@pytest.mark.fault(47)
def test_a_file_written_into_incoming_is_an_arrival_like_any_other(lab: Lab) -> None:
    lab.settings(settle_seconds=0)
    name = "l0_20200102_v1.0.0.dat"
    result = one_run(lab, f'cat "$1" >"$2"; echo sent >{lab.root}/incoming/{name}')
    assert result.state is BuildState.BUILT
    [ended] = ingest_pending(lab.catalog, lab.mission, lab.actor).ended
    assert (ended.name, ended.disposition.value) == (name, "adopted")


@pytest.mark.fault(47)
def test_what_is_written_into_another_work_directory_is_nobodys_output(lab: Lab) -> None:
    intrude = f'for each in {lab.root}/.work/*; do echo intruder >"$each/l2_extra.dat"; done'
    lab.code("copy.sh", f"#!/bin/sh\n{intrude}\n{COPY[10:]}")
    lab.put_many("l0", [D1, date(2020, 1, 2)])
    lab.process(slots=2)
    assert lab.newest("l2") == {"2020-01-01": "1.0.0", "2020-01-02": "1.0.0"}
    assert not list(lab.root.rglob("l2_extra.dat"))
    assert lab.leftovers() == []


@pytest.mark.fault(47)
@pytest.mark.parametrize("kind", ["ln -s /etc/passwd", "mkfifo", "mkdir"])
def test_an_output_that_is_no_file_is_refused(lab: Lab, kind: str) -> None:
    result = one_run(lab, f'{kind} "$2"')
    assert result.state is BuildState.FAILED
    assert "is not a regular file" in result.reason
    assert catalog_files(lab) == {INPUT}


@pytest.mark.fault(47)
@pytest.mark.parametrize("kind", ["mkfifo", "ln -s /etc/passwd", "ln -s nothing", "mkdir"])
@pytest.mark.parametrize("code", [0, 1])
def test_a_log_that_the_code_has_replaced_is_not_read_and_stops_nothing(
    lab: Lab, kind: str, code: int
) -> None:
    """Reading a FIFO would wait for ever, and a link would show another file's last line."""
    script = f'cat "$1" >"$2"; rm "$2.prob"; {kind} "$2.prob"; exit {code}'
    done: list[BuildResult] = []
    worker = threading.Thread(target=lambda: done.append(one_run(lab, script)), daemon=True)
    worker.start()
    worker.join(30)
    assert done, "the pass hangs"
    assert done[0].state is (BuildState.FAILED if code else BuildState.BUILT)
    assert "root:" not in done[0].reason
    assert not [path for path in (lab.root / ".headwater").rglob("*.prob") if path.is_symlink()]
    assert not [row for row in lab.rows("select log_path from headwater.build") if
                row.log_path and Path(str(row.log_path)).is_symlink()
                and Path(str(row.log_path)).parent != lab.root / "errors"]  # fmt: skip


@pytest.mark.fault(47)
def test_a_work_directory_that_became_a_link_gives_no_file_of_the_archive_away(lab: Lab) -> None:
    theirs = lab.root / "l1" / OUTPUT
    theirs.parent.mkdir()
    theirs.write_text("not theirs")
    script = f'work=$(dirname "$2"); mv "$work" "$work-aside"; ln -s {theirs.parent} "$work"'
    lab.code("copy.sh", f"#!/bin/sh\n{script}\n")
    lab.put("l0", D1)
    lab.process()
    assert theirs.read_text() == "not theirs"
    assert {state for _, state, _ in lab.builds("mk_l1")} <= {"failed", "held"}


@pytest.mark.fault(47)
def test_a_hard_link_to_a_file_of_the_archive_is_filed_as_a_copy(lab: Lab) -> None:
    """Otherwise who writes to the one would write to the other."""
    result = one_run(lab, 'ln "$1" "$2"')
    assert result.state is BuildState.BUILT
    assert (lab.root / "l1" / OUTPUT).stat().st_ino != (lab.root / "l0" / INPUT).stat().st_ino


@pytest.mark.fault(47)
def test_more_files_than_declared_are_nobodys_and_go_with_the_work_directory(lab: Lab) -> None:
    result = one_run(lab, 'cat "$1" >"$2"; echo more >"$(dirname "$2")/more.txt"')
    assert result.state is BuildState.BUILT
    assert catalog_files(lab) >= {INPUT, OUTPUT}
    assert not list(lab.root.rglob("more.txt"))
    assert lab.leftovers() == []


@pytest.mark.fault(47)
def test_what_is_written_to_tmp_is_not_seen(lab: Lab, tmp_path: Path) -> None:
    """Said in docs/explanation/trust.md: only places that Headwater owns are looked at."""
    result = one_run(lab, f'cat "$1" >"$2"; echo x >{tmp_path}/scratch')
    assert result.state is BuildState.BUILT
    assert (tmp_path / "scratch").exists()


@pytest.mark.fault(70)
def test_words_of_a_shell_in_parameters_and_names_are_only_words(
    catalog: Catalog, tmp_path: Path
) -> None:
    """They come from a mission file and from the name of a file that somebody has sent."""
    extra = "$(touch pwned)|;`touch pwned`|&&|> pwned|*"
    step = process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE", extra=extra)
    lab = Lab(catalog, tmp_path / "lab", (*CHAIN[:2], step))
    lab.code("copy.sh", '#!/bin/sh\nfor last; do printf "%s\\n" "$last"; done\necho x >"$last"\n')
    name = "l0_$(touch pwned);`touch pwned`.dat"
    lab.put("l0", D1, name=name)
    [result] = lab.process().results
    assert result.state is BuildState.BUILT, result.reason
    [row] = lab.rows("select log_path from headwater.build")
    words = Path(str(row.log_path)).read_text().splitlines()[2:]
    assert words[:-2] == extra.split("|")
    assert words[-2] == str(lab.root / "l0" / name)
    assert not list(tmp_path.rglob("pwned"))
