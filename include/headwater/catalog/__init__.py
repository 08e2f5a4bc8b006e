"""The catalog: one Postgres schema that knows every file, version, parent, code and build."""
