"""What the desk's page asks beyond the boards: why a whistle came to it, what was ruled before, orders' years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.store.connection import Connection


async def routed(connection: Connection, whistles: Sequence[UUID], since: datetime) -> dict[UUID, dict[str, Any]]:
    """The data of each whistle's last routing; nothing before `since` (the earliest receipt)."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (whistle) whistle, data FROM whistle_event
           WHERE whistle = ANY($1::uuid[]) AND at >= $2 AND type = 'routed' ORDER BY whistle, seq DESC""",
        list(whistles),
        since,
    )
    return {row["whistle"]: orjson.loads(row["data"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A ruling that was to be remembered: texts with these words go to this unit. `status`: drafted, approved."""

    lead: str
    words: tuple[str, ...]
    status: str


async def rulings(connection: Connection, district: str, limit: int = 300) -> list[Ruling]:
    """Remembered rulings, the latest first; refused ones are left out."""
    rows = await connection.fetch(
        """SELECT content, status FROM rule_draft WHERE district = $1 AND status <> 'refused'
           ORDER BY at DESC LIMIT $2""",
        district,
        limit,
    )
    found: list[Ruling] = []
    for row in rows:
        content = orjson.loads(row["content"])
        found.append(Ruling(str(content.get("lead")), tuple(content.get("words") or ()), row["status"]))
    return found


async def ordered_at(connection: Connection, clocks: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each of these clocks last came to the district's rung."""
    rows = await connection.fetch(
        """SELECT clock, max(at) AS at FROM escalation WHERE clock = ANY($1::uuid[]) AND rung = 5 AND mark = 'due'
           GROUP BY clock""",
        list(clocks),
    )
    return {row["clock"]: row["at"] for row in rows}


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the lead said when it resolved: which assisting units had not come, and the id of the text that says why."""

    absent: tuple[str, ...]
    reason: str | None


async def resolved(connection: Connection, whistles: Mapping[UUID, datetime]) -> dict[UUID, Resolved]:
    """The last resolving of each of these whistles; they come with the moment they were received."""
    rows = await connection.fetch(
        """SELECT DISTINCT ON (e.whistle) e.whistle, e.data
           FROM unnest($1::uuid[], $2::timestamptz[]) AS x (id, since)
           JOIN whistle_event e ON e.whistle = x.id AND e.at >= x.since AND e.type = 'resolved'
           ORDER BY e.whistle, e.seq DESC""",
        list(whistles),
        list(whistles.values()),
    )
    told = {row["whistle"]: orjson.loads(row["data"]) for row in rows}
    return {id: Resolved(tuple(data.get("absent") or ()), data.get("reason")) for id, data in told.items()}
