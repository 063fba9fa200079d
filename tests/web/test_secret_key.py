"""Hashes and sign-in pages beside the secret key: with none, with an earlier one, with another."""

import re

import pytest

from dispatch.steps import passwords, sign_in
from dispatch.steps.sealing import Sealer
from dispatch.steps.sign_in import Refused
from tests.factories import World
from tests.web.browsing import HTML
from tests.web.entering import NAME, PASSWORD, PERSON, csrf, with_password


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
