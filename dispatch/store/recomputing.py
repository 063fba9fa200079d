"""Which open whistles may have other deadlines under another policy or calendar."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection


async def open_whistles(connection: Connection, district: str, after: UUID, limit: int) -> Sequence[UUID]:
    """Whistles of a district that have not ended, in the order of their ids."""
    rows = await connection.fetch(
        """SELECT id FROM whistle_state WHERE district = $1 AND id > $2
           AND status NOT IN ('closed', 'cancelled', 'merged') ORDER BY id LIMIT $3""",
        district,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def names_in_use(connection: Connection, district: str) -> list[str]:
    """The calendars (`code@revision`) that the district's running clocks count on."""
    rows = await connection.fetch(
        """SELECT DISTINCT c.calendar FROM whistle_clock c JOIN whistle_state s ON s.id = c.whistle
           WHERE s.district = $1 AND c.running_since IS NOT NULL AND c.answered_at IS NULL""",
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
