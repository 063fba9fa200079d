"""Numbers people read: blocks are leased per process, so that a number costs no round trip; gaps are allowed."""

import asyncio

from dispatch.store.database import Database

_LEASE = """
INSERT INTO number_block AS b (kind, year, next) VALUES ($1, $2, 1 + $3)
ON CONFLICT (kind, year) DO UPDATE SET next = b.next + $3
RETURNING next - $3"""


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


class Numbers:
    """A process's own block of places in one series (`whistle`, `supervision`)."""

    def __init__(self, database: Database, kind: str, block: int) -> None:
        self._database, self._kind, self._block = database, kind, block
        self._year = 0
        self._next = self._end = 0
        self._leasing = asyncio.Lock()

    async def ready(self, year: int, count: int) -> None:
        """Make sure that `count` places of `year` can be taken without waiting. Raises `Unavailable`."""
        if self._year == year and self._end - self._next >= count:
            return
        async with self._leasing:
            if self._year == year and self._end - self._next >= count:
                return
            size = max(self._block, count)
            async with self._database.transaction() as uow:
                first = await uow.connection.fetchval(_LEASE, self._kind, year, size)
            self._year, self._next, self._end = year, int(first), int(first) + size

    def take(self) -> int:
        """The next place. `ready` must have promised it."""
        assert self._next < self._end
        taken, self._next = self._next, self._next + 1
        return taken
