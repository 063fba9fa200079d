"""What is cleared away once it is old: a statement for each kind of row, a limited number at a time."""

from collections.abc import Mapping
from datetime import datetime

from dispatch.store.connection import Connection

#: a whistle (w, s) that ended before a moment, and if it was merged, so did all that it became part of
ENDED = """s.status IN ('closed', 'cancelled', 'merged') AND s.last_at < {before}::timestamptz AND NOT EXISTS (
    WITH RECURSIVE main (id) AS (
        SELECT w.merged_into UNION SELECT m.merged_into FROM main JOIN whistle m ON m.id = main.id)
    SELECT FROM main JOIN whistle_state u ON u.id = main.id
    WHERE u.status NOT IN ('closed', 'cancelled', 'merged') OR u.last_at >= {before}::timestamptz)"""
#: whistles from before $1 that nobody works on any more, oldest first; ids are made in the order of time
_ENDED = f"""
    FROM whistle w JOIN whistle_state s USING (id)
    WHERE w.id < (lpad(to_hex((extract(epoch FROM $1::timestamptz) * 1000)::bigint), 12, '0')
                  || '00000000000000000000')::uuid
      AND {ENDED.format(before="$1")}"""

#: name → statement; $1 is the moment before which rows go, $2 how many at most; it returns how many went
STATEMENTS: Mapping[str, str] = {
    "sessions": """
        WITH old AS (SELECT token_sha256 FROM web_session WHERE expires_at < $1 LIMIT $2),
        gone AS (DELETE FROM web_session s USING old WHERE s.token_sha256 = old.token_sha256 RETURNING 1)
        SELECT count(*) FROM gone""",
    "tickets": """
        WITH old AS (SELECT sha256 FROM ticket WHERE expires_at < $1 LIMIT $2),
        gone AS (DELETE FROM ticket t USING old WHERE t.sha256 = old.sha256 RETURNING 1)
        SELECT count(*) FROM gone""",
    "tokens": """
        WITH old AS (SELECT id FROM api_token WHERE least(expires_at, revoked_at) < $1 LIMIT $2),
        gone AS (DELETE FROM api_token t USING old WHERE t.id = old.id RETURNING 1)
        SELECT count(*) FROM gone""",
    "saved-filters": """
        WITH old AS (
            SELECT f.id FROM saved_filter f WHERE NOT EXISTS (
                SELECT FROM tenure t WHERE t.person = f.person AND (t.to_at IS NULL OR t.to_at >= $1)) LIMIT $2),
        gone AS (DELETE FROM saved_filter f USING old WHERE f.id = old.id RETURNING 1)
        SELECT count(*) FROM gone""",
    "action-keys": """
        WITH old AS (SELECT principal, key FROM action_key WHERE at < $1 LIMIT $2),
        gone AS (DELETE FROM action_key k USING old WHERE k.principal = old.principal AND k.key = old.key RETURNING 1)
        SELECT count(*) FROM gone""",
    "merge-proposals": """
        WITH old AS (
            SELECT whistle, into_whistle FROM merge_proposal p WHERE EXISTS (
                SELECT FROM whistle_state s WHERE s.id IN (p.whistle, p.into_whistle)
                AND s.status IN ('closed', 'cancelled', 'merged') AND s.last_at < $1) LIMIT $2),
        gone AS (DELETE FROM merge_proposal p USING old
                 WHERE (p.whistle, p.into_whistle) = (old.whistle, old.into_whistle) RETURNING 1)
        SELECT count(*) FROM gone""",
    "reporters": f"""
        WITH old AS (SELECT w.id {_ENDED} AND w.reporter IS NOT NULL ORDER BY w.id LIMIT $2),
        gone AS (UPDATE whistle w SET reporter = NULL FROM old WHERE w.id = old.id RETURNING 1)
        SELECT count(*) FROM gone""",
    "unattached-photos": """
        WITH old AS (SELECT id FROM photo WHERE NOT attached AND at < $1 LIMIT $2),
        gone AS (DELETE FROM photo p USING old WHERE p.id = old.id AND NOT p.attached RETURNING 1)
        SELECT count(*) FROM gone""",
    "texts-and-photos": f"""
        WITH old AS (SELECT w.id, w.photos {_ENDED} AND w.body <> '' ORDER BY w.id LIMIT $2),
        shown AS (
            SELECT unnest(photos) AS id FROM old
            UNION SELECT photo::uuid FROM old JOIN whistle_event e ON e.whistle = old.id
                  CROSS JOIN LATERAL jsonb_array_elements_text(
                      CASE jsonb_typeof(e.data -> 'photos') WHEN 'array' THEN e.data -> 'photos' ELSE '[]' END) AS photo
            UNION SELECT (e.data ->> 'photo')::uuid FROM old JOIN whistle_event e ON e.whistle = old.id
                  WHERE jsonb_typeof(e.data -> 'photo') = 'string'),
        pictures AS (DELETE FROM photo p USING shown WHERE p.id = shown.id),
        words AS (UPDATE whistle_text t SET body = NULL FROM old WHERE t.whistle = old.id AND t.body IS NOT NULL),
        gone AS (
            UPDATE whistle w SET title = '', body = '', address = NULL, reporter = NULL, photos = '{{}}'
            FROM old WHERE w.id = old.id RETURNING 1)
        SELECT count(*) FROM gone""",
    "notices": """
        WITH old AS (SELECT id FROM notice WHERE created_at < $1 AND status IN ('sent', 'skipped') LIMIT $2),
        gone AS (DELETE FROM notice n USING old WHERE n.id = old.id RETURNING n.id),
        ledger AS (DELETE FROM delivery d USING gone WHERE d.notice = gone.id)
        SELECT count(*) FROM gone""",
    "failed-notices": """
        WITH old AS (SELECT id FROM notice WHERE created_at < $1 AND status = 'failed' LIMIT $2),
        gone AS (DELETE FROM notice n USING old WHERE n.id = old.id RETURNING n.id),
        ledger AS (DELETE FROM delivery d USING gone WHERE d.notice = gone.id)
        SELECT count(*) FROM gone""",
    "inbound-bytes": """
        WITH old AS (
            SELECT id FROM dead_letter WHERE topic = 'whistles.inbound' AND at < $1 AND value IS NOT NULL LIMIT $2),
        gone AS (
            UPDATE dead_letter d SET value = NULL, key = NULL, headers = '[]'::jsonb, next_try_at = NULL
            FROM old WHERE d.id = old.id RETURNING 1)
        SELECT count(*) FROM gone""",
    "dead-letters": """
        WITH old AS (SELECT id FROM dead_letter WHERE at < $1 AND status <> 'waiting' LIMIT $2),
        gone AS (DELETE FROM dead_letter d USING old WHERE d.id = old.id RETURNING 1)
        SELECT count(*) FROM gone""",
}


async def clear(connection: Connection, name: str, before: datetime, limit: int) -> int:
    """Clear away up to `limit` rows of a kind from before a moment; returns how many went."""
    found: int = await connection.fetchval(STATEMENTS[name], before, limit)
    return found
