"""One transaction: the only place that commits."""

from datetime import datetime, timedelta
from typing import Any

import orjson

from dispatch.store.connection import Connection
from dispatch.store.outbox import OutboxRow


class UnitOfWork:
    """One transaction's connection, its one moment, and what must be announced once it is committed.

    `now()` is read once, after the locks were taken, and is never before `not_before` (the last event of any
    locked whistle), so that event times cannot run backwards within a whistle.
    """

    def __init__(self, connection: Connection, virtual_now: datetime | None = None) -> None:
        self.connection = connection
        self.wrote_outbox = False
        self.told_urgently = False
        self.touched: list[str] = []
        #: what is counted once it is committed: event type and data
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self._now = virtual_now
        self._virtual = virtual_now is not None
        self._not_before: datetime | None = None

    def not_before(self, moment: datetime) -> None:
        """No event of this transaction may come before `moment`."""
        if self._not_before is None or moment > self._not_before:
            self._not_before = moment

    async def now(self) -> datetime:
        """The transaction's one moment (UTC), from the database's clock; call it only after locking."""
        if self._now is None:
            self._now = await self.connection.fetchval("SELECT clock_timestamp()")
        assert self._now is not None
        if self._not_before is not None and self._now <= self._not_before:
            self._now = self._not_before + timedelta(microseconds=1)
        return self._now

    def seen(self, moment: datetime) -> None:
        """Take `moment`, which the locking statement returned from `clock_timestamp()`, as this transaction's."""
        if not self._virtual:
            self._now = moment

    async def announce(self, rows: list[OutboxRow], moment: datetime) -> None:
        """Write outbox rows that belong to no whistle's step (answers to foreign messages, dead-letter copies).

        They may be the first that this transaction writes. It has its number before a row draws its id, as whoever
        has locked or written a whistle has: the relay waits for those that have one (`outbox_reader`).
        """
        if rows:
            self.wrote_outbox = True
            await self.connection.execute(
                """INSERT INTO outbox (topic, key, headers, payload, urgent, created_at)
                   SELECT t, k, h::jsonb, p, u, $6
                   FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::boolean[])
                        AS x (t, k, h, p, u)
                   WHERE pg_current_xact_id() IS NOT NULL""",
                [row.topic for row in rows],
                [row.key for row in rows],
                [orjson.dumps(row.headers).decode() for row in rows],
                [row.payload for row in rows],
                [row.urgent for row in rows],
                moment,
            )
