"""Outputs that a code names itself: found below the work directory by their inspectors."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from headwater.core.errors import NameFormatError
from headwater.missions.inspection.host import InspectorHost
from headwater.missions.loaded import LoadedMission
from headwater.processing.command_line import ExpectedOutput, plain_name
from headwater.processing.made_files import Adoption, Output, checked, shown_names
from headwater.processing.outcome import Run
from headwater.processing.run_facts import RUN_FILE


def find_outputs(adoption: Adoption, host: InspectorHost, mission: LoadedMission) -> None:
    """Take the files that the inspectors of outputs without a name recognise, and check them.

    One file a product; other files that the code left are nobody's outputs.

    Raises
    ------
    InspectorError
        If the helper process of the inspectors cannot be started.
    """
    run = adoption.finished.run
    wanted = {each.product_id: each for each in run.command.outputs if each.name is None}
    if not wanted or adoption.trouble:
        return
    found: dict[int, list[Output]] = {product: [] for product in wanted}
    left = dict(sorted(left_files(run)))
    for path, known in zip(
        left, host.identify(list(left), product_ids=frozenset(wanted)), strict=True
    ):
        if known.product_id is not None:
            output = Output(wanted[known.product_id], path, left[path], known)
            found[known.product_id].append(output)
    adoption.outputs += [output for outputs in found.values() for output in outputs]
    adoption.trouble = _trouble(mission, adoption, found, wanted)


def left_files(run: Run) -> Iterator[tuple[Path, int]]:
    """The regular files below a work directory, with their sizes in bytes.

    Not those that are ours, nor outputs with a name.
    """
    ours = {run.work / RUN_FILE, run.log_path}
    ours |= {run.work / each.name for each in run.command.outputs if each.name}
    for folder, _, names in os.walk(run.work):
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(OSError):
                status = path.lstat()
                if path not in ours and stat.S_ISREG(status.st_mode):
                    yield path, status.st_size


def _trouble(
    mission: LoadedMission,
    adoption: Adoption,
    found: dict[int, list[Output]],
    wanted: dict[int, ExpectedOutput],
) -> str:
    """Why what was found is not what the plan said; empty if it is."""
    for product, outputs in found.items():
        expected = wanted[product]
        if len(outputs) > 1:
            names = shown_names([output.name for output in outputs])
            return f"{len(outputs)} files are its {expected.product}, expected one: {names}"
        if not outputs and expected.required:
            return f"no file that it wrote is a {expected.product}{_instead(adoption)}"
        for output in outputs:
            trouble = _unusable_name(output.name) or checked(mission, adoption, output)
            if trouble:
                return trouble
    places = [output.final_path for output in adoption.outputs]
    twice = next((place for place in places if places.count(place) > 1), None)
    return f"two of its outputs would lie at {twice}" if twice else ""


def _unusable_name(name: str) -> str:
    try:
        plain_name(name)
    except NameFormatError as error:
        return f"one of its outputs has no usable name: {error}"
    return ""


def _instead(adoption: Adoption) -> str:
    names = sorted(path.name for path, _ in left_files(adoption.finished.run))
    return f"; it wrote {shown_names(names)}" if names else ""
