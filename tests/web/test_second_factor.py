"""Authenticator and recovery codes: the standard's own values, each code once, who must have one."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from dispatch.steps import second_factor, sign_in
from dispatch.steps.sealing import Sealer, Unreadable
from dispatch.steps.second_factor import WrongCode, code_at, matching_step, step_of
from dispatch.steps.sign_in import CodeNeeded
from tests.factories import ADMIN, CLERK, World, open_world
from tests.web.browsing import HTML, Page, Person

PASSWORD = "correct horse battery"
NAMES = {CLERK: "130403011.clerk", ADMIN: "130403.administrator"}


class Clock:
    """The moment that the database of this test says it is."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 15, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def on(self, **more: float) -> None:
        self.now += timedelta(**more)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def guarded(demo_url: str, clock: Clock) -> AsyncIterator[World]:
    """Outside the demo; administrators must have a second factor."""
    made = await open_world(demo_url, virtual=clock, demo=False, factor_roles=frozenset({"administrator"}))
    for person in (CLERK, ADMIN):
        await sign_in.set_password(made.database, made.deps.sealer, person, PASSWORD, must_change=False)
    yield made
    await made.close()


async def enter(world: World, seat: str = CLERK) -> tuple[Person, Page]:
    """A browser that gave name and password, and where that led."""
    made = Person(world, world.client())
    page = await made.get("/sign-in")
    return made, await made.send(page.form("/sign-in"), name=NAMES[seat], password=PASSWORD)


async def enrolled(world: World, seat: str = CLERK) -> tuple[Person, str, list[str]]:
    """Somebody with an authenticator: browser, secret, recovery codes."""
    person, _page = await enter(world, seat)
    page = await person.send((await person.get("/account/second-factor")).form("/account/second-factor"))
    secret = "".join(re.findall(r"<b>((?:[A-Z2-7]{4} ?){8})</b>", page.html)[0].split())
    code = code_at(secret, step_of(await world.database.now()))
    page = await person.send(page.form("/account/second-factor"), code=code, password=PASSWORD)
    codes = re.findall(r"<code>([^<]+)</code>", page.html)
    assert len(codes) == second_factor.RECOVERY_CODES, page.text
    return person, secret, codes


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_values_of_rfc_6238(seconds: int, code: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # 12345678901234567890
    moment = datetime.fromtimestamp(seconds, UTC)
    assert code_at(secret, step_of(moment)) == code[-6:]
    assert matching_step(secret, code[-6:], moment) == step_of(moment)
    assert matching_step(secret, code[-6:], moment + timedelta(seconds=90)) is None


def test_a_secret_is_read_with_its_key_and_for_its_owner_only() -> None:
    sealer = Sealer("0" * 32)
    sealed = sealer.seal("ABC", "one")
    assert sealer.open(sealed, "one") == ("ABC", True)
    for other, owner in ((sealer, "two"), (Sealer("1" * 32), "one")):
        with pytest.raises(Unreadable):
            other.open(sealed, owner)


async def test_signing_in_takes_a_code_and_each_code_once(guarded: World, clock: Clock) -> None:
    _person, secret, _codes = await enrolled(guarded)
    async with guarded.database.acquire() as connection:
        stored = await connection.fetchval("SELECT secret FROM second_factor")
    assert secret.encode() not in stored
    person, page = await enter(guarded)
    assert page.path == "/sign-in/code"
    assert (await person.client.get("/api/v1/me")).status_code == 401
    used = code_at(secret, step_of(clock.now))
    refused = (await person.send(page.form("/sign-in/code"), code=used)).text
    assert "已经用过" in refused
    assert "换一个恢复码" in refused
    clock.on(seconds=30)
    done = await person.send(page.form("/sign-in/code"), code=" ".join(code_at(secret, step_of(clock.now))))
    assert done.path != "/sign-in/code", done.text
    assert (await person.client.get("/api/v1/me")).json()["person"] == CLERK
    another, page = await enter(guarded)
    code = code_at(secret, step_of(clock.now))
    assert (await another.send(page.form("/sign-in/code"), code=code)).status == 403


async def test_of_many_with_one_code_one_gets_in(guarded: World, clock: Clock) -> None:
    _person, secret, _codes = await enrolled(guarded)
    clock.on(seconds=60)
    code = code_at(secret, step_of(clock.now))
    waiting = [await sign_in.sign_in(guarded.database, guarded.deps.sealer, NAMES[CLERK], PASSWORD) for _ in range(3)]
    tokens = [one.token for one in waiting if isinstance(one, CodeNeeded)]
    sealer = guarded.deps.sealer
    tries = (second_factor.finish(guarded.database, sealer, token, code) for token in tokens)
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(isinstance(result, WrongCode) for result in results) == [False, True, True]


async def test_a_known_password_gives_no_tries_without_end(guarded: World, clock: Clock) -> None:
    _person, secret, codes = await enrolled(guarded)
    clock.on(minutes=5)
    made = None
    for _ in range(sign_in.FREE_TRIES):
        made = await sign_in.sign_in(guarded.database, guarded.deps.sealer, NAMES[CLERK], PASSWORD)
        assert isinstance(made, CodeNeeded)
        with pytest.raises(WrongCode):
            await second_factor.finish(guarded.database, guarded.deps.sealer, made.token, "000000")
    assert made is not None
    with pytest.raises(sign_in.Refused):
        await sign_in.sign_in(guarded.database, guarded.deps.sealer, NAMES[CLERK], PASSWORD)
    good = code_at(secret, step_of(clock.now))
    with pytest.raises(WrongCode):
        await second_factor.finish(guarded.database, guarded.deps.sealer, made.token, good)
    clock.on(minutes=1)  # the first lock is over, the second would be longer
    again = await sign_in.sign_in(guarded.database, guarded.deps.sealer, NAMES[CLERK], PASSWORD)
    assert isinstance(again, CodeNeeded)
    await second_factor.finish(guarded.database, guarded.deps.sealer, again.token, codes[0])


async def test_the_second_half_waits_ten_minutes_and_counts_once(guarded: World, clock: Clock) -> None:
    _person, secret, codes = await enrolled(guarded)
    person, page = await enter(guarded)
    clock.on(minutes=11)
    late = await person.send(page.form("/sign-in/code"), code=code_at(secret, step_of(clock.now)))
    assert "从账号和密码重新来" in late.text
    assert late.form("/sign-in").value("csrf")
    person, page = await enter(guarded)
    await person.send(page.form("/sign-in/code"), code=codes[0])
    assert (await person.get("/sign-in/code")).path == "/sign-in"


async def test_a_recovery_code_works_once_however_it_is_typed(guarded: World, clock: Clock) -> None:
    _person, secret, codes = await enrolled(guarded)
    async with guarded.database.acquire() as connection:
        kept = [row[0] for row in await connection.fetch("SELECT sha256 FROM recovery_code")]
    assert codes[0].encode() not in kept
    for code, works in ((codes[0].upper().replace("-", " "), True), (codes[0], False), (codes[1], True)):
        person, page = await enter(guarded)
        page = await person.send(page.form("/sign-in/code"), code=code)
        assert (page.status == 200) is works, page.text
    assert "恢复码还剩 8 个" in (await person.get("/account")).text
    clock.on(minutes=1)
    page = await person.get("/account/second-factor/codes")
    code = code_at(secret, step_of(clock.now))
    page = await person.send(page.form("/account/second-factor/codes"), code=code)
    fresh = re.findall(r"<code>([^<]+)</code>", page.html)
    person, page = await enter(guarded)
    assert (await person.send(page.form("/sign-in/code"), code=codes[2])).status == 403
    assert (await person.send(page.form("/sign-in/code"), code=fresh[0])).status == 200


async def test_whose_role_must_have_one_gets_nowhere_without(guarded: World, clock: Clock) -> None:
    person, page = await enter(guarded, ADMIN)
    assert page.path == "/account/second-factor"
    assert "要求绑定" in page.text
    for path in ("/home", "/account", "/account/second-factor/off"):
        assert (await person.get(path)).path == "/account/second-factor"
    refused = await person.client.get("/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "second-factor-needed")
    csrf = page.forms[-1].value("csrf")
    raised = await person.client.post("/api/v1/whistles", json={"body": "a"}, headers={"X-CSRF-Token": csrf})
    assert (raised.status_code, raised.json()["code"]) == (403, "second-factor-needed")
    person, secret, _codes = await enrolled(guarded, ADMIN)
    assert (await person.client.get("/api/v1/me")).status_code == 200
    clock.on(minutes=1)
    page = await person.get("/account/second-factor/off")
    code = code_at(secret, step_of(clock.now))
    page = await person.send(page.form("/account/second-factor/off"), code=code)
    assert page.path == "/account/second-factor"
    assert (await person.client.get("/api/v1/me")).status_code == 403
    assert (await (await enter(guarded, CLERK))[0].get("/home")).path == "/whistle"


async def test_binding_asks_for_the_password_and_the_right_code(guarded: World) -> None:
    person, _page = await enter(guarded)
    page = await person.send((await person.get("/account/second-factor")).form("/account/second-factor"))
    secret = "".join(re.findall(r"<b>((?:[A-Z2-7]{4} ?){8})</b>", page.html)[0].split())
    code = code_at(secret, step_of(await guarded.database.now()))
    form = page.form("/account/second-factor")
    assert "密码不对" in (await person.send(form, code=code, password="wrong")).text
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert "验证码不对" in (await person.send(form, code=wrong, password=PASSWORD)).text
    assert (await person.send(form, code=code, password=PASSWORD)).text.count("只显示这一次") == 1
    assert "没有等着确认" in (await person.send(form, code=code, password=PASSWORD)).text
    async with guarded.database.acquire() as connection:
        actions = await connection.fetch("SELECT action, subject FROM administration_log")
    assert [tuple(row) for row in actions] == [("second-factor-on", CLERK)]


async def test_what_is_not_theirs_to_send_is_refused_clearly(guarded: World) -> None:
    client: httpx.AsyncClient = guarded.client()
    for path in ("/account", "/account/second-factor", "/account/second-factor/off", "/account/second-factor/codes"):
        assert (await client.get(path, headers=HTML)).status_code == 303, path
    for path in ("/account/sessions/end", "/account/sessions/others", "/account/second-factor", "/sign-in/code"):
        assert (await client.post(path, data={"csrf": "forged"})).status_code in (401, 403), path


async def test_an_administrator_gives_a_code_before_a_link_is_made(guarded: World, clock: Clock) -> None:
    admin, secret, _codes = await enrolled(guarded, ADMIN)
    url = f"/admin/people/{CLERK}"
    form = (await admin.get(url)).form(f"{url}/link")
    page = await admin.send(form, **{"proof-link": PASSWORD})
    assert (page.status, "验证码不对" in page.text) == (422, True), "the password is not enough"
    clock.on(seconds=30)
    page = await admin.send(form, **{"proof-link": code_at(secret, step_of(clock.now))})
    assert "只显示这一次" in page.text


async def test_a_secret_sealed_with_an_earlier_key_is_sealed_anew_when_a_code_is_given(
    guarded: World, clock: Clock
) -> None:
    _person, secret, _codes = await enrolled(guarded)
    clock.on(seconds=60)
    later = Sealer("n" * 32, "0" * 32)
    async with guarded.database.acquire() as connection:
        before = await connection.fetchval("SELECT secret FROM second_factor")
    assert later.open(before, CLERK) == (secret, False)
    await second_factor.check(guarded.database, later, CLERK, code_at(secret, step_of(clock.now)))
    async with guarded.database.acquire() as connection:
        after = await connection.fetchval("SELECT secret FROM second_factor")
    assert Sealer("n" * 32).open(after, CLERK) == (secret, True)
