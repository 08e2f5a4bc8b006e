"""Events of repairs of the catalog, and of files whose bytes have changed"""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEW_KINDS = ("file changed", "catalog repaired")
_RULE = sa.text("""
select pg_get_constraintdef(oid) from pg_constraint
where conname = 'ck_event_kind' and conrelid = 'headwater.event'::regclass
""")


def upgrade() -> None:
    """Apply this step: allow the new kinds, beside whichever are allowed by now."""
    known = re.findall(r"'([^']+)'", str(op.get_bind().scalar(_RULE)))
    kinds = sorted({*known, *NEW_KINDS})
    op.drop_constraint(op.f("ck_event_kind"), "event", schema="headwater")
    op.create_check_constraint(
        op.f("ck_event_kind"), "event", sa.column("kind").in_(kinds), schema="headwater"
    )
