"""The steps by which a catalog's schema grew, for Alembic."""
