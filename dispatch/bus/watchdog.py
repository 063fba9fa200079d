"""Whether consumers and producer still move, or the broker is merely away, or has lost its topics.

A consumer that silently stops polling, or one that never finishes joining, is known bug territory of the client. But
silence alone is no proof: with the broker away everybody is silent, and a process that ended for it would deliver no
notice either. So the broker is asked over a connection of its own: if it answers, its topics are made anew where it
has lost them, and whoever stays silent all the same is stalled.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from dispatch.bus.topics import TopicsUnfit

#: silence of consumers or producer for so long, while the broker answers, is a stall (seconds)
STALLED = 120.0
#: silence for so long is a reason to ask the broker (seconds)
UNEASY = 10.0
#: how often it looks (seconds)
LOOK = 5.0

_log = structlog.get_logger(__name__)


class Stalled(Exception):
    """The broker answers, and yet nothing moves: the process should end, and be started again."""


class Watchdog:
    """`run()` until something stalls.

    `silent` says for how many seconds the stalest of the clients has heard nothing, `failures` counts what the relay
    could not send; `stand` asks the broker and makes missing topics, and raises `TopicsUnfit` where it cannot.
    """

    def __init__(
        self, silent: Callable[[], float], failures: Callable[[], int], stand: Callable[[], Awaitable[None]]
    ) -> None:
        self._silent = silent
        self._failures = failures
        self._stand = stand
        self._failed = 0
        #: since when the broker is known to answer (monotonic seconds)
        self._since = time.monotonic()
        #: why it does not work, for the probe; None: it does
        self.trouble: str | None = None

    async def run(self) -> None:
        """Look every few seconds. Raises `Stalled`."""
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def look(self) -> None:
        """One look. Raises `Stalled`."""
        silent, failed = self._silent(), self._failures()
        uneasy = silent > UNEASY or failed > self._failed or self.trouble is not None
        self._failed = failed
        if not uneasy:
            return
        try:
            await self._stand()
        except TopicsUnfit as away:
            if self.trouble != str(away):  # it may come back, and its topics not fit
                _log.error("kafka.trouble", error=type(away).__name__)
            self.trouble = str(away)
            return
        if self.trouble is not None:
            _log.info("kafka.back")
            self.trouble, self._since = None, time.monotonic()
        answering = time.monotonic() - self._since
        if silent > STALLED and answering > STALLED:
            raise Stalled(f"nothing was polled or answered for {silent:.0f} s while the broker answers")
