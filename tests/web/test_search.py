"""Full text: by pairs of characters, whether the newest rows are looked through or the index is asked."""

import pytest

from dispatch.steps import list_filters
from dispatch.steps.scope import scope_of
from dispatch.store import pairs, retention
from dispatch.store.queue_rows import queue
from dispatch.store.search import Filters, listed
from tests.factories import CLERK, OTHER_CLERK, XF, World
from tests.web.browsing import somebody

TEXTS = (
    "广泰小区3号楼楼道消防门被锁，钥匙在物业",
    "广泰小区5号楼楼道消防门被锁，KTV的人锁的",
    "门锁坏了，消防通道被占",
    "广泰小区7号楼消防通道堵了，'怎么办'\\n",
    "广泰小区8号楼楼道堆满纸箱，消防门打不开",
)


@pytest.mark.parametrize("walked", [1000, 2])
async def test_words_are_found_wherever_they_stand(world: World, walked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 2 rows to look through before it, the index answers."""
    monkeypatch.setattr(pairs, "WALKED", walked)
    made = [(await world.whistle(text, category="301", title="报一件事"))["number"] for text in TEXTS]
    elsewhere = (await world.whistle(TEXTS[0], seat=OTHER_CLERK))["number"]
    reference = world.service.rules.of("130403")
    clerk, unit = await world.actor(CLERK), await world.actor(XF)

    async def found(text: str, limit: int = 50) -> set[int]:
        async with world.database.acquire() as connection:
            rows = await listed(connection, scope_of(clerk, reference), Filters(text=text), None, limit)
            mine = await queue(connection, "XF", scope_of(unit, reference), Filters(text=text), limit=limit)
        numbers = [row.head.number for row in rows]
        assert numbers == sorted(numbers, reverse=True)
        assert {row.found.head.number for row in mine} - {elsewhere} == set(numbers) or limit < 50
        return {made.index(number) for number in numbers}

    assert await found("消防门") == {0, 1, 4}
    assert await found("消防门 广泰 3号") == {0}
    assert await found("锁") == {0, 1, 2}, "one character"
    assert await found("ktv") == {1}
    assert await found("防门被占") == set(), "its pairs stand there, not the word"
    assert await found("'怎么办'\\") == {3}
    assert await found("%") == set()
    assert await found(str(made[2])[-4:]) >= {2}, "the last digits of a number"
    assert await found("楼道", limit=2) == {1, 4}, "the newest first"


async def test_what_was_erased_is_not_found(world: World) -> None:
    number = (await world.whistle())["number"]
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET status = 'closed', last_at = '2020-01-01'")
        await uow.connection.execute("UPDATE whistle SET id = '01000000-0000-7000-8000-000000000000'")
        await uow.connection.execute("UPDATE whistle_state SET id = '01000000-0000-7000-8000-000000000000'")
        now = await uow.now()
        assert await retention.clear(uow.connection, "texts-and-photos", now, 10) == 1
        await pairs.sort_in(uow.connection)
        left = await uow.connection.fetch(
            f"SELECT w.number FROM whistle w WHERE {pairs.INDEXED} @@ $1::tsquery", pairs.question("消防门")
        )
        assert left == []
        reference = world.service.rules.of("130403")
        rows = await listed(
            uow.connection, scope_of(await world.actor(CLERK), reference), Filters(text="消防门"), None, 9
        )
    assert (number, rows) == (number, [])


async def test_the_index_is_the_one_that_is_asked(world: World) -> None:
    async with world.database.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        plan = await connection.fetch(
            f"EXPLAIN SELECT w.id FROM whistle w WHERE {pairs.INDEXED} @@ $q${pairs.question('消防门')}$q$::tsquery"
        )
        await connection.execute("RESET enable_seqscan")
    assert "whistle_pairs" in str(plan)


async def test_what_cannot_be_searched_is_said(world: World) -> None:
    fire = await somebody(world, XF)
    for query in ("%00", "长" * (list_filters.LONGEST_QUESTION + 1)):
        for path in ("/queue", "/all", "/queue/export"):
            page = await fire.get(f"{path}?q={query}")
            assert page.status == 422
            assert "要找的词" in page.text
    page = await fire.get("/queue?q=没有的事")
    assert "这样选，一件也没有" in page.text
