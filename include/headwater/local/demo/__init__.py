"""The missions that Headwater can show itself with: real packets, and generated files.

``real_data`` installs the CYGNSS mission and drops its level 0 files; ``synthetic`` writes a
mission of any number of days. The folders beside them hold what a mission consists of: a mission
file, codes and inspectors, copied as they are. ``README.md`` says what the data are.
"""
