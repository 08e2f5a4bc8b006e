"""A mission of the catalog, read once and used at run time; nothing in it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import Connection, select

from headwater.catalog.connection import Catalog
from headwater.catalog.models import ImportedId, ImportedKind, Mission
from headwater.core.errors import NotFoundError
from headwater.core.product_graph import ProcessEdge, process_order
from headwater.core.states import InputKind
from headwater.missions.definition import MissionSettings
from headwater.missions.inspection.specs import InspectorSpec, MissionFacts
from headwater.missions.mission_parts import (
    LoadedCode,
    LoadedInput,
    LoadedInspector,
    LoadedOutput,
    LoadedProcess,
    LoadedProduct,
)
from headwater.missions.mission_rows import read_parts
from headwater.missions.problems import nearest
from headwater.missions.slug import slug

__all__ = [
    "LoadedCode",
    "LoadedInput",
    "LoadedInspector",
    "LoadedMission",
    "LoadedOutput",
    "LoadedProcess",
    "LoadedProduct",
    "load_mission",
    "mission_names",
]

_Named = TypeVar("_Named", LoadedProduct, LoadedProcess)


@dataclass(frozen=True, slots=True)
class LoadedMission:
    """A mission with all that its files and codes need; folders are absolute."""

    id: int
    name: str
    slug: str
    revision: int
    rootdir: Path
    incoming_dir: Path
    codedir: Path
    inspectordir: Path
    errordir: Path
    qa_dir: Path | None
    """Where files with checks of quality lie; none for a mission without them."""
    settings: MissionSettings
    products: Mapping[int, LoadedProduct]
    """By number, ascending."""
    processes: Mapping[int, LoadedProcess]
    """By number, ascending."""
    old_numbers: Mapping[ImportedKind, Mapping[int, int]] = field(default_factory=dict)
    """Of an imported mission: by kind, the numbers of its rows in the old database."""

    def product(self, name: str) -> LoadedProduct:
        """The product of that name.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        by_name = {product.name: product for product in self.products.values()}
        return self._named("product", name, by_name)

    def process(self, name_or_slug: str) -> LoadedProcess:
        """The process of that name, or else of that slug.

        Raises
        ------
        NotFoundError
            If there is none.
        """
        by_name = {process.slug: process for process in self.processes.values()}
        by_name |= {process.name: process for process in self.processes.values()}
        return self._named("process", name_or_slug, by_name)

    def _named(self, noun: str, name: str, by_name: Mapping[str, _Named]) -> _Named:
        try:
            return by_name[name]
        except KeyError as error:
            raise NotFoundError(
                f"mission {self.name} has no {noun} {name!r}; {nearest(name, by_name)}"
            ) from error

    def facts(self) -> MissionFacts:
        """The mission as its inspectors see it."""
        return MissionFacts(
            mission_id=self._known(ImportedKind.MISSION, self.id),
            name=self.name,
            rootdir=str(self.rootdir),
            incoming_dir=str(self.incoming_dir),
            codedir=str(self.codedir),
            inspectordir=str(self.inspectordir),
            errordir=str(self.errordir),
        )

    def inspector_specs(self) -> tuple[InspectorSpec, ...]:
        """The active inspectors in the order in which they are asked, that of their rows."""
        asked = [product for product in self.products.values() if product.inspector.active]
        return tuple(
            self.inspector_spec(product, Path(product.inspector.path), product.inspector.arguments)
            for product in sorted(asked, key=lambda product: product.inspector.id)
        )

    def inspector_spec(
        self, product: LoadedProduct, source: Path, arguments: str | None
    ) -> InspectorSpec:
        """What is needed to ask an inspector about `product`: its own, or another one.

        `source` is absolute or below the mission's inspectordir.
        """
        return InspectorSpec(
            inspector_id=product.inspector.id,
            product_id=product.id,
            product_name=product.name,
            level=product.level,
            format=product.format,
            relative_path=product.relative_path,
            instrument_name=product.instrument,
            instrument_id=product.instrument_id,
            satellite_name=product.satellite,
            satellite_id=product.satellite_id,
            module_path=str(source),
            arguments=arguments,
            description=product.inspector.description,
            known_inspector_id=self._known(ImportedKind.INSPECTOR, product.inspector.id),
            known_product_id=self._known(ImportedKind.PRODUCT, product.id),
            known_instrument_id=self._known(ImportedKind.INSTRUMENT, product.instrument_id),
            known_satellite_id=self._known(ImportedKind.SATELLITE, product.satellite_id),
        )

    def _known(self, kind: ImportedKind, number: int) -> int:
        """The old number of a row; one above all old ones for a row that the old database lacks."""
        old = self.old_numbers.get(kind)
        if not old:
            return number
        return old.get(number, max(old.values()) + number)

    def process_order(self) -> tuple[LoadedProcess, ...]:
        """The processes, each after those whose outputs trigger it; equal ones by name."""
        by_name = {process.name: process for process in self.processes.values()}
        return tuple(by_name[name] for name in process_order(self.edges()))

    def edges(self) -> list[ProcessEdge]:
        """What each process reads and makes, by product name."""
        return [self._edge(process) for process in self.processes.values()]

    def _edge(self, process: LoadedProcess) -> ProcessEdge:
        return ProcessEdge(
            process.name,
            frozenset(
                self.products[one.product_id].name
                for one in process.inputs
                if one.kind is not InputKind.NO_TRIGGER
            ),
            frozenset(self.products[one.product_id].name for one in process.outputs),
        )


def mission_names(source: Catalog | Connection) -> list[str]:
    """The names of all missions, sorted.

    Raises
    ------
    CatalogUnavailableError
        If the database does not answer.
    """
    if isinstance(source, Catalog):
        with source.read() as connection:
            return mission_names(connection)
    return sorted(source.scalars(select(Mission.name)))


def load_mission(source: Catalog | Connection, name: str) -> LoadedMission:
    """Read the mission `name`: seven queries, whatever its size.

    Raises
    ------
    NotFoundError
        If the catalog has no such mission.
    CatalogUnavailableError
        If the database does not answer.
    """
    if isinstance(source, Catalog):
        with source.read() as connection:
            return load_mission(connection, name)
    row = source.execute(select(Mission.__table__).where(Mission.name == name)).one_or_none()
    if row is None:
        raise NotFoundError(
            f"the catalog has no mission {name!r}; {nearest(name, mission_names(source))}"
        )
    products, processes = read_parts(source, row.id)
    known = {key: row.settings[key] for key in MissionSettings.model_fields if key in row.settings}
    return LoadedMission(
        id=row.id,
        name=row.name,
        slug=slug(row.name),
        revision=row.revision,
        rootdir=Path(row.rootdir),
        incoming_dir=Path(row.incoming_dir),
        codedir=Path(row.codedir),
        inspectordir=Path(row.inspectordir),
        errordir=Path(row.errordir),
        qa_dir=None if row.qa_dir is None else Path(row.qa_dir),
        settings=MissionSettings.model_validate(known),
        products=MappingProxyType(products),
        processes=MappingProxyType(processes),
        old_numbers=_old_numbers(source, row.id),
    )


def _old_numbers(connection: Connection, mission_id: int) -> dict[ImportedKind, dict[int, int]]:
    """By kind, row -> old number; files have too many."""
    query = select(ImportedId.kind, ImportedId.new_id, ImportedId.old_id).where(
        ImportedId.mission_id == mission_id, ImportedId.kind != ImportedKind.FILE
    )
    found: dict[ImportedKind, dict[int, int]] = {}
    for kind, new, old in connection.execute(query.order_by(ImportedId.old_id)):
        found.setdefault(kind, {})[new] = old
    return found
