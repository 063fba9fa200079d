"""What a channel is: a name, how much may go out by it now, and sending one message."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it leaves: plain text, no names, no phones, nothing that a resident wrote."""

    text: str
    urgent: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How sending ended. `detail` is a code for the ledger; `wait` where the other side says "too much, later"."""

    ok: bool
    detail: str
    wait: timedelta | None = None


class Channel(Protocol):
    """One way out. `name` is what notices are addressed by; limits are the channel's own."""

    name: str
    #: bytes of a message's text, notices in one message
    longest: int
    bundle: int

    def room(self, *, urgent: bool) -> int:
        """How many messages may go out now."""

    async def send(self, message: Message) -> Result:
        """Send; never raises for what the other side or the network does."""

    async def close(self) -> None:
        """Let go of connections."""


class Null:
    """The twin that sends nothing: the ledger shows what would have gone out."""

    name = "null"
    longest = 100_000
    bundle = 250

    def room(self, *, urgent: bool) -> int:
        """No limit to speak of."""
        return 1000

    async def send(self, message: Message) -> Result:
        """Kept, not sent."""
        return Result(True, "kept")

    async def close(self) -> None:
        """Nothing to let go of."""


class Throttle:
    """At most `most` messages in `span` seconds. Ordinary ones leave `reserve` of them to urgent ones and keep their
    distance, so that what comes meanwhile goes together."""

    def __init__(
        self, most: int, span: float, reserve: int, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._span, self._reserve = most, span, reserve
        self._monotonic = monotonic
        self._sent: deque[float] = deque()
        self._ordinary = -span
        self._closed_until = 0.0

    def room(self, *, urgent: bool) -> int:
        """Messages that may go now."""
        now = self._monotonic()
        while self._sent and self._sent[0] <= now - self._span:
            self._sent.popleft()
        if now < self._closed_until:
            return 0
        left = self._most - len(self._sent)
        if urgent:
            return max(left, 0)
        apart = self._span / (self._most - self._reserve)
        return 1 if left > self._reserve and now - self._ordinary >= apart else 0

    def took(self, *, urgent: bool) -> None:
        """A message goes out."""
        now = self._monotonic()
        self._sent.append(now)
        if not urgent:
            self._ordinary = now

    def close_for(self, seconds: float) -> None:
        """The other side wants nothing for so long."""
        self._closed_until = self._monotonic() + seconds
