"""Whistles read: texts, references, and who may find them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection


async def texts(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[str, str]]:
    """Title and body of each."""
    if not ids:
        return {}
    rows = await connection.fetch("SELECT id, title, body FROM whistle WHERE id = ANY($1::uuid[])", list(ids))
    return {row["id"]: (row["title"], row["body"]) for row in rows}


async def happened(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When what each tells of happened; not said: when it was received."""
    rows = await connection.fetch(
        "SELECT id, coalesce(occurred_at, received_at) AS at FROM whistle WHERE id = ANY($1::uuid[])", list(ids)
    )
    return {row["id"]: row["at"] for row in rows}


async def id_of_number(connection: Connection, number: int) -> UUID | None:
    """The id of the whistle with this number."""
    found: UUID | None = await connection.fetchval("SELECT id FROM whistle WHERE number = $1", number)
    return found


async def of_district(connection: Connection, district: str, numbers: Collection[int]) -> set[int]:
    """Those of these numbers that a whistle of the district has."""
    rows = await connection.fetch(
        "SELECT number FROM whistle WHERE district = $1 AND number = ANY($2::bigint[])",
        district,
        [number for number in numbers if number.bit_length() < 64],  # what is longer fits no bigint
    )
    return {row["number"] for row in rows}


async def still_raised(connection: Connection, before: datetime, limit: int) -> list[UUID]:
    """Whistles received before a moment that nobody has routed yet.

    By the database's clock: an id carries its host's, which may be days wrong. The state's last moment is the receipt
    for as long as nothing else has happened (`seq` 1).
    """
    rows = await connection.fetch(
        """SELECT s.id FROM whistle_state s WHERE s.status = 'raised' AND (s.last_at < $1
             OR s.seq > 1 AND (SELECT w.received_at FROM whistle w WHERE w.id = s.id) < $1)
           ORDER BY s.id LIMIT $2""",
        before,
        limit,
    )
    return [row["id"] for row in rows]


async def merged_into(connection: Connection, main: UUID) -> list[UUID]:
    """The whistles that became part of this one, and those that had become part of them."""
    rows = await connection.fetch(
        """WITH RECURSIVE joined AS (SELECT id FROM whistle WHERE merged_into = $1
             UNION SELECT w.id FROM whistle w JOIN joined ON w.merged_into = joined.id)
           SELECT id FROM joined ORDER BY id""",
        main,
    )
    return [row["id"] for row in rows]


async def recent_places(connection: Connection, person: str, street: str | None) -> list[str]:
    """Places of the last whistles that a person raised (for `street`, if given), the latest first, each once; not
    of the demo's one-minute whistles (`steps.demo_minute`), which nobody wrote.
    """
    rows = await connection.fetch(
        """SELECT place FROM (SELECT id, place, raised_by, principal FROM whistle
                              WHERE $2::text IS NULL OR raised_by_node = $2 ORDER BY id DESC LIMIT 400) AS w
           WHERE raised_by = $1 AND principal <> 'demo-minute' AND place IS NOT NULL
           GROUP BY place ORDER BY max(id::text) DESC LIMIT 8""",
        person,
        street,
    )
    return [row["place"] for row in rows]
