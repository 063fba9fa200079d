"""Which open whistles may have other deadlines under another policy or calendar."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection


async def open_whistles(
    connection: Connection, district: str, before: datetime, after: UUID, limit: int
) -> Sequence[UUID]:
    """Whistles of a district received before a moment that have not ended, in the order of their ids."""
    rows = await connection.fetch(
        """SELECT s.id FROM whistle_state s JOIN whistle w ON w.id = s.id
           WHERE s.district = $1 AND s.id > $2 AND w.received_at < $4
             AND s.status NOT IN ('closed', 'cancelled', 'merged') ORDER BY s.id LIMIT $3""",
        district,
        after,
        limit,
        before,
    )
    return [row["id"] for row in rows]


async def names_in_use(connection: Connection, district: str) -> list[str]:
    """The calendars (`code@revision`) that the district's running clocks count on, and those of report-in clocks whose
    answer may still turn out not to have happened."""
    rows = await connection.fetch(
        """SELECT DISTINCT c.calendar FROM whistle_clock c JOIN whistle_state s ON s.id = c.whistle
           WHERE s.district = $1 AND (c.running_since IS NOT NULL AND c.answered_at IS NULL
             OR c.stage = 'reported' AND c.rung = 0 AND c.answered_at IS NOT NULL
                AND s.status NOT IN ('closed', 'cancelled', 'merged'))""",
        district,
    )
    return [row["calendar"] for row in rows]


async def counted_on(
    connection: Connection, district: str, calendar: str, since: datetime, after: UUID, limit: int
) -> Sequence[UUID]:
    """Whistles with a clock running on this calendar (`code@revision`), due or with its next mark after `since`."""
    rows = await connection.fetch(
        """SELECT DISTINCT c.whistle FROM whistle_clock c JOIN whistle_state s ON s.id = c.whistle
           WHERE s.district = $1 AND c.calendar = $2 AND c.running_since IS NOT NULL AND c.answered_at IS NULL
             AND greatest(c.due_at, c.fires_at) > $3 AND c.whistle > $4 ORDER BY c.whistle LIMIT $5""",
        district,
        calendar,
        since,
        after,
        limit,
    )
    return [row["whistle"] for row in rows]


_BESIDE = """c.rung > 0 AND c.running_since IS NOT NULL AND c.answered_at IS NULL AND c.fires_at IS NOT NULL
             AND split_part(c.calendar, '@', 1) <> 'district'"""
#: a wait begins when its clock fires, is computed anew, goes on after a rest, or counts again because nobody came
_ARMED = f"""
SELECT c.whistle, c.id AS clock, (
    SELECT (e.data ->> 'rules')::integer FROM whistle_event e
    WHERE e.whistle = c.whistle AND e.at BETWEEN w.received_at AND began.at AND e.data ? 'rules'
    ORDER BY e.seq DESC LIMIT 1) AS edition
FROM whistle_clock c JOIN whistle w ON w.id = c.whistle CROSS JOIN LATERAL (
    SELECT greatest(c.running_since, max(e.at)) AS at FROM whistle_event e
    WHERE e.whistle = c.whistle AND e.at >= w.received_at
      AND (e.type LIKE 'clock.%' AND e.data ->> 'clock' = c.id::text
           OR e.type = 'arrival.denied' AND e.data ->> 'unit' = c.unit)) began
WHERE c.whistle = ANY($1::uuid[]) AND {_BESIDE}"""


@dataclass(frozen=True, slots=True)
class Armed:
    """A clock that has climbed and counts on a unit's calendar, and the edition of the rules its wait began under."""

    whistle: UUID
    clock: UUID
    edition: int


async def climbed_beside(connection: Connection, district: str, after: UUID, limit: int) -> Sequence[UUID]:
    """Whistles with a running clock that has climbed and counts on a unit's calendar, in the order of their ids."""
    rows = await connection.fetch(
        f"""SELECT DISTINCT c.whistle FROM whistle_clock c JOIN whistle_state s ON s.id = c.whistle
            WHERE s.district = $1 AND c.whistle > $2 AND {_BESIDE} ORDER BY c.whistle LIMIT $3""",
        district,
        after,
        limit,
    )
    return [row["whistle"] for row in rows]


async def armed(connection: Connection, whistles: Collection[UUID]) -> list[Armed]:
    """Their clocks that have climbed and count on a unit's calendar, as the log has it."""
    rows = await connection.fetch(_ARMED, list(whistles))
    return [Armed(row["whistle"], row["clock"], row["edition"]) for row in rows if row["edition"] is not None]
