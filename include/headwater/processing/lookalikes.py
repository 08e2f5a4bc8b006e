"""Which product and day an arrival looks like, by its name alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from headwater.catalog.queries.grid import QuarantinedArrival
from headwater.core.errors import NameFormatError
from headwater.core.interval import DateSpan
from headwater.core.name_format import matcher
from headwater.missions.loaded import LoadedProduct

_ANY_DATE = re.compile(r"((?:19|2\d)\d\d)(-?)(0[1-9]|1[0-2])\2([0-3]\d)")
# Fields of a name that tell a day together -> how their texts, joined by blanks, are read.
_DATE_FIELDS: Mapping[tuple[str, ...], str] = {
    ("DATE",): "%Y%m%d",
    ("Y", "m", "d"): "%Y %m %d",
    ("Y", "j"): "%Y %j",
    ("Y", "b", "d"): "%Y %b %d",
    ("y", "m", "d"): "%y %m %d",
    ("y", "j"): "%y %j",
}

LookAlikes = dict[tuple[int, date], list[QuarantinedArrival]]
"""By product and day."""


def look_alikes(
    products: Iterable[LoadedProduct], arrivals: Iterable[QuarantinedArrival], span: DateSpan
) -> LookAlikes:
    """The arrivals whose names are as those of `products` and days of `span`.

    One of which an inspector said the product counts for that product alone.
    """
    patterns = {product.id: _pattern(product) for product in products}
    found: LookAlikes = {}
    for arrival in arrivals:
        plain = _plain_date(arrival.name)
        if plain is not None and plain not in span:
            continue
        for number, pattern in patterns.items():
            if arrival.product_id not in (None, number):
                continue
            match = pattern.match(arrival.name) if pattern else None
            if match is None and arrival.product_id is None:
                continue
            day = (_date_in(match) if match else None) or plain
            if day is not None and day in span:
                found.setdefault((number, day), []).append(arrival)
    return found


def _pattern(product: LoadedProduct) -> re.Pattern[str] | None:
    try:
        return matcher(product.format)
    except NameFormatError:  # an imported mission may have one that was never used
        return None


def _plain_date(name: str) -> date | None:
    """The first date in a name that is written YYYYMMDD or YYYY-MM-DD."""
    found = _ANY_DATE.search(name)
    try:
        return date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        return None


def _date_in(match: re.Match[str]) -> date | None:
    """The day that the fields of a format tell."""
    texts = match.groupdict()
    if texts.get("datetime"):
        return _read(texts["datetime"].replace("-", ""), "%Y%m%d")
    for fields, how in _DATE_FIELDS.items():
        if all(texts.get(field) for field in fields):
            return _read(" ".join(texts[field] for field in fields), how)
    return None


def _read(text: str, how: str) -> date | None:
    try:
        return datetime.strptime(text, how).date()
    except ValueError:
        return None
