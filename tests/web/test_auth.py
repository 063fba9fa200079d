"""Signing in and out: sessions, tries, passwords to be changed, the token of forms."""

import asyncio
import re
from datetime import timedelta

import httpx
import pytest

from dispatch.steps import sign_in
from dispatch.steps.sign_in import FREE_TRIES, Refused
from dispatch.web.auth import after
from dispatch.web.principals import cookie_of
from dispatch.web.security import language_of
from tests.factories import CLERK, World, open_world
from tests.web.entering import NAME, PASSWORD, PERSON, csrf, enter, me, with_password


async def test_sign_in_gives_a_session_that_scripts_cannot_read(world: World) -> None:
    await with_password(world)
    client = world.client()
    answer = await client.post(
        "/sign-in", data={"csrf": await csrf(client), "name": NAME, "password": PASSWORD, "next": "/queue"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/queue")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert (await me(client))["seat"] == CLERK
    async with world.database.acquire() as connection:
        stored = await connection.fetchval("SELECT token_sha256 FROM web_session")
    assert sign_in.digest(client.cookies["dispatch_session"]) == stored


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(demo_url: str) -> None:
    world = await open_world(demo_url, https=True)
    try:
        await with_password(world)
        client = world.client()
        client.base_url = httpx.URL("https://test")
        page = await client.get("/sign-in")
        assert page.headers["strict-transport-security"]
        answer = await client.post("/sign-in", data={"csrf": await csrf(client), "name": NAME, "password": PASSWORD})
        assert answer.headers["set-cookie"].startswith("__Host-dispatch=")
        assert "Secure" in answer.headers["set-cookie"]
    finally:
        await world.close()


async def test_unknown_account_wrong_password_and_locked_account_look_the_same(world: World) -> None:
    await with_password(world)
    client = world.client()
    said = set()
    for name, password in ((NAME, "wrong"), ("nobody", "wrong"), *[(NAME, "wrong")] * FREE_TRIES, (NAME, PASSWORD)):
        form = {"csrf": await csrf(client), "name": name, "password": password}
        answer = await client.post("/sign-in", data=form)
        found = re.search(r'class="field-error[^>]*>([^<]*)<', answer.text)
        said.add((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text) if found is None else found[1]))
    assert len(said) == 1
    assert next(iter(said))[0] == 403


async def test_tries_lock_the_account_longer_each_time_and_a_success_forgets_them(world: World) -> None:
    await with_password(world)
    database = world.database

    async def fail() -> None:
        with pytest.raises(Refused):
            await sign_in.sign_in(database, world.deps.sealer, NAME, "wrong")

    async def state() -> tuple[int, timedelta | None]:
        async with database.acquire() as connection:
            row = await connection.fetchrow("SELECT failures, locked_until FROM account WHERE person = $1", PERSON)
        assert row is not None
        return row["failures"], row["locked_until"] and row["locked_until"] - await database.now()

    async def wait_over() -> None:
        async with database.transaction() as uow:
            await uow.connection.execute("UPDATE account SET locked_until = $1", await uow.now())

    for _ in range(FREE_TRIES - 1):
        await fail()
    assert (await state())[1] is None
    await fail()
    _, first = await state()
    await fail()
    assert (await state())[0] == FREE_TRIES
    await wait_over()
    await fail()
    _, second = await state()
    assert first
    assert second
    assert second > first * 1.5
    await wait_over()
    await sign_in.sign_in(database, world.deps.sealer, NAME, PASSWORD)
    assert await state() == (0, None)


async def test_many_tries_at_once_do_not_slip_through(world: World) -> None:
    await with_password(world)
    tries = (sign_in.sign_in(world.database, world.deps.sealer, NAME, "wrong") for _ in range(FREE_TRIES + 3))
    assert all(isinstance(error, Refused) for error in await asyncio.gather(*tries, return_exceptions=True))
    with pytest.raises(Refused):
        await sign_in.sign_in(world.database, world.deps.sealer, NAME, PASSWORD)


@pytest.mark.parametrize("field", [None, "forged"])
async def test_a_form_without_its_token_is_refused(world: World, field: str | None) -> None:
    await with_password(world)
    client = world.client()
    await csrf(client)
    data = {"name": NAME, "password": PASSWORD} | ({"csrf": field} if field else {})
    assert (await client.post("/sign-in", data=data)).status_code == 403
    signed_in = await enter(world)
    assert (await signed_in.post("/sign-out", data=data)).status_code == 403
    assert (await me(signed_in))["person"] == PERSON


async def test_a_form_from_another_site_is_refused(world: World) -> None:
    await with_password(world)
    client = world.client()
    form = {"csrf": await csrf(client), "name": NAME, "password": PASSWORD}
    assert (await client.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_the_api_with_a_cookie_takes_the_token_in_a_header(world: World) -> None:
    await with_password(world)
    client = await enter(world)
    body = {"body": "a"}
    assert (await client.post("/api/v1/whistles", json=body)).status_code == 403
    async with world.database.acquire() as connection:
        token = await connection.fetchval("SELECT csrf FROM web_session")
    headers = {"X-CSRF-Token": token}
    raised = await client.post("/api/v1/whistles", json=body, headers=headers)
    assert raised.status_code == 201
    url = f"/api/v1/whistles/{raised.json()['number']}/actions/urge"
    assert (await client.post(url, json={})).status_code == 403
    assert (await client.post(url, json={}, headers=headers)).status_code == 200


async def test_signing_out_ends_the_session_at_once(world: World) -> None:
    await with_password(world)
    client = await enter(world)
    kept = dict(client.cookies)
    assert (await client.post("/sign-out", data={"csrf": await csrf(client, "/password")})).status_code == 303
    again = world.client(cookies=kept)
    assert (await again.get("/api/v1/me")).status_code == 401


async def test_signing_out_everywhere_ends_every_session(world: World) -> None:
    await with_password(world)
    one, two = await enter(world), await enter(world)
    await me(two)
    await one.post("/sign-out/everywhere", data={"csrf": await csrf(one, "/password")})
    assert (await two.get("/api/v1/me")).status_code == 401


async def test_a_password_to_be_changed_opens_nothing_else(world: World) -> None:
    await with_password(world, must_change=True)
    client = await enter(world)
    assert (await client.get("/api/v1/me")).status_code == 403
    token = await csrf(client, "/password")
    new = "another horse battery"
    for form, field in (
        ({"old": "wrong", "new": new, "again": new}, "old"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "new"),
        ({"old": PASSWORD, "new": new, "again": "other"}, "again"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "new"),
    ):
        refused = await client.post("/password", data={**form, "csrf": token})
        assert refused.status_code == 422, field
    other = await enter(world)
    changed = await client.post("/password", data={"old": PASSWORD, "new": new, "again": new, "csrf": token})
    assert changed.status_code == 303
    assert (await me(client))["person"] == PERSON
    assert (await other.get("/api/v1/me")).status_code == 401
    with pytest.raises(Refused):
        await sign_in.sign_in(world.database, world.deps.sealer, NAME, PASSWORD)


async def test_what_went_wrong_is_said_as_it_is(world: World) -> None:
    """A wrong password is nothing that is missing; a new one that will not do says why and what would."""
    await with_password(world)
    client = world.client()
    token = await csrf(client)
    wrong = await client.post("/sign-in", data={"csrf": token, "name": NAME, "password": "x"})
    assert "没有登录上" in wrong.text
    assert "还差" not in wrong.text
    client = await enter(world)
    token = await csrf(client, "/password")
    assert "几个不相干的词连起来" in (await client.get("/password", headers={"Accept": "text/html"})).text
    weak = {"old": PASSWORD, "new": "Password2024!", "again": "Password2024!", "csrf": token}
    for language, said, heading in (
        ("zh", "去掉头尾的数字和符号", "密码没有改成"),
        ("en", "Without the digits", "not changed"),
    ):
        client.cookies.set("lang", language)
        refused = await client.post("/password", data=weak)
        assert refused.status_code == 422
        assert said in refused.text
        assert heading in refused.text


@pytest.mark.parametrize(
    ("given", "goes"),
    [
        ("/queue?a=b", "/queue?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_where_to_go_on_is_on_this_site(given: str | None, goes: str) -> None:
    assert after(given) == goes


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("fr, en;q=0.5, zh;q=0.9", "zh"),
        ("en;q=0", "zh"),
        ("zh-CN,en", "zh"),
        ("en;q=x", "zh"),
    ],
)
def test_the_language_that_is_wanted_most(header: str, language: str) -> None:
    assert language_of(header) == language


def test_one_cookie_among_many() -> None:
    assert cookie_of('a=1; lang=en; c="3"', "lang") == "en"
    assert cookie_of("xlang=en", "lang") is None
