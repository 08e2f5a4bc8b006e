"""``python -m headwater.processing.keeper FD``: run the keeper on an inherited socket."""

from __future__ import annotations

import sys

from headwater.processing.keeper.supervisor import main

if __name__ == "__main__":
    sys.exit(main(sys.argv))
