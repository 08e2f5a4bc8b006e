"""From the mission as it is loaded to what the plan must know of a process."""

from __future__ import annotations

from headwater.catalog.queries.wakes import Reach
from headwater.core.errors import SettingError
from headwater.core.output_interval import longest_days
from headwater.core.states import InputKind, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.plan_state import (
    PlanCode,
    PlanInput,
    PlanOutput,
    PlanProcess,
    PlanUpstream,
)


def plan_process(mission: LoadedMission, process: LoadedProcess) -> PlanProcess:
    """What the plan must know of `process`."""
    return PlanProcess(
        process.id,
        process.name,
        process.timebase,
        tuple(
            PlanInput(
                put.product_id,
                mission.products[put.product_id].name,
                put.kind,
                put.days_before,
                put.days_after,
                put.position,
                mission.products[put.product_id].several_per_day,
                put.files_before,
                put.files_after,
                put.latest_valid,
            )
            for put in sorted(process.inputs, key=lambda put: put.position)
        ),
        tuple(
            PlanOutput(put.product_id, mission.products[put.product_id].name, put.required)
            for put in sorted(process.outputs, key=lambda put: put.position)
        ),
        tuple(
            PlanCode(
                code.id,
                code.filename,
                code.version,
                code.output_interface,
                code.start_date,
                code.stop_date,
                code.active and code.newest_version,
            )
            for code in process.codes
        ),
        upstream_of(mission, process),
        process.wait_for_end,
        mission.products[process.outputs[0].product_id].satellite_id if process.outputs else None,
    )


def upstream_of(mission: LoadedMission, process: LoadedProcess) -> dict[int, PlanUpstream]:
    """The processes whose outputs reach `process` by inputs that trigger, at any distance.

    A window in files is taken for one in days. The windows of a chain add up, and so do the days
    of an interval in its middle, since any of them changes all of it; of several ways the widest
    counts.
    """
    makers: dict[int, list[LoadedProcess]] = {}
    for maker in mission.processes.values():
        for made in maker.outputs:
            makers.setdefault(made.product_id, []).append(maker)
    found: dict[int, PlanUpstream] = {}
    todo = [(process, 0, 0)]
    while todo:
        reader, before, after = todo.pop()
        for put in reader.inputs:
            if put.kind is InputKind.NO_TRIGGER:
                continue
            for maker in makers.get(put.product_id, ()):
                reach = (
                    before + max(put.days_before, put.files_before),
                    after + max(put.days_after, put.files_after),
                )
                known = found.get(maker.id)
                if known is not None:
                    reach = (max(reach[0], known.days_before), max(reach[1], known.days_after))
                    if reach == (known.days_before, known.days_after):
                        continue
                found[maker.id] = PlanUpstream(maker.name, *reach, maker.timebase)
                own = _days_besides(maker.timebase)
                todo.append((maker, reach[0] + own, reach[1] + own))
    return found


def _days_besides(timebase: Timebase) -> int:
    """How many days an interval has besides one; few orbits are longer than a day."""
    return 1 if timebase is Timebase.ORBIT else longest_days(timebase) - 1


def reaches(mission: LoadedMission) -> list[Reach]:
    """Every pair of an upstream and a downstream process, with the window between them."""
    return [
        Reach(
            up,
            process.id,
            reach.days_before,
            reach.days_after,
            longest_days(process.timebase),
        )
        for process in mission.processes.values()
        for up, reach in upstream_of(mission, process).items()
    ]


def makers(mission: LoadedMission, product: str) -> list[str]:
    """The names of the processes that make a product.

    Raises
    ------
    NotFoundError
        If the mission has no such product.
    SettingError
        If no process makes it.
    """
    wanted = mission.product(product)
    found = [
        process.name
        for process in mission.processes.values()
        if any(put.product_id == wanted.id for put in process.outputs)
    ]
    if not found:
        raise SettingError(f"no process makes {product}: it arrives, so it cannot be made again")
    return found
