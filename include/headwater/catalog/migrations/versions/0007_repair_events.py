"""Events of repairs of the catalog, and of files whose bytes have changed"""

from __future__ import annotations

from headwater.catalog.migrations.event_kinds import allow_event_kinds

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    allow_event_kinds("file changed", "catalog repaired")
