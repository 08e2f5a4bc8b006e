"""Runs one inspector on one file, inside the helper process.

The source of an inspector is compiled once and executed into a new module for each file, so that
nothing at module level goes from one file or inspector to another (issue: "each file with its own
module namespace").
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from headwater.missions.inspection import facts
from headwater.missions.inspection.printable import shown
from headwater.missions.inspection.specs import FileFacts, InspectorSpec, MissionFacts

_LONGEST_MESSAGE = 300


class InspectorFailedError(Exception):
    """An inspector failed on this file; the text follows its title in a reason.

    ``trace`` is the traceback for the file's output; empty where it would say no more.
    """

    def __init__(self, text: str, trace: str = "") -> None:
        """Keep the sentence and the traceback."""
        super().__init__(text)
        self.trace = trace


@dataclass(slots=True)
class Inspectors:
    """The inspectors of one mission, loaded as they are first needed."""

    mission: MissionFacts
    specs: Sequence[InspectorSpec]
    _dbu: Any = field(init=False)
    _read_arguments: Callable[[str | None], dict[str, str] | None] = field(init=False)
    _paths: dict[int, Path] = field(init=False)
    _codes: dict[Path, tuple[tuple[int, int], CodeType]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Make the ``dbu`` that all inspectors share.

        The package dbprocessing exists only in the helper process, whose module path holds it.
        """
        self._paths = {
            spec.inspector_id: Path(self.mission.inspectordir, spec.module_path)
            for spec in self.specs
        }
        self._dbu = import_module("dbprocessing.DButils").DButils(self.mission, self.specs)
        self._read_arguments = import_module("dbprocessing.Utils").strargs_to_args

    def try_on(self, path: str, spec: InspectorSpec) -> FileFacts | None:
        """What the inspector of `spec` says about `path`; None if the file is not its own.

        Raises
        ------
        InspectorFailedError
            If it cannot be loaded, raises, exits, or matches without the needed facts.
        """
        module_path = self._paths[spec.inspector_id]
        code = self._code(module_path)
        module = ModuleType(f"headwater_inspector_{spec.inspector_id}")
        module.__file__ = str(module_path)
        sys.modules[module.__name__] = module
        try:
            return self._inspected(module, code, path, spec)
        finally:
            sys.modules.pop(module.__name__, None)

    def _code(self, module_path: Path) -> CodeType:
        """Compile the source again only when the file has changed."""
        try:
            status = module_path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            cached = self._codes.get(module_path)
            if cached is not None and cached[0] == stamp:
                return cached[1]
            source = module_path.read_bytes()
            code = compile(source, str(module_path), "exec", dont_inherit=True)
        except OSError as error:
            raise InspectorFailedError(
                f"cannot be loaded: {shown(str(module_path))}: {error.strerror}"
            ) from error
        except (SyntaxError, ValueError) as error:
            raise InspectorFailedError(f"cannot be loaded: {_sentence(error)}") from error
        self._codes[module_path] = (stamp, code)
        return code

    def _inspected(
        self, module: ModuleType, code: CodeType, path: str, spec: InspectorSpec
    ) -> FileFacts | None:
        try:
            exec(code, module.__dict__)  # noqa: S102  an inspector is the mission's own code
        except BaseException as error:  # also SystemExit is its failure
            raise _failure(error, "while it was loaded ", module.__file__) from error
        if not isinstance(made := module.__dict__.get("Inspector"), type):
            raise InspectorFailedError("has no class Inspector")
        try:
            arguments = self._read_arguments(spec.arguments) or {}
            inspector = made(path, self._dbu, spec.known("product"), **arguments)
            return _verdict(inspector, inspector())
        except InspectorFailedError:
            raise
        except BaseException as error:
            raise _failure(error, "", module.__file__) from error


def _verdict(inspector: object, match: object) -> FileFacts | None:
    """Read what an inspector returned; a match without all that is needed is none, but a trouble.

    All of this touches objects of the inspector, so anything may be raised.
    """
    if match is not None:
        params = getattr(match, "params", None)
        if not isinstance(params, Mapping):
            raise InspectorFailedError(f"returned {type(match).__name__} instead of a Diskfile")
        try:
            return facts.checked(params)
        except facts.UnusableFactError as error:
            raise InspectorFailedError(str(error)) from error
    unset: list[str] = []
    if getattr(inspector, "diskfile", None) is not None:
        unset = getattr(inspector, "unset", list)()
    if unset:
        raise InspectorFailedError(
            f"recognised the file but set no {', no '.join(unset)}, so it does not count"
        )
    return None


def _failure(error: BaseException, when: str, module_path: str | None) -> InspectorFailedError:
    """Describe what an inspector raised."""
    if isinstance(error, SystemExit):
        return InspectorFailedError(f"{when}called sys.exit({error.code!r})")
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == module_path]
    where = f" (line {lines[-1]})" if lines else ""
    trace = "".join(traceback.format_exception(error))
    return InspectorFailedError(f"{when}raised {_sentence(error)}{where}", trace)


def _sentence(error: BaseException) -> str:
    try:
        text = shown(str(error)[:_LONGEST_MESSAGE])
    except Exception:  # a foreign __str__ may do anything
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
