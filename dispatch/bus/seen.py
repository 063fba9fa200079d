"""What the topics still hold of receipts: read from the beginning (or a moment) to the end, once, outside any group."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas import topics
from schemas.envelope import Unusable, decode
from schemas.event import Event

READ = (topics.RAISED, topics.RAISED_URGENT, topics.LIFECYCLE)
#: seconds without a record after which a partition that no fetch answers for is given up
PATIENCE = 60


async def events(
    bootstrap: str, client: Mapping[str, Any] | None = None, since: datetime | None = None
) -> AsyncIterator[Event]:
    """Every event about a whistle that stands on the topics when this begins; what cannot be read is passed over."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap.split(","), enable_auto_commit=False, **(client or {}))
    await consumer.start()
    try:
        parts = [TopicPartition(topic, part) for topic in READ for part in await _parts(consumer, topic)]
        consumer.assign(parts)
        ends: dict[TopicPartition, int] = await consumer.end_offsets(parts)
        if since is None:
            await consumer.seek_to_beginning(*parts)
        else:
            stamp = int(since.timestamp() * 1000)
            found = await consumer.offsets_for_times(dict.fromkeys(parts, stamp))
            for part in parts:
                consumer.seek(part, found[part].offset if found[part] else ends[part])
        silent = 0
        while silent < PATIENCE and not await _at_the_end(consumer, ends):
            polled = await consumer.getmany(timeout_ms=1000)
            silent = 0 if polled else silent + 1
            for records in polled.values():
                for record in records:
                    try:
                        yield decode(record.topic, record.key, record.headers, record.value)
                    except Unusable:
                        continue
    finally:
        await consumer.stop()


async def _at_the_end(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether everything was read. The embedded broker's `end_offsets` may lie before its last batch, what a fetch says
    does not; on a busy machine the first fetch of a partition may be long in coming."""
    for part, end in ends.items():
        mark = consumer.highwater(part)
        if mark is None or await consumer.position(part) < max(mark, end):
            return False
    return True


async def _parts(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    found = consumer.partitions_for_topic(topic)
    if found is None:
        await consumer._client.add_topic(topic)
        found = consumer.partitions_for_topic(topic)
    return found or set()
