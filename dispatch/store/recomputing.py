"""Which open whistles may have other deadlines under another policy or calendar."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection


async def open_whistles(
    connection: Connection, district: str, before: datetime, after: UUID, limit: int
) -> Sequence[UUID]:
    """Whistles of a district received before a moment that have not ended, in the order of their ids; what is merged
    has not as long as it is timed, or rests."""
    rows = await connection.fetch(
        """SELECT s.id FROM whistle_state s JOIN whistle w ON w.id = s.id
           WHERE s.district = $1 AND s.id > $2 AND w.received_at < $4
             AND s.status NOT IN ('closed', 'cancelled')
             AND (s.status <> 'merged' OR EXISTS (
                 SELECT FROM whistle_clock c WHERE c.whistle = s.id AND c.answered_at IS NULL
                     AND (c.running_since IS NOT NULL OR c.remaining IS NOT NULL)))
           ORDER BY s.id LIMIT $3""",
        district,
        after,
        limit,
        before,
    )
    return [row["id"] for row in rows]


async def names_in_use(connection: Connection, district: str) -> list[str]:
    """The calendars (`code@revision`) that the district's running clocks and their waits count on, and those of
    report-in clocks whose answer may still turn out not to have happened."""
    rows = await connection.fetch(
        """SELECT DISTINCT unnest(ARRAY[c.calendar, c.waits_on]) AS name
           FROM whistle_clock c JOIN whistle_state s ON s.id = c.whistle
           WHERE s.district = $1 AND (c.running_since IS NOT NULL AND c.answered_at IS NULL
             OR c.stage = 'reported' AND c.rung = 0 AND c.answered_at IS NOT NULL
                AND s.status NOT IN ('closed', 'cancelled', 'merged'))""",
        district,
    )
    return [row["name"] for row in rows if row["name"]]


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


async def waiting_on_another(
    connection: Connection, district: str, calendar: str, after: UUID, limit: int
) -> Sequence[UUID]:
    """Whistles with a clock on a unit's calendar that has climbed, and whose wait counts on a calendar of the district
    that is not this one (`code@revision`), in the order of their ids."""
    rows = await connection.fetch(
        """SELECT DISTINCT c.whistle FROM whistle_clock c JOIN whistle_state s ON s.id = c.whistle
           WHERE s.district = $1 AND c.waits_on NOT IN ('', $2) AND c.whistle > $3 ORDER BY c.whistle LIMIT $4""",
        district,
        calendar,
        after,
        limit,
    )
    return [row["whistle"] for row in rows]
