"""When records are fetched: what is new at once, and while they keep coming at a beat.

aiokafka asks the broker again as soon as what it got is taken: with one record as the least, a steady trickle makes a
request of nearly every record; with more, the broker holds each request back, and an idle worker asks all day. Here a
request waits at the broker for the first record, and the next one leaves a beat after it at the earliest, for all
partitions.

FastStream sleeps after a look that found nothing for as long as it looked. So a look lasts, whatever it asks for.
"""

import time
from typing import Any

from aiokafka.consumer import consumer, fetcher

#: between two requests to fetch (seconds)
BEAT = 0.01
#: how long a look waits for records (seconds)
LOOK = 1.0
#: how long a request waits at the broker for the first record (milliseconds). Kafka answers with it at once; the
#: embedded broker looks now and then, the more seldom the longer it may
WAIT_MS = 50


class _Fetcher(fetcher.Fetcher):  # type: ignore[misc]
    """aiokafka's, at a beat."""

    _due = 0.0

    @property
    def _ours(self) -> bool:
        """Whether it is a subscriber's (`broker.reading`); others keep aiokafka's ways."""
        return bool(self._fetch_max_wait_ms == WAIT_MS)

    def _get_actions_per_node(self, assignment: Any) -> Any:
        """As asked by aiokafka's loop, which comes back after `timeout`, or when something has changed."""
        requests, resets, timeout, unknown, resumed = super()._get_actions_per_node(assignment)
        if requests and self._ours:
            early = self._due - time.monotonic()
            if early > 0:
                return [], resets, min(timeout, early), unknown, resumed
            self._due = time.monotonic() + BEAT
        return requests, resets, timeout, unknown, resumed

    async def fetched_records(self, partitions: Any, timeout: float, max_records: int | None = None) -> Any:  # noqa: ASYNC109
        """What was fetched; empty only after `LOOK`, or when the consumer ends."""
        return await super().fetched_records(partitions, max(timeout, LOOK) if self._ours else timeout, max_records)


def install() -> None:
    """For every consumer of this process that is made from now on and waits for `WAIT_MS`."""
    consumer.Fetcher = _Fetcher
