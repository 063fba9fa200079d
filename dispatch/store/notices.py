"""Notices that are due: claimed for a while, sent outside any transaction, settled; each attempt stands in the ledger.

A claim puts the next try off by a lease, so a process that dies while sending is followed by another once the lease
has passed: a notice may go out twice, never not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

PENDING, SENT, FAILED, SKIPPED = "pending", "sent", "failed", "skipped"
#: what is asked of notices in hand: not "pending", or PostgreSQL may go through all that are, by their index, where it
#: saw none when it made its plan (decision 0031)
_NOT_ENDED = f"n.status NOT IN ('{SENT}', '{FAILED}', '{SKIPPED}')"
#: what the ledger says of an attempt until its end is known; it stays where the process died
SENDING = "sending"

_CLAIM = """
WITH due AS (
    SELECT id FROM notice
    WHERE status = 'pending' AND urgent = $2 AND channel = $3 AND next_try_at <= $1
    ORDER BY urgent DESC, next_try_at LIMIT $4 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE notice n SET tries = n.tries + 1, next_try_at = $1 + $5 FROM due WHERE n.id = due.id
    RETURNING n.id, n.event, n.whistle, n.recipient, n.channel, n.kind, n.urgent, n.tries, n.created_at, n.taken_up_at
), ledger AS (
    INSERT INTO delivery (notice, nth, at, ok, detail) SELECT id, tries, $1, false, 'sending' FROM claimed
    ON CONFLICT (notice, nth) DO UPDATE SET at = EXCLUDED.at, ok = false, detail = EXCLUDED.detail
)
SELECT * FROM claimed ORDER BY created_at, id"""

# the event's moment is the notice's own, which names the one partition to look in
_ABOUT = """
SELECT n.id, w.number, w.district, w.place, w.raised_by_node AS street, w.kind, w.sealed,
       cardinality(w.hidden_from) > 0 AS hidden, s.status,
       a.status AS part, a.on_site, a.reported_at, a.due_at AS part_due_at,
       e.data ->> 'stage' AS stage, (e.data ->> 'due_at')::timestamptz AS due_at, (e.data ->> 'nth')::int AS nth,
       coalesce(c.answered_at IS NOT NULL OR c.run <> (e.data ->> 'run')::int, false) AS answered
FROM notice n
JOIN whistle w ON w.id = n.whistle
JOIN whistle_state s ON s.id = n.whistle
LEFT JOIN whistle_event e ON e.whistle = n.whistle AND e.at = n.created_at AND e.id = n.event
LEFT JOIN whistle_clock c ON c.id = (e.data ->> 'clock')::uuid
LEFT JOIN assignment a ON n.recipient LIKE 'unit:%' AND a.whistle = n.whistle AND a.gen = s.gen
    AND a.unit = split_part(n.recipient, ':', 2)
WHERE n.id = ANY($1::uuid[]) AND w.id = ANY($2::uuid[]) AND s.id = ANY($2)"""

_FAILED = """
SELECT n.id, w.number, n.recipient, n.channel, n.kind, n.tries, n.created_at, last.at, last.detail
FROM notice n JOIN whistle w ON w.id = n.whistle
LEFT JOIN LATERAL (SELECT at, detail FROM delivery WHERE notice = n.id ORDER BY nth DESC LIMIT 1) last ON true
WHERE n.status = 'failed' AND ($1::timestamptz IS NULL OR (n.created_at, n.id) < ($1, $2::uuid))
ORDER BY n.created_at DESC, n.id DESC LIMIT $3"""

_TAKE_UP = """
WITH again AS (
    UPDATE notice n SET status = 'pending', next_try_at = $3, taken_up_at = $3 FROM whistle w
    WHERE w.id = n.whistle AND n.status = 'failed' AND w.district = $1
      AND ($2::bigint[] IS NULL OR w.number = ANY($2))
    RETURNING w.number
)
SELECT number, count(*) AS n FROM again GROUP BY number"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice in hand; `tries` counts this attempt. `taken_up_at`: when it was taken up again after it had failed."""

    id: UUID
    event: UUID
    whistle: UUID
    recipient: str
    channel: str
    kind: str
    urgent: bool
    tries: int
    created_at: datetime
    taken_up_at: datetime | None = None

    @property
    def since(self) -> datetime:
        """Since when it is to be told."""
        return self.taken_up_at or self.created_at


@dataclass(frozen=True, slots=True)
class About:
    """What stands now of the whistle and of what the recipient is asked for; no text, nobody's name.

    `part` is the recipient's unit's own part; `answered` that the clock the notice is about has been answered, or
    started afresh, since.
    """

    number: int
    district: str
    place: str | None
    street: str
    kind: str
    sealed: bool
    hidden: bool
    status: str
    part: str | None
    on_site: bool
    reported_at: datetime | None
    part_due_at: datetime | None
    stage: str | None
    due_at: datetime | None
    nth: int | None
    answered: bool


async def claim(
    uow: UnitOfWork, channel: str, *, urgent: bool, limit: int, lease: timedelta, now: datetime
) -> list[Claimed]:
    """Take up to `limit` notices of a channel that are due; nobody else gets them before the lease is over."""
    rows = await uow.connection.fetch(_CLAIM, now, urgent, channel, limit, lease)
    return [Claimed(*row.values()) for row in rows]


async def about(connection: Connection, claimed: Sequence[Claimed]) -> dict[UUID, About]:
    """What each notice is about, as it stands now."""
    found: dict[UUID, About] = {}
    ids, whistles = [each.id for each in claimed], list({each.whistle for each in claimed})
    for row in await connection.fetch(_ABOUT, ids, whistles):
        values: dict[str, Any] = dict(row)
        key = values.pop("id")
        found[key] = About(**{**values, "on_site": bool(values["on_site"])})
    return found


async def settle(
    uow: UnitOfWork, claimed: Sequence[Claimed], *, ok: bool, detail: str, status: str, next_try_at: datetime | None,
    now: datetime,
) -> None:  # fmt: skip
    """Note how an attempt ended. One that was claimed again meanwhile keeps its newer attempt's state."""
    await uow.connection.execute(
        f"""WITH done AS (SELECT id, nth FROM unnest($1::uuid[], $2::smallint[]) AS x (id, nth)),
           ledger AS (
               UPDATE delivery d SET at = $3, ok = $4, detail = $5 FROM done
               WHERE d.notice = done.id AND d.nth = done.nth AND d.notice = ANY($1)
           )
           UPDATE notice n SET status = $6, next_try_at = $7 FROM done
           WHERE n.id = done.id AND n.id = ANY($1) AND {_NOT_ENDED} AND (n.tries = done.nth OR $4)""",
        [each.id for each in claimed],
        [each.tries for each in claimed],
        now,
        ok,
        detail[:200],
        status,
        next_try_at,
    )


async def put_back(uow: UnitOfWork, claimed: Sequence[Claimed], until: datetime) -> None:
    """Give notices back untried, to be claimed from `until` on: no attempt is counted."""
    await uow.connection.execute(
        f"""WITH back AS (SELECT id, nth FROM unnest($1::uuid[], $2::smallint[]) AS x (id, nth)),
           ledger AS (
               DELETE FROM delivery d USING back
               WHERE d.notice = back.id AND d.nth = back.nth AND d.notice = ANY($1)
           )
           UPDATE notice n SET tries = n.tries - 1, next_try_at = $3 FROM back
           WHERE n.id = back.id AND n.id = ANY($1) AND {_NOT_ENDED} AND n.tries = back.nth""",
        [each.id for each in claimed],
        [each.tries for each in claimed],
        until,
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the delivery ledger."""

    notice: UUID
    recipient: str
    channel: str
    kind: str
    status: str
    nth: int
    at: datetime
    ok: bool
    detail: str


async def ledger(connection: Connection, whistle: UUID) -> list[Attempt]:
    """Every attempt to tell somebody of this whistle, in order."""
    rows = await connection.fetch(
        """SELECT n.id, n.recipient, n.channel, n.kind, n.status, d.nth, d.at, d.ok, d.detail
           FROM notice n JOIN delivery d ON d.notice = n.id WHERE n.whistle = $1 ORDER BY d.at, n.id, d.nth""",
        whistle,
    )
    return [Attempt(*row.values()) for row in rows]


@dataclass(frozen=True, slots=True)
class Failed:
    """A notice that was given up. `at` and `answer` are of its last attempt (None: its ledger was cleared)."""

    id: UUID
    number: int
    recipient: str
    channel: str
    kind: str
    tries: int
    created_at: datetime
    at: datetime | None
    answer: str | None


async def failed(connection: Connection, limit: int, after: Failed | None = None) -> list[Failed]:
    """Notices that were given up, the newest first; the next after `after`."""
    rows = await connection.fetch(_FAILED, *((after.created_at, after.id) if after else (None, None)), limit)
    return [Failed(*row.values()) for row in rows]


async def take_up(uow: UnitOfWork, district: str, numbers: Sequence[int] | None, now: datetime) -> dict[int, int]:
    """Failed notices of these whistles (None: all) of a district are due again: how many, by whistle's number."""
    return {
        row["number"]: row["n"]
        for row in await uow.connection.fetch(_TAKE_UP, district, numbers and list(numbers), now)
    }
