"""Existing dbprocessing databases -> the catalog (spec dbprocessing 1 and 12)."""
