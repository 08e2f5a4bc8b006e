"""The command line of a code, and the names of its outputs (spec dbprocessing 5.4 and 5.5)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headwater.core.command_fields import INPUT, OUTPUT, expanded, product_fields
from headwater.core.errors import NameFormatError, ProcessingError
from headwater.core.name_format import date_fields, fill, fill_known
from headwater.core.output_interval import orbit_number, orbit_text
from headwater.core.states import FoundBy
from headwater.core.version import Version
from headwater.missions.loaded import LoadedCode, LoadedMission
from headwater.processing.claim import ClaimedBuild

_NOT_PLAIN = re.compile(r"[/\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class ExpectedOutput:
    """A file that a run should leave in its work directory.

    It has no name where the code names it, and its inspector finds it.
    """

    product_id: int
    product: str
    name: str | None
    required: bool


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What to run and what it should make; `argv` is not for a shell."""

    argv: tuple[str, ...]
    outputs: tuple[ExpectedOutput, ...]


def code_of(claimed: ClaimedBuild) -> LoadedCode:
    """The code that the claim chose.

    Raises
    ------
    ProcessingError
        If the mission that is loaded no longer has it.
    """
    for code in claimed.process.codes:
        if code.id == claimed.code_id:
            return code
    raise ProcessingError(
        f"process {claimed.process.name} no longer has the code chosen for {claimed.utc_date}: "
        "plan it again"
    )


def command_line(
    mission: LoadedMission, claimed: ClaimedBuild, work_directory: Path
) -> CommandLine:
    """The command line of a claimed build whose outputs go to `work_directory`.

    Raises
    ------
    ProcessingError
        If an output cannot be named, or the command line cannot be written down.
    """
    code = code_of(claimed)
    outputs = expected_outputs(mission, claimed)
    values = {
        "DATE": claimed.utc_date.strftime("%Y%m%d"),
        "ROOTDIR": str(mission.rootdir),
        "CODEDIR": str(mission.codedir),
        "CODEVERSION": str(code.version),
        "START": iso_text(claimed.start),
        "STOP": iso_text(claimed.stop),
    }
    if claimed.version is not None:
        values["VERSION"] = str(claimed.version)
    orbit = orbit_number(claimed.interval_key)
    if orbit is not None:
        values["ORBIT"] = orbit_text(orbit)
    extra = fill_known(claimed.process.extra_params or "", values)
    arguments = fill_known(code.arguments or "", values)
    paths = _paths_by_product(mission, claimed, outputs, work_directory)
    named = product_fields(f"{extra} {arguments}")
    _refuse_unknown(claimed, named, paths)
    given = [*(extra.split("|") if extra else ()), *arguments.split()]
    argv = [_code_path(mission, code)]
    if named:
        argv += [each for item in given for each in expanded(item, paths)]
    else:
        argv += given
        argv += [str(mission.rootdir / file.path) for file in claimed.inputs]
        argv += [str(work_directory / output.name) for output in outputs if output.name]
    return CommandLine(
        tuple(os.path.expandvars(os.path.expanduser(item)) for item in argv),  # noqa: PTH111  items are texts
        outputs,
    )


def iso_text(moment: datetime) -> str:
    """A UTC time as codes are told it: ``2020-01-31T00:00:00Z``."""
    return moment.isoformat().replace("+00:00", "Z")


def _paths_by_product(
    mission: LoadedMission,
    claimed: ClaimedBuild,
    outputs: Sequence[ExpectedOutput],
    work_directory: Path,
) -> dict[tuple[str, str], list[str]]:
    """What the fields of inputs and outputs stand for."""
    paths: dict[tuple[str, str], list[str]] = {
        (INPUT, mission.products[put.product_id].name): [] for put in claimed.process.inputs
    }
    for file in claimed.inputs:
        name = mission.products[file.product_id].name
        paths[INPUT, name].append(str(mission.rootdir / file.path))
    for output in outputs:
        if output.name is not None:
            paths[OUTPUT, output.product] = [str(work_directory / output.name)]
    return paths


def _refuse_unknown(
    claimed: ClaimedBuild,
    named: Sequence[tuple[str, str]],
    paths: Mapping[tuple[str, str], Sequence[str]],
) -> None:
    for kind, product in named:
        if (kind, product) not in paths:
            raise ProcessingError(
                f"the command line of process {claimed.process.name} has the field "
                f"{{{kind}:{product}}}, but {product} is no such product of it"
            )


def _code_path(mission: LoadedMission, code: LoadedCode) -> str:
    values = {"CODEVERSION": str(code.version)}
    path = mission.codedir / fill_known(code.relative_path or "", values)
    return os.path.normpath(path / fill_known(code.filename, values))


def expected_outputs(mission: LoadedMission, claimed: ClaimedBuild) -> tuple[ExpectedOutput, ...]:
    """The outputs of a claimed build, by their products' name formats."""
    if claimed.version is None:
        return ()
    found = []
    for put in claimed.process.outputs:
        product = mission.products[put.product_id]
        if put.found_by is FoundBy.INSPECTOR:
            found.append(ExpectedOutput(product.id, product.name, None, put.required))
            continue
        try:
            name = output_name(
                product.format,
                claimed,
                claimed.version,
                {
                    "PRODUCT": product.name,
                    "INSTRUMENT": product.instrument,
                    "SATELLITE": product.satellite,
                },
            )
        except NameFormatError as error:
            raise ProcessingError(f"the output {product.name} cannot be named: {error}") from error
        found.append(ExpectedOutput(product.id, product.name, name, put.required))
    return tuple(found)


def output_name(
    template: str, claimed: ClaimedBuild, version: Version, names: Mapping[str, str]
) -> str:
    """A file name: process keywords of the inputs first, then the fields of spec 5.4.

    Raises
    ------
    NameFormatError
        If a field has no value, or the name holds a slash or a control character.
    """
    fields = {**names, **date_fields(claimed.utc_date), "VERSION": str(version)}
    orbit = orbit_number(claimed.interval_key)
    if orbit is not None:
        fields["ORBIT"] = orbit_text(orbit)
    fields |= keywords_of([claimed.keywords])
    name = fill(template, fields | keywords_of([file.keywords for file in claimed.inputs]))
    return plain_name(name)


def plain_name(name: str) -> str:
    """`name`, which can be that of a file.

    Raises
    ------
    NameFormatError
        If it cannot.
    """
    if _NOT_PLAIN.search(name) or name in {"", ".", ".."}:
        raise NameFormatError(f"{name!r} cannot be a file name")
    return name


def keywords_of(texts: Sequence[str]) -> dict[str, str]:
    """Process keywords, of the last input that has each; none unless every input has some."""
    found: dict[str, str] = {}
    if not all(texts):
        return found
    for text in texts:
        for item in text.split():
            key, _, value = item.partition("=")
            found[key] = value
    return found
