"""What a unit carries: its open whistles by category, street and who signed; what other units carry, for comparison.

As in its queue what it is only informed of is none of it, but for an emergency that no unit has (`finish`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.store.connection import Connection
from dispatch.store.search import Asked, Scope, see

#: no queue is counted further than so many rows, what falls due first first
MOST = 2000


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what a unit carries. `code`: the category, street or person; None: not known, or nobody yet.

    `late`: its own clock has run out. `today`: it runs out between now and tonight. `resting`: no clock of the unit
    runs (the street verifies, or it is on hold, which `hold` counts besides).
    """

    code: str | None
    open: int
    late: int
    today: int
    unsigned: int
    resting: int
    hold: int
    assist: int


@dataclass(frozen=True, slots=True)
class Carried:
    """The whole, and its parts; `more`: only the first `MOST` rows of the queue were counted."""

    whole: Share
    categories: tuple[Share, ...]
    streets: tuple[Share, ...]
    persons: tuple[Share, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Beside:
    """Another unit's figures, each counted up to `MOST`."""

    unit: str
    open: int
    late: int
    today: int
    unsigned: int


#: who signed is the one whose event carries the moment kept with the part
_CARRIED = """
WITH first AS MATERIALIZED (
    SELECT a.whistle, a.role, a.status, a.due_at, a.reported_at FROM assignment a
    JOIN whistle w ON w.id = a.whistle JOIN whistle_state s ON s.id = a.whistle
    WHERE a.unit = $1 AND a.active AND {where} ORDER BY a.due_at, a.whistle LIMIT $4
), row AS (
    SELECT f.role, f.status, f.due_at, w.category, w.raised_by_node AS street, s.status AS whistle, e.person
    FROM first f JOIN whistle w ON w.id = f.whistle JOIN whistle_state s ON s.id = f.whistle
    LEFT JOIN LATERAL (
        SELECT person FROM whistle_event e WHERE e.whistle = f.whistle AND e.at = f.reported_at
        AND e.type IN ('reported-in', 'arrived') AND e.data ->> 'unit' = $1 LIMIT 1
    ) e ON true
)
SELECT grouping(category, street, person) AS of, category, street, person, count(*) AS open,
       count(*) FILTER (WHERE due_at <= $2) AS late, count(*) FILTER (WHERE due_at > $2 AND due_at < $3) AS today,
       count(*) FILTER (WHERE status = 'assigned') AS unsigned, count(*) FILTER (WHERE due_at IS NULL) AS resting,
       count(*) FILTER (WHERE whistle = 'on-hold') AS hold, count(*) FILTER (WHERE role = 'assist') AS assist
FROM row GROUP BY GROUPING SETS ((category), (street), (person), ())"""
_CATEGORY, _STREET, _PERSON, _WHOLE = 0b011, 0b101, 0b110, 0b111


async def carried(
    connection: Connection, unit: str, scope: Scope, now: datetime, tonight: datetime, most: int = MOST
) -> Carried:
    """What of a unit's queue is its to do and may be seen, by what falls due first, up to `most` whistles."""
    asked = Asked(values=[unit, now, tonight, most])
    see(asked, scope, unit)
    rows = await connection.fetch(_CARRIED.format(where=asked.where()), *asked.values)
    parts: dict[int, list[Share]] = {_CATEGORY: [], _STREET: [], _PERSON: [], _WHOLE: []}
    for row in rows:
        of, category, street, person, *counts = row.values()
        parts[of].append(Share({_CATEGORY: category, _STREET: street, _PERSON: person}.get(of), *counts))
    whole = parts[_WHOLE][0]
    return Carried(whole, tuple(parts[_CATEGORY]), tuple(parts[_STREET]), tuple(parts[_PERSON]), whole.open >= most)


_BESIDE = """
SELECT u.unit, n.open, n.late, n.today, n.unsigned FROM unnest($1::text[]) AS u (unit)
CROSS JOIN LATERAL (
    SELECT count(*) AS open, count(*) FILTER (WHERE due_at <= $2) AS late,
           count(*) FILTER (WHERE due_at > $2 AND due_at < $3) AS today,
           count(*) FILTER (WHERE status = 'assigned') AS unsigned
    FROM (SELECT due_at, status FROM assignment WHERE unit = u.unit AND active ORDER BY due_at, whistle LIMIT $4) first
) n"""


async def beside(
    connection: Connection, units: Sequence[str], now: datetime, tonight: datetime, most: int = MOST
) -> list[Beside]:
    """The figures of each of these units, also of those that have nothing."""
    return [Beside(*row.values()) for row in await connection.fetch(_BESIDE, list(units), now, tonight, most)]


__all__ = ["MOST", "Beside", "Carried", "Share", "beside", "carried"]
