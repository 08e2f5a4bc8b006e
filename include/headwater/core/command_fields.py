"""The fields of command lines that name a product: ``{INPUT:l0}``, ``{OUTPUT:l1}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

INPUT, OUTPUT = "INPUT", "OUTPUT"
_FIELD = re.compile(r"\{(INPUT|OUTPUT):([^{}]+)\}")


def product_fields(text: str) -> list[tuple[str, str]]:
    """The fields of `text`: INPUT or OUTPUT, and the product, in their order."""
    return _FIELD.findall(text)


def with_products(text: str, named: Callable[[str], str]) -> str:
    """`text` with the product of each field replaced by what `named` gives for it."""
    return _FIELD.sub(lambda found: f"{{{found.group(1)}:{named(found.group(2))}}}", text)


def expanded(item: str, paths: Mapping[tuple[str, str], Sequence[str]]) -> list[str]:
    """The items that one item of a command line becomes.

    A field that is an item of its own becomes one item a path, and none without paths; inside an
    item the paths are joined by commas. Doubled braces become single ones.
    """
    whole = _FIELD.fullmatch(item)
    if whole is not None:
        return list(paths[whole.group(1), whole.group(2)])
    pieces = _FIELD.split(item)  # text, kind, product, text, kind, product, text
    texts = [text.replace("{{", "{").replace("}}", "}") for text in pieces[::3]]
    fields = zip(pieces[1::3], pieces[2::3], strict=True)
    joined = [",".join(paths[kind, product]) for kind, product in fields]
    return ["".join(each for pair in zip_longest(texts, joined, fillvalue="") for each in pair)]
