"""A unit's queue in numbers: how many stand in each view, how many burn each lamp."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.store.connection import Connection
from dispatch.store.search import Asked, Scope, see

#: no view is counted further than so many rows of the queue: each costs two looks into other tables
MOST = 300
#: which lamp a queue's row burns, by its clock alone: the warning mark is gone once 80 % of the time is used.
#: `hold` rests by signature, `rest` while the street verifies.
LAMP = """CASE WHEN {status} = 'on-hold' THEN 'hold' WHEN a.due_at IS NULL THEN 'rest'
                WHEN a.due_at <= {now} THEN 'red'
                WHEN c.mark = 'warn' AND c.fires_at > {now} THEN 'green' ELSE 'yellow' END"""


#: whether anything happened after a moment by somebody else
CHANGED = """EXISTS (SELECT FROM whistle_event e WHERE e.whistle = {whistle} AND e.at > {since}::timestamptz
                 AND e.person IS DISTINCT FROM {me}::text)"""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of a unit's queue stand in each view; nothing is counted beyond `most` rows, then `more`."""

    more: bool
    all: int
    unsigned: int
    handling: int
    rework: int
    resolved: int
    on_hold: int
    today: int
    assisting: int
    green: int
    yellow: int
    red: int
    hold: int
    changed: int


async def tally(
    connection: Connection,
    unit: str,
    scope: Scope,
    now: datetime,
    tonight: datetime,
    *,
    since: datetime | None = None,
    me: str | None = None,
    most: int = MOST,
) -> Tally:
    """Counts for the views of a unit's queue, over the first `most` rows that `scope` may see; `changed`: after
    `since`, not by `me`."""
    asked = Asked(values=[unit, now, tonight, most + 1, since, me])
    see(asked, scope, unit)
    row = await connection.fetchrow(
        f"""WITH first AS MATERIALIZED (
                SELECT a.whistle, a.unit, a.role, a.status AS part, a.stage, a.due_at, s.status, s.rework, s.last_at
                FROM assignment a
                JOIN whistle w ON w.id = a.whistle JOIN whistle_state s ON s.id = a.whistle
                WHERE a.unit = $1 AND a.active AND {asked.where()} ORDER BY a.due_at, a.whistle LIMIT $4
            ), lit AS (
                SELECT a.*, {LAMP.format(status="a.status", now="$2::timestamptz")} AS lamp FROM first a
                LEFT JOIN whistle_clock c ON c.whistle = a.whistle AND c.stage = a.stage
                     AND c.unit IS NOT DISTINCT FROM CASE WHEN a.stage = 'reported' THEN a.unit END
            )
            SELECT count(*) AS n, count(*) FILTER (WHERE part = 'assigned') AS unsigned,
                   count(*) FILTER (WHERE status = 'handling') AS handling,
                   count(*) FILTER (WHERE rework > 0 AND status IN ('assigned', 'handling')) AS rework,
                   count(*) FILTER (WHERE status = 'resolved') AS resolved,
                   count(*) FILTER (WHERE status = 'on-hold') AS on_hold,
                   count(*) FILTER (WHERE due_at < $3) AS today, count(*) FILTER (WHERE role = 'assist') AS assisting,
                   count(*) FILTER (WHERE lamp = 'green') AS green, count(*) FILTER (WHERE lamp = 'yellow') AS yellow,
                   count(*) FILTER (WHERE lamp = 'red') AS red, count(*) FILTER (WHERE lamp = 'hold') AS hold,
                   count(*) FILTER (WHERE last_at > $5 AND {CHANGED.format(whistle="lit.whistle", since="$5", me="$6")})
                       AS changed
            FROM lit""",
        *asked.values,
    )
    assert row is not None
    first, *others = (min(int(value), most) for value in row.values())
    return Tally(row["n"] > most, first, *others)
