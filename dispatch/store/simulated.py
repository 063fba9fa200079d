"""What a simulated year amounts to: every figure from the log, denominators from the clocks and parts it left."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.store.connection import Connection


@dataclass(frozen=True, slots=True)
class UnitLoad:
    """A unit's parts as lead and assisting, and of its clocks (reporting, handling as lead) those that ran out."""

    lead: int
    assist: int
    late_reports: int
    late_handling: int


@dataclass(frozen=True, slots=True)
class Figures:
    """`late` and `runs` are by stage (every run of a clock counts once), `climbs` by rung; days are elapsed days."""

    whistles: int
    closed: int
    open: int
    late: Mapping[str, int]
    runs: Mapping[str, int]
    climbs: Mapping[int, int]
    orders: int
    reminders: int
    notices: int
    rework: int
    handed_back: int
    median_days: float
    slowest_days: float
    """Nine of ten were closed within."""
    units: Mapping[str, UnitLoad]


_LATE = """
SELECT data ->> 'stage' AS stage, count(DISTINCT (data ->> 'clock', data ->> 'run')) AS n FROM whistle_event
WHERE type IN ('clock.climbed', 'clock.overdue') GROUP BY 1 ORDER BY 1"""
_CLOSING = """
SELECT percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY extract(epoch FROM e.at - w.received_at) / 86400) AS p
FROM whistle_event e JOIN whistle w ON w.id = e.whistle WHERE e.type = 'closed'"""
_LATE_BY_UNIT = """
SELECT coalesce(e.data ->> 'unit', s.lead) AS unit, e.data ->> 'stage' AS stage,
       count(DISTINCT (e.data ->> 'clock', e.data ->> 'run')) AS n
FROM whistle_event e JOIN whistle_state s ON s.id = e.whistle
WHERE e.type = 'clock.climbed' AND e.data ->> 'stage' IN ('reported', 'handling') GROUP BY 1, 2"""


async def read(connection: Connection) -> Figures:
    """All figures of the database at hand; it holds one simulated year and nothing else."""
    types = await _pairs(connection, "SELECT type, count(*) FROM whistle_event GROUP BY 1")
    climbs = await _pairs(
        connection,
        "SELECT (data ->> 'rung')::int, count(*) FROM whistle_event WHERE type = 'clock.climbed' GROUP BY 1 ORDER BY 1",
    )
    orders = await connection.fetchval(
        "SELECT count(*) FROM whistle_event WHERE type = 'clock.climbed' AND data ? 'order'"
    )
    closing = await connection.fetchval(_CLOSING) or (0.0, 0.0)
    return Figures(
        whistles=types.get("raised", 0),
        closed=types.get("closed", 0),
        open=await connection.fetchval(
            "SELECT count(*) FROM whistle_state WHERE status NOT IN ('closed', 'cancelled', 'merged')"
        ),
        late=await _pairs(connection, _LATE),
        runs=await _pairs(connection, "SELECT stage, sum(run)::int FROM whistle_clock GROUP BY 1 ORDER BY 1"),
        climbs=climbs,
        orders=orders,
        reminders=types.get("clock.reminded", 0),
        notices=types.get("clock.noticed", 0),
        rework=types.get("rejected", 0),
        handed_back=types.get("hand-back.asked", 0),
        median_days=round(float(closing[0]), 3),
        slowest_days=round(float(closing[1]), 3),
        units=await _units(connection),
    )


async def _pairs(connection: Connection, sql: str) -> dict[Any, int]:
    return {row[0]: int(row[1]) for row in await connection.fetch(sql)}


async def _units(connection: Connection) -> dict[str, UnitLoad]:
    parts = await connection.fetch(
        """SELECT unit, count(*) FILTER (WHERE role = 'lead') AS lead, count(*) FILTER (WHERE role = 'assist') AS assist
           FROM assignment WHERE role <> 'inform' GROUP BY unit ORDER BY unit"""
    )
    late = {(row["unit"], row["stage"]): row["n"] for row in await connection.fetch(_LATE_BY_UNIT)}
    return {
        row["unit"]: UnitLoad(
            row["lead"],
            row["assist"],
            late.get((row["unit"], "reported"), 0),
            late.get((row["unit"], "handling"), 0),
        )
        for row in parts
    }


async def digest(connection: Connection) -> str:
    """One hash over the whole log: equal for two runs that were the same, event by event."""
    made = hashlib.sha256()
    async with connection.transaction():
        async for row in connection.cursor(
            """SELECT w.number, e.seq, e.at, e.type, e.person, e.data ->> 'rung' AS rung, e.data ->> 'stage' AS stage,
                      e.data ->> 'due_at' AS due_at, e.data ->> 'order' AS number_of_order
               FROM whistle_event e JOIN whistle w ON w.id = e.whistle ORDER BY w.number, e.seq"""
        ):
            made.update(repr(tuple(row.values())).encode())
    return made.hexdigest()
