"""The pool of connections, and the transactions that run on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
from asyncpg.transaction import Transaction

from dispatch.store.connection import Connection
from dispatch.store.errors import translated
from dispatch.store.unit_of_work import UnitOfWork

#: seconds that a free connection is waited for, that a rollback may take, and that a connection given back in the
#: middle of a query may take to end it
WAIT = 10.0
#: seconds until a query that is not answered raises
COMMAND = 60.0
#: Every session gives up waiting: a frozen peer delays one whistle, never the service (milliseconds).
SESSION_LIMITS = {
    "lock_timeout": "5000",
    "statement_timeout": "30000",
    "idle_in_transaction_session_timeout": "15000",
    "timezone": "UTC",
    "jit": "off",
    "plan_cache_mode": "auto",
    # rows by their keys: the default is for disks that turn, and takes small tables whole (decision 0031)
    "random_page_cost": "1.1",
}


async def _prepare(connection: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=str, decoder=str, schema="pg_catalog")


async def _roll_back(connection: Connection, work: Transaction) -> None:
    """A server that does not answer to it is left, for it rolls back when the session ends: asyncpg would wait for its
    answer as long again as for the query that was not answered."""
    try:
        async with asyncio.timeout(WAIT):
            await work.rollback()
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # TimeoutError is an OSError
        connection.terminate()


class _Connection(asyncpg.Connection):
    """A pooled connection without the reset query: nothing here leaves session state behind."""

    __slots__ = ()

    def get_reset_query(self) -> str:
        return ""


class Database:
    """PostgreSQL as the service sees it. `virtual` hands out simulated time instead of the database's."""

    def __init__(
        self,
        url: str,
        pool: asyncpg.Pool,
        virtual: Callable[[], datetime] | None = None,
        application: str = "dispatch",
    ) -> None:
        self.url = url
        self._application = application
        self._pool = pool
        self._virtual = virtual
        self._kept: asyncpg.Connection | None = None
        self._keeping = asyncio.Lock()
        #: called after a commit that wrote outbox rows; bootstrap connects it to the relay's waker
        self.on_outbox: Callable[[], None] = lambda: None
        #: called after a commit with the ids of the whistles it changed (live pages)
        self.on_change: Callable[[list[str]], None] = lambda _ids: None
        #: called after a commit that wrote urgent notices
        self.on_urgent_notice: Callable[[], None] = lambda: None
        #: called after a commit with each event (type, data) it added to the log (metrics)
        self.on_fact: Callable[[str, dict[str, Any]], None] = lambda _type, _data: None

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        size: int = 8,
        application: str = "dispatch",
        virtual: Callable[[], datetime] | None = None,
        settings: dict[str, str] | None = None,
    ) -> "Database":
        """Open a pool on `url` (postgresql://…). Raises `Unavailable` when the database cannot be reached."""
        with translated():
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                init=_prepare,
                connection_class=_Connection,
                timeout=10,
                command_timeout=COMMAND,
                max_inactive_connection_lifetime=0,
                server_settings={**SESSION_LIMITS, "application_name": application, **(settings or {})},
            )
        return cls(url, pool, virtual, application)

    async def close(self) -> None:
        """Close every connection, waiting up to five seconds for the ones at work."""
        if self._kept is not None:
            self._kept.terminate()
        try:
            await asyncio.wait_for(self._pool.close(), 5)
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        async with self.acquire() as connection:
            uow = UnitOfWork(connection, self._virtual() if self._virtual else None)
            work = connection.transaction()
            await work.start()
            try:
                yield uow
            except BaseException:
                await _roll_back(connection, work)
                raise
            await work.commit()
        self._announce(uow)

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[UnitOfWork]:
        """For exactly one writing statement, which is its own transaction: two round trips less than `transaction`.

        What is read before it or after it in the block stands outside.
        """
        async with self.acquire() as connection:
            uow = UnitOfWork(connection, self._virtual() if self._virtual else None)
            yield uow
        self._announce(uow)

    def _announce(self, uow: UnitOfWork) -> None:
        """Committed: tell whoever waits for it."""
        if uow.wrote_outbox:
            self.on_outbox()
        if uow.told_urgently:
            self.on_urgent_notice()
        if uow.touched:
            self.on_change(uow.touched)
        for kind, data in uow.facts:
            self.on_fact(kind, data)

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """A bare connection for reading."""
        with translated():
            # the pool's own `timeout` makes a task of each taking, which costs as much as a small query
            async with asyncio.timeout(WAIT):
                connection = await self._pool.acquire()
            try:
                yield connection
            finally:
                await self._pool.release(connection, timeout=WAIT)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[Connection]:
        """The same connection each time, for one who looks over and over: taking one from the pool and giving it back
        costs more than such a look. One at a time."""
        async with self._keeping:
            if self._kept is None or self._kept.is_closed():
                self._kept = await self.connect_alone(
                    patience=COMMAND, application_name=self._application, **SESSION_LIMITS
                )
            with translated():
                try:
                    yield self._kept
                except BaseException:  # who knows in what state it is, or whether the peer is still there
                    self._kept.terminate()
                    self._kept = None
                    raise

    async def connect_alone(self, *, patience: float | None = None, **server_settings: str) -> asyncpg.Connection:
        """A connection of its own, outside the pool: advisory locks held for long, LISTEN.

        `patience`: seconds until a query that is not answered raises.
        """
        with translated():
            connection = await asyncpg.connect(
                self.url,
                timeout=10,
                command_timeout=patience,
                server_settings={"application_name": "dispatch", "timezone": "UTC", **server_settings},
            )
            await _prepare(connection)
            return connection

    def virtual_now(self) -> datetime | None:
        """The moment of a simulation; None where the database's own clock counts."""
        return self._virtual() if self._virtual else None

    async def now(self) -> datetime:
        """The present moment of the database (or of the simulation), for views."""
        if self._virtual:
            return self._virtual()
        async with self.acquire() as connection:
            value: Any = await connection.fetchval("SELECT clock_timestamp()")
            assert isinstance(value, datetime)
            return value
