"""A process gets another input (dbprocessing: addProductProcessLink)."""

from __future__ import annotations

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import SettingError
from headwater.missions.apply import Applied, apply
from headwater.missions.definition import InputDefinition
from headwater.missions.described import described
from headwater.missions.loaded import LoadedMission, LoadedProcess


def add_input(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    wanted: InputDefinition,
    actor: Actor,
    reason: str,
) -> Applied:
    """Add an input to a process; its dates are looked at again, as after any such change.

    Raises
    ------
    SettingError
        If the product is an input of it already.
    MissionFileError
        If it would read what is made from it, or there is no such product.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    # The processes stand in the last definition.
    definition = described(mission)[-1]
    part = definition.processes[process.name]
    if any(one.product == wanted.product for one in part.inputs):
        raise SettingError(f"{wanted.product} is an input of process {process.name} already")
    changed = part.model_copy(update={"inputs": [*part.inputs, wanted]})
    definition.products, definition.processes = {}, {process.name: changed}
    return apply(catalog, [definition], actor, reason=reason)[0]
