"""New whistles written: one statement for any number of them, answered after the commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from dispatch.domain.case import Case
from dispatch.store.cases import clock_row
from dispatch.store.numbers import NumberTaken
from dispatch.store.outbox import OutboxRow
from dispatch.store.save import BY_NAME, columns
from dispatch.store.unit_of_work import UnitOfWork

_WHISTLE = columns(
    "id:uuid number:bigint district:text received_at:timestamptz title:text body:text kind:text danger:boolean"
    " category:text place:text address:text latitude:float8 longitude:float8 occurred_at:timestamptz"
    " raised_by_node:text raised_by:text via:text source:text source_due_at:timestamptz reporter:text named:text"
    " matched:text sealed:boolean hidden_from:text photos:text parent:uuid principal:text idempotency_key:text"
    " request_sha256:bytea"
)
_CAST = {
    "source": "source::jsonb",
    "reporter": "reporter::jsonb",
    "named": "named::jsonb",
    "matched": "matched::jsonb",
    "hidden_from": "string_to_array(hidden_from, ',')",
    "photos": "string_to_array(photos, ',')::uuid[]",
}


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
    pieces: list[str] = []
    position = 1

    def unnest(columns: tuple[tuple[str, str], ...]) -> str:
        nonlocal position
        arrays = ", ".join(f"${position + i}::{kind}[]" for i, (_, kind) in enumerate(columns))
        position += len(columns)
        return f"unnest({arrays}) AS x ({', '.join(name for name, _ in columns)})"

    names = ", ".join(name for name, _ in _WHISTLE)
    values = ", ".join(_CAST.get(name, name) for name, _ in _WHISTLE)
    pieces.append(
        f"w AS (INSERT INTO whistle ({names}) SELECT {values} FROM {unnest(_WHISTLE)}"
        " ON CONFLICT (principal, idempotency_key) DO NOTHING RETURNING id, district, received_at, via)"
    )
    pieces.append(
        "s AS (INSERT INTO whistle_state (id, district, status, version, seq, gen, rework, status_version, last_at)"
        " SELECT id, district, CASE via WHEN 'local' THEN 'local' ELSE 'raised' END, 1, 1, 1, 0, 1, received_at FROM w)"
    )
    clock = BY_NAME["clock"].columns
    clock_names = ", ".join(name for name, _ in clock)
    clock_values = ", ".join(f"x.{name}" for name, _ in clock)
    pieces.append(
        f"c AS (INSERT INTO whistle_clock ({clock_names}) SELECT {clock_values} FROM {unnest(clock)}"
        " JOIN w ON w.id = x.whistle)"
    )
    event = BY_NAME["event"].columns
    pieces.append(
        "e AS (INSERT INTO whistle_event (whistle, seq, at, id, type, person, seat, data)"
        f" SELECT x.whistle, x.seq, x.at, x.id, x.type, x.person, x.seat, x.data::jsonb FROM {unnest(event)}"
        " JOIN w ON w.id = x.whistle)"
    )
    outbox = (("whistle", "uuid"), *BY_NAME["outbox"].columns)
    pieces.append(
        "o AS (INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)"
        f" SELECT x.topic, x.key, x.headers::jsonb, x.payload, x.urgent, x.created_at FROM {unnest(outbox)}"
        " JOIN w ON w.id = x.whistle)"
    )
    return f"WITH {', '.join(pieces)} SELECT id FROM w"


_INSERT = _sql()

_FIND = """
SELECT k.i, w.id, w.number, s.status, s.version, w.request_sha256, w.received_at, w.kind
FROM unnest($1::int[], $2::text[], $3::text[]) AS k (i, principal, key)
JOIN whistle w ON w.principal = k.principal AND w.idempotency_key = k.key
JOIN whistle_state s ON s.id = w.id"""


async def insert(uow: UnitOfWork, rows: Sequence[NewRow], now: datetime) -> list[Stored]:
    """Write new whistles with state, clocks, event and outbox rows; returns what stands under each key.

    A key that was taken before leaves its whistle untouched: the caller compares ids and hashes. Raises `NumberTaken`
    where a number stands on another whistle.
    """
    whistles: list[tuple[Any, ...]] = []
    clocks: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    outbox: list[tuple[Any, ...]] = []
    for row in _distinct(rows):
        case = row.case
        whistles.append(_whistle(row))
        clocks.extend(clock_row(case.id, clock) for clock in case.clocks.values())
        events.extend(
            (
                case.id, event.seq, now, event.id, event.type, case.actor.person, case.actor.seat,
                orjson.dumps(event.data).decode(),
            )
            for event in case.events
        )  # fmt: skip
        outbox.extend(
            (case.id, out.topic, out.key, orjson.dumps(out.headers).decode(), out.payload, out.urgent, now)
            for out in row.outbox
        )
    outbox_width = len(BY_NAME["outbox"].columns) + 1
    written = [list(column) for part in (whistles, clocks, events) for column in zip(*part, strict=True)]
    arguments = [*written, *([row[i] for row in outbox] for i in range(outbox_width))]  # it may have no rows
    try:
        new = {record[0] for record in await uow.connection.fetch(_INSERT, *arguments)}
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "whistle_number_key":
            raise
        raise NumberTaken("a number leased to this process stands on another whistle") from error
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
    """One row for each key: a double tap may put both taps into one batch."""
    return list({(row.principal, row.idempotency_key): row for row in reversed(rows)}.values())[::-1]


def _whistle(row: NewRow) -> tuple[Any, ...]:
    facts = row.case.facts

    def text(value: dict[str, Any] | None) -> str | None:
        return orjson.dumps(value).decode() if value else None

    return (
        facts.id, facts.number, facts.district, facts.received_at, row.title, row.body, facts.kind, facts.danger,
        facts.category, facts.place, row.address, row.latitude, row.longitude, row.occurred_at, facts.street,
        facts.raised_by, facts.via, text(row.source), facts.source_due_at, text(row.reporter), text(facts.named),
        text(facts.matched), facts.sealed, ",".join(facts.hidden_from), ",".join(row.photos), facts.parent,
        row.principal, row.idempotency_key, row.request_sha256,
    )  # fmt: skip
