"""Whether a mission's folders, and what lies in them, are each in a place of its own."""

from __future__ import annotations

from pathlib import Path

from headwater.missions.definition import MissionPart
from headwater.missions.merging import Wanted, WantedProduct
from headwater.missions.problems import Problems

_OTHERS = ("rootdir", "codedir", "inspectordir", "errordir", "qa_dir")


def check_folders(wanted: Wanted, problems: Problems) -> None:
    """Report folders of which one would be taken for the content of another."""
    part, place = wanted.mission, wanted.place
    if part.incoming_dir == part.errordir:
        problems.add(place, f"incoming_dir and errordir are both {part.errordir}: what cannot be "
                     "used would arrive again; use another folder")  # fmt: skip
    elif part.incoming_dir == part.rootdir:
        problems.add(place, f"incoming_dir is rootdir itself ({part.rootdir}): use a folder of "
                     "its own")  # fmt: skip
    else:
        _nothing_arrives(part, place, problems)
    _check_qa_dir(part, place, problems)
    for product in wanted.products.values():
        _product(part, product, problems)
    for process in wanted.processes.values():
        for position, code in enumerate(process.part.codes):
            where = process.place("codes", position)
            _stays_below("codedir", code.relative_path, code.filename, where, problems)


def _nothing_arrives(part: MissionPart, place: str, problems: Problems) -> None:
    """No other folder lies in incoming: the next pass would take it for an arrival."""
    for key in _OTHERS:
        folder = getattr(part, key)
        if folder is not None and Path(folder).is_relative_to(part.incoming_dir):
            problems.add(place, f"{key} {folder} lies in incoming_dir {part.incoming_dir}, where "
                         "it would be taken for an arrival: use another folder")  # fmt: skip


def _check_qa_dir(part: MissionPart, place: str, problems: Problems) -> None:
    if part.qa_dir is None:
        return
    if part.qa_dir in (part.incoming_dir, part.errordir, part.rootdir):
        problems.add(place, f"qa_dir {part.qa_dir} is used for something else already: use a "
                     "folder of its own")  # fmt: skip
    elif not Path(part.qa_dir).is_relative_to(part.rootdir):
        problems.add(place, f"qa_dir {part.qa_dir} is not below rootdir {part.rootdir}")


def _product(mission: MissionPart, product: WantedProduct, problems: Problems) -> None:
    part, place = product.part, product.place
    folder = Path(mission.rootdir, part.relative_path)
    for key in ("incoming_dir", "errordir", "qa_dir"):
        other = getattr(mission, key)
        if other is None or Path(mission.rootdir).is_relative_to(other):
            continue  # said of the mission itself
        if folder.is_relative_to(other) and key == "incoming_dir":
            problems.add(
                place, "relative_path is the incoming folder: its files would arrive again"
            )
        elif folder.is_relative_to(other):
            problems.add(place, f"relative_path lies in {key} {other}: use a folder of its own")
    if part.relative_path.startswith("."):
        problems.add(place, f"relative_path {part.relative_path!r} is hidden, as only Headwater's "
                     "own folders are: leave the first '.' out")  # fmt: skip
    inspector = part.inspector
    _stays_below("inspectordir", inspector.relative_path, inspector.filename, place, problems)


def _stays_below(
    key: str, relative_path: str, filename: str, place: str, problems: Problems
) -> None:
    """What is run lies in the folder that the mission names for it."""
    path = f"{relative_path}/{filename}" if relative_path else filename
    if path.startswith("/") or ".." in path.split("/"):
        problems.add(place, f"{path!r} leads out of {key}: expected a path below it, without '..'")
