"""Dead letters settled by a person: raised anew once, under the message's own name; one or many; who and why."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from dispatch.clock import new_id
from dispatch.domain.refusals import Forbidden, Invalid, NotFound
from dispatch.steps import inbound as take_inbound
from dispatch.steps import letters, replay
from dispatch.steps.letters import Retold
from dispatch.store.dead_letters import FORBIDDEN_SOURCE, NEWER_VERSION, UNDECODABLE, DeadLetter
from schemas import inbound, topics
from schemas.envelope import decode
from schemas.event import Incoming
from tests.factories import BUILDING, CLERK, DESK, FIRE_DOOR, World

SOURCE = "/hotline/12345"
WHY = "来源发错了"


def headers(id: str = "471", type: str = inbound.TYPE, source: str = SOURCE) -> tuple[tuple[str, bytes], ...]:
    given = {"ce_specversion": "1.0", "ce_id": id, "ce_source": source, "ce_type": type}
    return tuple((name, value.encode()) for name, value in given.items())


async def put_aside(world: World, **other: Any) -> DeadLetter:
    given: dict[str, Any] = {
        "id": new_id(), "topic": topics.INBOUND, "partition": 0, "offset": 7, "time": datetime(2026, 6, 15, tzinfo=UTC),
        "key": None, "headers": headers(), "value": orjson.dumps({"body": FIRE_DOOR, "place": BUILDING}),
        "reason": FORBIDDEN_SOURCE, "error": "why",
    }  # fmt: skip
    letter = DeadLetter(**{**given, **other})
    async with world.database.transaction() as uow:
        await replay.keep(uow, [letter])
    return letter


def again(letter: DeadLetter) -> Incoming:
    event = decode(letter.topic, letter.key, letter.headers, letter.value)
    return Incoming(
        event, letter.topic, letter.partition, letter.offset, letter.time, letter.key, letter.headers, letter.value
    )


async def answers(world: World) -> list[str]:
    async with world.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT headers ->> 'ce_type' FROM outbox WHERE topic = $1 ORDER BY id", topics.LIFECYCLE
        )
        return [row[0] for row in rows]


async def test_raised_anew_it_is_one_whistle_however_often(world: World) -> None:
    letter, desk = await put_aside(world), await world.actor(DESK)
    first = await letters.raise_one(world.service, desk, letter.id, WHY)
    second = await letters.raise_one(world.service, desk, letter.id, "again")
    assert first.number == second.number
    assert await world.count("whistle") == 1
    kept = await letters.read(world.service, desk, letter.id)
    assert (kept.status, kept.why, kept.decided_by, kept.number) == ("raised", WHY, desk.person, first.number)
    assert await answers(world) == [inbound.ACCEPTED]


async def test_two_people_raise_it_at_once(world: World) -> None:
    letter, desk = await put_aside(world), await world.actor(DESK)
    done = await asyncio.gather(*(letters.raise_one(world.service, desk, letter.id, WHY) for _ in range(3)))
    assert len({one.number for one in done}) == 1
    assert await world.count("whistle") == 1


async def test_should_the_message_come_again_it_finds_its_whistle(world: World) -> None:
    letter, desk = await put_aside(world), await world.actor(DESK)
    await letters.raise_one(world.service, desk, letter.id, WHY)
    await take_inbound.take(world.service, [again(letter)], [])
    assert await world.count("whistle") == 1
    assert await answers(world) == [inbound.ACCEPTED]


async def test_words_of_a_person_take_the_place_of_what_cannot_be_read(world: World) -> None:
    letter, desk = await put_aside(world, value=b'{"body": ', reason=UNDECODABLE), await world.actor(DESK)
    assert letters.retold(letter).body == '{"body": '
    with pytest.raises(Invalid, match="读不出来"):
        await letters.raise_one(world.service, desk, letter.id, WHY)
    with pytest.raises(Invalid, match="地点"):
        await letters.raise_one(world.service, desk, letter.id, WHY, Retold(FIRE_DOOR, "", "nowhere"))
    done = await letters.raise_one(world.service, desk, letter.id, WHY, Retold(FIRE_DOOR, "", BUILDING))
    view = await world.get(done.number, seat=DESK)
    assert (view["status"], view["place"]["code"] if isinstance(view["place"], dict) else view["place"]) == (
        "raised", BUILDING,
    )  # fmt: skip
    async with world.database.acquire() as connection:
        known = await connection.fetchval("SELECT whistle FROM foreign_message WHERE source = $1", SOURCE)
    assert known == UUID(view["id"]), "its headers could be read: the message keeps its name"


async def test_who_may_not_and_who_says_not_why(world: World) -> None:
    letter = await put_aside(world)
    for one in (letters.replay_one, letters.discard_one, letters.raise_one):
        with pytest.raises(Forbidden):
            await one(world.service, await world.actor(CLERK), letter.id, WHY)
        with pytest.raises(Invalid, match="为什么"):
            await one(world.service, await world.actor(DESK), letter.id, "  ")
    assert (await letters.read(world.service, await world.actor(DESK), letter.id)).status == "waiting"


async def test_many_by_themselves(world: World) -> None:
    desk = await world.actor(DESK)
    good = await put_aside(world)
    bad = await put_aside(world, offset=8, headers=headers("472", "whistle.inbound.v9"), reason=NEWER_VERSION)
    gone = await put_aside(world, offset=9, headers=headers("473"))
    await letters.discard_one(world.service, desk, gone.id, WHY)
    done = await letters.many(letters.raise_one, world.service, desk, [good.id, gone.id, good.id, new_id()], WHY)
    assert [one.error is None for one in done] == [True, False, False]
    done = await letters.many(letters.replay_one, world.service, desk, [bad.id], WHY)
    assert "newer-version" in (done[0].error or "")


async def test_a_replay_finds_what_stands_and_records_who(world: World) -> None:
    desk = await world.actor(DESK)
    letter = await put_aside(world, headers=headers(source="/demo/hotline"))
    refused = await letters.replay_one(world.service, desk, letter.id, WHY)
    assert refused.error is not None
    assert await answers(world) == [], "it was answered when it was put aside, or by whoever did that"
    source = next(iter(world.service.rules._sources))
    mended = await put_aside(world, offset=8, headers=headers("474", source=source))
    for _ in range(2):  # the effect stands already the second time: a crash between effect and note
        async with world.database.transaction() as uow:
            await uow.connection.execute("UPDATE dead_letter SET status = 'waiting' WHERE id = $1", mended.id)
        assert (await letters.replay_one(world.service, desk, mended.id, WHY)).error is None
    assert await world.count("whistle") == 1
    kept = await letters.read(world.service, desk, mended.id)
    assert (kept.status, kept.decided_by, kept.why) == ("replayed", desk.person, WHY)


async def test_a_refusal_is_answered_once_though_the_record_comes_twice(world: World) -> None:
    stranger = await put_aside(world, headers=headers("475", source="/nobody"), offset=99)
    item = again(stranger)
    fresh = Incoming(item.event, item.topic, 1, 100, item.time, None, item.headers, item.value)
    for _ in range(2):
        await take_inbound.take(world.service, [fresh], [])
    assert await answers(world) == [inbound.REFUSED]
    assert await world.count("dead_letter") == 2


async def test_a_letter_of_another_district_is_as_if_it_were_not_there(world: World) -> None:
    letter, desk = await put_aside(world, headers=headers(source="/example/12345")), await world.actor(DESK)
    nobodys = await put_aside(world, offset=8)
    far, service = replace(desk, district="130404"), world.service
    for one in (letters.replay_one, letters.discard_one, letters.raise_one):
        said = []
        for id in (letter.id, new_id()):
            with pytest.raises(NotFound) as refused:
                await one(service, far, id, WHY)
            said.append(refused.value.message)
        assert said[0] == said[1]
    assert (await letters.read(service, desk, letter.id)).status == "waiting"
    assert (await letters.read(service, far, nobodys.id)).status == "waiting", "nobody can tell whose it is"
