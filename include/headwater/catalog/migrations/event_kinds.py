"""The kinds of event that the catalog allows, which steps of several features add to."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

_RULE = sa.text("""
select pg_get_constraintdef(oid) from pg_constraint
where conname = 'ck_event_kind' and conrelid = 'headwater.event'::regclass
""")


def allow_event_kinds(*kinds: str) -> None:
    """Allow more kinds of event, beside those that are allowed by now."""
    known = re.findall(r"'([^']+)'", str(op.get_bind().scalar(_RULE)))
    name = op.f("ck_event_kind")
    op.drop_constraint(name, "event", schema="headwater")
    op.create_check_constraint(
        name, "event", sa.column("kind").in_(sorted({*known, *kinds})), schema="headwater"
    )
