"""One whistle as it is told: what was said, what happened, in which words, by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Said:
    """What was said at intake."""

    title: str
    body: str
    address: str | None
    latitude: float | None
    longitude: float | None
    occurred_at: datetime | None
    source: dict[str, Any] | None
    reporter: dict[str, Any] | None
    photos: list[UUID]


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of the log. `person` None: the service itself."""

    seq: int
    type: str
    at: datetime
    person: str | None
    seat: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Relative:
    """Another whistle that belongs to this one."""

    id: UUID
    number: int
    title: str
    status: str
    how: str
    """parent, child, merged-into, merged; repeat: perhaps the same, nobody has said"""


async def said(connection: Connection, whistle: UUID) -> Said | None:
    """The words of a whistle."""
    row = await connection.fetchrow(
        """SELECT title, body, address, latitude, longitude, occurred_at, source, reporter, photos
           FROM whistle WHERE id = $1""",
        whistle,
    )
    if row is None:
        return None
    values = list(row.values())
    values[6], values[7] = (orjson.loads(value) if value else None for value in values[6:8])
    return Said(*values)


async def events(connection: Connection, whistle: UUID, since: datetime, after: int = 0) -> list[Logged]:
    """The log of a whistle from `since` (its receipt: older months are not looked at), after place `after`."""
    rows = await connection.fetch(
        """SELECT seq, type, at, person, seat, data FROM whistle_event
           WHERE whistle = $1 AND at >= $2 AND seq > $3 ORDER BY seq""",
        whistle,
        since,
        after,
    )
    return [
        Logged(row["seq"], row["type"], row["at"], row["person"], row["seat"], orjson.loads(row["data"]))
        for row in rows
    ]


async def texts(connection: Connection, ids: Sequence[UUID]) -> dict[str, str | None]:
    """The free texts of these whistles by id; None: erased."""
    rows = await connection.fetch("SELECT id, body FROM whistle_text WHERE whistle = ANY($1::uuid[])", list(ids))
    return {str(row["id"]): row["body"] for row in rows}


async def relatives(
    connection: Connection, whistle: UUID, parent: UUID | None, merged_into: UUID | None
) -> list[Relative]:
    """Parent, children, what was merged, and what perhaps is the same and still worked on."""
    rows = await connection.fetch(
        """SELECT w.id, w.number, w.title, s.status,
                  CASE WHEN w.id = $2 THEN 'parent' WHEN w.parent = $1 THEN 'child' WHEN w.id = $3 THEN 'merged-into'
                       WHEN w.merged_into = $1 THEN 'merged' ELSE 'repeat' END AS how
           FROM (SELECT id FROM whistle WHERE parent = $1 UNION SELECT id FROM whistle WHERE merged_into = $1
                 UNION SELECT unnest(ARRAY[$2, $3]::uuid[])
                 UNION SELECT into_whistle FROM merge_proposal JOIN whistle_state i ON i.id = into_whistle
                       WHERE whistle = $1 AND merge_proposal.status = 'proposed'
                         AND i.status NOT IN ('closed', 'cancelled', 'merged')
                 UNION SELECT whistle FROM merge_proposal JOIN whistle_state i ON i.id = whistle
                       WHERE into_whistle = $1 AND merge_proposal.status = 'proposed'
                         AND i.status NOT IN ('closed', 'cancelled', 'merged')) x
           JOIN whistle w ON w.id = x.id JOIN whistle_state s ON s.id = w.id ORDER BY w.id LIMIT 200""",
        whistle,
        parent,
        merged_into,
    )
    return [Relative(*tuple(row.values())) for row in rows]


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A stored photo, re-encoded. `person` uploaded it."""

    id: UUID
    sha256: bytes
    media_type: str
    width: int
    height: int
    content: bytes
    person: str | None
    at: datetime


async def add_photo(uow: UnitOfWork, photo: PhotoRow) -> None:
    """Keep a photo, for now: it stays once something shows it."""
    await uow.connection.execute(
        """INSERT INTO photo (id, sha256, media_type, width, height, content, person, at, attached)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false)""",
        photo.id,
        photo.sha256,
        photo.media_type,
        photo.width,
        photo.height,
        photo.content,
        photo.person,
        photo.at,
    )


async def photo(connection: Connection, id: UUID) -> PhotoRow | None:
    """A photo by its id."""
    row = await connection.fetchrow(
        "SELECT id, sha256, media_type, width, height, content, person, at FROM photo WHERE id = $1", id
    )
    return PhotoRow(*tuple(row.values())) if row else None


async def shows_photo(connection: Connection, whistle: UUID, id: UUID) -> bool:
    """Whether this whistle shows the photo: raised with it, or with it in an act."""
    shown: bool = await connection.fetchval(
        """SELECT EXISTS (SELECT FROM whistle WHERE id = $1 AND photos @> ARRAY[$2::uuid])
               OR EXISTS (SELECT FROM whistle_event WHERE whistle = $1
                          AND (data -> 'photos' ? $3 OR data ->> 'photo' = $3))""",
        whistle,
        id,
        str(id),
    )
    return shown


async def owned_photos(connection: Connection, ids: Sequence[UUID], person: str | None) -> set[UUID]:
    """Those of these photos that this person uploaded."""
    rows = await connection.fetch("SELECT id FROM photo WHERE id = ANY($1::uuid[]) AND person = $2", list(ids), person)
    return {row["id"] for row in rows}
