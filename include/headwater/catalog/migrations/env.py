"""Alembic's entry: runs the migrations on the connection that `headwater.catalog.schema` gives."""

from __future__ import annotations

from alembic import context

from headwater.catalog.models import SCHEMA, Base
from headwater.catalog.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
