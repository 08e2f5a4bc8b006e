"""The processes of a running stack, found and killed by what they do."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil
from on_airflow.site import Site, until

from headwater.local.processes import members

_KEEPER = "headwater.processing.keeper"


@dataclass(frozen=True)
class BuildTask:
    """A task that runs codes: Airflow's supervisor of it, its own process, and its keeper."""

    supervisor: psutil.Process
    process: psutil.Process
    keeper: psutil.Process

    def below(self) -> list[psutil.Process]:
        """Everything that the task's own process has started, the code of this moment included."""
        with suppress(psutil.NoSuchProcess):  # its task has ended meanwhile
            return self.process.children(recursive=True)
        return []


def component(site: Site, name: str) -> psutil.Process:
    """The process of a component, as the stack's state file names it now."""
    return psutil.Process(site.stack.home.read_state()["children"][name]["pid"])


def build_tasks(site: Site) -> list[BuildTask]:
    """The tasks that run codes at this moment."""
    found = []
    for keeper in component(site, "scheduler").children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # a code of a moment
            parent = keeper.parent()
            supervisor = parent.parent() if parent else None
            if parent and supervisor and _is_keeper(keeper) and not _is_keeper(parent):
                found.append(BuildTask(supervisor, parent, keeper))
    return found


def ingest_task(site: Site) -> psutil.Process | None:
    """The process of a task that files arrivals at this moment: it has an inspector, no keeper."""
    for process in component(site, "scheduler").children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            parent = process.parent()
            inspects = "headwater.missions.inspection.inspecting" in process.cmdline()
            if parent and inspects and not any(map(_is_keeper, parent.children())):
                return parent
    return None


def _is_keeper(process: psutil.Process) -> bool:
    try:
        return _KEEPER in process.cmdline()
    except psutil.Error:
        return False


def kill(*processes: psutil.Process) -> None:
    """Kill -9, all of them first stopped so that none sees another go; some may have ended."""
    for act in (psutil.Process.suspend, psutil.Process.kill):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                act(process)


def replaced(site: Site, name: str, former: psutil.Process, seconds: float = 90) -> None:
    """Wait until the stack runs the component in another process."""

    def is_new() -> bool:
        record = site.stack.home.read_state()["children"].get(name)
        return record is not None and record["pid"] != former.pid

    until(is_new, seconds)


def whole_stack(site: Site) -> list[psutil.Process]:
    """Every process of the stack, its supervisor, the database and the codes included."""
    home = site.stack.home
    runner = psutil.Process(home.read_state()["pid"])
    return list({runner, *members(home.root, home.postgres_data)})


@contextmanager
def silent(process: psutil.Process) -> Iterator[None]:
    """It does not answer meanwhile: stopped, with its sockets open."""
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
