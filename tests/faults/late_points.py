"""Where a writer stands when its lease runs out, and the numbers of that in the fault list."""

from __future__ import annotations

POINTS = {
    "after_intents": (2, 56),
    "after_fsync": (4, 56),
    "after_link": (6, 56),
    "after_folder_fsync": (7, 56),
    "before_commit": (7, 56),
    "after_commit": (9, 56),
    "after_unlink": (9, 56),
    "before_close": (10, 56),
}
