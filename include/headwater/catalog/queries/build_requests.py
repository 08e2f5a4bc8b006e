"""What a person asks of builds that do not run: to be made again, or to be held."""

from __future__ import annotations

from sqlalchemy import text

RETRY = text("""
update headwater.build
set state = 'pending', reason = :reason, attempts = 0, not_before = null
where id = any(:ids) and state in ('failed', 'held')
returning id, process_id, utc_date, interval_stop, state, reason
""")
"""A person asks for failed or held builds to be made again."""

HOLD = text("""
update headwater.build
set state = 'held', reason = :reason, fingerprint = null, not_before = null
where id = any(:ids) and state in ('pending', 'waiting', 'failed', 'held')
returning id, process_id, utc_date, interval_stop, state, reason
""")
"""A person holds builds; without a fingerprint no change of inputs lifts the hold."""
