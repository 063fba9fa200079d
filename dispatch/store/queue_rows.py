"""A unit's queue, page by page, by what falls due first."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from dispatch.store import pairs
from dispatch.store.connection import Connection
from dispatch.store.queue_tally import CHANGED, LAMP
from dispatch.store.search import CLOCK, HEAD, Asked, Filters, Found, Scope, found, narrow, say, see


@dataclass(frozen=True, slots=True)
class Queued:
    """A whistle in a unit's queue: the unit's part in it, and its nearest clock."""

    role: str
    status: str
    on_site: bool
    started: bool
    handed_back: bool
    assigned_at: datetime
    due_at: datetime | None
    found: Found


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a queue: what stands after it comes next."""

    due_at: datetime | None
    whistle: UUID


_MINE = "a.role, a.status AS part_status, a.on_site, a.started, a.handed_back, a.assigned_at, a.due_at AS queue_due"
_MINE_WIDTH = 7
_QUEUE = """
SELECT {mine}, {head}, {clock}
FROM {source} JOIN whistle w ON w.id = a.whistle JOIN whistle_state s ON s.id = a.whistle
LEFT JOIN whistle_clock c ON c.whistle = a.whistle AND c.stage = a.stage
     AND c.unit IS NOT DISTINCT FROM CASE WHEN a.stage = 'reported' THEN a.unit END
WHERE a.unit = $1 AND a.active AND {where}
ORDER BY a.due_at NULLS LAST, a.whistle LIMIT {limit}"""
#: the queue's next rows, to look for a text among them
_WALK = """(SELECT * FROM assignment a WHERE a.unit = $1 AND a.active AND {part}
            ORDER BY a.due_at, a.whistle LIMIT {walked}) a"""
#: the queue's rows that the index of texts knows
_HIT = """(WITH hit AS MATERIALIZED (SELECT w.id FROM whistle w WHERE {indexed} @@ {question}::tsquery)
           SELECT a.* FROM hit JOIN assignment a ON a.whistle = hit.id WHERE a.unit = $1 AND a.active AND {part}) a"""
_LONG = "SELECT count(*) FROM (SELECT FROM assignment a WHERE a.unit = $1 AND a.active AND {part} LIMIT {walked}) x"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What of a unit's queue is asked for. `part`: the status of the unit's own part; `until`: due before it.

    `changed`: something happened to it after that moment, by somebody else than the person `by_others_than`.
    """

    role: str | None = None
    stage: str | None = None
    part: str | None = None
    until: datetime | None = None
    lamp: str | None = None
    now: datetime | None = None
    changed: datetime | None = None
    by_others_than: str | None = None


async def queue(
    connection: Connection,
    unit: str,
    scope: Scope,
    filters: Filters,
    *,
    narrowed: Narrowed | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> list[Queued]:
    """A unit's queue by what falls due first; without a deadline last. It is read along its index from `after` on."""
    ask = _Ask(unit, scope, filters, narrowed or Narrowed())
    rows: list[Queued] = []
    if after is None or after.due_at is not None:
        rows = await _part(connection, ask, after, limit)
    if len(rows) < limit:
        rest = after if after is not None and after.due_at is None else Place(None, _FIRST)
        rows += await _part(connection, ask, rest, limit - len(rows))
    return rows


_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Ask:
    unit: str
    scope: Scope
    filters: Filters
    narrowed: Narrowed


async def _part(connection: Connection, ask: _Ask, after: Place | None, limit: int) -> list[Queued]:
    """Rows of the part with deadlines, or (`after` without one) of the part without."""
    if not ask.filters.text or ask.filters.number is not None:
        return await _read_queue(connection, ask, after, limit)
    rows = await _read_queue(connection, ask, after, limit, _WALK)
    if len(rows) < limit and await _longer(connection, ask.unit, after):
        return await _read_queue(connection, ask, after, limit, _HIT)
    return rows


async def _longer(connection: Connection, unit: str, after: Place | None) -> bool:
    """Whether there is more of this part than was looked at."""
    asked = Asked(values=[unit])
    sql = _LONG.format(part=_from(asked, after), walked=asked.add(pairs.WALKED + 1))
    return bool(await connection.fetchval(sql, *asked.values) > pairs.WALKED)


def _from(asked: Asked, after: Place | None) -> str:
    if after is None:
        return "a.due_at IS NOT NULL"
    if after.due_at is None:
        return f"a.due_at IS NULL AND a.whistle > {asked.add(after.whistle)}"
    return f"(a.due_at, a.whistle) > ({asked.add(after.due_at)}, {asked.add(after.whistle)})"


async def _read_queue(
    connection: Connection, ask: _Ask, after: Place | None, limit: int, source: str = "assignment a"
) -> list[Queued]:
    asked = Asked(values=[ask.unit])
    part = _from(asked, after)
    asked.parts.append(part)
    see(asked, ask.scope, ask.unit)
    narrow(asked, ask.filters)
    _narrow_queue(asked, ask.narrowed)
    if source is _WALK:
        source = source.format(part=part, walked=asked.add(pairs.WALKED))
    elif source is _HIT:
        question = asked.add(pairs.question(ask.filters.text or ""))
        source = source.format(part=part, indexed=pairs.INDEXED, question=question)
    if ask.filters.text and ask.filters.number is None:
        asked.parts.append(say(asked, ask.filters.text))
    where = asked.where()
    sql = _QUEUE.format(mine=_MINE, head=HEAD, clock=CLOCK, source=source, where=where, limit=asked.add(limit))
    return [_queued(row) for row in await connection.fetch(sql, *asked.values)]


def _queued(row: asyncpg.Record) -> Queued:
    role, status, on_site, started, handed_back, assigned_at, due_at = tuple(row.values())[:_MINE_WIDTH]
    return Queued(role, status, on_site, started, handed_back, assigned_at, due_at, found(row, _MINE_WIDTH))


_LIT = {"red": "<=", "yellow": ">", "green": ">"}


def _narrow_queue(asked: Asked, narrowed: Narrowed) -> None:
    for column, value in (("role", narrowed.role), ("stage", narrowed.stage), ("status", narrowed.part)):
        if value is not None:
            asked.parts.append(f"a.{column} = {asked.add(value)}")
    if narrowed.until is not None:
        asked.parts.append(f"a.due_at < {asked.add(narrowed.until)}")
    if narrowed.changed is not None:
        since, me = asked.add(narrowed.changed), asked.add(narrowed.by_others_than)
        asked.parts.append(f"s.last_at > {since} AND {CHANGED.format(whistle='a.whistle', since=since, me=me)}")
    if narrowed.lamp is not None:
        now = f"{asked.add(narrowed.now)}::timestamptz"
        lamp = LAMP.format(status="s.status", now=now)
        # so that only the stretch of the index is read where such a lamp can burn
        if narrowed.lamp in _LIT:
            asked.parts.append(f"a.due_at {_LIT[narrowed.lamp]} {now}")
        asked.parts.append(f"{lamp} = {asked.add(narrowed.lamp)}")
