"""Whistles that a unit, or a person in charge, has nothing to do in but is told of."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection


async def invited_to(connection: Connection, unit: str, limit: int = 500) -> tuple[UUID, ...]:
    """Whistles that a unit was called to one table (会商) for in their present generation, the newest first."""
    rows = await connection.fetch(
        """SELECT DISTINCT r.whistle FROM request r JOIN whistle_state s ON s.id = r.whistle AND s.gen = r.gen
           WHERE r.kind = 'consultation' AND r.data -> 'units' ? $1 ORDER BY r.whistle DESC LIMIT $2""",
        unit,
        limit,
    )
    return tuple(row["whistle"] for row in rows)


async def informed_of(connection: Connection, unit: str, limit: int = 500) -> tuple[UUID, ...]:
    """Whistles in which a unit is only informed (知会) in their present generation, the newest first."""
    rows = await connection.fetch(
        """SELECT a.whistle FROM assignment a JOIN whistle_state s ON s.id = a.whistle AND s.gen = a.gen
           WHERE a.unit = $1 AND a.role = 'inform' AND a.status <> 'released' ORDER BY a.whistle DESC LIMIT $2""",
        unit,
        limit,
    )
    return tuple(row["whistle"] for row in rows)


async def told_to(
    connection: Connection, seat: str, places: Sequence[str], statuses: Sequence[str], limit: int
) -> dict[UUID, datetime]:
    """Whistles about these places that a seat was only informed (知会) of, the newest first; when it was, first."""
    rows = await connection.fetch(
        """WITH live AS MATERIALIZED (
               SELECT w.id FROM whistle w JOIN whistle_state s ON s.id = w.id
               WHERE w.place = ANY($2::text[]) AND s.status = ANY($3::text[]))
           SELECT live.id, min(n.created_at) AS at FROM live JOIN notice n ON n.whistle = live.id
           WHERE n.recipient = $1 AND n.kind = 'informed' GROUP BY live.id ORDER BY live.id DESC LIMIT $4""",
        seat,
        list(places),
        list(statuses),
        limit,
    )
    return {row["id"]: row["at"] for row in rows}
