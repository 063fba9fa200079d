"""Changes of the rules that one person proposes and another decides; remembered rulings that ask for one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

WAITING, APPROVED, DECLINED, WITHDRAWN = "waiting", "approved", "declined", "withdrawn"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change of one document. `base`: the version it was written against; `version`: what it became.

    `restores` is the version that it brings back, `draft` the remembered ruling it came from; names are people's.
    """

    id: UUID
    district: str
    kind: str
    base: int
    text: str
    reason: str
    restores: int | None
    draft: UUID | None
    proposed_by: str
    seat: str
    proposed_at: datetime
    status: str = WAITING
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str | None = None
    version: int | None = None
    proposer: str | None = None
    decider: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A ruling that was to be remembered: texts with these words go to this unit.

    Title and body are the whistle's, as masked at intake; empty where it is sealed, hidden from somebody, or erased.
    """

    id: UUID
    number: int
    at: datetime
    drafted_by: str | None
    category: str | None
    lead: str
    assist: tuple[str, ...]
    words: tuple[str, ...]
    guarded: bool = False
    title: str = ""
    body: str = ""


_OWN = (
    "id, district, kind, base, text, reason, restores, draft, proposed_by, seat, proposed_at, status, decided_by,"
    " decided_at, decision, version"
)
_COLUMNS = ", ".join(f"r.{name.strip()}" for name in _OWN.split(","))
_FROM = f"""
SELECT {_COLUMNS}, p.name AS proposer, d.name AS decider FROM rule_proposal r
LEFT JOIN person p ON p.code = r.proposed_by LEFT JOIN person d ON d.code = r.decided_by"""


def _proposal(row: Any) -> Proposal:
    return Proposal(*row.values())


async def add(uow: UnitOfWork, made: Proposal) -> None:
    """Keep a proposal that waits."""
    await uow.connection.execute(
        f"""INSERT INTO rule_proposal ({_OWN})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, NULL, NULL, NULL, NULL)""",
        made.id,
        made.district,
        made.kind,
        made.base,
        made.text,
        made.reason,
        made.restores,
        made.draft,
        made.proposed_by,
        made.seat,
        made.proposed_at,
        made.status,
    )


async def read(connection: Connection, district: str, id: UUID) -> Proposal | None:
    """One proposal of a district."""
    row = await connection.fetchrow(f"{_FROM} WHERE r.district = $1 AND r.id = $2", district, id)
    return _proposal(row) if row else None


async def lock(uow: UnitOfWork, district: str, id: UUID) -> Proposal | None:
    """One proposal, locked until the transaction ends."""
    row = await uow.connection.fetchrow(f"{_FROM} WHERE r.district = $1 AND r.id = $2 FOR UPDATE OF r", district, id)
    return _proposal(row) if row else None


async def waiting(connection: Connection, district: str, limit: int = 100) -> list[Proposal]:
    """Those that wait to be decided, the oldest first."""
    rows = await connection.fetch(
        f"{_FROM} WHERE r.district = $1 AND r.status = 'waiting' ORDER BY r.proposed_at, r.id LIMIT $2", district, limit
    )
    return [_proposal(row) for row in rows]


async def ended(connection: Connection, district: str, kind: str, limit: int = 20) -> list[Proposal]:
    """Those that came to nothing, the latest first."""
    rows = await connection.fetch(
        f"""{_FROM} WHERE r.district = $1 AND r.kind = $2 AND r.status IN ('declined', 'withdrawn')
            ORDER BY r.decided_at DESC LIMIT $3""",
        district,
        kind,
        limit,
    )
    return [_proposal(row) for row in rows]


async def of(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Proposal]:
    """These proposals."""
    rows = await connection.fetch(f"{_FROM} WHERE r.id = ANY($1::uuid[])", list(ids))
    return {row["id"]: _proposal(row) for row in rows}


async def decide(
    uow: UnitOfWork, id: UUID, status: str, by: str, at: datetime, decision: str, version: int | None = None
) -> None:
    """End a proposal that waited."""
    await uow.connection.execute(
        """UPDATE rule_proposal SET status = $2, decided_by = $3, decided_at = $4, decision = $5, version = $6
           WHERE id = $1""",
        id,
        status,
        by,
        at,
        decision or None,
        version,
    )


_DRAFTS = """
SELECT r.id, w.number, r.at, p.name, r.content, w.title, w.body,
       w.sealed OR cardinality(w.hidden_from) > 0 AS guarded
FROM rule_draft r JOIN whistle w ON w.id = r.whistle
LEFT JOIN person p ON p.code = r.drafted_by"""
#: a change that came from it waits to be decided: until then nothing more is to be made of it
_PROPOSED = "EXISTS (SELECT FROM rule_proposal o WHERE o.draft = r.id AND o.status = 'waiting')"


def _draft(row: Any) -> Draft:
    content = orjson.loads(row["content"])
    return Draft(
        row["id"],
        row["number"],
        row["at"],
        row["name"],
        content.get("category"),
        str(content.get("lead") or ""),
        tuple(content.get("assist") or ()),
        tuple(content.get("words") or ()),
        row["guarded"],
        "" if row["guarded"] else row["title"],
        "" if row["guarded"] else row["body"],
    )


async def drafts(connection: Connection, district: str, limit: int = 50) -> list[Draft]:
    """Remembered rulings of which nothing has been made yet, nor waits to be decided; the newest first."""
    rows = await connection.fetch(
        f"""{_DRAFTS} WHERE r.district = $1 AND r.status = 'drafted' AND NOT {_PROPOSED}
            ORDER BY r.at DESC, r.id DESC LIMIT $2""",
        district,
        limit,
    )
    return [_draft(row) for row in rows]


async def draft(connection: Connection, district: str, id: UUID) -> Draft | None:
    """One of them."""
    row = await connection.fetchrow(
        f"{_DRAFTS} WHERE r.district = $1 AND r.id = $2 AND r.status = 'drafted'", district, id
    )
    return _draft(row) if row else None


async def settle_draft(uow: UnitOfWork, district: str, id: UUID, status: str) -> bool:
    """`approved` or `refused`; whether it still waited."""
    done = await uow.connection.fetchval(
        "UPDATE rule_draft SET status = $3 WHERE district = $1 AND id = $2 AND status = 'drafted' RETURNING id",
        district,
        id,
        status,
    )
    return done is not None
