"""What an import looks up and what it tells afterwards: what is in already, what waits, what became of the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.outbox import MARK


@dataclass(frozen=True, slots=True)
class Known:
    """A row that is in already."""

    id: UUID
    request_sha256: bytes


@dataclass(frozen=True, slots=True)
class Fate:
    """How many rows ended so: the outcome, and at the desk the reason (`reason` and whether danger words stood)."""

    outcome: str
    reason: str
    danger: bool
    sealed: bool
    count: int


@dataclass(frozen=True, slots=True)
class Text:
    """A whistle's text, for comparing."""

    id: UUID
    street: str | None
    at: datetime
    text: str


_FATES = """
SELECT coalesce(e.data ->> 'outcome', 'raised') AS outcome, coalesce(e.data -> 'reason' ->> 'code', '') AS reason,
       coalesce(jsonb_array_length(e.data -> 'reason' -> 'danger') > 0, false) AS danger, w.sealed, count(*) AS n
FROM whistle w
LEFT JOIN LATERAL (SELECT data FROM whistle_event WHERE whistle = w.id AND type = 'routed' ORDER BY seq LIMIT 1) e
     ON true
WHERE w.principal = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""


async def known(connection: Connection, principal: str) -> dict[str, Known]:
    """What this principal raised, by idempotency key."""
    rows = await connection.fetch(
        "SELECT idempotency_key, id, request_sha256 FROM whistle WHERE principal = $1", principal
    )
    return {row[0]: Known(row[1], bytes(row[2])) for row in rows}


async def backlog(connection: Connection, most: int) -> int:
    """How many records wait for the relay or whistles for their routing, whichever are more, counted up to `most`."""
    found: int = await connection.fetchval(
        f"""SELECT greatest((SELECT count(*) FROM (SELECT FROM outbox WHERE id > {MARK} LIMIT $1) o),
                           (SELECT count(*) FROM (SELECT FROM whistle_state WHERE status = 'raised' LIMIT $1) r))""",
        most,
    )
    return found


async def unrouted(connection: Connection, principal: str, limit: int) -> list[UUID]:
    """Whistles of this principal that nobody has routed yet, oldest first."""
    rows = await connection.fetch(
        """SELECT s.id FROM whistle_state s JOIN whistle w ON w.id = s.id
           WHERE s.status = 'raised' AND w.principal = $1 ORDER BY s.id LIMIT $2""",
        principal,
        limit,
    )
    return [row["id"] for row in rows]


async def fates(connection: Connection, principal: str) -> list[Fate]:
    """What routing made of this principal's whistles; outcome `raised`: not routed yet."""
    return [Fate(*row) for row in await connection.fetch(_FATES, principal)]


async def texts(connection: Connection, principal: str, street_level: Sequence[str]) -> list[Text]:
    """Texts of this principal's whistles in the order of what they tell of; `street_level` are the streets' codes."""
    rows = await connection.fetch(
        """SELECT id, CASE WHEN raised_by_node = ANY($2::text[]) THEN raised_by_node END AS street,
                  coalesce(occurred_at, received_at) AS at, title || E'\n' || body AS text
           FROM whistle WHERE principal = $1 ORDER BY 3, idempotency_key""",
        principal,
        list(street_level),
    )
    return [Text(*row) for row in rows]
