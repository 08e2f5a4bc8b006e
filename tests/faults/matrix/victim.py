"""What the process does that a fault happens to, and how it tells its end.

It runs in a process of its own, forked from one that has imported this module.
"""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from faults.matrix.mutants import MUTANTS
from headwater.archive.faultpoint import VARIABLE, _met
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import HeadwaterError
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import load_mission
from headwater.processing.service import process_pending

ACTOR = Actor("victim")
FINE, REFUSED, BROKEN = "fine", "refused", "broken"


def work(deed: str, dsn: str, mission: str, armed: str, told: str) -> None:
    """Do `deed` with the fault points `armed`; write how it ended to the file `told`.

    "ingest with MUTANT" breaks the protocol first.

    Its first line is the end and how often an armed point was met, the rest is what was said.
    """
    os.environ[VARIABLE] = armed
    try:
        catalog = Catalog(dsn)
        deed, _, mutant = deed.partition(" with ")
        if mutant:
            MUTANTS[mutant]()
        if deed == "ingest":
            ingest_pending(catalog, load_mission(catalog, mission), ACTOR)
        else:
            process_pending(catalog, load_mission(catalog, mission), ACTOR, slots=2)
        said = FINE
    except HeadwaterError as error:
        said = f"{REFUSED}\n{error}"
    except BaseException:
        said = f"{BROKEN}\n{traceback.format_exc()}"
    how, _, why = said.partition("\n")
    Path(told).write_text(f"{how} {sum(_met.values())}\n{why}")
