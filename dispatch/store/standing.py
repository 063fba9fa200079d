"""What still hangs on a place or a unit: whistles that have not ended."""

from collections.abc import Sequence

from dispatch.store.connection import Connection

_OPEN = "s.status NOT IN ('closed', 'cancelled', 'merged')"


async def open_at(connection: Connection, nodes: Sequence[str]) -> tuple[int, int | None]:
    """How many open whistles are about these places or were raised from them, and one of their numbers."""
    row = await connection.fetchrow(
        f"""SELECT count(*) AS n, min(w.number) AS number FROM whistle w JOIN whistle_state s USING (id)
            WHERE {_OPEN} AND (w.place = ANY($1::text[]) OR w.raised_by_node = ANY($1::text[]))""",
        list(nodes),
    )
    assert row is not None
    return row["n"], row["number"]


async def open_with(connection: Connection, units: Sequence[str]) -> tuple[int, int | None]:
    """How many open whistles are with these units, and one of their numbers."""
    row = await connection.fetchrow(
        f"""SELECT count(*) AS n, min(w.number) AS number FROM whistle w JOIN whistle_state s USING (id)
            WHERE {_OPEN} AND EXISTS (
                SELECT FROM assignment a WHERE a.whistle = w.id AND a.active AND a.unit = ANY($1::text[]))""",
        list(units),
    )
    assert row is not None
    return row["n"], row["number"]
