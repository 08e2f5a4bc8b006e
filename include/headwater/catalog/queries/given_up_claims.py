"""Claims of tasks of Airflow that a person has ended: let go before their leases run out."""

from __future__ import annotations

from sqlalchemy import text

_OF_TASK = """
    case when cast(:owner as text) is null then starts_with({owner}, :run)
         when {owner} = :owner then true
         else starts_with({owner}, cast(:mapped as text)) end
"""
"""Part of a statement: of a task, of all its mapped tasks, or of all tasks of a run."""

GIVE_UP_CLAIMS = text(f"""
    update headwater.arrival set lease_until = now() - interval '1 s'
    where state = 'claimed' and lease_until > now() and {_OF_TASK.format(owner="claimed_by")}
""")  # noqa: S608  the pieces are constants of this module
"""Let anybody take over what tasks of a run have claimed."""

GIVE_UP_PATHS = text(f"""
    update headwater.intent set lease_until = now() - interval '1 s'
    where lease_until > now() and {_OF_TASK.format(owner="owner")}
""")  # noqa: S608  as above
"""Let anybody finish or undo what tasks of a run are placing."""
