"""Whistles read: texts, references, and who may find them."""

from collections.abc import Sequence
from uuid import UUID

from dispatch.store.connection import Connection


async def texts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Title and body of each."""
    if not ids:
        return {}
    rows = await connection.fetch("SELECT id, title, body FROM whistle WHERE id = ANY($1::uuid[])", list(ids))
    return {row["id"]: (row["title"], row["body"]) for row in rows}


async def id_of_number(connection: Connection, number: int) -> UUID | None:
    """The id of the whistle with this number."""
    found: UUID | None = await connection.fetchval("SELECT id FROM whistle WHERE number = $1", number)
    return found


async def still_raised(connection: Connection, older_than: UUID, limit: int) -> list[UUID]:
    """Whistles that nobody has routed yet, oldest first; ids are made in the order of time."""
    rows = await connection.fetch(
        "SELECT id FROM whistle_state WHERE status = 'raised' AND id < $1 ORDER BY id LIMIT $2", older_than, limit
    )
    return [row["id"] for row in rows]
