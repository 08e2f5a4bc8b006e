"""What the reprocessBy scripts share: their files queued at once, as a campaign that runs."""

from __future__ import annotations

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.cli.dbprocessing.speaking import script_log
from headwater.cli.opening import this_person
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission
from headwater.processing import campaigns


def queue_files(
    catalog: Catalog, mission: LoadedMission, chosen: FileChoice, force: int | None, script: str
) -> int:
    """Let what is made from the chosen newest files be looked at again; how many files they are.

    Who calls such a script has decided: the campaign needs no other approval.
    """
    actor = this_person()
    proposed = campaigns.propose(
        catalog,
        mission,
        actor,
        f"{script} by {actor.name}",
        files=chosen,
        forced=None if force is None else Bump(force),
    )
    if proposed.number is not None:
        campaigns.approve(catalog, mission, proposed.number, actor)
    script_log().info("Added %d files to be reprocessed (%s)", proposed.files, script)
    return proposed.files
