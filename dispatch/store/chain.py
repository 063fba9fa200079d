"""What happened on the ladder: climbs, and what the people of the place's chain did, of several whistles at once."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson

from dispatch.store.connection import Connection
from dispatch.store.timeline import Logged

#: what stands beside the rungs
TYPES = ("clock.climbed", "arrived", "noted", "urged", "sent-up", "instructed", "taken-over", "consulted")


async def on_the_ladder(connection: Connection, whistles: Sequence[UUID], since: datetime) -> dict[UUID, list[Logged]]:
    """The entries of `TYPES` by whistle, each log in its order; nothing before `since` (the earliest receipt)."""
    found: dict[UUID, list[Logged]] = {whistle: [] for whistle in whistles}
    rows = await connection.fetch(
        """SELECT whistle, seq, type, at, person, seat, data FROM whistle_event
           WHERE whistle = ANY($1::uuid[]) AND at >= $2 AND type = ANY($3::text[]) ORDER BY whistle, seq""",
        list(whistles),
        since,
        list(TYPES),
    )
    for row in rows:
        data = orjson.loads(row["data"])
        found[row["whistle"]].append(Logged(row["seq"], row["type"], row["at"], row["person"], row["seat"], data))
    return found
