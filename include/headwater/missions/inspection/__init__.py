"""Inspectors: which product a file is of, its times and its version.

Existing dbprocessing inspectors run unmodified (spec dbprocessing 3), in one warm helper process:
:class:`~headwater.missions.inspection.host.InspectorHost` is the door.
"""
