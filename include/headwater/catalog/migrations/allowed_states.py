"""The values that a column of states allows, which steps of several features add to."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

_RULE = sa.text("""
select pg_get_constraintdef(oid) from pg_constraint
where conname = :name and conrelid = cast(:table as regclass)
""")


def allow_states(table: str, column: str, *values: str) -> None:
    """Allow more values in a column of states, beside those that are allowed by now."""
    name = op.f(f"ck_{table}_{column}")
    rule = op.get_bind().scalar(_RULE, {"name": name, "table": f"headwater.{table}"})
    allowed = sorted({*re.findall(r"'([^']+)'", str(rule)), *values})
    op.drop_constraint(name, table, schema="headwater")
    op.create_check_constraint(name, table, sa.column(column).in_(allowed), schema="headwater")
