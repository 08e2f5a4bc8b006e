"""The version of the next output (spec dbprocessing 5.4, from the newest output on).

dbprocessing walks upward from ``(output interface, 0, 0)`` to the first free name. Here the bump
is applied to the newest output, so that versions only grow (DESIGN 6); where the walk ends above
the newest the two are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from headwater.catalog.queries.input_files import CandidateFile
from headwater.catalog.queries.planning import NewestOutput, Parent
from headwater.core.version import Bump, Version


def code_bump(recorded: Version, used: Version) -> tuple[Bump, str] | None:
    """How a code that differs from the recorded one grows the output; none for an equal version.

    A code whose version fell grows the quality: nothing says how its results differ.
    """
    if used == recorded:
        return None
    reason = f"code {recorded} -> {used}"
    if used < recorded or used.interface != recorded.interface:
        return Bump.QUALITY, reason
    return (Bump.QUALITY if used.quality > recorded.quality else Bump.REVISION), reason


def input_bumps(
    parents: Sequence[Parent], inputs: Sequence[CandidateFile], names: dict[int, str]
) -> Iterable[tuple[Bump, str]]:
    """How each difference between recorded and present inputs grows the output.

    An input that came, went, or stepped aside for another one grows the quality, and so do a
    change of interface or quality and a version that fell; only revisions that grew grow the
    revision. `names` are those of the products by id.
    """
    known = {parent.id for parent in parents}
    present = {(file.product_id, file.interval_key, file.keywords): file for file in inputs}
    for parent in parents:
        name = names.get(parent.product_id, "an input")
        file = present.pop((parent.product_id, parent.interval_key, parent.keywords), None)
        if file is None:
            yield Bump.QUALITY, f"{name} of {parent.interval_key} is no longer an input"
        elif file.id != parent.id:
            old, new = parent.version, file.version
            small = new > old and (new.interface, new.quality) == (old.interface, old.quality)
            bump = Bump.REVISION if small else Bump.QUALITY
            yield bump, f"{name} of {file.interval_key} {old} -> {new}"
    for file in present.values():
        if file.id not in known:
            name = names.get(file.product_id, "an input")
            yield Bump.QUALITY, f"{name} of {file.interval_key} is a new input"


def next_version(
    newest: NewestOutput | None,
    *,
    code_id: int,
    code: Version,
    output_interface: int,
    inputs: Sequence[CandidateFile],
    triggers: frozenset[int],
    names: dict[int, str],
    forced: Bump | None = None,
) -> tuple[Version, list[str]]:
    """The version of the next output of one product, above `newest`, and what asked for it.

    `triggers` are the ids of the products whose change counts.
    """
    first = Version(output_interface, 0, 0)
    if newest is None:
        return first, []
    if output_interface > newest.version.interface and forced is not Bump.INTERFACE:
        return first, [f"output interface {newest.version.interface} -> {output_interface}"]
    if forced is not None:
        version = newest.version.bumped(forced)
        return max(first, version), [f"forced: a new {forced.name.lower()} was asked for"]
    found = list(_differences(newest, code_id, code, inputs, triggers, names))
    quality = any(bump is Bump.QUALITY for bump, _ in found)
    version = newest.version.bumped(Bump.QUALITY if quality else Bump.REVISION)
    return version, [reason for _, reason in found]


def _differences(
    newest: NewestOutput,
    code_id: int,
    code: Version,
    inputs: Sequence[CandidateFile],
    triggers: frozenset[int],
    names: dict[int, str],
) -> Iterable[tuple[Bump, str]]:
    if newest.code is not None and newest.code_id != code_id:
        same_number = (Bump.QUALITY, f"another code of the same version {code}")
        yield code_bump(newest.code, code) or same_number
    parents = [parent for parent in newest.parents if parent.product_id in triggers]
    counted = [file for file in inputs if file.product_id in triggers]
    if counted and not parents:
        yield Bump.QUALITY, f"nothing tells what {newest.name} was made from"
    else:
        yield from input_bumps(parents, counted, names)
