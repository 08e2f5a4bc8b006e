"""One scenario played on an empty catalog, through the `headwater` command."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.dbprocessing.commands import Called, headwater_command
from tests.conformance.dbprocessing.scenario import Scenario, ScenarioError

from headwater.catalog.connection import Catalog
from headwater.core.errors import HeadwaterError
from headwater.missions.inspection import inspecting
from headwater.missions.loaded import load_mission, mission_names

_SHIM = Path(inspecting.__file__).parent / "shim"


@dataclass(slots=True)
class Played:
    """What was called, notes of what a step could not do, and what must not happen at all.

    `settled` is whether the last step that could change anything made all that was due, so that
    nothing may be left.
    """

    mission: str = ""
    settled: bool = False
    calls: list[Called] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def play(scenario: Scenario, catalog_url: str, folder: Path) -> Played:
    """Lay the mission out in `folder`, load its configs, and take every step.

    Raises
    ------
    ScenarioError
        If a step is of a kind that this does not know.
    """
    return _Player(scenario, catalog_url, folder).play()


class _Player:
    """The state of one play."""

    def __init__(self, scenario: Scenario, catalog_url: str, folder: Path) -> None:
        self._scenario = scenario
        self._url = catalog_url
        self._root = folder / "root"
        self._folder = folder
        self._played = Played()
        self._environment = {
            "HEADWATER_CATALOG_URL": catalog_url,
            "DBPROCESSING_LOG_DIR": str(folder / "logs"),
            "HEADWATER_HOME": str(folder / "home"),
        }

    def play(self) -> Played:
        self._lay_out()
        self._mission = self._name_of_mission()
        self._played.mission = self._mission
        for number, text in enumerate(self._scenario.configs):
            path = self._folder / f"config{number}.conf"
            path.write_text(self._filled(text))
            self._call("dbprocessing", "addFromConfig.py", "-m", self._mission, str(path))
        for step in self._scenario.steps:
            self._take(step)
        return self._played

    def _lay_out(self) -> None:
        folders = ["incoming", "codes", "inspectors", "tmp"]
        if self._scenario.has_error_folder:
            folders.append("codes/errors")
        for name in folders:
            (self._root / name).mkdir(parents=True)
        for name, content in self._scenario.assets.items():
            target = self._root / ("inspectors" if name.endswith(".py") else "codes") / name
            target.write_text(content)
            target.chmod(0o755)

    def _name_of_mission(self) -> str:
        """The mission's name as the config gives it: ``@DB@`` of the steps."""
        for line in "\n".join(self._scenario.configs).splitlines():
            key, equals, value = line.partition("=")
            if equals and key.strip().lower() == "mission_name":
                return value.strip()
        raise ScenarioError(f"{self._scenario.id}: no config names the mission")

    def _filled(self, text: str) -> str:
        text = text.replace("@ROOT@", str(self._root)).replace("@TMP@", str(self._root / "tmp"))
        return text.replace("@DB@", getattr(self, "_mission", "@DB@"))

    def _call(self, *arguments: str) -> Called:
        called = headwater_command(arguments, self._environment, self._folder)
        self._played.calls.append(called)
        said = " ".join(arguments)
        if "Traceback" in called.stderr:
            self._played.problems.append(f"{said}: a traceback")
        if called.exit_code is None:
            self._played.problems.append(f"{said}: ran too long and was killed")
        if called.exit_code and "has no script" in called.stderr:
            self._played.problems.append(called.stderr.strip())
        return called

    def _take(self, step: Mapping[str, Any]) -> None:
        steps = {
            "put": self._put,
            "symlink": self._symlink,
            "mkdir": lambda step: (self._root / step["dir"]).mkdir(parents=True, exist_ok=True),
            "rm": lambda step: (self._root / step["path"]).unlink(missing_ok=True),
            "write_code": self._write_code,
            "cli": lambda step: self._call("dbprocessing", *map(self._filled, step["cmd"])),
            "add_code": self._add_code,
            "py": self._python,
            "snapshot": lambda step: None,
            "readerr": lambda step: None,
        }
        if step["op"] not in ("snapshot", "readerr", "py"):
            self._played.settled = _makes_all(step)
        if step["op"] not in steps:
            raise ScenarioError(f"{self._scenario.id}: no step is known as {step['op']!r}")
        steps[step["op"]](step)

    def _put(self, step: Mapping[str, Any]) -> None:
        folder = self._root / step.get("dir", "incoming")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / step["file"]
        if path.is_symlink():
            path.unlink()
        path.write_text(step.get("content", ""))

    def _symlink(self, step: Mapping[str, Any]) -> None:
        (self._root / "incoming" / step["name"]).symlink_to(self._root / step["target"])

    def _write_code(self, step: Mapping[str, Any]) -> None:
        path = self._root / "codes" / step["name"]
        path.write_text(step["content"])
        path.chmod(0o755)

    def _add_code(self, step: Mapping[str, Any]) -> None:
        arguments = [
            "code", "add", step["process"], step["filename"], "--mission", self._mission,
            "--version", step["version"], "--output-interface", str(step["output_interface"]),
            "--first", step["start"], "--last", step["stop"],
        ]  # fmt: skip
        if step.get("arguments"):
            arguments += ["--arguments", step["arguments"]]
        for version in step.get("deactivate", ()):
            arguments += ["--deactivate", version]
        called = self._call(*arguments)
        if called.exit_code:
            self._played.notes.append(f"code add was refused: {called.stderr.strip()}")

    def _python(self, step: Mapping[str, Any]) -> None:
        """Run Python against the read-only ``dbu`` that inspectors get; what it lacks is noted."""
        catalog = Catalog(self._url)
        try:
            with catalog.read() as connection:
                if self._mission not in mission_names(connection):
                    self._played.notes.append("py: there is no such mission")
                    return
            mission = load_mission(catalog, self._mission)
        except HeadwaterError as error:
            self._played.notes.append(f"py: {error}")
            return
        finally:
            catalog.close()
        if str(_SHIM) not in sys.path:
            sys.path.insert(0, str(_SHIM))
        from dbprocessing.DButils import DButils

        dbu = DButils(mission.facts(), mission.inspector_specs())
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(self._filled(step["code"]), {"dbu": dbu})  # the recording is a program
            except Exception as error:
                self._played.notes.append(f"py: {type(error).__name__}: {error}")


def _makes_all(step: Mapping[str, Any]) -> bool:
    """Whether a step is a whole pass of processing."""
    command = step.get("cmd", [""])
    partial = {"-d", "--dryrun", "-s", "-o", "--only"}
    return command[0] == "ProcessQueue.py" and "-p" in command and not partial & set(command)
