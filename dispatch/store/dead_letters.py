"""Records that could not be handled: kept whole, retried with back-off, replayed or discarded by hand."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
import orjson

from dispatch.clock import new_id
from dispatch.store.connection import Connection

UNDECODABLE, UNKNOWN_TYPE, NEWER_VERSION = "undecodable", "unknown-type", "newer-version"
FORBIDDEN_SOURCE, REJECTED = "forbidden-source", "rejected"
#: worth trying again by itself: an upgrade, or a repair elsewhere, may have changed the answer
RETRIED = frozenset({UNKNOWN_TYPE, NEWER_VERSION, REJECTED})

WAITING, REPLAYED, DISCARDED, RAISED = "waiting", "replayed", "discarded", "raised"

#: waits between automatic tries; after the last one only a person tries again
BACKOFF = tuple(timedelta(seconds=each) for each in (60, 300, 1800, 7200, 43200, 86400))
MAX_ERROR = 2000

RawHeaders = Iterable[tuple[str, bytes | None]]


class Record(Protocol):
    """A record as it came: of the consumer, or `schemas.event.Incoming`. `time` is UTC."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def time(self) -> datetime: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def headers(self) -> tuple[tuple[str, bytes | None], ...]: ...
    @property
    def value(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be handled, and why. `reason` is one of the codes above; `error` quotes no content."""

    id: UUID
    topic: str
    partition: int
    offset: int
    time: datetime
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    value: bytes | None
    reason: str
    error: str
    tries: int = 0

    @classmethod
    def of(cls, record: Record, reason: str, error: str) -> "DeadLetter":
        """The dead letter that `record` becomes."""
        return cls(
            new_id(),
            record.topic,
            record.partition,
            record.offset,
            record.time,
            record.key,
            record.headers,
            record.value,
            reason,
            error.replace("\x00", "␀")[:MAX_ERROR],
        )


def headers_to_json(headers: RawHeaders) -> str:
    """Headers as stored: [[name, text] or [name, null, base64]], so that no header is lost or refused."""
    return orjson.dumps([_storable(name, value) for name, value in headers]).decode()


def _storable(name: str, value: bytes | None) -> list[str | None]:
    name = name.encode(errors="replace").decode().replace("\x00", "␀")
    if value is None:
        return [name, None]
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = "\x00"
    if "\x00" in text:
        return [name, None, base64.b64encode(value).decode()]
    return [name, text]


def headers_from_json(stored: str) -> tuple[tuple[str, bytes | None], ...]:
    """The headers that `headers_to_json` stored."""
    return tuple(
        (
            each[0],
            base64.b64decode(each[2]) if len(each) > 2 else None if each[1] is None else each[1].encode(),
        )
        for each in orjson.loads(stored)
    )


async def insert(connection: Connection, letters: Sequence[DeadLetter], now: datetime) -> list[DeadLetter]:
    """Keep them, in the caller's transaction; returns those that were not kept before (a record comes twice)."""
    if not letters:
        return []
    rows = await connection.fetch(
        """INSERT INTO dead_letter (id, topic, partition, position, record_time, key, headers, value, reason, error,
                                    status, tries, next_try_at, at)
           SELECT i, t, p, o, r, k, h::jsonb, v, c, e, 'waiting', 0, n, $12
           FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::timestamptz[], $6::bytea[], $7::text[],
                       $8::bytea[], $9::text[], $10::text[], $11::timestamptz[])
                AS x (i, t, p, o, r, k, h, v, c, e, n)
           ON CONFLICT (topic, partition, position, record_time) DO NOTHING
           RETURNING id""",
        [each.id for each in letters],
        [each.topic for each in letters],
        [each.partition for each in letters],
        [each.offset for each in letters],
        [each.time for each in letters],
        [each.key for each in letters],
        [headers_to_json(each.headers) for each in letters],
        [each.value for each in letters],
        [each.reason for each in letters],
        [each.error for each in letters],
        [now + BACKOFF[0] if each.reason in RETRIED else None for each in letters],
        now,
    )
    kept = {row[0] for row in rows}
    return [each for each in letters if each.id in kept]


_COLUMNS = "id, topic, partition, position, record_time, key, headers, value, reason, error, tries"


def _letter(row: asyncpg.Record) -> DeadLetter:
    values = dict(row)
    return DeadLetter(
        id=values["id"],
        topic=values["topic"],
        partition=values["partition"],
        offset=values["position"],
        time=values["record_time"],
        key=values["key"],
        headers=headers_from_json(values["headers"]),
        value=values["value"],
        reason=values["reason"],
        error=values["error"],
        tries=values["tries"],
    )


async def claim_due(connection: Connection, now: datetime, limit: int = 100) -> list[DeadLetter]:
    """Letters whose next try is due, oldest first; each is put off to its next try before it is handed out, so that
    a try that kills the process costs one wait and not a loop."""
    rows = await connection.fetch(
        f"""WITH due AS (
                SELECT id AS due_id FROM dead_letter
                WHERE status = 'waiting' AND next_try_at <= $1
                ORDER BY next_try_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
            UPDATE dead_letter SET tries = tries + 1, next_try_at = $1 + ($3::interval[])[tries + 2]
            FROM due WHERE id = due_id RETURNING {_COLUMNS}""",
        now,
        limit,
        list(BACKOFF),
    )
    return sorted(map(_letter, rows), key=lambda each: (each.time, each.topic, each.partition, each.offset))


async def waiting(connection: Connection, id: UUID) -> DeadLetter | None:
    """One letter; None when it is not waiting (any more)."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM dead_letter WHERE id = $1 AND status = 'waiting'", id)
    return _letter(row) if row else None


async def settle(
    connection: Connection,
    id: UUID,
    status: str,
    *,
    by: str,
    at: datetime,
    why: str | None = None,
    whistle: UUID | None = None,
) -> bool:
    """It needs no more tries: `status` is replayed, discarded or raised (as `whistle`). False: it was not waiting."""
    done = await connection.execute(
        """UPDATE dead_letter SET status = $2, decided_by = $3, decided_at = $4, why = $5, whistle = $6,
                  next_try_at = NULL
           WHERE id = $1 AND status = 'waiting'""",
        id,
        status,
        by,
        at,
        why,
        whistle,
    )
    return bool(done == "UPDATE 1")


async def failed(connection: Connection, id: UUID, reason: str, error: str) -> None:
    """A try failed: note how."""
    await connection.execute(
        "UPDATE dead_letter SET reason = $2, error = $3 WHERE id = $1 AND status = 'waiting'",
        id,
        reason,
        error.replace("\x00", "␀")[:MAX_ERROR],
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A dead letter with what became of it. `whistle`: the one it was raised anew as."""

    letter: DeadLetter
    status: str
    at: datetime
    next_try_at: datetime | None
    decided_by: str | None
    decided_at: datetime | None
    why: str | None
    whistle: UUID | None
    number: int | None


async def read(connection: Connection, id: UUID, *, lock: bool = False) -> Kept | None:
    """One letter, whatever became of it; `lock`: nobody settles it until the end of this transaction."""
    if lock:
        await connection.execute("SELECT FROM dead_letter WHERE id = $1 FOR UPDATE", id)
    row = await connection.fetchrow(
        f"""SELECT {_COLUMNS}, status, at, next_try_at, decided_by, decided_at, why, whistle,
                   (SELECT number FROM whistle w WHERE w.id = d.whistle) AS number
            FROM dead_letter d WHERE id = $1""",
        id,
    )
    if row is None:
        return None
    return Kept(
        _letter(row), row["status"], row["at"], row["next_try_at"], row["decided_by"], row["decided_at"], row["why"],
        row["whistle"], row["number"],
    )  # fmt: skip


async def due_again(connection: Connection, reasons: Iterable[str], now: datetime) -> int:
    """Waiting letters of these reasons are tried as if they had just come: this may be another version of the service
    than the one that put them aside. Returns how many."""
    done = await connection.execute(
        """UPDATE dead_letter SET tries = 0, next_try_at = $2
           WHERE status = 'waiting' AND reason = ANY($1) AND value IS NOT NULL""",
        list(reasons),
        now,
    )
    return int(done.rsplit(" ", 1)[-1])


async def page(
    connection: Connection,
    *,
    status: str | None = WAITING,
    reason: str | None = None,
    topic: str | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Letters for the screen, newest first, without their bytes; `after` is the last id of the page before."""
    rows = await connection.fetch(
        """SELECT id, topic, partition, position, record_time, reason, error, status, tries, next_try_at, at,
                  decided_by, decided_at, why, whistle, octet_length(value) AS size
           FROM dead_letter
           WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR id < $2)
             AND ($4::text IS NULL OR reason = $4) AND ($5::text IS NULL OR topic = $5)
           ORDER BY id DESC LIMIT $3""",
        status,
        after,
        limit,
        reason,
        topic,
    )
    return [dict(row) for row in rows]


async def counts(connection: Connection) -> Mapping[str, int]:
    """Waiting letters by reason."""
    rows = await connection.fetch("SELECT reason, count(*) FROM dead_letter WHERE status = 'waiting' GROUP BY reason")
    return {row[0]: row[1] for row in rows}
