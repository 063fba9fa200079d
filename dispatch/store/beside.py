"""Whistles that a unit has nothing to do in but is told of."""

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
