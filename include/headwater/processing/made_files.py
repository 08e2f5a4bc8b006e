"""What a run has left in its work directory, and whether it is what the plan said."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headwater.core.errors import NameFormatError
from headwater.core.name_format import directory
from headwater.core.states import BuildState
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.inspection.specs import FileFacts, Identification
from headwater.missions.loaded import LoadedMission
from headwater.processing.command_line import ExpectedOutput
from headwater.processing.keeper.client import EndedBy
from headwater.processing.outcome import BuildResult, BuiltOutput, FinishedRun, failed_reason
from headwater.processing.run_facts import RUN_FILE
from headwater.processing.work_directory import is_folder

LOST_CLAIM = "its build is no longer ours: its lease was over, or somebody else took it"


@dataclass(slots=True)
class Output:
    """One file that a run has left, and what is known of it."""

    expected: ExpectedOutput
    path: Path
    size: int
    identification: Identification | None = None
    final_path: str = ""

    @property
    def name(self) -> str:
        """Its name, as the plan gave it or the code chose it."""
        return self.path.name

    @property
    def facts(self) -> FileFacts:
        """What the inspector said; only for an output that was checked."""
        assert self.identification and self.identification.facts  # noqa: S101  checked before
        return self.identification.facts


@dataclass(slots=True)
class Adoption:
    """A run on its way into the archive; `trouble` ends it."""

    finished: FinishedRun
    outputs: list[Output] = field(default_factory=list)
    trouble: str = ""
    put_off: str = ""
    """What keeps its outputs out that is nobody's fault and passes, as a full disk does."""
    log_path: Path | None = None
    filed: list[BuiltOutput] = field(default_factory=list)
    committed: bool = False

    @property
    def command(self) -> str:
        """The full command line, joined by blanks."""
        return " ".join(self.finished.run.command.argv)

    def result(self, state: BuildState, reason: str) -> BuildResult:
        """How the making of its build ended."""
        claimed = self.finished.run.claimed
        return BuildResult(
            claimed.build_id,
            state,
            reason,
            claimed.process.name,
            claimed.utc_date,
            claimed.interval_key,
            claimed.version,
            tuple(self.filed) if self.committed else (),
            self.finished.ended.wall_seconds,
            self.command,
        )


def look(adoption: Adoption) -> None:
    """Find the outputs with a name of a code that ended well."""
    ended, run = adoption.finished.ended, adoption.finished.run
    if ended.ended_by is not EndedBy.EXIT or ended.exit_code != 0:
        adoption.trouble = failed_reason(adoption.finished)
        return
    if not is_folder(run.work):
        adoption.trouble = f"its work directory {run.work.name} is no folder any more"
        return
    for expected in run.command.outputs:
        if expected.name is None:
            continue
        path = run.work / expected.name
        try:
            status = path.lstat()
        except OSError:
            if expected.required:
                code = os.path.basename(run.command.argv[0])  # noqa: PTH119  a text
                adoption.trouble = (
                    f"code {code} ended with exit code 0 but did not write {expected.name}"
                    f"{_instead(run.work, run.log_path.name)}"
                )
                return
            continue
        if not stat.S_ISREG(status.st_mode):
            adoption.trouble = f"its output {expected.name} is not a regular file"
            return
        adoption.outputs.append(Output(expected, path, status.st_size))


def identify(adoptions: Sequence[Adoption], host: InspectorHost, mission: LoadedMission) -> None:
    """Let the inspectors of the expected products say what the outputs are, and check it.

    Raises
    ------
    InspectorError
        If the helper process of the inspectors cannot be started.
    """
    pairs = [(adoption, output) for adoption in adoptions for output in adoption.outputs]
    if not pairs:
        return
    products = frozenset(output.expected.product_id for _, output in pairs)
    paths = [output.path for _, output in pairs]
    found = host.identify(paths, product_ids=products)
    for (adoption, output), identification in zip(pairs, found, strict=True):
        output.identification = identification
        adoption.trouble = adoption.trouble or checked(mission, adoption, output)


def checked(mission: LoadedMission, adoption: Adoption, output: Output) -> str:
    """Why an output is not what the plan said; empty if it is, and then its place is known."""
    claimed, name = adoption.finished.run.claimed, output.name
    known = output.identification
    assert known is not None  # noqa: S101  set by the caller
    if known.facts is None or known.product_id is None:
        return f"its output {name} was not identified: {known.reason}"
    if known.product_id != output.expected.product_id:
        product = mission.products[known.product_id].name
        return f"its output {name} is a {product}, not a {output.expected.product}"
    if known.facts.utc_file_date != claimed.utc_date:
        return f"its output {name} is of {known.facts.utc_file_date}, not {claimed.utc_date}"
    if known.facts.version != claimed.version:
        return f"its output {name} has version {known.facts.version}, not {claimed.version}"
    product_row = mission.products[known.product_id]
    try:
        folder = directory(
            product_row.relative_path,
            utc_file_date=known.facts.utc_file_date,
            utc_start_time=known.facts.utc_start_time,
            version=known.facts.version,
        )
    except NameFormatError as error:
        return f"its output {name} has no place in the archive: {error}"
    output.final_path = os.path.normpath(f"{folder}/{name}")
    return ""


def _instead(work: Path, log_name: str) -> str:
    """What a run left in place of its output, for the reason."""
    try:
        found = sorted(p.name for p in work.iterdir() if p.name not in (log_name, RUN_FILE))
    except OSError:
        return ""
    return f"; it wrote {shown_names(found)}" if found else ""


def shown_names(names: Sequence[str]) -> str:
    """The first of some names, for a reason."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]).encode("ascii", "backslashreplace").decode() + more
