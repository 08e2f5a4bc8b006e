"""The rules of the consistency check: one statement finds the faults of each.

They are listed for a reader in ``docs/reference/consistency.md``.
"""

from __future__ import annotations

from headwater.catalog.queries.consistency.file_rules import FILE_RULES
from headwater.catalog.queries.consistency.link_rules import LINK_RULES
from headwater.catalog.queries.consistency.mission_rules import MISSION_RULES
from headwater.catalog.queries.consistency.rule import Rule
from headwater.catalog.queries.consistency.work_rules import WORK_RULES

__all__ = ["RULES", "Rule"]

RULES: tuple[Rule, ...] = (*FILE_RULES, *LINK_RULES, *WORK_RULES, *MISSION_RULES)
"""All rules, in the order in which they are checked and mended."""
