"""Our partitions are those of every other Kafka client."""

from uuid import uuid4

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as theirs
from hypothesis import given
from hypothesis import strategies as st

from dispatch.bus import producer
from dispatch.bus.topics import admin


@given(st.binary(max_size=80))
def test_the_hash_is_the_clients(key: bytes) -> None:
    assert producer.murmur2(key) & 0xFFFFFFFF == theirs(key) & 0xFFFFFFFF


@given(st.binary(min_size=1, max_size=40), st.integers(1, 48))
def test_the_partition_is_the_clients(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert producer.partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


# from Kafka's own UtilsTest.testMurmur2
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_javas(key: bytes, expected: int) -> None:
    assert producer.murmur2(key) == expected & 0xFFFFFFFF


async def test_asking_about_a_topic_makes_none(broker: str) -> None:
    """This broker makes what it is asked about, unless it is told not to; so does Apache Kafka as it comes."""
    name = f"t-{uuid4().hex[:8]}"
    relaying = await producer.connector(broker)()
    try:
        with pytest.raises(UnknownTopicOrPartitionError):
            await relaying.partitions_for(name)
        async with admin(broker) as asking:
            assert name not in await asking.list_topics()
    finally:
        await producer.close(relaying)
