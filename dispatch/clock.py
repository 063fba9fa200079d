"""Time and ids as objects handed in, so that nothing below the root reads a clock of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 as the standard library's `uuid.UUID`: sorts by the time it was made."""
    return uuid7()


class VirtualClock:
    """A clock that moves only when told: for the simulation, the seeded demo and tests."""

    def __init__(self, start: datetime) -> None:
        """`start` must be aware; it is kept as UTC."""
        if start.tzinfo is None:
            raise ValueError(f"start {start.isoformat()} has no time zone; hand in an aware datetime")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The virtual present, aware, UTC."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forward by `by` (not negative); returns the new present."""
        if by < timedelta():
            raise ValueError(f"a clock does not go back: {by}")
        self._now += by
        return self._now

    def advance_to(self, moment: datetime) -> datetime:
        """Move forward to `moment`; a moment already past changes nothing. Returns the new present."""
        self._now = max(self._now, moment.astimezone(UTC))
        return self._now
