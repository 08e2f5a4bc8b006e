#!/usr/bin/env python3
"""cpu.py INPUT... OUTPUT: copy.sh, and 0.2 s of CPU time in all, start of Python included."""

from __future__ import annotations

import sys
import time
from pathlib import Path

if len(sys.argv) < 3:
    sys.exit("usage: cpu.py INPUT... OUTPUT")
Path(sys.argv[-1]).write_bytes(b"".join(Path(name).read_bytes() for name in sys.argv[1:-1]))
while time.process_time() < 0.2:
    pass
