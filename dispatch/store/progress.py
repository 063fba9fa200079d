"""How far the workers are with each partition, as they say every few seconds; kept beside the snapshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from dispatch.store.connection import Connection
from dispatch.store.database import Database

#: what was said longer ago says nothing any more: whoever had the partition is gone
FRESH = timedelta(seconds=20)
_PREFIX = "handled:"


@dataclass(frozen=True, slots=True)
class Handled:
    """One partition: `messages` are left, `until` is the time of the last record handled."""

    topic: str
    partition: int
    messages: int
    until: datetime


async def say(database: Database, rows: Sequence[tuple[str, int, int, datetime | None]]) -> None:
    """(topic, partition, messages left, time of the last record handled) of the partitions that this process has.

    A time that is put together from a distance and the present never stands still; so the record's own is kept. None
    where nothing was handled yet: as if now.
    """
    if not rows:
        return
    async with database.transaction() as uow:
        now = await uow.now()
        await uow.connection.execute(
            """INSERT INTO snapshot AS s (name, at, data) SELECT n, $1, d::jsonb FROM unnest($2::text[], $3::text[])
               AS x (n, d) ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at, data = EXCLUDED.data""",
            now,
            [f"{_PREFIX}{topic}:{partition}" for topic, partition, *_ in rows],
            [orjson.dumps({"messages": left, "until": min(until or now, now)}).decode() for *_, left, until in rows],
        )


async def read(connection: Connection, now: datetime) -> list[Handled]:
    """What was said lately."""
    rows = await connection.fetch(
        "SELECT name, data FROM snapshot WHERE name LIKE $1 AND at > $2 ORDER BY name", _PREFIX + "%", now - FRESH
    )
    found = []
    for row in rows:
        _, topic, partition = row["name"].split(":")
        data = orjson.loads(row["data"])
        found.append(Handled(topic, int(partition), data["messages"], datetime.fromisoformat(data["until"])))
    return found
