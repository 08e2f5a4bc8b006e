"""When the bytes of each file were last read again; events of the audit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    for name in ("scrubbed_at", "scrubbed_mtime"):
        op.add_column("file", sa.Column(name, sa.DateTime(timezone=True)), schema="headwater")
    allow_states("event", "kind", "file back", "audit ended")
