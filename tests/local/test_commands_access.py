"""`password`, `token`, `second-factor` as typed: who gets in, and what is wrong is one line."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.domain.refusals import Forbidden
from dispatch.steps import sign_in
from dispatch.steps.sign_in import Visit
from dispatch.store import second_factors
from dispatch.store.database import Database

DEMO = Path(__file__).parents[2] / "deploy" / "demo"
GIVEN = "ein langes Passwort"


@pytest.fixture
def loaded(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    run("load", DEMO)
    return database


def run(*arguments: object, code: int = 0, typed: str = "") -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments], input=typed)
    assert done.exit_code == code, done.output
    return done.output


async def _tried(url: str, account: str, given: str) -> bool:
    database = await Database.connect(url, size=2)
    try:
        session = await sign_in.sign_in(database, account, given)
        visit = await sign_in.by_session(database, sign_in.digest(session.token))
        return visit is not None and visit.must_change
    finally:
        await database.close()


async def _visit(url: str, token: str) -> Visit | None:
    database = await Database.connect(url, size=2)
    try:
        return await sign_in.by_token(database, sign_in.digest(token))
    finally:
        await database.close()


def test_a_first_password_lets_a_person_in_to_change_it(loaded: str) -> None:
    with pytest.raises(Forbidden):
        asyncio.run(_tried(loaded, "xf.liaison", GIVEN))
    out = run("password", "xf.liaison", typed=f"{GIVEN}\n{GIVEN}\n")
    assert GIVEN not in out
    assert asyncio.run(_tried(loaded, "xf.liaison", GIVEN))


def test_a_token_acts_from_the_seat_of_its_account(loaded: str) -> None:
    made = run("token", "xf.liaison", "--name", "test").split()[0]
    visit = asyncio.run(_visit(loaded, made))
    assert visit is not None
    assert visit.actor.seat == "unit:XF:liaison"


def test_what_is_wrong_is_one_line(loaded: str) -> None:
    assert "没有「nobody」这个账号" in run("token", "nobody", "--name", "x", code=1)
    other = run("token", "xf.liaison", "--name", "x", "--seat", "node:130403:head", code=1)
    assert "unit:XF:liaison" in other
    assert "--seat" in other
    assert "12 到 128" in run("password", "xf.liaison", typed="short\nshort\n", code=1)


async def _bind(url: str) -> None:
    database = await Database.connect(url, size=2)
    try:
        async with database.transaction() as uow:
            now = await uow.now()
            await second_factors.begin(uow, "unit:XF:liaison", b"sealed", now)
            await second_factors.confirm(uow, "unit:XF:liaison", now)
    finally:
        await database.close()


def test_a_lost_authenticator_is_removed(loaded: str) -> None:
    asyncio.run(_bind(loaded))
    assert "已解除绑定" in run("second-factor", "xf.liaison")
    assert "没有绑定" in run("second-factor", "xf.liaison")
    assert "没有「nobody」这个账号" in run("second-factor", "nobody", code=1)
