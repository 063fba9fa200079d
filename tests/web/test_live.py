"""Live updates: word reaches those who may see it and nobody else, survives a lost connection, never piles up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest

from dispatch.store import cases
from dispatch.store.listen import Bell
from dispatch.web.live import hub as module
from dispatch.web.live.hub import Full, Reader, hub_of
from tests.factories import CLERK, DESK, OTHER_CLERK, XF, ZJ, World
from tests.web.listening import live

GAS = "unit:RQ:liaison"


@pytest.fixture
async def bell(world: World) -> AsyncIterator[None]:
    """What rings after each commit, as the root connects it."""
    made = Bell(world.database)
    world.database.on_change = made.ring
    task = asyncio.create_task(made.run())
    yield
    task.cancel()
    await hub_of(world.service).close()


async def headers(world: World, seat: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await world.token(seat)}", **more}


async def until(condition: Callable[[], bool]) -> None:
    async def wait() -> None:
        while not condition():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), 5)


async def listening(world: World) -> None:
    """The process hears what is said."""

    async def asked() -> bool:
        async with world.database.acquire() as connection:
            return bool(
                await connection.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dispatch-listen'"
                    " AND datname = current_database() AND query ILIKE 'LISTEN%'"
                )
            )

    async def wait(ask: Callable[[], Awaitable[bool]]) -> None:
        while not await ask():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(asked), 5)


async def test_a_whistle_reaches_its_unit_its_street_and_the_desk(world: World, bell: None) -> None:
    async with (
        live(world, "/events?on=queue", await headers(world, XF)) as unit,
        live(world, "/events?on=street", await headers(world, CLERK)) as street,
        live(world, "/events?on=desk", await headers(world, DESK)) as desk,
    ):
        await listening(world)
        receipt = await world.whistle()
        for stream in (unit, street, desk):
            _id, numbers = await stream.event()
            assert numbers == [str(receipt["number"])]


async def test_nobody_hears_of_what_is_not_theirs(world: World, bell: None) -> None:
    """The other unit and the other street hear nothing of it, but of what is theirs right afterwards."""
    other = {"place": "130403010", "seat": OTHER_CLERK}
    async with (
        live(world, "/events?on=queue", await headers(world, GAS)) as unit,
        live(world, "/events?on=all", await headers(world, OTHER_CLERK)) as street,
    ):
        await listening(world)
        await world.whistle()
        theirs = await world.whistle("小区里有燃气味，疑似漏气", **other)
        assert (await unit.event())[1] == [str(theirs["number"])]
        assert (await street.event())[1] == [str(theirs["number"])]


async def test_one_whistle_alone_can_be_watched_by_those_who_may_read_it(world: World, bell: None) -> None:
    first, second = await world.whistle(), await world.whistle()
    mine = await headers(world, XF)
    async with (
        live(world, f"/events?whistle={first['number']}", mine) as watching,
        live(world, f"/events?whistle={first['number']}", await headers(world, OTHER_CLERK)) as outside,
        live(world, "/events?on=all", mine) as all_mine,
    ):
        await listening(world)
        assert (await world.act(second["number"], "report-in", seat=XF)).status_code == 200
        assert (await all_mine.event())[1] == [str(second["number"])]
        assert (await world.act(first["number"], "report-in", seat=XF)).status_code == 200
        assert (await watching.event())[1] == [str(first["number"])]
        with pytest.raises(TimeoutError):
            await outside.event(0.3)


async def test_after_a_lost_connection_what_was_missed_is_told_once(world: World, bell: None) -> None:
    async with live(world, "/events?on=queue", await headers(world, XF)) as stream:
        await listening(world)
        await world.whistle()
        last, _numbers = await stream.event()
    hub = hub_of(world.service)
    missed = await world.whistle()
    await until(lambda: any(str(change.case.facts.number) == str(missed["number"]) for change in hub._ring))
    async with live(world, "/events?on=queue", await headers(world, XF, **{"Last-Event-ID": last})) as stream:
        assert (await stream.event())[1] == [str(missed["number"])]
        with pytest.raises(TimeoutError):
            await stream.event(0.3)


async def test_an_id_of_another_life_means_look_again(world: World, bell: None) -> None:
    async with live(world, "/events?on=queue", await headers(world, XF, **{"Last-Event-ID": "abcd-7"})) as stream:
        _id, numbers = await stream.event()
        assert numbers == []


async def test_what_the_page_already_shows_is_not_announced(world: World, bell: None) -> None:
    """`since` is the moment the page was made: an own act, told a blink later, is no news."""
    receipt = await world.whistle()
    assert (await world.act(receipt["number"], "report-in", seat=XF)).status_code == 200
    made = (await world.database.now()).timestamp()
    async with live(world, f"/events?on=queue&since={made}", await headers(world, XF)) as stream:
        await listening(world)
        world.database.on_change([receipt["id"]])
        later = await world.whistle()
        assert (await stream.event())[1] == [str(later["number"])]


async def test_a_slow_reader_is_told_to_look_again(world: World) -> None:
    actor = await world.actor(XF)
    reader = Reader(actor, "unit:XF", await world.database.now())
    receipt = await world.whistle()
    async with world.database.acquire() as connection:
        case = (await cases.many(connection, [UUID(receipt["id"])]))[0]
    for n in range(module.MOST_WAITING + 1):
        case.facts.number = n
        reader.tell(module.Change(n, case, frozenset()))
    assert reader.take() == (module.MOST_WAITING, ())
    assert reader.take() is None


async def test_readers_are_counted_and_capped(world: World, monkeypatch: pytest.MonkeyPatch, bell: None) -> None:
    monkeypatch.setattr(module, "MOST_READERS", 1)
    hub = hub_of(world.service)
    async with live(world, "/events?on=queue", await headers(world, XF)):
        await until(lambda: hub.readers == 1)
        assert hub.full
        refused = await (await world.as_(ZJ)).get("/events?on=queue")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "30"
        with pytest.raises(Full):
            async with hub.reading(Reader(await world.actor(ZJ), "unit:ZJ", await world.database.now())):
                pass
    await until(lambda: hub.readers == 0)


async def test_streams_end_when_the_process_stops(world: World, bell: None) -> None:
    stopping = asyncio.Event()
    closing = asyncio.create_task(module.close_when(world.service, stopping))
    async with live(world, "/events?on=queue", await headers(world, XF)):
        hub = hub_of(world.service)
        await until(lambda: hub.readers == 1)
        stopping.set()
        await asyncio.wait_for(closing, 5)
        await until(lambda: hub.readers == 0)


@pytest.mark.parametrize(
    ("seat", "path", "status"),
    [
        (XF, "/events?on=desk", 403),
        (CLERK, "/events?on=queue", 403),
        (XF, "/events?on=everything", 422),
        (XF, "/events?whistle=12", 422),
        (XF, "/events?since=soon", 422),
    ],
)
async def test_what_cannot_be_watched(world: World, seat: str, path: str, status: int) -> None:
    assert (await (await world.as_(seat)).get(path)).status_code == status


async def test_strangers_get_no_stream(world: World) -> None:
    assert (await world.client().get("/events?on=all")).status_code == 401
