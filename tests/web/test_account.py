"""Where I am signed in: seen with its device, ended one by one, all others, everywhere."""

import pytest

from dispatch.steps import sign_in
from dispatch.web.device import device_of
from tests.factories import CLERK, OTHER_CLERK, World
from tests.web.browsing import Page, Person, somebody

PASSWORD = "correct horse battery"
PHONE = "Mozilla/5.0 (Linux; Android 12; HarmonyOS) AppleWebKit/537.36 Chrome/114.0 MicroMessenger/8.0 Mobile"
DESKTOP = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0"


async def entered(world: World, agent: str) -> Person:
    """A browser of this kind, signed in by name and password."""
    made = Person(world, world.client())
    made.client.headers["user-agent"] = agent
    page = await made.get("/sign-in")
    page = await made.send(page.form("/sign-in"), name="130403011.clerk", password=PASSWORD)
    assert page.status == 200, page.text
    return made


async def known(person: Person) -> bool:
    return (await person.client.get("/api/v1/me")).status_code == 200


def ends(page: Page) -> list[str]:
    return [form.value("session") for form in page.forms if form.action == "/account/sessions/end"]


async def test_each_place_is_seen_and_ended(world: World) -> None:
    await sign_in.set_password(world.database, world.deps.sealer, CLERK, PASSWORD, must_change=False)
    phone, desktop, third = [await entered(world, agent) for agent in (PHONE, DESKTOP, "curl/8")]
    page = await phone.get("/account")
    assert "微信・鸿蒙" in page.text
    assert "Edge・Windows" in page.text
    assert "认不出的设备" in page.text
    assert len(ends(page)) == 2
    form = next(form for form in page.forms if form.value("session") in ends(page))
    await phone.send(form)
    assert sorted([await known(desktop), await known(third)]) == [False, True]
    assert (await phone.send(form)).status == 404
    page = await phone.get("/account")
    await phone.send(page.form("/account/sessions/others"))
    assert [await known(desktop), await known(third), await known(phone)] == [False, False, True]
    await phone.send((await phone.get("/account")).form("/sign-out/everywhere"))
    assert not await known(phone)
    async with world.database.acquire() as connection:
        noted = [row[0] for row in await connection.fetch("SELECT action FROM administration_log ORDER BY at")]
    assert noted == ["session-ended", "sessions-ended", "sessions-ended"]


@pytest.mark.parametrize("given", ["", "zz", "00" * 32])
async def test_another_ones_session_is_not_there(world: World, given: str) -> None:
    one, other = await somebody(world, CLERK), await somebody(world, OTHER_CLERK)
    async with world.database.acquire() as connection:
        theirs = await connection.fetchval("SELECT token_sha256 FROM web_session WHERE person = $1", OTHER_CLERK)
    page = await one.get("/account")
    for session in (given, theirs.hex()):
        token = page.forms[-1].value("csrf")
        answer = await one.client.post("/account/sessions/end", data={"csrf": token, "session": session})
        assert answer.status_code == 404
    assert await known(other)


@pytest.mark.parametrize(("agent", "said"), [(PHONE, "微信・鸿蒙"), (DESKTOP, "Edge・Windows"), ("", ""), ("x", "")])
def test_a_device_in_two_words(agent: str, said: str) -> None:
    assert device_of(agent) == said
