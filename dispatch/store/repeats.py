"""Pairs of whistles that look like the same problem: proposed as merges, then taken or refused by a person.

One that ended or was merged meanwhile is not looked at any more; the retention table clears it away.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

PROPOSED, TAKEN, REFUSED = "proposed", "taken", "refused"


@dataclass(frozen=True, slots=True)
class Pair:
    """The later whistle, the earlier that it seems to repeat, and how alike they are (0–1)."""

    whistle: UUID
    into: UUID
    score: float


_PROPOSE = """
INSERT INTO merge_proposal (whistle, into_whistle, score, status, at, district)
SELECT x.whistle, x.into_whistle, x.score, 'proposed', $4, w.district
FROM unnest($1::uuid[], $2::uuid[], $3::real[]) AS x (whistle, into_whistle, score) JOIN whistle w ON w.id = x.whistle
ON CONFLICT (whistle, into_whistle) DO NOTHING"""

#: along the index, the latest comparison first; both must still be worked on
_WAITING = """
SELECT {what} FROM merge_proposal p
JOIN whistle_state l ON l.id = p.whistle JOIN whistle_state e ON e.id = p.into_whistle
WHERE p.district = $1 AND p.status = 'proposed' AND l.status NOT IN ('closed', 'cancelled', 'merged')
  AND e.status NOT IN ('closed', 'cancelled', 'merged')
ORDER BY p.at DESC, p.score DESC, p.whistle LIMIT $2"""


async def propose(uow: UnitOfWork, pairs: Sequence[tuple[UUID, UUID, float]], now: datetime) -> int:
    """Keep proposals (later, earlier, score 0–1); returns how many are new."""
    done = await uow.connection.execute(
        _PROPOSE, [pair[0] for pair in pairs], [pair[1] for pair in pairs], [pair[2] for pair in pairs], now
    )
    return int(done.rsplit(" ", 1)[-1])


async def waiting(connection: Connection, district: str, limit: int) -> list[Pair]:
    """Pairs that nobody has decided, the latest proposed first, of those the most alike."""
    sql = _WAITING.format(what="p.whistle, p.into_whistle, p.score")
    return [Pair(*row) for row in await connection.fetch(sql, district, limit)]


async def count(connection: Connection, district: str, most: int) -> int:
    """How many wait, counted up to `most`."""
    sql = _WAITING.format(what="1")
    found: int = await connection.fetchval(f"SELECT count(*) FROM ({sql}) x", district, most)
    return found


async def stands(connection: Connection, whistle: UUID, into: UUID) -> bool:
    """Whether this pair waits for a decision."""
    found = await connection.fetchval(
        "SELECT true FROM merge_proposal WHERE whistle = $1 AND into_whistle = $2 AND status = 'proposed'",
        whistle,
        into,
    )
    return bool(found)


async def refuse(uow: UnitOfWork, whistle: UUID, into: UUID, by: str | None, now: datetime) -> bool:
    """They are not the same. False: the pair does not wait."""
    done = await uow.connection.execute(
        """UPDATE merge_proposal SET status = 'refused', decided_by = $3, decided_at = $4
           WHERE whistle = $1 AND into_whistle = $2 AND status = 'proposed'""",
        whistle,
        into,
        by,
        now,
    )
    return done == "UPDATE 1"


async def merged(uow: UnitOfWork, whistle: UUID, into: UUID, by: str | None, now: datetime) -> None:
    """A whistle was merged: that answers its pair with the other, whichever was the later.

    What seemed to repeat the merged one is proposed into where that went.
    """
    await uow.connection.execute(
        """UPDATE merge_proposal SET status = 'taken', decided_by = $3, decided_at = $4
           WHERE (whistle, into_whistle) IN (($1, $2), ($2, $1)) AND status = 'proposed'""",
        whistle,
        into,
        by,
        now,
    )
    await uow.connection.execute(
        """UPDATE merge_proposal p SET into_whistle = $2
           WHERE p.into_whistle = $1 AND p.status = 'proposed' AND NOT EXISTS (
               SELECT FROM merge_proposal o WHERE o.whistle = p.whistle AND o.into_whistle = $2)""",
        whistle,
        into,
    )
