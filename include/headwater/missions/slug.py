"""Names as parts of the names of DAGs, pools and assets."""

from __future__ import annotations

import re
from urllib.parse import quote

LONGEST_SLUG = 100
"""Airflow allows 250 characters in the name of a DAG; ours hold two slugs and a word."""


def slug(name: str) -> str:
    """`name` in lower case with everything but ``a-z 0-9 _ -`` as ``_``; empty if nothing is left.

    ``RBSP-A mag (L2)`` becomes ``rbsp-a_mag_l2``.
    """
    return re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")


def asset_name(mission_slug: str, product: str) -> str:
    """The name of a product's asset; Airflow takes only ASCII."""
    plain = product if product.isascii() else quote(product, safe="")
    return f"{mission_slug}/{plain}"


def asset_uri(mission_slug: str, product: str) -> str:
    """The address of a product's asset."""
    return f"headwater://{mission_slug}/{quote(product, safe='')}"
