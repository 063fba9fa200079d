"""Numbers people read: blocks are leased per process, so that a number costs no round trip; gaps are allowed."""

import asyncio
from collections.abc import Iterator, Sequence
from uuid import UUID

import asyncpg
import structlog

from dispatch.store.connection import Connection
from dispatch.store.database import Database
from dispatch.store.errors import Unavailable
from dispatch.store.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

_LEASE = """
INSERT INTO number_block AS b (kind, year, next) VALUES ($1, $2, 1 + $3)
ON CONFLICT (kind, year) DO UPDATE SET next = b.next + $3
RETURNING next - $3"""


#: the seven digits hold so many places a year; the next would have a digit that nobody can look it up by
PLACES = 9_999_999


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10: catches every single wrong digit and every swap of neighbours but one kind."""
    value = 10
    for digit in digits:
        value = (value + int(digit)) % 10 or 10
        value = value * 2 % 11
    return str((11 - value) % 10)


def number(year: int, place: int) -> int:
    """The number of the `place`-th whistle of a year: two digits of the year, seven more, one check digit."""
    digits = f"{year % 100:02d}{place:07d}"
    return int(digits + check_digit(digits))


def is_number(text: str) -> bool:
    """Whether `text` is a whistle's number, check digit included."""
    return len(text) == 10 and text.isascii() and text.isdigit() and check_digit(text[:9]) == text[9]


#: batches that one lease lasts for: under load a lease would else cost a commit for every few batches
AHEAD = 16


class NumberTaken(Unavailable):
    """A place leased to this process cannot be given: it is another whistle's, or all are given away meanwhile.

    A place stands on another whistle where the database has forgotten who leased it: after a failover that lost the
    last moments, or a restore. The data are fine, so whoever wrote them tries again.
    """


class LockHeld(Exception):
    """Somebody holds the series for longer than a commit takes; the transaction goes on as if it had not asked."""


async def lease(uow: UnitOfWork, kind: str, year: int, count: int, patience: float) -> Iterator[int]:
    """The next `count` places in a series without gaps: taken in this transaction, given back if it fails.

    Whoever needs one at the same time waits for the commit; take it last, after every other lock. Raises `LockHeld`
    after `patience` seconds.
    """
    try:
        async with uow.connection.transaction():  # a savepoint
            await uow.connection.execute(f"SET LOCAL lock_timeout = {max(round(patience * 1000), 1)}")
            first = int(await uow.connection.fetchval(_LEASE, kind, year, count))
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError):
        # time that runs out as the wait ends is told by PostgreSQL as somebody's cancelling
        raise LockHeld(kind) from None
    return iter(range(first, first + count))


class Numbers:
    """A process's own block of places in one series (`whistle`, `supervision`)."""

    def __init__(self, database: Database, kind: str, block: int) -> None:
        self._database, self._kind, self._block = database, kind, block
        self._year = 0
        #: leased and not yet taken: (next, end) of each block, in order
        self._leased: list[tuple[int, int]] = []
        self._leasing = asyncio.Lock()

    def _left(self, year: int) -> int:
        return sum(end - first for first, end in self._leased) if year == self._year else 0

    async def ready(self, year: int, count: int) -> None:
        """Make sure that `count` places of `year` can be taken without waiting. Raises `Unavailable`."""
        if self._left(year) >= count:
            return
        async with self._leasing:
            missing = count - self._left(year)
            if missing <= 0:
                return
            size = max(self._block, missing, AHEAD * count)
            async with self._database.transaction() as uow:
                first = int(await uow.connection.fetchval(_LEASE, self._kind, year, size))
            if year != self._year:
                self._year, self._leased = year, []
            self._leased.append((first, first + size))

    async def pass_by(self, year: int) -> None:
        """Let go of what is leased, and lease nothing of `year` again that stands on a whistle already."""
        async with self._leasing:
            log.error("numbers.forgotten", kind=self._kind)
            self._leased = []
            async with self._database.transaction() as uow:
                if (last := await highest(uow.connection, year)) is not None:
                    await move_past(uow, self._kind, year, place_of(last)[1])

    def take(self) -> int:
        """The next place. `ready` must have promised it; raises `NumberTaken` where somebody was quicker."""
        if not self._leased:
            raise NumberTaken("the places that were ready are given away")
        first, end = self._leased[0]
        if first + 1 == end:
            self._leased.pop(0)
        else:
            self._leased[0] = (first + 1, end)
        return first


def place_of(number: int) -> tuple[int, int]:
    """The year and the place in it that a whistle's number is of."""
    digits = f"{number:010d}"
    return 2000 + int(digits[:2]), int(digits[2:9])


async def given(connection: Connection, kind: str) -> tuple[int, int]:
    """The latest year of a series, and how many of its places are given away or leased; (0, 0): none yet."""
    row = await connection.fetchrow(
        "SELECT year, next - 1 FROM number_block WHERE kind = $1 ORDER BY year DESC LIMIT 1", kind
    )
    return tuple(row.values()) if row is not None else (0, 0)


async def highest(connection: Connection, year: int) -> int | None:
    """The highest number of a year that stands on a whistle."""
    first = year % 100 * 10**8
    found: int | None = await connection.fetchval(
        "SELECT max(number) FROM whistle WHERE number >= $1 AND number < $2", first, first + 10**8
    )
    return found


async def move_past(uow: UnitOfWork, kind: str, year: int, place: int) -> int:
    """No place up to this one is given out any more; returns the next one."""
    found: int = await uow.connection.fetchval(
        """INSERT INTO number_block AS b (kind, year, next) VALUES ($1, $2, $3 + 1)
           ON CONFLICT (kind, year) DO UPDATE SET next = greatest(b.next, EXCLUDED.next) RETURNING next""",
        kind,
        year,
        place,
    )
    return found


async def known(connection: Connection, whistles: Sequence[UUID]) -> dict[UUID, int]:
    """Those of these whistles that stand in the database, each with the last place in its log."""
    rows = await connection.fetch("SELECT id, seq FROM whistle_state WHERE id = ANY($1::uuid[])", list(whistles))
    return {row["id"]: row["seq"] for row in rows}
