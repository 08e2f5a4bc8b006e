"""Which product and day an arrival in quarantine looks like, by its name."""

from __future__ import annotations

from datetime import date

import pytest

from headwater.catalog.queries.grid import QuarantinedArrival
from headwater.core.interval import DateSpan
from headwater.core.version import Version
from headwater.missions.mission_parts import LoadedInspector, LoadedProduct
from headwater.processing.lookalikes import look_alikes

DAY = date(2020, 2, 9)
YEAR = DateSpan(date(2020, 1, 1), date(2020, 12, 31))


def product(number: int, name_format: str) -> LoadedProduct:
    inspector = LoadedInspector(
        number, "i.py", "", Version(1, 0, 0), None, "", 1, True, True, date(1970, 1, 1)
    )
    return LoadedProduct(
        number, f"p{number}", 0.0, "", name_format, None, False, 1, "i", 1, "s", inspector
    )


def found(name: str, *formats: str, product_id: int | None = None,
          span: DateSpan = YEAR) -> list[tuple[int, date]]:  # fmt: skip
    products = [product(number, text) for number, text in enumerate(formats)]
    return list(look_alikes(products, [QuarantinedArrival(7, name, product_id, "")], span))


@pytest.mark.parametrize(
    ("name_format", "name"),
    [
        ("a_{Y}{m}{d}_v{VERSION}.dat", "a_20200209_v1.0.0.dat"),
        ("a_{DATE}.dat", "a_20200209.dat"),
        ("a_{datetime}.dat", "a_2020-02-09.dat"),
        ("a_{datetime}.dat", "a_20200209.dat"),
        ("a_{Y}{j}_{H}{M}.dat", "a_2020040_2143.dat"),
        ("a_{d}{b}{Y}.dat", "a_09Feb2020.dat"),
        ("a_{y}{m}{d}.dat", "a_200209.dat"),
        ("a_{y}-{j}.dat", "a_20-040.dat"),
        ("{granule}_{Y}_{m}_{d}", "odd one_2020_02_09"),
    ],
)
def test_a_name_of_a_format_tells_its_day(name_format: str, name: str) -> None:
    assert found(name, name_format) == [(0, DAY)]


@pytest.mark.parametrize(
    ("name_format", "name"),
    [
        ("a_{Y}{m}{d}.dat", "b_20200209.dat"),
        ("a_{Y}{m}{d}.dat", "a_20200209.dat.gz"),
        ("a_{Y}{m}{d}.dat", "a_20200230.dat"),
        ("a_{Y}{m}{d}.dat", "a_20190209.dat"),
        ("a_{Y}{j}.dat", "a_2020399.dat"),
        ("a_{nnnn}.dat", "a_0001.dat"),
        ("a_{Y", "a_2020"),
    ],
)
def test_another_name_day_or_no_day_at_all_is_no_look_alike(name_format: str, name: str) -> None:
    assert found(name, name_format) == []


def test_one_whose_product_is_known_counts_for_it_alone_by_any_date_in_its_name() -> None:
    formats = ("a_{Y}{m}{d}.dat", "{x}_{Y}{m}{d}.dat")
    assert found("a_20200209.dat", *formats) == [(0, DAY), (1, DAY)]
    assert found("a_20200209.dat", *formats, product_id=1) == [(1, DAY)]
    assert found("raw 2020-02-09 again", *formats, product_id=0) == [(0, DAY)]
    assert found("raw 2020-0209", *formats, product_id=0) == []
