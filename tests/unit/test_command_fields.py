"""Fields of command lines that name a product."""

from __future__ import annotations

import pytest

from headwater.core.command_fields import INPUT, OUTPUT, expanded, product_fields, with_products

PATHS = {(INPUT, "l0"): ["/a/1", "/a/2"], (INPUT, "cal"): [], (OUTPUT, "l1"): ["/w/o"]}


@pytest.mark.parametrize(
    ("item", "items"),
    [
        ("{INPUT:l0}", ["/a/1", "/a/2"]),
        ("{INPUT:cal}", []),
        ("{OUTPUT:l1}", ["/w/o"]),
        ("--in={INPUT:l0}", ["--in=/a/1,/a/2"]),
        ("--cal={INPUT:cal}", ["--cal="]),
        ("{INPUT:l0}:{OUTPUT:l1}", ["/a/1,/a/2:/w/o"]),
        ('{{"files":"{OUTPUT:l1}"}}', ['{"files":"/w/o"}']),
        ("{{{OUTPUT:l1}}}", ["{/w/o}"]),
        ("plain", ["plain"]),
    ],
)
def test_an_item_becomes_items(item: str, items: list[str]) -> None:
    assert expanded(item, PATHS) == items


def test_a_path_with_braces_stays_as_it_is() -> None:
    assert expanded("x{INPUT:l0}", {(INPUT, "l0"): ["/a/{{b}}"]}) == ["x/a/{{b}}"]


def test_the_fields_of_a_text_are_found_and_renamed() -> None:
    text = "a {INPUT:l0}|{OUTPUT:l 1} {DATE} {INPUT} {INPUT:}"
    assert product_fields(text) == [(INPUT, "l0"), (OUTPUT, "l 1")]
    assert with_products(text, str.upper) == "a {INPUT:L0}|{OUTPUT:L 1} {DATE} {INPUT} {INPUT:}"
