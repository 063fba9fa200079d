"""Records that the client cannot read cost nobody else anything."""

import struct
from collections.abc import Callable

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.record.util import calc_crc32c

from dispatch.bus import unreadable
from dispatch.bus.sift import sift
from tests.bus.rig import make_topic


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MemoryRecords", "PartitionRecords"):
        monkeypatch.setattr(unreadable.fetcher, name, getattr(unreadable.fetcher, name))
    unreadable.install()


async def send_spoiled(producer: AIOKafkaProducer, topic: str, spoil: Callable[[bytearray], None]) -> None:
    """A batch of three (b0, b1, b2), of which `spoil` changes bytes; then one good record."""
    batch = producer.create_batch()
    for n in range(3):
        batch.append(timestamp=None, key=None, value=b"b%d" % n, headers=[(f"head{n}", b"x")])
    batch.close()
    raw = bytearray(batch._build())
    spoil(raw)
    struct.pack_into(">I", raw, 17, calc_crc32c(bytes(raw[21:])))
    batch._buffer = bytes(raw)
    await (await producer.send_batch(batch, topic, partition=0))
    await producer.send_and_wait(topic, b"after", partition=0)
    await producer.send_and_wait(topic, b"beside", partition=1)


async def poll(broker: str, topic: str, enough: int) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=20)
    await consumer.start()
    consumer.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
    found: list[ConsumerRecord] = []
    try:
        while len(found) < enough:
            for batch in (await consumer.getmany(timeout_ms=100)).values():
                found += batch
    finally:
        await consumer.stop()
    return found


def replace(old: bytes, new: bytes) -> Callable[[bytearray], None]:
    def spoil(raw: bytearray) -> None:
        at = raw.index(old)
        raw[at : at + len(old)] = new

    return spoil


async def test_a_header_name_that_is_not_utf8(broker: str, producer: AIOKafkaProducer) -> None:
    topic = await make_topic(broker, 2)
    await send_spoiled(producer, topic, replace(b"head1", b"\xff\xfe\xfdxx"))
    found = await poll(broker, topic, 5)
    assert sorted(record.value for record in found) == [b"after", b"b0", b"b1", b"b2", b"beside"]
    assert [record.offset for record in found if record.partition == 0] == [0, 1, 2, 3]


async def test_a_record_of_impossible_length(broker: str, producer: AIOKafkaProducer) -> None:
    topic = await make_topic(broker, 2)
    # the length of the middle record's value, as a zigzag varint before it
    await send_spoiled(producer, topic, replace(b"\x04b1", b"\x7eb1"))
    found = await poll(broker, topic, 4)
    ours = [record for record in found if record.partition == 0]
    assert [record.value for record in ours] == [b"b0", None, b"after"]
    assert b"offsets 1 to 2" in dict(ours[1].headers)[unreadable.UNREADABLE]
    assert [letter.reason for letter in sift([ours[1]]).bad] == ["undecodable"]
    assert any(record.value == b"beside" for record in found)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_what_others_compress_is_read(broker: str, codec: str) -> None:
    topic = await make_topic(broker, 2)
    compressing = AIOKafkaProducer(bootstrap_servers=broker, compression_type=codec)
    await compressing.start()
    try:
        await compressing.send_and_wait(topic, b"x" * 1000, partition=0)
    finally:
        await compressing.stop()
    assert (await poll(broker, topic, 1))[0].value == b"x" * 1000
