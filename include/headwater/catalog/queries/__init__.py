"""Named statements of the catalog, each with a sentence of what it does."""
