"""Recorded runs of dbprocessing, played against Headwater."""
