"""Arrivals of the incoming folder, each to its disposition (DESIGN 2, 7)."""
