"""What the desk counts, at a cost that does not grow with the district: kept differences, and probes with a ceiling."""

from collections.abc import Sequence
from datetime import datetime

from dispatch.store.connection import Connection

#: nothing is counted further than this: then it is "so many or more"
MOST = 1000

_TALLY = """
SELECT key, sum(n)::int AS n FROM (
    SELECT {key} AS key, n FROM tally WHERE name = $1 AND {of}
    UNION ALL SELECT {key}, n FROM tally_change WHERE name = $1 AND {of}
) t GROUP BY key HAVING sum(n) > 0"""


async def by_status(connection: Connection, district: str) -> dict[str, int]:
    """How many of a district's whistles that have not ended stand in each status; exact."""
    sql = _TALLY.format(key="b", of="a = $2 AND b NOT IN ('closed', 'cancelled', 'merged')")
    return {row["key"]: row["n"] for row in await connection.fetch(sql, "status", district)}


async def by_unit(connection: Connection, units: Sequence[str]) -> dict[str, int]:
    """How many stand in each of these units' queues; exact, units without any are left out."""
    sql = _TALLY.format(key="a", of="a = ANY($2::text[])")
    return {row["key"]: row["n"] for row in await connection.fetch(sql, "queue", list(units))}


async def late_extensions(connection: Connection, units: Sequence[str], since: datetime) -> dict[str, int]:
    """How often each of these units asked for more time only at the last moment, since then; none: left out."""
    rows = await connection.fetch(
        """SELECT unit, count(*) AS n FROM request
           WHERE kind = 'extension' AND data @> '{"late": true}' AND unit = ANY($1::text[]) AND asked_at >= $2
           GROUP BY unit""",
        list(units),
        since,
    )
    return {row["unit"]: row["n"] for row in rows}


async def unsigned(connection: Connection, units: Sequence[str]) -> dict[str, int]:
    """How many of the first `MOST` in each of these units' queues nobody has signed for."""
    rows = await connection.fetch(
        """SELECT u.unit, few.n FROM unnest($1::text[]) AS u (unit) CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE first.status = 'assigned') AS n FROM (
                   SELECT status FROM assignment WHERE unit = u.unit AND active ORDER BY due_at, whistle LIMIT $2
               ) first) few""",
        list(units),
        MOST,
    )
    return {row["unit"]: row["n"] for row in rows}


async def by_rung(connection: Connection, district: str) -> dict[int, int]:
    """How many late whistles stand on each rung, up to `MOST`."""
    rows = await connection.fetch(
        """SELECT r.rung, few.n FROM generate_series(1, 5) AS r (rung) CROSS JOIN LATERAL (
               SELECT count(*) AS n FROM (
                   SELECT FROM whistle_state s WHERE s.district = $1 AND s.rung = r.rung LIMIT $2) late) few
           WHERE few.n > 0""",
        district,
        MOST,
    )
    return {row["rung"]: row["n"] for row in rows}


async def by_request(connection: Connection, district: str, kinds: Sequence[str]) -> dict[str, int]:
    """How many requests of each of these kinds wait for a decision, up to `MOST`."""
    rows = await connection.fetch(
        """SELECT k.kind, few.n FROM unnest($2::text[]) AS k (kind) CROSS JOIN LATERAL (
               SELECT count(*) AS n FROM (
                   SELECT FROM request r JOIN whistle_state s ON s.id = r.whistle
                   WHERE r.status = 'pending' AND r.kind = k.kind AND s.district = $1 LIMIT $3) waiting) few
           WHERE few.n > 0""",
        district,
        list(kinds),
        MOST,
    )
    return {row["kind"]: row["n"] for row in rows}


async def of_street(connection: Connection, street: str, statuses: Sequence[str]) -> dict[str, int]:
    """How many of a street's whistles stand in each of these statuses, up to `MOST` together."""
    rows = await connection.fetch(
        """SELECT status, count(*) AS n FROM (
               SELECT s.status FROM whistle w JOIN whistle_state s ON s.id = w.id
               WHERE w.raised_by_node = $1 AND s.status = ANY($2::text[]) AND NOT w.hidden_from && ARRAY[$1] LIMIT $3
           ) few GROUP BY status""",
        street,
        list(statuses),
        MOST,
    )
    return {row["status"]: row["n"] for row in rows}
