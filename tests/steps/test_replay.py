"""Dead letters: retried with back-off, replayed and discarded by hand, copied without what may not travel."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from dispatch.clock import new_id
from dispatch.steps import replay
from dispatch.steps.replay import NotWaiting
from dispatch.store import dead_letters
from dispatch.store.database import Database
from dispatch.store.dead_letters import BACKOFF, NEWER_VERSION, REJECTED, UNDECODABLE, DeadLetter
from dispatch.store.errors import Rejected, Unavailable
from schemas import inbound, topics
from schemas.event import Incoming

HEADERS = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"471"),
    ("ce_source", b"/hotline"),
    ("ce_type", inbound.TYPE.encode()),
)


def letter(topic: str = topics.INBOUND, reason: str = REJECTED, **other: Any) -> DeadLetter:
    given: dict[str, Any] = {
        "id": new_id(),
        "topic": topic,
        "partition": 0,
        "offset": 7,
        "time": datetime(2026, 3, 2, tzinfo=UTC),
        "key": None,
        "headers": HEADERS,
        "value": orjson.dumps({"body": "路灯不亮"}),
        "reason": reason,
        "error": "why",
    }
    return DeadLetter(**{**given, **other})


async def keep(db: Database, *letters: DeadLetter) -> list[DeadLetter]:
    async with db.transaction() as uow:
        return await replay.keep(uow, letters)


async def row(db: Database, one: DeadLetter) -> Any:
    async with db.acquire() as connection:
        return await connection.fetchrow("SELECT * FROM dead_letter WHERE id = $1", one.id)


async def due_now(db: Database) -> None:
    async with db.acquire() as connection:
        await connection.execute("UPDATE dead_letter SET next_try_at = at WHERE next_try_at IS NOT NULL")


class Takes:
    """A step that answers as told."""

    def __init__(self, answer: Exception | list[DeadLetter] | None = None) -> None:
        self.answer = answer
        self.given: list[Incoming] = []

    async def __call__(self, good: list[Incoming], bad: list[DeadLetter]) -> list[DeadLetter] | None:
        self.given += good
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_retry_that_goes_through_settles_the_letter(db: Database) -> None:
    one = letter()
    await keep(db, one)
    step = Takes()
    assert (await replay.retry(db, {topics.INBOUND: step})).tried == 0, "its first wait is not over"
    await due_now(db)
    assert (await replay.retry(db, {topics.INBOUND: step})).replayed == 1
    assert step.given[0].event.data == {"body": "路灯不亮"}
    assert (step.given[0].offset, step.given[0].time) == (one.offset, one.time)
    assert (await row(db, one))["status"] == "replayed"
    await due_now(db)
    assert (await replay.retry(db, {topics.INBOUND: step})).tried == 0


async def test_waits_grow_and_end(db: Database) -> None:
    one = letter()
    await keep(db, one)
    step = Takes(Rejected("no\nDETAIL: 路灯不亮"))
    waits, counted = [], list[tuple[str, object]]()
    db.on_fact = lambda kind, data: counted.append((kind, data.get("what")))
    for _ in BACKOFF:
        await due_now(db)
        before = (await row(db, one))["next_try_at"]
        assert (await replay.retry(db, {topics.INBOUND: step})).replayed == 0
        after = (await row(db, one))["next_try_at"]
        waits.append(after - before if after else None)
    assert waits[-1] is None, "after the last wait only a person tries again"
    assert all(wait is not None and wait >= planned for wait, planned in zip(waits[:-1], BACKOFF[1:], strict=True))
    assert len(step.given) == len(BACKOFF)
    assert counted == [("retried", "dead-letter")] * len(BACKOFF)
    assert "路灯" not in (await row(db, one))["error"]


async def test_what_no_retry_can_change_waits_for_a_person(db: Database) -> None:
    await keep(db, letter(reason=UNDECODABLE))
    await due_now(db)
    assert (await replay.retry(db, {topics.INBOUND: Takes()})).tried == 0


async def test_a_newer_version_goes_through_after_an_upgrade(db: Database) -> None:
    newer = letter(reason=NEWER_VERSION, headers=(*HEADERS[:3], ("ce_type", b"whistle.inbound.v2")))
    await keep(db, newer)
    await due_now(db)
    await replay.retry(db, {topics.INBOUND: Takes()})
    assert (await row(db, newer))["reason"] == NEWER_VERSION
    async with db.acquire() as connection:  # the upgrade: now it is a version that is known
        await connection.execute("UPDATE dead_letter SET headers = $1::jsonb", dead_letters.headers_to_json(HEADERS))
    assert await replay.replay(db, {topics.INBOUND: Takes()}, newer.id, by="desk") is None


async def test_a_step_that_refuses_again_leaves_it_waiting(db: Database) -> None:
    one = letter()
    await keep(db, one)
    again = letter(reason=dead_letters.FORBIDDEN_SOURCE, error="place: not there")
    told = await replay.replay(db, {topics.INBOUND: Takes([again])}, one.id, by="desk")
    assert told == "forbidden-source: place: not there"
    assert (await row(db, one))["status"] == "waiting"


async def test_an_absent_database_spends_no_letter(db: Database) -> None:
    one = letter()
    await keep(db, one)
    await due_now(db)
    with pytest.raises(Unavailable):
        await replay.retry(db, {topics.INBOUND: Takes(Unavailable("gone"))})
    assert (await row(db, one))["status"] == "waiting"


async def test_discarding_is_signed_and_final(db: Database) -> None:
    one = letter()
    await keep(db, one)
    await replay.discard(db, one.id, by="desk", why="twice")
    kept = await row(db, one)
    assert (kept["status"], kept["decided_by"], kept["why"]) == ("discarded", "desk", "twice")
    with pytest.raises(NotWaiting):
        await replay.discard(db, one.id, by="desk", why="again")
    with pytest.raises(NotWaiting):
        await replay.replay(db, {}, one.id, by="desk")


async def test_copies_carry_the_reason_and_never_the_text(db: Database) -> None:
    await keep(db, letter(), letter(topic=topics.RAISED, reason=UNDECODABLE, value=b"\x00{", offset=8))
    async with db.acquire() as connection:
        found = await connection.fetch("SELECT topic, headers, payload FROM outbox ORDER BY topic")
    text, plain = found
    assert text["topic"] == "whistles.inbound.dlq"
    assert text["payload"] == b""
    headers = orjson.loads(text["headers"])
    assert (headers["dlq_reason"], headers["dlq_offset"], headers["ce_id"]) == ("rejected", "7", "471")
    assert plain["payload"] == b"\x00{"


async def test_a_record_is_kept_once_and_again_after_the_broker_forgot(db: Database) -> None:
    first, twice = letter(), letter()
    later = letter(time=first.time + timedelta(days=1))
    assert await keep(db, first) == [first]
    assert await keep(db, twice, later) == [later]


async def test_what_was_too_new_is_tried_again_by_the_next_version(db: Database) -> None:
    newer, guilty = letter(reason=NEWER_VERSION), letter(offset=8)
    await keep(db, newer, guilty)
    async with db.acquire() as connection:  # all its tries are used up
        await connection.execute("UPDATE dead_letter SET next_try_at = NULL, tries = 6")
    assert (await replay.retry(db, {topics.INBOUND: Takes()})).tried == 0
    assert await replay.after_upgrade(db) == 1
    assert (await replay.retry(db, {topics.INBOUND: Takes()})).replayed == 1
    assert (await row(db, newer))["status"] == "replayed"
    assert (await row(db, guilty))["status"] == "waiting"


async def test_the_page_shows_newest_first_without_bytes(db: Database) -> None:
    letters = [letter(offset=n) for n in range(5)]
    await keep(db, *letters)
    async with db.acquire() as connection:
        first = await dead_letters.page(connection, limit=3)
        rest = await dead_letters.page(connection, after=first[-1]["id"], limit=3)
        assert await dead_letters.counts(connection) == {REJECTED: 5}
    assert [each["position"] for each in first + rest] == [4, 3, 2, 1, 0]
    assert "value" not in first[0]
