"""Changes of what has files already: some are refused, of others a person should know."""

from __future__ import annotations

from sqlalchemy import Connection, select

from headwater.catalog.models import File as FileRow
from headwater.catalog.models import FileCode, Product
from headwater.missions.difference import Difference
from headwater.missions.loaded import LoadedMission
from headwater.missions.merging import Wanted
from headwater.missions.problems import Problems

CODE_IDENTITY = ("filename", "relative_path", "arguments", "output_interface")
"""What a code version stands for; once a file was made with it, another version is needed."""


def about_products(
    connection: Connection,
    wanted: Wanted,
    loaded: LoadedMission,
    found: Difference,
    problems: Problems,
) -> list[str]:
    """Changes of products that have files: some are refused, of others a person should know."""
    notes = []
    if "rootdir" in found.keys(f"mission {wanted.name}"):
        notes.append("rootdir changed: files that are there must be moved by you")
    used = _products_with_files(connection, loaded)
    for product in loaded.products.values():
        new = wanted.products.get(product.name)
        if new is None:
            continue
        keys = found.keys(f"product {product.name}")
        if product.name in used and "several_per_day" in keys:
            problems.add(
                new.place,
                f"several_per_day of product {product.name!r} cannot change, since it has files, "
                "which are told apart by it: define a new product",
            )
        if product.name in used and keys & {"format", "relative_path"}:
            notes.append(
                f"product {product.name}: new files get the new name and folder, files that are "
                "there keep theirs"
            )
        if (new.satellite, new.instrument) != (product.satellite, product.instrument):
            home = f"satellite {product.satellite}, instrument {product.instrument}"
            notes.append(f"product {product.name} stays with {home}, where it was defined first")
            if keys:
                problems.add(
                    new.place,
                    f"product {product.name!r} is one of {home} already, and differs in "
                    f"{', '.join(sorted(keys))}: expected the same, or another name",
                )
    return notes


def _products_with_files(connection: Connection, loaded: LoadedMission) -> set[str]:
    has_files = select(FileRow.id).where(FileRow.product_id == Product.id, FileRow.newest)
    query = select(Product.name).where(Product.mission_id == loaded.id, has_files.exists())
    return set(connection.scalars(query))


def code_identities(
    connection: Connection, wanted: Wanted, found: Difference, problems: Problems
) -> None:
    """Refuse another meaning for a code version with which files were made."""
    changed = {
        old.id: (match.process, old, new)
        for match in found.codes
        for old, new in match.kept
        if any(getattr(old, key) != getattr(new, key) for key in CODE_IDENTITY)
    }
    if not changed:
        return
    query = select(FileCode.source_code).where(FileCode.source_code.in_(changed)).distinct()
    for code_id in connection.scalars(query):
        process, old, new = changed[code_id]
        keys = [key for key in CODE_IDENTITY if getattr(old, key) != getattr(new, key)]
        wanted_process = wanted.processes[process]
        problems.add(
            wanted_process.place("codes", wanted_process.part.codes.index(new)),
            f"code {new.version} of {process!r} has made files already, so its "
            f"{' and '.join(keys)} cannot change: give it a new version",
        )
