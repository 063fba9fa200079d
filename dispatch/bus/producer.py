"""The producer of the relay, and which partition a key belongs to."""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaProducer

from dispatch.bus.topics import make_none
from schemas.topics import TOPICS

#: one produce request of one partition, bytes
BATCH_BYTES = 512 * 1024
#: what a broker takes as one record (topic setting max.message.bytes), less room for its own framing
MAX_RECORD_BYTES = 1_048_576 - 1024
#: within this a send is answered or has failed, milliseconds
REQUEST_TIMEOUT_MS = 8000

Connect = Callable[[], Awaitable[AIOKafkaProducer]]


def connector(bootstrap: str, client: Mapping[str, Any] | None = None) -> Connect:
    """A function that opens a started producer on `bootstrap`; `client` holds TLS and SASL options of aiokafka.

    Idempotence is off: the client's idempotent producer never lets go of a batch while the broker is away, so that
    neither a send nor a stop ends. With one batch in flight per partition order holds without it, and duplicates
    find their effect already there.
    """

    make_none()

    async def connect() -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            client_id="dispatch-relay",
            acks="all",
            enable_idempotence=False,
            linger_ms=0,
            max_batch_size=BATCH_BYTES,
            max_request_size=4 * BATCH_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=50,
            metadata_max_age_ms=30_000,
            connections_max_idle_ms=540_000,
            **(client or {}),
        )
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000):
                await producer.start()
        except BaseException:
            await close(producer)
            raise
        return producer

    return connect


async def close(producer: AIOKafkaProducer, within: float = 5.0) -> None:
    """Stop it, giving up after `within` seconds: with the broker gone a stop may wait for ever."""
    with contextlib.suppress(Exception):
        async with asyncio.timeout(within):
            await producer.stop()


@lru_cache(maxsize=65_536)
def murmur2(key: bytes) -> int:
    """Kafka's hash of a key (the Java client's), so that producers elsewhere agree on the partition.

    The client's own takes a byte at a time; this takes four. Held against it by a test.
    """
    length = len(key)
    h = 0x9747B28C ^ length
    for k in struct.unpack_from(f"<{length // 4}I", key):
        k = k * 0x5BD1E995 & 0xFFFFFFFF
        k ^= k >> 24
        h = h * 0x5BD1E995 & 0xFFFFFFFF ^ (k * 0x5BD1E995 & 0xFFFFFFFF)
    if rest := key[length & ~3 :]:
        h = (h ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0x5BD1E995 & 0xFFFFFFFF
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key on a topic with that many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


class Partitions:
    """How many partitions each topic has: `known`, as the broker said; `ask` about one that is not among them."""

    def __init__(self, producer: Callable[[], AIOKafkaProducer]) -> None:
        self.known: dict[str, int] = {}
        self._producer = producer
        self._ask_again = 0.0

    async def ask(self, topic: str) -> int:
        """As the broker has it. While it does not say (no such topic, broker away) as declared: the lanes then fail
        and wait by themselves, and other topics go on."""
        if monotonic() >= self._ask_again:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(2):
                    self.known[topic] = len(await self._producer().partitions_for(topic))
                    return self.known[topic]
            self._ask_again = monotonic() + 10
        return TOPICS[topic].partitions if topic in TOPICS else 1
