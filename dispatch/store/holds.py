"""挂账: what is on hold, by whose signature, for how long."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.store.connection import Connection
from dispatch.store.search import CLOCK, HEAD, Asked, Found, Scope, found, see


@dataclass(frozen=True, slots=True)
class Held:
    """A whistle on hold. `level`: who signed for it (4 street, 5 district); `reason`: the id of a text."""

    level: int
    since: datetime
    unit: str | None
    signed_by: str | None
    reason: str | None
    times: int
    found: Found


_WIDTH = 6
_HELD = """
SELECT coalesce((h.data ->> 'level')::int, 4) AS level, h.decided_at, h.unit AS held_for, h.decided_by,
       h.data ->> 'reason' AS held_reason, h.n, {head}, {clock}
FROM whistle_state s JOIN whistle w ON w.id = s.id
JOIN LATERAL (
    SELECT r.*, count(*) OVER () AS n FROM request r
    WHERE r.whistle = s.id AND r.kind = 'hold' AND r.status = 'granted' ORDER BY r.decided_at DESC LIMIT 1
) h ON true
LEFT JOIN whistle_clock c ON c.whistle = s.id AND c.stage = 'hold' AND c.unit IS NULL
WHERE s.status = 'on-hold' AND {where}
ORDER BY level DESC, h.decided_at, w.id LIMIT {limit}"""


async def held(connection: Connection, scope: Scope, limit: int) -> list[Held]:
    """What may be seen of it: the district's first, then the streets', each the longest held first."""
    asked = Asked()
    see(asked, scope)
    where = asked.where()
    sql = _HELD.format(head=HEAD, clock=CLOCK, where=where, limit=asked.add(limit))
    rows = await connection.fetch(sql, *asked.values)
    made: list[Held] = []
    for row in rows:
        level, since, unit, signed_by, reason, times = tuple(row.values())[:_WIDTH]
        made.append(Held(level, since, unit, signed_by, reason, times, found(row, _WIDTH)))
    return made
