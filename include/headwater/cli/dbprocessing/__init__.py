"""dbprocessing's scripts under their own names and flags, each a thin call of the native service.

They keep the old exit codes and streams where somebody may rely on them (spec dbprocessing 6).
"""
