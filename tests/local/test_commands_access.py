"""`password`, `token`, `second-factor` as typed: who gets in, and what is wrong is one line."""

import asyncio
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.steps import links, sign_in
from dispatch.steps.links import Gone
from dispatch.steps.sign_in import Visit
from dispatch.store import second_factors
from dispatch.store.database import Database

DEMO = Path(__file__).parents[2] / "deploy" / "demo"


@pytest.fixture
def loaded(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)
    run("load", DEMO)
    return database


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done.output


def token_in(out: str) -> str:
    """The one-time link's own part of what was printed."""
    return re.search(r"^http://127\.0\.0\.1:8000/sign-in/link/(\S+)$", out, re.M)[1]  # type: ignore[index]


async def _tried(url: str, token: str) -> bool:
    database = await Database.connect(url, size=2)
    try:
        session = await links.use(database, token)
        assert isinstance(session, sign_in.Session)
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


def test_a_link_lets_a_person_in_once_to_set_the_first_password(loaded: str) -> None:
    earlier, out = run("password", "xf.liaison"), run("password", "xf.liaison")
    assert asyncio.run(_tried(loaded, token_in(out)))
    for gone in (out, earlier):
        with pytest.raises(Gone):
            asyncio.run(_tried(loaded, token_in(gone)))


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
    assert "没有「nobody」这个账号" in run("password", "nobody", code=1)


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
