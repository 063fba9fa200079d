"""Who is who: sign-in, sessions, seats, tokens, the token of forms, 换个身份."""

import asyncio
import re
from datetime import timedelta

import httpx
import pytest

from dispatch.steps import links, passwords, sign_in
from dispatch.steps.sealing import Sealer
from dispatch.steps.sign_in import FREE_TRIES, Refused
from dispatch.web.auth import after
from dispatch.web.principals import cookie_of
from dispatch.web.security import language_of
from tests.factories import ADMIN, CLERK, DESK, OTHER_CLERK, XF_DEPUTY, ZJ, World, open_world
from tests.web.browsing import HTML

PASSWORD = "correct horse battery"
NAME = "130403011.clerk"
PERSON = CLERK


async def csrf(client: httpx.AsyncClient, page: str = "/sign-in") -> str:
    """The token of a page's form."""
    text = (await client.get(page, headers={"Accept": "text/html"})).text
    found = re.search(r'name="csrf" value="([^"]+)"', text)
    assert found, text[:500]
    return found[1]


async def enter(world: World, password: str = PASSWORD, name: str = NAME) -> httpx.AsyncClient:
    """A browser signed in by name and password."""
    client = world.client()
    token = await csrf(client)
    answer = await client.post("/sign-in", data={"csrf": token, "name": name, "password": password})
    assert answer.status_code == 303, answer.text
    return client


async def with_password(world: World, *, must_change: bool = False) -> None:
    await sign_in.set_password(world.database, world.deps.sealer, PERSON, PASSWORD, must_change=must_change)


async def me(client: httpx.AsyncClient) -> dict[str, object]:
    answer = await client.get("/api/v1/me")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


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


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer wrong", "Basic eDp5", "Bearer \xe9\xff", "bearer " + "x" * 5000]
)
async def test_a_wrong_token_is_a_clear_refusal(world: World, header: str) -> None:
    answer = await world.client().get("/api/v1/me", headers=[(b"authorization", header.encode("latin-1"))])  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_token_ends(world: World) -> None:
    past = await world.as_(CLERK, lasts=timedelta(seconds=-1), fresh=True)
    assert (await past.get("/api/v1/me")).status_code == 401
    client = await world.as_(DESK)
    assert (await client.get("/api/v1/me")).status_code == 200
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE api_token SET revoked_at = $1", await uow.now())
    world.deps.principals.tokens.clear()
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_revoked_token_is_forgotten_without_being_told(demo_url: str) -> None:
    world = await open_world(demo_url, remembered=0.0)
    try:
        client = await world.as_(DESK)
        assert (await client.get("/api/v1/me")).status_code == 200
        async with world.database.transaction() as uow:
            await uow.connection.execute("UPDATE api_token SET revoked_at = $1", await uow.now())
        assert (await client.get("/api/v1/me")).status_code == 401
    finally:
        await world.close()


async def test_a_token_does_what_its_scopes_say(world: World) -> None:
    reader = await world.as_(CLERK, scopes=("read",), fresh=True)
    assert (await reader.get("/api/v1/whistles")).status_code == 200
    for seat, said in (("zh", "这个令牌没有「吹哨」的权限；请换一个令牌"), ("en", "does not allow “Whistle”")):
        refused = await reader.post("/api/v1/whistles", json={"body": "a"}, headers={"accept-language": seat})
        assert refused.status_code == 403
        assert said in refused.json()["detail"]
        assert refused.json()["value"] == "raise", "for programs"
    receipt = await world.raised()
    url = f"/api/v1/whistles/{receipt['number']}/actions/urge"
    refused = await reader.post(url, json={})
    assert (refused.status_code, refused.json()["detail"]) == (403, "这个令牌没有「办理」的权限；请换一个令牌")
    raiser = await world.as_(CLERK, scopes=("raise",), fresh=True)
    assert (await raiser.post("/api/v1/whistles", json={"body": "a"})).status_code == 201
    assert (await raiser.get("/api/v1/whistles")).status_code == 403


@pytest.mark.parametrize(("demo", "leads"), [(True, "/?next=/password"), (False, "/sign-in?next=/password")])
async def test_people_are_led_to_where_they_say_who_they_are(demo_url: str, demo: bool, leads: str) -> None:
    world = await open_world(demo_url, demo=demo)
    try:
        page = await world.client().get("/password", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, leads)
        assert (await me(await world.as_(ADMIN)))["role"] == "administrator"
    finally:
        await world.close()


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


async def stored(world: World) -> str:
    async with world.database.acquire() as connection:
        return str(await connection.fetchval("SELECT password_hash FROM account WHERE person = $1", PERSON))


async def test_a_hash_is_worth_nothing_without_the_secret_key(world: World) -> None:
    await with_password(world)
    hashed = await stored(world)
    assert re.fullmatch(r"[0-9a-f]{8}:\$argon2id\$.*", hashed)
    assert await passwords.verify(Sealer("0" * 32), hashed, PASSWORD)
    assert not await passwords.verify(Sealer("1" * 32), hashed, PASSWORD)
    assert not await passwords.verify(Sealer("1" * 32), f"{Sealer('1' * 32).name}:{hashed[9:]}", PASSWORD)
    assert not await passwords.verify(Sealer("0" * 32), hashed[9:], PASSWORD), "what is hashed is no bare password"


async def test_a_hash_from_before_the_pepper_works_and_is_made_anew_at_sign_in(world: World) -> None:
    await with_password(world)
    old = passwords._hasher.hash(PASSWORD)
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE account SET password_hash = $2 WHERE person = $1", PERSON, old)
    with pytest.raises(Refused):
        await sign_in.sign_in(world.database, world.deps.sealer, NAME, "wrong")
    assert await stored(world) == old
    await sign_in.sign_in(world.database, world.deps.sealer, NAME, PASSWORD)
    fresh = await stored(world)
    assert fresh.startswith(f"{world.deps.sealer.name}:$argon2id$")
    await sign_in.sign_in(world.database, world.deps.sealer, NAME, PASSWORD)
    assert await stored(world) == fresh, "only once"


async def test_an_earlier_secret_key_goes_on_reading_until_each_has_signed_in(world: World) -> None:
    await with_password(world)
    with pytest.raises(Refused):
        await sign_in.sign_in(world.database, Sealer("n" * 32), NAME, PASSWORD)
    await sign_in.sign_in(world.database, Sealer("n" * 32, "x" * 32, "0" * 32), NAME, PASSWORD)
    await sign_in.sign_in(world.database, Sealer("n" * 32), NAME, PASSWORD)


async def test_a_sign_in_page_opened_before_the_key_changed_is_still_taken(world: World) -> None:
    await with_password(world)
    client = world.client()
    given = {"csrf": await csrf(client), "name": NAME, "password": PASSWORD}
    world.deps.secret, world.deps.earlier_secrets = "n" * 32, ("0" * 32,)
    assert (await client.post("/sign-in", data=given, headers=HTML)).status_code == 303
    client.cookies.delete(world.deps.cookie)
    world.deps.earlier_secrets = ()
    assert (await client.post("/sign-in", data=given, headers=HTML)).status_code == 403
