"""What the topics still hold of receipts: read from the beginning (or a moment) to the end, once, outside any group."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from dispatch.bus.topics import APPLY, KafkaAway, TopicsUnfit, admin, found
from schemas import topics
from schemas.envelope import Unusable, decode
from schemas.event import Event

READ = (topics.RAISED, topics.RAISED_URGENT, topics.LIFECYCLE)
#: seconds without a record after which a partition that no fetch answers for is an error: half a list would mislead
PATIENCE = 60


async def events(
    bootstrap: str, client: Mapping[str, Any] | None = None, since: datetime | None = None
) -> AsyncIterator[Event]:
    """Every event about a whistle that stands on the topics when this begins; what cannot be read is passed over.

    Raises `TopicsUnfit` where a topic is missing, `KafkaAway` where a partition cannot be read to its end."""
    async with admin(bootstrap, client) as asking:
        there = await found(asking, (topics.TOPICS[name] for name in READ))
    if missing := [name for name in READ if name not in there]:
        raise TopicsUnfit(
            f"There is no topic {missing[0]} at {bootstrap}: is it the right Kafka? If it lost all: {APPLY}."
        )
    parts = [TopicPartition(name, number) for name in READ for number in range(there[name].partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap.split(","),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **(client or {}),
    )
    await consumer.start()
    try:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(parts)
        starts = await _starts(consumer, parts, since, ends)
        # without a pause between: the client looks up where to begin by itself, and its answer, coming late, would win
        consumer.assign(parts)
        for part, offset in starts.items():
            consumer.seek(part, offset)
        silent = 0
        while left := await _unread(consumer, ends):
            polled = await consumer.getmany(timeout_ms=1000)
            silent = 0 if polled else silent + 1
            if silent == PATIENCE:
                raise KafkaAway(f"Kafka at {bootstrap} does not answer for {left}: see that it is well, and run again.")
            for records in polled.values():
                for record in records:
                    try:
                        yield decode(record.topic, record.key, record.headers, record.value)
                    except Unusable:
                        continue
    finally:
        await consumer.stop()


async def _starts(
    consumer: AIOKafkaConsumer, parts: list[TopicPartition], since: datetime | None, ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Where to begin in each partition: at its first record, or the first one from `since` on."""
    if since is None:
        begin: dict[TopicPartition, int] = await consumer.beginning_offsets(parts)
        return begin
    at = await consumer.offsets_for_times(dict.fromkeys(parts, int(since.timestamp() * 1000)))
    return {part: at[part].offset if at[part] else ends[part] for part in parts}


async def _unread(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> TopicPartition | None:
    """The first partition not read to its end, if any. The embedded broker's `end_offsets` may lie before its last
    batch, what a fetch says does not; on a busy machine the first fetch of a partition may be long in coming."""
    for part, end in ends.items():
        mark = consumer.highwater(part)
        if mark is None or await consumer.position(part) < max(mark, end):
            return part
    return None
