"""Whistles found: what somebody may see is part of the question, so that no page loses a row or shows one too many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from dispatch.domain.case import Clock
from dispatch.store import asides, pairs
from dispatch.store.by_clock import FIRST, ByClock, conditions
from dispatch.store.connection import Connection

#: a clock's columns in the order of `Clock`'s fields
CLOCK = (
    "c.id AS clock_id, c.stage, c.unit AS clock_unit, c.gen AS clock_gen, c.run, c.started_at, c.policy, c.calendar,"
    " c.rung AS clock_rung, c.mark, c.nth, c.fires_at, c.due_at, c.running_since, c.used, c.remaining, c.fires_in,"
    " c.answered_at, c.provisional, c.parked, c.waits_on"
)
CLOCK_WIDTH = 21
HEAD = (
    "w.id, w.number, w.title, w.kind, w.danger, w.category, w.place, w.raised_by_node, w.received_at, w.district,"
    " w.sealed, w.merged_into, w.via, s.status, s.version, s.rung, s.outcome, s.lead, s.gen, s.rework, s.seq,"
    f"{asides.CHILDREN}"
)
HEAD_WIDTH = 22


@dataclass(frozen=True, slots=True)
class Head:
    """What every list shows of a whistle. `seq` is its last place in its log; `children`: how many ended, how many."""

    id: UUID
    number: int
    title: str
    kind: str
    danger: bool
    category: str | None
    place: str | None
    street: str
    received_at: datetime
    district: str
    sealed: bool
    merged_into: UUID | None
    via: str
    status: str
    version: int
    rung: int | None
    outcome: str | None
    lead: str | None
    gen: int
    rework: int
    seq: int
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A whistle in a list with the open clock that it is about (`by_clock.FIRST` in lists), if any."""

    head: Head
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a person may see, by the whistle's own columns; the kinds of ways in are joined by "or".

    `unit`: assigned to it. `invited`: whistles that it was called to one table for (`beside.invited_to`). `street`:
    raised by it. `target`: asked to take it over. `places`: about one of these nodes (None:
    none). `unplaced`: place unknown, raised by this street. `hide`: nodes and units that must not be among those it is
    hidden from. `sealed`: which sealed ones are seen too.
    """

    district: str
    whole: bool = False
    unit: str | None = None
    invited: tuple[UUID, ...] = ()
    street: str | None = None
    target: str | None = None
    places: tuple[str, ...] | None = None
    unplaced: str | None = None
    hide: tuple[str, ...] = ()
    sealed: Literal["all", "unit", "street", "none"] = "none"


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for. `places` are the nodes of a subtree; `number` is another way to what `text` asks for."""

    status: tuple[str, ...] = ()
    unit: str | None = None
    places: tuple[str, ...] | None = None
    category: str | None = None
    kind: str | None = None
    street: str | None = None
    text: str | None = None
    number: int | None = None
    since: datetime | None = None
    rework: bool = False
    clock: ByClock | None = None
    among: tuple[UUID, ...] | None = None
    """Only these whistles (None: any)."""


@dataclass(slots=True)
class Asked:
    """A WHERE clause being put together; values are always parameters."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, value: Any) -> str:
        """The placeholder of a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def where(self) -> str:
        """All parts together."""
        return " AND ".join(self.parts) or "true"


_ASSIGNED = (
    "EXISTS (SELECT FROM assignment a2 WHERE a2.whistle = w.id AND a2.unit = {unit} AND a2.status <> 'released'"
    " AND a2.gen = (SELECT max(a3.gen) FROM assignment a3 WHERE a3.whistle = w.id AND a3.unit = a2.unit))"
)
_PART = "EXISTS (SELECT FROM assignment a4 WHERE a4.whistle = w.id AND a4.unit = {unit} AND a4.gen = s.gen)"
_TARGET = (
    "EXISTS (SELECT FROM request r WHERE r.whistle = w.id AND r.kind = 'transfer' AND r.status = 'pending'"
    " AND r.data ->> 'to' = {node})"
)


def see(asked: Asked, scope: Scope, queue: str | None = None) -> None:
    """Add what this scope may see, or may see of the queue of this unit: what stands in the queue of one's own unit is
    assigned to it, which need not be asked row by row.
    """
    if queue is None or queue != scope.unit:
        asked.parts.append(f"({' OR '.join(_ways(asked, scope)) or 'false'})")
    if scope.hide:
        asked.parts.append(f"NOT (w.hidden_from && {asked.add(list(scope.hide))}::text[])")
    match scope.sealed:
        case "unit":
            called = f" OR w.id = ANY({asked.add(list(scope.invited))}::uuid[])" if scope.invited else ""
            asked.parts.append(f"(NOT w.sealed OR {_PART.format(unit=asked.add(scope.unit))}{called})")
        case "street":
            taken = f" OR {_TARGET.format(node=asked.add(scope.target))}" if scope.target is not None else ""
            asked.parts.append(f"(NOT w.sealed OR w.raised_by_node = {asked.add(scope.street)}{taken})")
        case "none":
            asked.parts.append("NOT w.sealed")


def _ways(asked: Asked, scope: Scope) -> list[str]:
    ways: list[str] = []
    if scope.whole:
        ways.append(f"w.district = {asked.add(scope.district)}")
    if scope.unit is not None:
        ways.append(_ASSIGNED.format(unit=asked.add(scope.unit)))
    if scope.invited:  # mostly none: then the plan stays what it is
        ways.append(f"w.id = ANY({asked.add(list(scope.invited))}::uuid[])")
    if scope.street is not None:
        ways.append(f"w.raised_by_node = {asked.add(scope.street)}")
    if scope.target is not None:
        ways.append(_TARGET.format(node=asked.add(scope.target)))
    if scope.places is not None:
        ways.append(f"w.place = ANY({asked.add(list(scope.places))}::text[])")
    if scope.unplaced is not None:
        ways.append(f"(w.place IS NULL AND w.raised_by_node = {asked.add(scope.unplaced)})")
    return ways


def narrow(asked: Asked, filters: Filters) -> None:
    """Add what is asked for, but for the text: how that is looked for depends on how common it is (`say`)."""
    if filters.status:
        asked.parts.append(f"s.status = ANY({asked.add(list(filters.status))}::text[])")
    if filters.unit is not None:
        asked.parts.append(_ASSIGNED.format(unit=asked.add(filters.unit)))
    if filters.places is not None:
        asked.parts.append(f"w.place = ANY({asked.add(list(filters.places))}::text[])")
    for column, value in (("category", filters.category), ("kind", filters.kind), ("raised_by_node", filters.street)):
        if value is not None:
            asked.parts.append(f"w.{column} = {asked.add(value)}")
    if filters.number is not None:
        asked.parts.append(f"w.number = {asked.add(filters.number)}")
    if filters.among is not None:
        asked.parts.append(f"w.id = ANY({asked.add(list(filters.among))}::uuid[])")
    if filters.since is not None:
        asked.parts.append(f"w.received_at >= {asked.add(filters.since)}")
    if filters.rework:
        asked.parts.append("s.rework > 0 AND s.status IN ('assigned', 'handling')")
    if filters.clock is not None:
        asked.parts += conditions(filters.clock, asked.add)


def say(asked: Asked, text: str, said: str = pairs.SAID) -> str:
    """The condition that every word of `text` stands in a whistle."""
    return " AND ".join(f"{said} ILIKE {asked.add('%' + pairs.like(word) + '%')}" for word in pairs.words(text))


_LIST = f"""
WITH page AS MATERIALIZED (
    SELECT w.id FROM whistle w JOIN whistle_state s ON s.id = w.id WHERE {{where}} ORDER BY w.id DESC LIMIT {{limit}}
)
SELECT {{head}}, {{clock}}
FROM page JOIN whistle w ON w.id = page.id JOIN whistle_state s ON s.id = page.id
LEFT JOIN LATERAL (
    SELECT * FROM whistle_clock c WHERE c.whistle = w.id AND c.answered_at IS NULL AND c.stage <> 'total'
    ORDER BY {FIRST} LIMIT 1
) c ON true
ORDER BY w.id DESC"""


async def listed(
    connection: Connection, scope: Scope, filters: Filters, before: UUID | None, limit: int
) -> list[Found]:
    """Whistles, the newest first, at most `limit`; `before`: only those older than this one."""
    if filters.text and filters.number is None:
        ids = await _walked(connection, scope, filters, before, limit)
        if ids is None:
            ids = await _indexed(connection, scope, filters, before, limit)
        return await by_ids(connection, scope, ids) if ids else []
    asked = _asked(scope, filters, before)
    where = asked.where()
    sql = _LIST.format(where=where, limit=asked.add(limit), head=HEAD, clock=CLOCK)
    return [found(row) for row in await connection.fetch(sql, *asked.values)]


def _asked(scope: Scope, filters: Filters, before: UUID | None) -> Asked:
    asked = Asked()
    see(asked, scope)
    narrow(asked, filters)
    if before is not None:
        asked.parts.append(f"w.id < {asked.add(before)}")
    return asked


_WALK = """
WITH newest AS MATERIALIZED (
    SELECT w.id, {said} AS said FROM whistle w JOIN whistle_state s ON s.id = w.id
    WHERE {where} ORDER BY w.id DESC LIMIT {walked}
)
SELECT (SELECT count(*) FROM newest) AS walked,
       ARRAY(SELECT id FROM newest WHERE {word} ORDER BY id DESC LIMIT {limit}) AS ids"""
#: the hits come in the list's order, so that only as many are looked at as fill the page
_INDEX = """
WITH hit AS MATERIALIZED (
    SELECT w.id FROM whistle w WHERE {indexed} @@ {question}::tsquery ORDER BY w.id DESC
)
SELECT hit.id FROM hit JOIN whistle w ON w.id = hit.id JOIN whistle_state s ON s.id = hit.id
WHERE {where} AND {word} ORDER BY hit.id DESC LIMIT {limit}"""


async def _walked(
    connection: Connection, scope: Scope, filters: Filters, before: UUID | None, limit: int
) -> list[UUID] | None:
    """What is found among the newest; None: they neither fill the page nor are all there is."""
    asked = _asked(scope, filters, before)
    where, word = asked.where(), say(asked, filters.text or "", "said")
    walked, most = asked.add(pairs.WALKED), asked.add(limit)
    sql = _WALK.format(said=pairs.SAID, where=where, walked=walked, word=word, limit=most)
    row = await connection.fetchrow(sql, *asked.values)
    assert row is not None
    return row["ids"] if len(row["ids"]) >= limit or row["walked"] < pairs.WALKED else None


async def _indexed(
    connection: Connection, scope: Scope, filters: Filters, before: UUID | None, limit: int
) -> list[UUID]:
    asked = _asked(scope, filters, before)
    where, word = asked.where(), say(asked, filters.text or "")
    question = asked.add(pairs.question(filters.text or ""))
    sql = _INDEX.format(indexed=pairs.INDEXED, question=question, where=where, word=word, limit=asked.add(limit))
    return [row["id"] for row in await connection.fetch(sql, *asked.values)]


def found(row: asyncpg.Record, at: int = 0) -> Found:
    """A row that begins (at column `at`) with the columns of `HEAD` and `CLOCK`."""
    values = tuple(row.values())[at:]
    head = (*values[: HEAD_WIDTH - 1], tuple(values[HEAD_WIDTH - 1]))
    clock = values[HEAD_WIDTH : HEAD_WIDTH + CLOCK_WIDTH]
    return Found(Head(*head), Clock(*clock) if clock[0] is not None else None)


async def by_ids(connection: Connection, scope: Scope, ids: Sequence[UUID]) -> list[Found]:
    """These whistles, as far as they may be seen, the newest first."""
    asked = Asked()
    see(asked, scope)
    asked.parts.append(f"w.id = ANY({asked.add(list(ids))}::uuid[])")
    sql = _LIST.format(where=asked.where(), limit=asked.add(len(ids)), head=HEAD, clock=CLOCK)
    return [found(row) for row in await connection.fetch(sql, *asked.values)]
