"""The whistles of the last days, newest first: what other rules would have made of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.store.connection import Connection

#: ids are made in the order of time: the least one of this moment
_FROM = "(lpad(to_hex((extract(epoch FROM $2::timestamptz) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid"

_NEWEST = f"""
SELECT w.id, w.number, w.title, w.body, w.place, w.raised_by_node AS street, w.danger, w.sealed,
       cardinality(w.hidden_from) > 0 AS hidden, w.named IS NOT NULL AS named, w.matched,
       e.data ->> 'category' AS chosen
FROM whistle w JOIN whistle_state s USING (id)
LEFT JOIN whistle_event e ON e.whistle = w.id AND e.seq = 1 AND e.at = w.received_at AND e.at >= $2
WHERE w.id >= {_FROM} AND w.district = $1 AND s.status <> 'local' AND ($3::uuid IS NULL OR w.id < $3)
ORDER BY w.id DESC LIMIT $4"""

_COUNT = f"""
SELECT count(*) FROM (SELECT 1 FROM whistle w WHERE w.id >= {_FROM} AND w.district = $1 LIMIT $3) AS counted"""


@dataclass(frozen=True, slots=True)
class Recent:
    """A whistle as it was raised. `chosen`: the category that a person chose; `matched`: what its words led to.

    `place` None: unknown. `guarded`: sealed, or hidden from somebody. Title and body are empty once erased.
    """

    id: UUID
    number: int
    title: str
    body: str
    place: str | None
    street: str
    danger: bool
    guarded: bool
    named: bool
    matched: dict[str, Any] | None
    chosen: str | None


async def newest(
    connection: Connection, district: str, since: datetime, before: UUID | None, limit: int
) -> list[Recent]:
    """The newest of a district since a moment, those before an id where one is given; none still below the street."""
    rows = await connection.fetch(_NEWEST, district, since, before, limit)
    return [
        Recent(
            row["id"], row["number"], row["title"], row["body"], row["place"], row["street"], row["danger"],
            row["sealed"] or row["hidden"], row["named"], orjson.loads(row["matched"]) if row["matched"] else None,
            row["chosen"],
        )
        for row in rows
    ]  # fmt: skip


async def count(connection: Connection, district: str, since: datetime, most: int) -> int:
    """How many there are, counted up to `most`."""
    return int(await connection.fetchval(_COUNT, district, since, most))
