"""Events of repairs of the catalog, and of files whose bytes have changed"""

from __future__ import annotations

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    allow_states("event", "kind", "file changed", "catalog repaired")
