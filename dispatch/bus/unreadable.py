"""Records that the client itself cannot read: given on as dead letters instead of losing or blocking others.

aiokafka raises from the middle of a poll when a record's header name is not UTF-8, a batch is broken, or it is
compressed by a codec that is not installed. The poll then ends: records that it had already taken from *other*
partitions are gone with it, and their offsets are committed by the next batch; or, where the error is none of
Kafka's, FastStream's loop ends and the partition stands still without a word. `install()` puts a reader in its
place that raises nothing.
"""

from collections.abc import Iterator
from typing import Any

import structlog
from aiokafka import ConsumerRecord
from aiokafka.consumer import fetcher
from aiokafka.errors import CorruptRecordException
from aiokafka.record import memory_records
from aiokafka.record.default_records import _DefaultRecordBatchPy

#: header of the stand-in for records that could not be read
UNREADABLE = "x-unreadable"
#: a checksum may be wrong on the way only: fetched again so often before it is given up
TRIES = 3

_log = structlog.get_logger(__name__)


class _Lenient(bytearray):
    """Bytes whose pieces decode whatever they hold."""

    def __getitem__(self, key: Any) -> Any:
        piece = super().__getitem__(key)
        return _Lenient(piece) if isinstance(key, slice) else piece

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """A batch whose header names may hold anything; slow, and only used where the fast one has failed."""

    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer = _Lenient(self._buffer)


class _Records(memory_records._MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one fetch (each read by the fast reader), with the bytes of the last one at hand."""

    raw: bytes = b""

    def next_batch(self, *args: Any) -> Any:
        self.raw = self._next_slice
        return super().next_batch(*args)


class _PartitionRecords(fetcher.PartitionRecords):  # type: ignore[misc]
    """aiokafka's, for consumers that read everything (`read_uncommitted`), which raises nothing."""

    tries: dict[tuple[Any, int], int] = {}  # noqa: RUF012 - of the process: a fetch makes a new reader

    def _unpack_records(self) -> Iterator[ConsumerRecord]:
        while self._records.has_next():
            batch = self._records.next_batch()
            if not batch.is_control_batch:
                try:
                    yield from self._of(batch)
                except UnicodeDecodeError:
                    yield from self._leniently(batch)
                except CorruptRecordException as error:
                    if self._again():
                        return
                    yield self._stand_in(batch, error)
                except Exception as error:  # whatever it is, other partitions must not pay for it
                    yield self._stand_in(batch, error)
            self.next_fetch_offset = batch.next_offset

    def _of(self, batch: Any) -> Iterator[ConsumerRecord]:
        if self._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {self._tp}")
        for record in batch:
            if record.offset >= self.next_fetch_offset:
                made = self._consumer_record(self._tp, record)
                self.next_fetch_offset = record.offset + 1
                yield made

    def _leniently(self, batch: Any) -> Iterator[ConsumerRecord]:
        try:
            yield from self._of(_LenientBatch(self._records.raw))
        except Exception as error:
            yield self._stand_in(batch, error)

    def _again(self) -> bool:
        """Whether to fetch the same again."""
        where = (self._tp, self.next_fetch_offset)
        self.tries[where] = self.tries.get(where, 0) + 1
        if self.tries[where] < TRIES:
            return True
        del self.tries[where]
        return False

    def _stand_in(self, batch: Any, error: Exception) -> ConsumerRecord:
        """One record without a value for the rest of the batch; `sift` makes a dead letter of it."""
        first, after = self.next_fetch_offset, batch.next_offset
        self.next_fetch_offset = after
        told = f"{type(error).__name__}, offsets {first} to {after - 1}"
        _log.error("records.unreadable", topic=self._tp.topic, partition=self._tp.partition, told=told)
        return ConsumerRecord(
            topic=self._tp.topic,
            partition=self._tp.partition,
            offset=first,
            timestamp=batch.max_timestamp if hasattr(batch, "max_timestamp") else -1,
            timestamp_type=0,
            key=None,
            value=None,
            checksum=None,
            serialized_key_size=-1,
            serialized_value_size=-1,
            headers=((UNREADABLE, told.encode()),),
        )


def install() -> None:
    """Read with the above in every consumer of this process that is made from now on."""
    fetcher.MemoryRecords = _Records
    fetcher.PartitionRecords = _PartitionRecords
