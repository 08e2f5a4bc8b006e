"""Files that lie where a product's files belong, and that the catalog does not know."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.arrivals import known_files
from headwater.core.errors import ArchiveError
from headwater.core.name_format import fields_of, matcher
from headwater.missions.loaded import LoadedMission, LoadedProduct


def uningested(
    catalog: Catalog, mission: LoadedMission, products: Sequence[LoadedProduct]
) -> list[Path]:
    """The files in the folders of `products` that match their formats and are not in the catalog.

    Absolute paths, sorted. Changes nothing.

    Raises
    ------
    ArchiveError
        If the mission's rootdir is not there.
    NameFormatError
        If a product's folder or format cannot be read.
    CatalogUnavailableError
        If the catalog does not answer.
    """
    if not mission.rootdir.is_dir():
        raise ArchiveError(f"the folder {mission.rootdir} is not there: is the archive mounted?")
    found = {path for product in products for path in _matching(mission, product)}
    with catalog.read() as connection:
        known = known_files(connection, mission.id, sorted({path.name for path in found}))
    return sorted(path for path in found if path.name not in known)


def products_by_place(mission: LoadedMission) -> Callable[[str], LoadedProduct | None]:
    """A function from a path below rootdir to the product whose folder and format it matches.

    The first one by name, if several do; an inspector has the last word.

    Raises
    ------
    NameFormatError
        If a product's folder or format cannot be read.
    """
    products = sorted(mission.products.values(), key=lambda product: product.name)
    patterns = [(_pattern(mission, product), product) for product in products]

    def of(path: str) -> LoadedProduct | None:
        return next((product for pattern, product in patterns if pattern.match(path)), None)

    return of


def link_into_incoming(mission: LoadedMission, paths: Sequence[Path]) -> list[Path]:
    """Link files into the incoming folder, where the next ingest files them in place.

    A name that lies there already is left alone. Returns the links that were made.

    Raises
    ------
    ArchiveError
        If the folder cannot be written.
    """
    made = []
    for path in paths:
        link = mission.incoming_dir / path.name
        try:
            link.symlink_to(path)
        except FileExistsError:
            continue
        except OSError as error:
            raise ArchiveError(f"{link} cannot be made: {error.strerror}") from error
        made.append(link)
    return made


def _matching(mission: LoadedMission, product: LoadedProduct) -> Iterator[Path]:
    pattern = _pattern(mission, product)
    for folder, below, names in os.walk(mission.rootdir / _fixed_part(product.relative_path)):
        here = Path(folder)
        below[:] = [name for name in below if _holds_products(mission, here / name)]
        for name in names:
            path = here / name
            place = path.relative_to(mission.rootdir).as_posix()
            if pattern.match(place) and path.is_file() and not path.is_symlink():
                yield path


def _pattern(mission: LoadedMission, product: LoadedProduct) -> re.Pattern[str]:
    names = {
        "MISSION": mission.name,
        "SATELLITE": product.satellite,
        "SPACECRAFT": product.satellite,
        "INSTRUMENT": product.instrument,
        "PRODUCT": product.name,
    }
    return matcher(str(PurePosixPath(product.relative_path, product.format)), names)


def _fixed_part(relative_path: str) -> PurePosixPath:
    """The folders in front of the first one whose name has a field."""
    fixed = []
    for part in PurePosixPath(relative_path).parts:
        if fields_of(part):
            break
        fixed.append(part)
    return PurePosixPath(*fixed)


def _holds_products(mission: LoadedMission, folder: Path) -> bool:
    """Whether a folder may hold products: not what is hidden, nor where other things lie."""
    others = (mission.incoming_dir, mission.errordir, mission.codedir, mission.inspectordir)
    return not folder.name.startswith(".") and folder not in others
