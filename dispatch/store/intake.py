"""New whistles written: one statement for any number of them, answered after the commit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from dispatch.domain.case import Case
from dispatch.store.cases import clock_row
from dispatch.store.numbers import NumberTaken
from dispatch.store.outbox import OutboxRow
from dispatch.store.save import BY_NAME, columns, dumps, recordset
from dispatch.store.unit_of_work import UnitOfWork

_WHISTLE = columns(
    "id:uuid number:bigint district:text received_at:timestamptz title:text body:text kind:text danger:boolean"
    " category:text place:text address:text latitude:float8 longitude:float8 occurred_at:timestamptz"
    " raised_by_node:text raised_by:text via:text source:jsonb source_due_at:timestamptz reporter:jsonb named:jsonb"
    " matched:jsonb sealed:boolean hidden_from:text[] photos:uuid[] parent:uuid principal:text idempotency_key:text"
    " request_sha256:text"
)
_CAST = {"request_sha256": "decode(request_sha256, 'hex')"}

_CLOCK = BY_NAME["clock"].columns
_CLOCK_NAMES = tuple(name for name, _ in _CLOCK)
_EVENT = columns("whistle:uuid seq:integer at:timestamptz id:uuid type:text person:text seat:text data:jsonb")
_OUTBOX = columns("whistle:uuid topic:text key:text headers:jsonb payload:text urgent:boolean created_at:timestamptz")


@dataclass(slots=True)
class NewRow:
    """A whistle ready to be written: the fixed ids and hash come with it, so a retry recognises itself."""

    case: Case
    title: str
    body: str
    address: str | None
    latitude: float | None
    longitude: float | None
    occurred_at: datetime | None
    source: dict[str, Any] | None
    reporter: dict[str, Any] | None
    photos: list[str]
    principal: str
    idempotency_key: str
    request_sha256: bytes
    outbox: list[OutboxRow]


@dataclass(frozen=True, slots=True)
class Stored:
    """What stands under an idempotency key after the statement."""

    id: UUID
    number: int
    status: str
    version: int
    request_sha256: bytes
    received_at: datetime
    kind: str


def _sql() -> str:
    """One parameter for each table, a JSON array of rows: ten times less work for this process than arrays of every
    column, and the fields that say nothing need not be sent."""

    def names(columns: Iterable[tuple[str, str]], before: str = "") -> str:
        return ", ".join(before + name for name, _ in columns)

    values = ", ".join(_CAST.get(name, name) for name, _ in _WHISTLE)
    return f"""
WITH w AS (
    INSERT INTO whistle ({names(_WHISTLE)}) SELECT {values} FROM {recordset(1, _WHISTLE)}
    ON CONFLICT (principal, idempotency_key) DO NOTHING RETURNING id, district, received_at, via
), s AS (
    INSERT INTO whistle_state (id, district, status, version, seq, gen, rework, status_version, last_at)
    SELECT id, district, CASE via WHEN 'local' THEN 'local' ELSE 'raised' END, 1, 1, 1, 0, 1, received_at FROM w
), c AS (
    INSERT INTO whistle_clock ({names(_CLOCK)}) SELECT {names(_CLOCK, "x.")} FROM {recordset(2, _CLOCK)}
    JOIN w ON w.id = x.whistle
), e AS (
    INSERT INTO whistle_event ({names(_EVENT)}) SELECT {names(_EVENT, "x.")} FROM {recordset(3, _EVENT)}
    JOIN w ON w.id = x.whistle
), o AS (
    INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
    SELECT x.topic, x.key, x.headers, convert_to(x.payload, 'UTF8'), x.urgent, x.created_at
    FROM {recordset(4, _OUTBOX)} JOIN w ON w.id = x.whistle
)
SELECT id FROM w"""


_INSERT = _sql()

_FIND = """
SELECT k.i, w.id, w.number, s.status, s.version, w.request_sha256, w.received_at, w.kind
FROM unnest($1::int[], $2::text[], $3::text[]) AS k (i, principal, key)
JOIN whistle w ON w.principal = k.principal AND w.idempotency_key = k.key
JOIN whistle_state s ON s.id = w.id"""

_SHOWN = "UPDATE photo SET attached = true WHERE id = ANY($1::uuid[])"


async def insert(uow: UnitOfWork, rows: Sequence[NewRow], now: datetime) -> list[Stored]:
    """Write new whistles with state, clocks, event and outbox rows; returns what stands under each key.

    A key that was taken before leaves its whistle untouched: the caller compares ids and hashes. Raises `NumberTaken`
    where a number stands on another whistle.
    """
    whistles: list[dict[str, Any]] = []
    clocks: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    outbox: list[dict[str, Any]] = []
    for row in _distinct(rows):
        case = row.case
        whistles.append(_whistle(row))
        clocks.extend(_said(clock_row(case.id, clock)) for clock in case.clocks.values())
        events.extend(
            {
                "whistle": case.id, "seq": event.seq, "at": now, "id": event.id, "type": event.type,
                "person": case.actor.person, "seat": case.actor.seat, "data": event.data,
            }
            for event in case.events
        )  # fmt: skip
        outbox.extend(
            {
                "whistle": case.id, "topic": out.topic, "key": out.key, "headers": out.headers,
                "payload": out.payload.decode(), "urgent": out.urgent, "created_at": now,
            }
            for out in row.outbox
        )  # fmt: skip
    arguments = [dumps(part) for part in (whistles, clocks, events, outbox)]
    try:
        new = {record[0] for record in await uow.connection.fetch(_INSERT, *arguments)}
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "whistle_number_key":
            raise
        raise NumberTaken("a number leased to this process stands on another whistle") from error
    if shown := [photo for row in rows if row.case.id in new for photo in row.photos]:
        await uow.connection.execute(_SHOWN, shown)
    uow.wrote_outbox = uow.wrote_outbox or bool(new)
    uow.touched.extend(str(whistle) for whistle in new)
    uow.facts.extend((event.type, event.data) for row in rows if row.case.id in new for event in row.case.events)
    answers: list[Stored | None] = [
        Stored(row.case.id, row.case.facts.number, row.case.status, 1, row.request_sha256, now, row.case.facts.kind)
        if row.case.id in new
        else None
        for row in rows
    ]
    await _look_up(uow, rows, answers)
    return [answer for answer in answers if answer is not None]


async def _look_up(uow: UnitOfWork, rows: Sequence[NewRow], answers: list[Stored | None]) -> None:
    """A separate statement: the inserting one could not see rows that came first."""
    missing = [i for i, answer in enumerate(answers) if answer is None]
    if not missing:
        return
    found = await uow.connection.fetch(
        _FIND, missing, [rows[i].principal for i in missing], [rows[i].idempotency_key for i in missing]
    )
    for record in found:
        answers[record["i"]] = Stored(*tuple(record.values())[1:])
    assert all(answer is not None for answer in answers), "a conflicting whistle must be there"


def _distinct(rows: Sequence[NewRow]) -> list[NewRow]:
    """One row for each key: a double tap may put both taps into one batch, or into two that are under way at once;
    in the order of the keys, so that two batches with the same keys wait for each other on one side only."""
    by_key = {(row.principal, row.idempotency_key): row for row in reversed(rows)}
    return [by_key[key] for key in sorted(by_key)]


def _said(clock: tuple[Any, ...]) -> dict[str, Any]:
    """Without the columns that hold nothing: half of a fresh clock's, which either side would read for nothing."""
    return {name: value for name, value in zip(_CLOCK_NAMES, clock, strict=True) if value is not None}


def _whistle(row: NewRow) -> dict[str, Any]:
    facts = row.case.facts
    return {
        "id": facts.id, "number": facts.number, "district": facts.district, "received_at": facts.received_at,
        "title": row.title, "body": row.body, "kind": facts.kind, "danger": facts.danger, "category": facts.category,
        "place": facts.place, "address": row.address, "latitude": row.latitude, "longitude": row.longitude,
        "occurred_at": row.occurred_at, "raised_by_node": facts.street, "raised_by": facts.raised_by, "via": facts.via,
        "source": row.source or None, "source_due_at": facts.source_due_at, "reporter": row.reporter or None,
        "named": facts.named or None, "matched": facts.matched or None, "sealed": facts.sealed,
        "hidden_from": facts.hidden_from, "photos": row.photos, "parent": facts.parent, "principal": row.principal,
        "idempotency_key": row.idempotency_key, "request_sha256": row.request_sha256.hex(),
    }  # fmt: skip
