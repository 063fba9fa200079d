"""What another system may not whistle, and why not: a slip is told from a street that is not its own."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from dispatch.steps import inbound as take_inbound
from dispatch.store.dead_letters import FORBIDDEN_SOURCE, REJECTED
from schemas import inbound, topics
from schemas.envelope import decode
from schemas.event import Incoming
from tests.factories import BUILDING, FIRE_DOOR, OTHER_STREET, World

#: may whistle for one street of the demo, BUILDING's
PATROL = "/example/grid-patrol"


def record(source: str = PATROL, **body: Any) -> Incoming:
    given = {"ce_specversion": "1.0", "ce_id": "a-1", "ce_source": source, "ce_type": inbound.TYPE}
    headers = tuple((name, value.encode()) for name, value in given.items())
    value = orjson.dumps({"body": FIRE_DOOR, "place": BUILDING, **body})
    event = decode(topics.INBOUND, None, headers, value)
    return Incoming(event, topics.INBOUND, 0, 1, datetime(2026, 6, 15, tzinfo=UTC), None, headers, value)


@pytest.mark.parametrize(
    ("wrong", "reason", "error"),
    [
        ({"place": "990000"}, REJECTED, "place: 没有「{value}」这个地点，请从地点列表里选"),
        ({"category": "no-such"}, REJECTED, "category: 没有「{value}」这个类别，请从权责清单里选"),
        ({"place": OTHER_STREET}, FORBIDDEN_SOURCE, "place: 这个来源不能在「{value}」吹哨"),
        ({"source": "/nobody"}, FORBIDDEN_SOURCE, "source: 这个来源没有登记，不能吹哨"),
    ],
)
async def test_a_refusal_names_the_field_and_what_to_do(
    world: World, wrong: dict[str, str], reason: str, error: str
) -> None:
    (letter,) = await take_inbound.take(world.service, [record(**wrong)], [])
    assert (letter.reason, letter.error) == (reason, error)
    assert await world.count("whistle") == 0
    async with world.database.acquire() as connection:
        payload = await connection.fetchval("SELECT payload FROM outbox WHERE topic = $1", topics.LIFECYCLE)
    told = orjson.loads(payload)
    assert (told["reason"], told["field"]) == (reason, error.split(":")[0])


async def test_its_own_street_is_raised(world: World) -> None:
    assert await take_inbound.take(world.service, [record()], []) == []
    assert await world.count("whistle") == 1
