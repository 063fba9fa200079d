"""Queues: what stands with a rung of the ladder, with the desk, with who decides; by what falls due first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.domain.case import Request
from dispatch.store.connection import Connection
from dispatch.store.queue_tally import tally
from dispatch.store.search import CLOCK, HEAD, Asked, Filters, Found, Scope, found, narrow, see


async def lamps(connection: Connection, unit: str, scope: Scope, now: datetime) -> dict[str, int]:
    """How many rows that `scope` may see of a unit's queue burn each lamp (`hold`: rest), up to `queue_tally.MOST`."""
    counted = await tally(connection, unit, scope, now, now)
    return {"green": counted.green, "yellow": counted.yellow, "red": counted.red, "hold": counted.hold}


async def _first(connection: Connection, sql: str, asked: Asked, limit: int, **more: str) -> list[Found]:
    """The first rows of a question. `more` fills what this `sql` has beside the rows' columns, condition and limit."""
    where = asked.where()
    full = sql.format(head=HEAD, clock=CLOCK, where=where, limit=asked.add(limit), **more)
    return [found(row) for row in await connection.fetch(full, *asked.values)]


_CLIMBED = """
SELECT {head}, {clock}
FROM whistle_clock c JOIN whistle w ON w.id = c.whistle JOIN whistle_state s ON s.id = c.whistle
WHERE c.answered_at IS NULL AND s.status NOT IN ('cancelled', 'merged') AND {where}
ORDER BY c.fires_at NULLS LAST, c.id LIMIT {limit}"""


async def climbed(
    connection: Connection, scope: Scope, rungs: tuple[int, ...], limit: int, *, places: tuple[str, ...] | None = None
) -> list[Found]:
    """Open clocks that stand on one of these rungs (of whistles about these places), the next to climb first."""
    asked = Asked()
    see(asked, scope)
    narrow(asked, Filters(places=places))
    ranks = asked.add(list(rungs))
    asked.parts.append(f"s.rung >= (SELECT min(r) FROM unnest({ranks}::int[]) AS r)")
    asked.parts.append(f"c.rung = ANY({ranks}::int[])")
    return await _first(connection, _CLIMBED, asked, limit)


async def climbing(connection: Connection, scope: Scope, below: int, until: datetime, limit: int) -> list[Found]:
    """Open clocks below rung `below` that run out or climb by `until`, the first first."""
    asked = Asked()
    see(asked, scope)
    asked.parts.append(f"c.rung < {asked.add(below)} AND c.parked IS NULL")
    asked.parts.append("c.stage NOT IN ('total', 'hold') AND c.mark IN ('warn', 'due')")
    moment = asked.add(until)
    asked.parts.append(f"c.fires_at <= {moment} AND (c.mark <> 'warn' OR c.due_at <= {moment})")
    return await _first(connection, _CLIMBED, asked, limit)


@dataclass(frozen=True, slots=True)
class Pending:
    """A request that waits for its decision."""

    request: Request
    found: Found


_PENDING = """
SELECT r.id AS request_id, r.gen AS request_gen, r.kind AS request_kind, r.unit AS request_unit, r.status, r.asked_by,
       r.asked_at, r.decided_by, r.decided_at, r.data, {head}, {clock}
FROM request r JOIN whistle w ON w.id = r.whistle JOIN whistle_state s ON s.id = r.whistle
LEFT JOIN whistle_clock c ON c.whistle = r.whistle AND c.stage = 'ruling'
     AND c.unit = CASE WHEN r.unit IS NULL THEN r.kind ELSE r.kind || ':' || r.unit END
WHERE r.status = 'pending' AND {where}
ORDER BY c.due_at NULLS LAST, r.id LIMIT {limit}"""


async def pending(connection: Connection, scope: Scope, kinds: tuple[str, ...], limit: int) -> list[Pending]:
    """Requests of these kinds that nobody has decided, the most urgent first."""
    asked = Asked()
    see(asked, scope)
    asked.parts.append(f"r.kind = ANY({asked.add(list(kinds))}::text[])")
    where = asked.where()
    sql = _PENDING.format(head=HEAD, clock=CLOCK, where=where, limit=asked.add(limit))
    made: list[Pending] = []
    for row in await connection.fetch(sql, *asked.values):
        values = list(row.values())[:10]
        values[-1] = orjson.loads(values[-1])
        made.append(Pending(Request(*values), found(row, 10)))
    return made


_AT_DESK = """
SELECT {head}, {clock}
FROM whistle_state s JOIN whistle w ON w.id = s.id
LEFT JOIN whistle_clock c ON c.whistle = s.id AND c.stage = 'dispatch' AND c.unit IS NULL
WHERE s.status = 'at-desk' AND {where}
ORDER BY (w.kind = 'emergency' OR w.danger OR coalesce(w.matched ->> 'danger' NOT IN ('[]', 'null'), false)) DESC,
         c.due_at NULLS LAST, w.id LIMIT {limit}"""


async def at_desk(connection: Connection, scope: Scope, limit: int) -> list[Found]:
    """What no rule sent anywhere: possible emergencies first, then what falls due first."""
    asked = Asked()
    see(asked, scope)
    return await _first(connection, _AT_DESK, asked, limit)


_IN_PLACE = """
WITH kept AS MATERIALIZED (
    SELECT id FROM whistle WHERE sealed AND district = {district}
    UNION SELECT id FROM whistle WHERE raised_by_node = {district}
)
SELECT {head}, {clock}
FROM kept JOIN whistle w ON w.id = kept.id JOIN whistle_state s ON s.id = kept.id
LEFT JOIN LATERAL (
    SELECT * FROM whistle_clock c WHERE c.whistle = w.id AND c.answered_at IS NULL AND c.stage <> 'total'
    ORDER BY c.due_at NULLS LAST, c.stage LIMIT 1
) c ON true
WHERE {where} AND (
    s.status IN ('resolved', 'verified', 'answered')
        AND (w.raised_by_node = ANY(w.hidden_from) OR w.raised_by_node = w.district)
    OR w.sealed AND s.rung < 5 AND s.status NOT IN ('closed', 'cancelled', 'merged')
)
ORDER BY c.due_at NULLS LAST, w.id LIMIT {limit}"""


async def in_place_of_streets(connection: Connection, scope: Scope, limit: int) -> list[Found]:
    """What waits for an act that the desk does in a street's place, and sealed ones that climbed; what falls due
    first."""
    asked = Asked()
    see(asked, scope)
    return await _first(connection, _IN_PLACE, asked, limit, district=asked.add(scope.district))


async def orders(connection: Connection, clocks: list[UUID]) -> dict[UUID, int]:
    """The number of the supervision order of each of these clocks, where one was issued."""
    rows: list[Any] = await connection.fetch(
        """SELECT DISTINCT ON (l.clock) l.clock, (e.data ->> 'order')::bigint AS number
           FROM escalation l JOIN whistle_event e ON e.whistle = l.whistle AND e.id = l.event AND e.at = l.at
           WHERE l.clock = ANY($1::uuid[]) AND l.rung = 5 AND e.data ? 'order' ORDER BY l.clock, l.run DESC""",
        clocks,
    )
    return {row["clock"]: row["number"] for row in rows}


async def waiting_letters(connection: Connection) -> dict[str, int]:
    """Dead letters that wait for a decision, by reason."""
    rows = await connection.fetch(
        "SELECT reason, count(*) AS n FROM dead_letter WHERE status = 'waiting' GROUP BY reason"
    )
    return {row["reason"]: row["n"] for row in rows}


_WITHOUT = """
SELECT {head}, {clock}
FROM assignment a JOIN whistle_state s ON s.id = a.whistle AND s.status = 'resolved' AND s.gen = a.gen
JOIN whistle w ON w.id = a.whistle
LEFT JOIN whistle_clock c ON c.whistle = a.whistle AND c.stage = 'verification' AND c.unit IS NULL
WHERE a.active AND a.role = 'assist' AND a.status = 'assigned' AND {where}
ORDER BY c.due_at NULLS LAST, w.id LIMIT {limit}"""


async def resolved_without(connection: Connection, scope: Scope, limit: int) -> list[Found]:
    """What waits for verification though an assisting unit has not reported in; each once, what falls due first."""
    asked = Asked()
    see(asked, scope)
    return list({row.head.id: row for row in await _first(connection, _WITHOUT, asked, limit)}.values())


_OPEN = "SELECT count(*) FROM (SELECT FROM whistle w JOIN whistle_state s ON s.id = w.id WHERE {where} LIMIT {limit}) x"


async def count(connection: Connection, scope: Scope, filters: Filters, limit: int, *, climbed: bool = False) -> int:
    """How many whistles are found, up to `limit`; `climbed`: of those on a rung, which are found by an index."""
    asked = Asked()
    see(asked, scope)
    narrow(asked, filters)
    if climbed:
        asked.parts.append("s.rung IS NOT NULL")
    where = asked.where()
    return int(await connection.fetchval(_OPEN.format(where=where, limit=asked.add(limit)), *asked.values))


_BELOW = """
SELECT {head}, {clock}
FROM whistle_state s JOIN whistle w ON w.id = s.id
JOIN whistle_clock c ON c.whistle = s.id AND c.stage = 'handling' AND c.unit IS NULL
WHERE s.status = 'local' AND c.rung = 0 AND {where}
ORDER BY c.due_at NULLS LAST, w.id LIMIT {limit}"""


async def below(connection: Connection, scope: Scope, limit: int) -> list[Found]:
    """What is with the level below the street that raised it (能在这里解决吗), what falls due first."""
    asked = Asked()
    see(asked, scope)
    return await _first(connection, _BELOW, asked, limit)


async def consultations(connection: Connection, unit: str, limit: int = 20) -> list[tuple[int, datetime | None]]:
    """Numbers of the whistles that this unit was called to one table for and that have no minutes; and when."""
    rows = await connection.fetch(
        """SELECT w.number, (r.data ->> 'at')::timestamptz AS at FROM request r
           JOIN whistle_state s ON s.id = r.whistle AND s.gen = r.gen JOIN whistle w ON w.id = r.whistle
           WHERE r.kind = 'consultation' AND r.data -> 'units' ? $1 AND NOT r.data ? 'minutes'
             AND s.status NOT IN ('closed', 'cancelled', 'merged')
           ORDER BY 2 NULLS LAST, w.id LIMIT $2""",
        unit,
        limit,
    )
    return [(row["number"], row["at"]) for row in rows]
