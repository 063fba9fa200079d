"""Who is away from when to when, and which units somebody must be on duty of in an emergency."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Absence:
    """A person's leave."""

    id: UUID
    person: str
    from_at: datetime
    to_at: datetime
    noted_by: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """A unit whose clock runs in an emergency: its own (`reported`), or the lead's (`handling`). `flagged_at`: when
    somebody was told that nobody is on duty."""

    whistle: UUID
    number: int
    district: str
    street: str
    unit: str
    role: str
    assigned_at: datetime
    stage: str
    due_at: datetime | None
    flagged_at: datetime | None


async def add(uow: UnitOfWork, absence: Absence, now: datetime) -> None:
    """Note a leave. Raises `Rejected` for a person that is not known."""
    await uow.connection.execute(
        "INSERT INTO absence (id, person, from_at, to_at, noted_by, noted_at) VALUES ($1, $2, $3, $4, $5, $6)",
        absence.id,
        absence.person,
        absence.from_at,
        absence.to_at,
        absence.noted_by,
        now,
    )


async def overlapping(uow: UnitOfWork, person: str, from_at: datetime, to_at: datetime) -> datetime | None:
    """The end of a leave of this person within these moments; nobody else notes one of theirs meanwhile."""
    await uow.connection.execute("SELECT FROM person WHERE code = $1 FOR UPDATE", person)
    found: datetime | None = await uow.connection.fetchval(
        "SELECT max(to_at) FROM absence WHERE person = $1 AND from_at < $3 AND to_at > $2", person, from_at, to_at
    )
    return found


async def of_district(connection: Connection, district: str, now: datetime, limit: int) -> list[Absence]:
    """Leaves of a district's people that are not over, the earliest first."""
    rows = await connection.fetch(
        """SELECT a.id, a.person, a.from_at, a.to_at, a.noted_by FROM absence a JOIN person p ON p.code = a.person
           WHERE p.district = $1 AND a.to_at > $2 ORDER BY a.from_at, a.id LIMIT $3""",
        district,
        now,
        limit,
    )
    return [Absence(*row.values()) for row in rows]


async def end(uow: UnitOfWork, person: str, now: datetime) -> int:
    """Back: what has begun ends now, what has not is taken away. How many leaves that were."""
    gone = await uow.connection.fetch(
        "DELETE FROM absence WHERE person = $1 AND from_at >= $2 RETURNING id", person, now
    )
    cut = await uow.connection.fetch(
        "UPDATE absence SET to_at = $2 WHERE person = $1 AND from_at < $2 AND to_at > $2 RETURNING id", person, now
    )
    return len(gone) + len(cut)


async def away(connection: Connection, now: datetime) -> frozenset[str]:
    """The persons on leave at a moment."""
    rows = await connection.fetch("SELECT DISTINCT person FROM absence WHERE to_at > $1 AND from_at <= $1", now)
    return frozenset(row["person"] for row in rows)


async def listed(connection: Connection, persons: list[str], now: datetime) -> list[Absence]:
    """Leaves of these persons that are not over, the earliest first."""
    rows = await connection.fetch(
        """SELECT id, person, from_at, to_at, noted_by FROM absence WHERE person = ANY($1::text[]) AND to_at > $2
           ORDER BY from_at, id""",
        persons,
        now,
    )
    return [Absence(*row.values()) for row in rows]


async def expected(
    connection: Connection, *, unflagged: bool, district: str | None = None, unit: str | None = None
) -> list[Expected]:
    """Units (of a district; this one) that are not on site while their clock runs in an emergency, the earliest due
    first."""
    rows = await connection.fetch(
        """SELECT a.whistle, w.number, w.district, w.raised_by_node, a.unit, a.role, a.assigned_at, c.stage,
                  c.due_at, f.at
           FROM assignment a
           JOIN whistle w ON w.id = a.whistle AND w.kind = 'emergency'
           JOIN LATERAL (
               SELECT * FROM whistle_clock o
               WHERE o.whistle = a.whistle AND o.running_since IS NOT NULL AND o.answered_at IS NULL
                 AND (o.stage = 'reported' AND o.unit = a.unit OR o.stage = 'handling' AND a.role = 'lead')
               ORDER BY o.stage = 'reported' DESC LIMIT 1
           ) c ON true
           LEFT JOIN LATERAL (
               SELECT max(r.asked_at) AS at FROM request r
               WHERE r.whistle = a.whistle AND r.kind = 'cover' AND r.unit = a.unit
                 AND r.data ->> 'clock' = c.id::text AND (r.data ->> 'run')::int = c.run
           ) f ON true
           WHERE a.active AND a.on_site AND a.status IN ('assigned', 'reported-in')
             AND ($1::text IS NULL OR w.district = $1)
             AND (NOT $2::boolean OR f.at IS NULL) AND ($3::text IS NULL OR a.unit = $3)
           ORDER BY c.due_at NULLS LAST, a.whistle, a.unit""",
        district,
        unflagged,
        unit,
    )
    return [Expected(*row.values()) for row in rows]
