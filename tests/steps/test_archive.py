"""Months of the log into files and back: nothing leaves that is needed, what left is told, and nothing is ever lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.steps import archive as step
from dispatch.steps import archive_file
from dispatch.steps.archive_file import Unfit, manifest_path
from dispatch.steps.audit import audit
from dispatch.steps.doctor import examine
from dispatch.steps.prune import prune
from dispatch.store import archives, partitions
from dispatch.store.database import Database
from dispatch.store.migrate import newest
from tests.factories import AUDITOR, TAMPERING, World, open_world
from tests.web.browsing import somebody

SIX_YEARS = timedelta(days=6 * 365)
OPEN = "SELECT id FROM whistle_state WHERE status NOT IN ('closed', 'cancelled', 'merged')"
#: what stands under a whistle, and its column with the whistle's id
UNDER = {
    "whistle_event": "whistle",
    "whistle_clock": "whistle",
    "assignment": "whistle",
    "request": "whistle",
    "whistle_text": "whistle",
    "escalation": "whistle",
    "whistle": "id",
    "whistle_state": "id",
}
#: the whole past; whoever opens the demo's front page raises one more
WHOLE = "SELECT md5(string_agg(e::text, '|' ORDER BY whistle, seq)) FROM whistle_event e WHERE at < clock_timestamp()"


@pytest.fixture
async def later(lived_url: str) -> AsyncIterator[World]:
    """The demo's past in partitions of its months, seven years later."""
    now = datetime.now(UTC)
    world = await open_world(lived_url, virtual=lambda: now + timedelta(days=7 * 365))
    async with world.database.transaction() as uow:
        await uow.connection.execute(f"{TAMPERING}; CREATE TABLE moved AS SELECT * FROM whistle_event")
        await uow.connection.execute("DELETE FROM whistle_event")
    await partitions.ensure(world.database, now - timedelta(days=60), now)
    async with world.database.transaction() as uow:
        await uow.connection.execute("INSERT INTO whistle_event SELECT * FROM moved; DROP TABLE moved")
    yield world
    await world.close()


async def over(world: World) -> None:
    """Nobody works on anything any more, and what is to be erased is."""
    async with world.database.transaction() as uow:
        await uow.connection.execute(f"{TAMPERING}; CREATE TABLE open AS {OPEN}")
        for table, column in UNDER.items():
            await uow.connection.execute(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM open)")
        await uow.connection.execute("DROP TABLE open")
    await prune(world.database)


async def first_month(world: World) -> datetime:
    """The oldest month with rows."""
    return partitions.month_of(await value(world, "SELECT min(at) FROM whistle_event"))


async def value(world: World, sql: str) -> Any:
    async with world.database.acquire() as connection:
        return await connection.fetchval(sql)


async def audited(world: World) -> tuple[int, int]:
    """Differences, and whistles left out."""
    aside: list[int] = []
    found = [one async for one in audit(world.database, aside=aside.append)]
    return len(found), sum(aside)


async def test_a_month_leaves_is_told_and_comes_back(later: World, tmp_path: Path) -> None:
    await over(later)
    before, month = await value(later, WHOLE), await first_month(later)
    assert await audited(later) == (0, 0)
    assert month in await step.old(later.database, SIX_YEARS)

    copied = await step.archive(later.database, month, tmp_path)
    assert copied.manifest is not None
    assert copied.manifest.rows == await value(later, f"SELECT count(*) FROM {partitions.partition_name(month)}") > 0
    assert (await step.archive(later.database, month, tmp_path)).copied is False
    assert await value(later, WHOLE) == before, "a copy takes nothing away"
    file = tmp_path / copied.manifest.file
    assert file.stat().st_mode & 0o077 == 0

    its = f"SELECT whistle FROM {partitions.partition_name(month)}"
    number = await value(later, f"SELECT min(number) FROM whistle WHERE NOT sealed AND id IN ({its})")
    left = await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)
    assert (left.copied, left.detached, left.why) == (False, True, "")
    await _told(later, number, f"{month:%Y-%m}")
    differences, aside = await audited(later)
    assert (differences, aside > 0) == (0, True), "what left is no fault"
    found = [one async for one in examine(later.database, newest())]
    assert [one.well for one in found if "归档" in one.what] == [True]
    again = await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)
    assert (again.detached, again.manifest) == (True, None)
    assert (await partitions.ensure(later.database, month, month)).skipped == [f"{month:%Y-%m}"]

    await step.restore(later.database, file)
    assert await value(later, WHOLE) == before
    assert await audited(later) == (0, 0)
    assert (await later.get(number, seat=AUDITOR))["archived"] == []
    await step.restore(later.database, file)
    assert await value(later, WHOLE) == before


async def _told(world: World, number: int, month: str) -> None:
    """In the API and on the page: no hole, and no deadline explained from half of what happened."""
    assert (await world.get(number, seat=AUDITOR))["archived"] == [month]
    client = await world.as_(AUDITOR)
    why = await client.get(f"/api/v1/whistles/{number}/deadline")
    assert (why.status_code, month in why.json()["detail"]) == (422, True)
    page = await (await somebody(world, AUDITOR)).get(f"/w/{number}")
    assert "这个月的经过已经归档，不在这里显示" in page.html


async def test_what_is_still_needed_stays(later: World, tmp_path: Path) -> None:
    month, before = await first_month(later), await value(later, WHOLE)
    stays = await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)
    assert (stays.copied, stays.detached, "还有" in stays.why) == (True, False, True)
    async with later.database.transaction() as uow:  # all over, but their words are not erased
        await uow.connection.execute("UPDATE whistle_state SET status = 'closed'")
    assert not (await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)).detached
    await prune(later.database)
    assert not (await step.archive(later.database, month, tmp_path, retention=SIX_YEARS * 2)).detached
    assert await value(later, WHOLE) == before
    assert (await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)).detached


class Killed(BaseException):
    """Nothing after this moment is done, and nothing is tidied up by whoever was killed."""


def killing(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """End at the `at`-th time that something is to reach the disk or get its name."""
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise Killed
            return real(*args)

        return call

    for name in ("fsync", "replace"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))


async def test_killed_between_any_two_steps_nothing_is_lost(
    later: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await over(later)
    month, before = await first_month(later), await value(later, WHOLE)
    survived = 0
    for at in range(1, 20):
        folder = tmp_path / str(at)
        try:
            with monkeypatch.context() as patch:
                killing(patch, at)
                await step.archive(later.database, month, folder)
        except Killed:
            survived += 1
        else:
            break
        assert await value(later, WHOLE) == before
        done = await step.archive(later.database, month, folder)
        assert done.manifest is not None
        assert archive_file.verified(folder / done.manifest.file) == done.manifest
    assert done.manifest is not None
    assert survived == 6  # two files: on the disk, named, the name on the disk

    real = archives.detach

    async def killed_after(*args: Any) -> None:
        await real(*args)
        raise Killed

    monkeypatch.setattr(archives, "detach", killed_after)
    with pytest.raises(Killed):
        await step.archive(later.database, month, folder, retention=SIX_YEARS)
    assert await value(later, WHOLE) == before
    assert await value(later, "SELECT count(*) FROM log_archive") == 0
    monkeypatch.setattr(archives, "detach", real)
    left = await step.archive(later.database, month, folder, retention=SIX_YEARS)
    assert left.detached

    async def killed_before(*_args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(archives, "attach", killed_before)
        with pytest.raises(Killed):
            await step.restore(later.database, folder / done.manifest.file)
    assert await value(later, "SELECT count(*) FROM log_archive") == 1
    await step.restore(later.database, folder / done.manifest.file)
    assert await value(later, WHOLE) == before


async def test_a_copy_that_is_not_whole_or_not_the_tables_lets_nothing_go(later: World, tmp_path: Path) -> None:
    await over(later)
    month, before = await first_month(later), await value(later, WHOLE)
    made = await step.archive(later.database, month, tmp_path)
    assert made.manifest is not None
    file = tmp_path / made.manifest.file
    whole = file.read_bytes()
    for broken in (whole[:-9], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], b""):
        file.write_bytes(broken)
        with pytest.raises(Unfit):
            await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)
        with pytest.raises(Unfit):
            await step.restore(later.database, file)
    assert await value(later, WHOLE) == before
    file.write_bytes(whole)
    async with later.database.transaction() as uow:
        name = partitions.partition_name(month)
        await uow.connection.execute(f"DELETE FROM {name} WHERE ctid = (SELECT min(ctid) FROM {name})")
    with pytest.raises(Unfit, match="not what stands in the table"):
        await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)
    manifest_path(file).unlink()
    with pytest.raises(Unfit, match="manifest"):
        await step.restore(later.database, file)


async def test_a_reader_of_the_log_keeps_the_month_there_and_is_not_made_to_wait(later: World, tmp_path: Path) -> None:
    await over(later)
    month = await first_month(later)
    async with later.database.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT * FROM whistle_event LIMIT 1")
        busy = await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)
        assert (busy.detached, "正有人在用" in busy.why) == (False, True)
    assert (await step.archive(later.database, month, tmp_path, retention=SIX_YEARS)).detached


async def test_the_command(database: str, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself it takes what is older than the setting; what is not over it refuses."""
    old = datetime(2019, 3, 5, tzinfo=UTC)
    await partitions.ensure(db, old, old)
    await partitions.ahead(db, datetime.now(UTC))
    async with db.transaction() as uow:
        for seq in range(1, 4):
            await uow.connection.execute(
                "INSERT INTO whistle_event (whistle, seq, at, id, type, data) VALUES ($1, $2, $3, $1, 'noted', $4)",
                uuid4(), seq, old + timedelta(hours=seq), '{"a": "一\\n二\\\\"}',
            )  # fmt: skip
    monkeypatch.setenv("DISPATCH_DATABASE_URL", database)

    async def run(*words: str) -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, app, ["archive", *words])
        return done.exit_code, done.output

    to = ("--to", str(tmp_path))
    code, said = await run(*to)
    assert (code, "2019-03：已写好、读回核对" in said, "3 行" in said) == (0, True, True)
    code, said = await run(*to, "--detach")
    assert (code, "已移出表" in said) == (0, True)
    async with db.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM whistle_event") == 0
    code, said = await run("--restore", str(tmp_path / "whistle_event-2019-03.copy.gz"))
    assert (code, "放回来了" in said) == (0, True)
    async with db.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM whistle_event") == 3
    code, said = await run(*to, "--month", f"{datetime.now(UTC):%Y-%m}", "--detach")
    assert (code, "还没有过完" in said) == (1, True)
    assert (await run(*to, "--month", "2019-13"))[0] == 1
