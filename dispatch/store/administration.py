"""The log of administration: who changed what that is no whistle's. Rows are added, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from dispatch.clock import new_id
from dispatch.domain.case import Actor
from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Entry:
    """One change. `person` None: the command line or the service itself; `name` is the person's."""

    at: datetime
    person: str | None
    name: str | None
    action: str
    subject: str
    subject_name: str | None
    data: dict[str, Any]


async def note(
    uow: UnitOfWork,
    district: str,
    person: str | None,
    seat: str | None,
    action: str,
    subject: str,
    data: Mapping[str, Any],
) -> None:
    """Write down a change, in the transaction that makes it."""
    await uow.connection.execute(
        """INSERT INTO administration_log (id, district, at, person, seat, action, subject, data)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb)""",
        new_id(),
        district,
        await uow.now(),
        person,
        seat,
        action,
        subject,
        orjson.dumps(dict(data), default=str).decode(),
    )


async def noted(connection: Connection, district: str, person: str, action: str, subject: str, since: datetime) -> bool:
    """Whether this has been written down of this person since then."""
    return bool(
        await connection.fetchval(
            """SELECT EXISTS (SELECT FROM administration_log
                              WHERE district = $1 AND at > $5 AND person = $2 AND action = $3 AND subject = $4)""",
            district,
            person,
            action,
            subject,
            since,
        )
    )


async def note_own(uow: UnitOfWork, person: str, action: str, data: Mapping[str, Any]) -> None:
    """Write down what somebody did with their own account."""
    district = await uow.connection.fetchval("SELECT district FROM person WHERE code = $1", person)
    await note(uow, district or "", person, None, action, person, data)


async def note_on(uow: UnitOfWork, by: Actor | None, person: str, action: str, data: Mapping[str, Any]) -> None:
    """Write down what an administrator (None: the command line) did with somebody's account."""
    district = await uow.connection.fetchval("SELECT district FROM person WHERE code = $1", person)
    who, seat = (by.person, by.seat) if by else (None, None)
    await note(uow, district or "", who, seat, action, person, data)


async def latest(connection: Connection, district: str, before: datetime | None, limit: int) -> list[Entry]:
    """The newest changes of a district, those before a moment where one is given."""
    rows = await connection.fetch(
        """SELECT l.at, l.person, p.name, l.action, l.subject, s.name AS subject_name, l.data
           FROM administration_log l LEFT JOIN person p ON p.code = l.person LEFT JOIN person s ON s.code = l.subject
           WHERE l.district = $1 AND ($2::timestamptz IS NULL OR l.at < $2) ORDER BY l.at DESC, l.id DESC LIMIT $3""",
        district,
        before,
        limit,
    )
    return [
        Entry(
            row["at"], row["person"], row["name"], row["action"], row["subject"], row["subject_name"],
            orjson.loads(row["data"]),
        )
        for row in rows
    ]  # fmt: skip
