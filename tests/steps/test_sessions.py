"""How long somebody stays signed in: at a counter for the day, below the street, on a phone of one's own, for weeks."""

from datetime import timedelta

import pytest

from dispatch.steps import sign_in
from dispatch.store import sessions
from tests.factories import BUILDING_HEAD, CLERK, COMMUNITY_HEAD, SECRETARY, World

HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


async def aged(world: World, *, idle: timedelta = timedelta(), age: timedelta = timedelta()) -> None:
    """Every session as it is after so long without being used, and so long after it was opened."""
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            """UPDATE web_session SET seen_at = seen_at - $1::interval, created_at = created_at - $2::interval,
                                      expires_at = expires_at - $2::interval""",
            idle,
            age,
        )


@pytest.mark.parametrize(
    ("seat", "good", "over"),
    [
        (CLERK, {"idle": 11 * HOURS}, {"idle": 13 * HOURS}),
        (SECRETARY, {"age": 6 * DAYS}, {"age": 8 * DAYS}),
        (BUILDING_HEAD, {"idle": 29 * DAYS}, {"idle": 31 * DAYS}),
        (COMMUNITY_HEAD, {"age": 29 * DAYS, "idle": DAYS}, {"age": 31 * DAYS}),
    ],
)
async def test_how_long_it_lasts(
    world: World, seat: str, good: dict[str, timedelta], over: dict[str, timedelta]
) -> None:
    person = (await world.actor(seat)).person or ""
    for given, there in ((good, True), (over, False)):
        made = await sign_in.open_session(world.database, person, seat)
        await aged(world, **given)
        async with world.database.acquire() as connection:
            assert bool(await sessions.of_person(connection, person, await world.database.now())) is there
        assert (await sign_in.by_session(world.database, sign_in.digest(made.token)) is not None) is there
        await sign_in.sign_out_everywhere(world.database, person)


async def test_one_who_goes_on_from_the_counter_is_there_no_longer_than_others(world: World) -> None:
    """Somebody is in charge of a building, and a clerk as well."""
    person = (await world.actor(BUILDING_HEAD)).person or ""
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            "INSERT INTO tenure (seat, person, from_at, deputy) VALUES ($1, $2, now() - interval '1 day', false)",
            CLERK,
            person,
        )
    made = await sign_in.open_session(world.database, person, BUILDING_HEAD)
    await sign_in.switch_seat(world.database, sign_in.digest(made.token), person, CLERK)
    await aged(world, age=8 * DAYS)
    assert await sign_in.by_session(world.database, sign_in.digest(made.token)) is None
