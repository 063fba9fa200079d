"""Sessions of people: opened, used, moved, ended; and where somebody is signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.store.connection import Connection
from dispatch.store.unit_of_work import UnitOfWork

#: a session (w) on a seat (s) that is neither over nor idle for too long. Below the street people look from a phone of
#: their own when something is asked of them, which may be in weeks; at a counter the next one sits down the next day
GOES_ON = """w.expires_at > {now}
  AND w.seen_at > {now} - CASE WHEN s.level < 4 THEN interval '30 days' ELSE interval '12 hours' END"""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that is not over. `id` is its hash: it names the session and opens nothing."""

    id: bytes
    person: str
    name: str
    seat: str
    position: str
    via: str
    device: str
    created_at: datetime
    seen_at: datetime


_OPEN = f"""
SELECT w.token_sha256 AS id, w.person, p.name, w.seat, s.position, coalesce(w.via, '') AS via,
       coalesce(w.device, '') AS device, w.created_at, w.seen_at
FROM web_session w JOIN person p ON p.code = w.person JOIN seat s ON s.code = w.seat
WHERE {GOES_ON.format(now="$1")}"""


async def of_person(connection: Connection, person: str, now: datetime) -> list[OpenSession]:
    """A person's sessions, the one used last first."""
    rows = await connection.fetch(f"{_OPEN} AND w.person = $2 ORDER BY w.seen_at DESC", now, person)
    return [OpenSession(**dict(row)) for row in rows]


async def of_district(
    connection: Connection, district: str, words: str, now: datetime, limit: int
) -> list[OpenSession]:
    """The sessions of a district's people whose name contains `words` (empty: all), used last first."""
    rows = await connection.fetch(
        f"""{_OPEN} AND p.district = $2 AND ($3 = '' OR strpos(p.name, $3) > 0 OR strpos(p.code, $3) > 0)
            ORDER BY w.seen_at DESC LIMIT $4""",
        now,
        district,
        words,
        limit,
    )
    return [OpenSession(**dict(row)) for row in rows]


async def proved(connection: Connection, id: bytes) -> datetime | None:
    """When its holder last proved who they are: opening this session, or later in it; None: there is none."""
    found: datetime | None = await connection.fetchval(
        "SELECT greatest(created_at, proved_at) FROM web_session WHERE token_sha256 = $1", id
    )
    return found


async def prove(uow: UnitOfWork, id: bytes, now: datetime) -> None:
    """Its holder has just proved who they are."""
    await uow.connection.execute("UPDATE web_session SET proved_at = $2 WHERE token_sha256 = $1", id, now)


async def end(uow: UnitOfWork, id: bytes, person: str) -> bool:
    """End one session of a person. False: not theirs, or over."""
    done = await uow.connection.execute("DELETE FROM web_session WHERE token_sha256 = $1 AND person = $2", id, person)
    return done.endswith(" 1")


async def last_seat(connection: Connection, person: str) -> str | None:
    """The seat the person acted from last."""
    found: str | None = await connection.fetchval(
        "SELECT seat FROM web_session WHERE person = $1 ORDER BY seen_at DESC LIMIT 1", person
    )
    return found


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be stored. `via` says how the person came in, `device` from what."""

    sha256: bytes
    person: str
    seat: str
    csrf: str
    via: str
    device: str
    expires_at: datetime


async def add(uow: UnitOfWork, made: NewSession, now: datetime) -> None:
    """A new session."""
    await uow.connection.execute(
        """INSERT INTO web_session (token_sha256, person, seat, csrf, created_at, seen_at, expires_at, via, device)
           VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8)""",
        made.sha256,
        made.person,
        made.seat,
        made.csrf,
        now,
        made.expires_at,
        made.via,
        made.device,
    )


async def touch(uow: UnitOfWork, sha256: bytes, now: datetime) -> None:
    """It is in use."""
    await uow.connection.execute("UPDATE web_session SET seen_at = $2 WHERE token_sha256 = $1", sha256, now)


async def move(uow: UnitOfWork, sha256: bytes, seat: str, lasts: timedelta) -> None:
    """The same person goes on from another of their seats; the session ends no later than one opened there would."""
    await uow.connection.execute(
        "UPDATE web_session SET seat = $2, expires_at = least(expires_at, created_at + $3::interval)"
        " WHERE token_sha256 = $1",
        sha256,
        seat,
        lasts,
    )


async def sign_out(uow: UnitOfWork, sha256: bytes) -> None:
    """Signed out here."""
    await uow.connection.execute("DELETE FROM web_session WHERE token_sha256 = $1", sha256)


async def end_all(uow: UnitOfWork, person: str, but: bytes | None = None) -> int:
    """Signed out everywhere (but in the session `but`); returns how many sessions ended."""
    done = await uow.connection.execute(
        "DELETE FROM web_session WHERE person = $1 AND token_sha256 IS DISTINCT FROM $2", person, but
    )
    return int(done.rsplit(" ", 1)[-1])
