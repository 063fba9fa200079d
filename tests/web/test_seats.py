"""Whose seat one acts from: two of them, one given up, 换个身份."""

from datetime import timedelta

import pytest

from dispatch.steps import links, sign_in
from tests.factories import ADMIN, CLERK, OTHER_CLERK, XF_DEPUTY, ZJ, World, open_world
from tests.web.entering import NAME, PASSWORD, PERSON, csrf, enter, me, with_password


async def test_somebody_with_two_seats_picks_one(world: World) -> None:
    await with_password(world)
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            "INSERT INTO tenure (seat, person, from_at, to_at, deputy) VALUES ($1, $2, $3, NULL, true)",
            XF_DEPUTY,
            PERSON,
            await uow.now() - timedelta(days=1),
        )
    client = await enter(world)
    assert (await me(client))["seat"] == CLERK
    token = await csrf(client, "/password")
    assert (await client.post("/switch", data={"csrf": token, "seat": XF_DEPUTY})).status_code == 303
    now = await me(client)
    assert (now["seat"], now["role"], now["unit"]) == (XF_DEPUTY, "liaison", "XF")
    assert (await client.post("/switch", data={"csrf": token, "seat": ZJ})).status_code == 403
    assert (await me(await enter(world)))["seat"] == XF_DEPUTY


async def test_a_seat_given_up_opens_nothing(world: World) -> None:
    await with_password(world)
    client, program = await enter(world), await world.as_(CLERK)
    async with world.database.transaction() as uow:
        now = await uow.now()
        await uow.connection.execute("UPDATE tenure SET to_at = $1 WHERE seat = $2", now, CLERK)
    world.deps.principals.sessions.clear()
    world.deps.principals.tokens.clear()
    assert (await client.get("/api/v1/me")).status_code == 401
    assert (await program.get("/api/v1/me")).status_code == 401
    assert (await world.client().get("/sign-in")).status_code == 200
    with pytest.raises(sign_in.Forbidden):
        await sign_in.sign_in(world.database, world.deps.sealer, NAME, PASSWORD)


async def test_the_demo_lets_one_be_anybody(world: World) -> None:
    client = world.client()
    token = await csrf(client)
    assert (await client.post("/demo/as", data={"csrf": token, "account": "xf.liaison"})).status_code == 303
    assert (await me(client))["unit"] == "XF"
    token = await csrf(client, "/password")
    assert (await client.post("/switch", data={"csrf": token, "account": OTHER_CLERK})).status_code == 303
    assert (await me(client))["seat"] == OTHER_CLERK
    token = await csrf(client, "/password")
    assert (await client.post("/demo/as", data={"csrf": token, "account": "nobody"})).status_code == 404
    assert await world.count("web_session") == 1


async def test_a_used_link_asks_whoever_used_it_for_a_password_and_no_stand_in(world: World) -> None:
    admin, client = await world.actor(ADMIN), world.client()
    made = await links.make(world.database, admin, PERSON)
    token = await csrf(client)
    used = await client.post(f"/sign-in/link/{made.token}", data={"csrf": token})
    assert used.headers["location"] == "/password"
    assert (await client.get("/home", headers={"Accept": "text/html"})).headers["location"].startswith("/password")
    visitor = world.client()
    token = await csrf(visitor)
    assert (await visitor.post("/demo/as", data={"csrf": token, "account": NAME})).status_code == 303
    assert (await me(visitor))["person"] == PERSON


async def test_outside_the_demo_nobody_is_anybody_else(demo_url: str) -> None:
    world = await open_world(demo_url, demo=False)
    try:
        client = world.client()
        for path in ("/demo/as", "/switch"):
            answer = await client.post(path, data={"csrf": await csrf(client), "account": "xf.liaison"})
            assert answer.status_code == 404
        assert await world.count("web_session") == 0
    finally:
        await world.close()


@pytest.mark.parametrize(("demo", "leads"), [(True, "/?next=/password"), (False, "/sign-in?next=/password")])
async def test_people_are_led_to_where_they_say_who_they_are(demo_url: str, demo: bool, leads: str) -> None:
    world = await open_world(demo_url, demo=demo)
    try:
        page = await world.client().get("/password", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, leads)
        assert (await me(await world.as_(ADMIN)))["role"] == "administrator"
    finally:
        await world.close()
