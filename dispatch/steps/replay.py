"""Dead letters: kept with their neighbours' effects, tried again with back-off, replayed or discarded by hand.

Kafka is not needed for any of it: the record's bytes stand in the row.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from dispatch.store import dead_letters
from dispatch.store.database import Database
from dispatch.store.dead_letters import DISCARDED, NEWER_VERSION, REJECTED, REPLAYED, UNKNOWN_TYPE, DeadLetter
from dispatch.store.errors import Unavailable
from dispatch.store.outbox import OutboxRow
from dispatch.store.unit_of_work import UnitOfWork
from schemas import topics
from schemas.envelope import Unusable, decode
from schemas.event import Incoming

#: one transaction over (good, bad); among what it returns are the letters that it made of good ones itself
Step = Callable[[list[Incoming], list[DeadLetter]], Awaitable[Sequence[object] | None]]

#: longer values stay in the row only: the copy must fit a record
LONGEST_COPY = 524_288


class NotWaiting(Exception):
    """No dead letter of that id is waiting: somebody was quicker, or it never was."""


@dataclass(slots=True)
class Tally:
    """What one round of retries did."""

    tried: int = 0
    replayed: int = 0


async def keep(uow: UnitOfWork, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
    """Keep dead letters in this transaction and send a copy of each to `<topic>.dlq`; returns the new ones."""
    if not letters:
        return []
    now = await uow.now()
    new = await dead_letters.insert(uow.connection, letters, now)
    await uow.announce([_copy(letter) for letter in new if topics.dlq(letter.topic) in topics.TOPICS], now)
    uow.facts.extend(("dead-letter", {"reason": letter.reason}) for letter in new)
    return new


def _copy(letter: DeadLetter) -> OutboxRow:
    """The record with its reason. Text may stand on `whistles.inbound` only, so of those the value is left out."""
    headers = {name: text for name, value in letter.headers if (text := _text(value)) is not None}
    headers |= {
        "dlq_id": str(letter.id),
        "dlq_topic": letter.topic,
        "dlq_partition": str(letter.partition),
        "dlq_offset": str(letter.offset),
        "dlq_reason": letter.reason,
        "dlq_error": letter.error,
    }
    value = letter.value or b""
    if letter.topic == topics.INBOUND or len(value) > LONGEST_COPY:
        headers["dlq_value"] = f"left out, {len(value)} bytes"
        value = b""
    return OutboxRow(topics.dlq(letter.topic), str(letter.id), headers, value)


def _text(value: bytes | None) -> str | None:
    """A header as text, where it is text that any database and broker can hold."""
    try:
        text = value.decode() if value is not None else None
    except UnicodeDecodeError:
        return None
    return text if text is not None and len(text) <= 1024 and "\x00" not in text else None


async def retry(database: Database, steps: Mapping[str, Step], limit: int = 100) -> Tally:
    """Try what is due again, each letter by itself, oldest first. `steps` by topic.

    Raises `Unavailable`: then the rest waits for its next try.
    """
    async with database.transaction() as uow:
        letters = await dead_letters.claim_due(uow.connection, await uow.now(), limit)
        uow.facts.extend(("retried", {"what": "dead-letter"}) for _ in letters)
    tally = Tally()
    for letter in letters:
        tally.tried += 1
        tally.replayed += await _try(database, steps, letter, "system", None)
    return tally


async def replay(
    database: Database, steps: Mapping[str, Step], id: UUID, *, by: str, why: str | None = None
) -> str | None:
    """Try one letter now, by hand (`by`: who). Returns None when it went through, else why it did not.

    Raises `NotWaiting`.
    """
    letter = await _waiting(database, id)
    if await _try(database, steps, letter, by, why):
        return None
    letter = await _waiting(database, id)
    return f"{letter.reason}: {letter.error}"


async def discard(database: Database, id: UUID, *, by: str, why: str) -> None:
    """It needs nothing more, for the reason `why`. Raises `NotWaiting`."""
    async with database.transaction() as uow:
        done = await dead_letters.settle(uow.connection, id, DISCARDED, by=by, at=await uow.now(), why=why)
    if not done:
        raise NotWaiting(str(id))


async def after_upgrade(database: Database) -> int:
    """Try again what an earlier version of the service may not have known. Returns how many are due now."""
    async with database.transaction() as uow:
        return await dead_letters.due_again(uow.connection, (NEWER_VERSION, UNKNOWN_TYPE), await uow.now())


async def _waiting(database: Database, id: UUID) -> DeadLetter:
    async with database.acquire() as connection:
        letter = await dead_letters.waiting(connection, id)
    if letter is None:
        raise NotWaiting(str(id))
    return letter


async def _try(database: Database, steps: Mapping[str, Step], letter: DeadLetter, by: str, why: str | None) -> bool:
    """Decode it, run the step of its topic. A second run finds the effects of the first and changes nothing."""
    refusal = await _run(steps, letter)
    async with database.transaction() as uow:
        if refusal is None:
            await dead_letters.settle(uow.connection, letter.id, REPLAYED, by=by, at=await uow.now(), why=why)
        else:
            await dead_letters.failed(uow.connection, letter.id, *refusal)
    return refusal is None


async def _run(steps: Mapping[str, Step], letter: DeadLetter) -> tuple[str, str] | None:
    """(reason, error) of the refusal; None when the step took it."""
    step = steps.get(letter.topic)
    if step is None:
        return letter.reason, f"nothing here handles {letter.topic}"
    try:
        event = decode(letter.topic, letter.key, letter.headers, letter.value)
    except Unusable as unusable:
        return unusable.reason, str(unusable)
    incoming = Incoming(
        event,
        letter.topic,
        letter.partition,
        letter.offset,
        letter.time,
        letter.key,
        letter.headers,
        letter.value,
    )
    try:
        refused = [each for each in await step([incoming], []) or () if isinstance(each, DeadLetter)]
    except Unavailable:
        raise
    except Exception as error:  # refused data, or a mistake of ours: it waits for its next try
        return REJECTED, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return (refused[0].reason, refused[0].error) if refused else None
