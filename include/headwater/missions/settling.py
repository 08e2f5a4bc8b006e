"""Fill in what a mission file leaves open: fields of names, relative folders, references."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from headwater.core.command_fields import with_products
from headwater.missions.contacts import with_contacts
from headwater.missions.definition import (
    InspectorDefinition,
    MissionDefinition,
    MissionPart,
    ProcessDefinition,
    ProductDefinition,
)
from headwater.missions.problems import Problems


def settled(definition: MissionDefinition, folder: Path, problems: Problems) -> MissionDefinition:
    """The definition with absolute folders, no load-time field, and products by their names.

    The fields are ``{MISSION} {SATELLITE} {SPACECRAFT} {INSTRUMENT}`` in names, and also
    ``{PRODUCT} {LEVEL} {ROOTDIR}`` in what belongs to a product (spec dbprocessing 2). A level
    is printed as a number with a point: ``0.0``.

    Parameters
    ----------
    definition
        As read.
    folder
        Where a relative rootdir starts: the folder of the file.
    problems
        Grows by what cannot be filled in.
    """
    fields = {"MISSION": definition.mission.name}
    satellite = _filled(definition.satellite.name, fields)
    fields |= {"SATELLITE": satellite, "SPACECRAFT": satellite}
    instrument = _filled(definition.instrument.name, fields)
    fields |= {"INSTRUMENT": instrument}
    mission = _folders(definition.mission, folder, fields)
    fields |= {"ROOTDIR": mission.rootdir}
    products = {
        key: _with_contacts(
            _product(product, fields, problems, definition.places.place("products", key)),
            folder,
            problems,
            definition.places.place("products", key, "expected"),
        )
        for key, product in definition.products.items()
    }
    names = {key: product.name for key, product in products.items()}
    changed = definition.model_copy(
        update={
            "mission": mission,
            "satellite": definition.satellite.model_copy(update={"name": satellite}),
            "instrument": definition.instrument.model_copy(update={"name": instrument}),
            "products": products,
            "processes": {
                key: _process(process, fields, names)
                for key, process in definition.processes.items()
            },
        }
    )
    _no_field_left(changed, problems)
    return changed


def _filled(text: str, fields: Mapping[str, str]) -> str:
    for name, value in fields.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _folders(part: MissionPart, folder: Path, fields: Mapping[str, str]) -> MissionPart:
    """Absolute folders, with dbprocessing's defaults (spec dbprocessing 1, mission)."""

    def below(base: str, text: str) -> str:
        path = Path(base, Path(_filled(text, fields)).expanduser())
        return os.path.abspath(path)  # noqa: PTH100  links stay as written, unlike resolve()

    root = below(str(folder), part.rootdir)
    codes = below(root, part.codedir) if part.codedir else root
    return part.model_copy(
        update={
            "rootdir": root,
            "incoming_dir": below(root, part.incoming_dir),
            "codedir": codes,
            "inspectordir": below(root, part.inspectordir) if part.inspectordir else codes,
            "errordir": below(root, part.errordir) if part.errordir else below(codes, "errors"),
            "qa_dir": below(root, part.qa_dir) if part.qa_dir else None,
        }
    )


def _product(
    product: ProductDefinition, mission: Mapping[str, str], problems: Problems, place: str
) -> ProductDefinition:
    level = {"LEVEL": str(product.level)}
    name = _filled(product.name, {**mission, **level})
    fields = {**mission, **level, "PRODUCT": name}
    inspector = product.inspector
    update: dict[str, str | None] = {
        key: _filled(getattr(inspector, key), fields) for key in ("relative_path", "description")
    }
    if inspector.arguments is not None:
        update["arguments"] = _filled(inspector.arguments, fields)
    path = _filled(product.relative_path, fields)
    return product.model_copy(
        update={
            "name": name,
            "relative_path": folder_below(path, mission["ROOTDIR"], problems, place),
            "format": _filled(product.format, fields),
            "inspector": InspectorDefinition.model_copy(inspector, update=update),
        }
    )


def _with_contacts(
    product: ProductDefinition, folder: Path, problems: Problems, place: str
) -> ProductDefinition:
    if product.expected is None:
        return product
    expected = with_contacts(product.expected, folder, problems, place)
    return product.model_copy(update={"expected": expected})


def folder_below(path: str, root: str, problems: Problems, place: str) -> str:
    """A product's folder as text below the root; an absolute one must lie there."""
    if path.startswith("/"):
        normal = os.path.normpath(path)
        if normal != root and not normal.startswith(root.rstrip("/") + "/"):
            problems.add(place, f"relative_path {path!r} leads out of rootdir {root}")
            return ""
        path = os.path.relpath(normal, root)
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts or not path.isprintable():
        problems.add(place, f"relative_path {path!r} cannot be used: expected a folder below "
                     "rootdir, without '..' and control characters")  # fmt: skip
    return "/".join(parts)


def _process(
    process: ProcessDefinition, fields: Mapping[str, str], names: Mapping[str, str]
) -> ProcessDefinition:
    def named(text: str) -> str:
        return names.get(text, _filled(text, fields))

    return process.model_copy(
        update={
            "name": _filled(process.name, fields),
            "extra_params": process.extra_params and with_products(process.extra_params, named),
            "codes": [
                code.model_copy(
                    update={"arguments": code.arguments and with_products(code.arguments, named)}
                )
                for code in process.codes
            ],
            "inputs": [
                one.model_copy(update={"product": named(one.product)}) for one in process.inputs
            ],
            "outputs": [
                one.model_copy(update={"product": named(one.product)}) for one in process.outputs
            ],
        }
    )


def _no_field_left(definition: MissionDefinition, problems: Problems) -> None:
    """A name with a field in it would be a name with braces."""
    named: dict[tuple[str, ...], str] = {
        ("mission",): definition.mission.name,
        ("satellite",): definition.satellite.name,
        ("instrument",): definition.instrument.name,
    }
    named |= {("products", key): part.name for key, part in definition.products.items()}
    named |= {("processes", key): part.name for key, part in definition.processes.items()}
    for loc, name in named.items():
        if "{" in name or "}" in name:
            problems.add(
                definition.places.place(*loc),
                f"the name {name!r} holds a field that cannot be filled in here; known are "
                "{MISSION}, {SATELLITE}, {SPACECRAFT}, {INSTRUMENT}",
            )
