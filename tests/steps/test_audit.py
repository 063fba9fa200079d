"""The audit: the log of every life amounts to what is stored, and a row that somebody changed is named."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from typer.testing import CliRunner

from dispatch.__main__ import app
from dispatch.local.commands import audit as audit_command
from dispatch.steps import rebuild_acts
from dispatch.steps.audit import Difference, Editions, audit, compare
from dispatch.steps.rebuild import ALONE, FIRED
from dispatch.store import audit as store
from dispatch.store.database import Database
from schemas import lifecycle
from tests.factories import DISTRICT, TAMPERING


async def differences(
    url: str, *, since: datetime | None = None, limit: int | None = None, heard: list[int] | None = None
) -> list[Difference]:
    database = await Database.connect(url, size=1)
    try:
        told = (lambda done, _of: heard.append(done)) if heard is not None else (lambda _done, _of: None)
        return [found async for found in audit(database, since=since, limit=limit, told=told)]
    finally:
        await database.close()


async def test_the_demos_past_in_every_state_has_no_difference(lived_url: str) -> None:
    heard: list[int] = []
    assert await differences(lived_url, heard=heard) == []
    assert heard[-1] > 250


PLANTED = {
    "whistle_state.status": "UPDATE whistle_state SET status = 'closed' WHERE id = $1",
    "whistle_state.version": "UPDATE whistle_state SET version = version + 1 WHERE id = $1",
    "whistle_state.seq": "UPDATE whistle_state SET seq = seq + 1 WHERE id = $1",
    "whistle_state.rung": "UPDATE whistle_state SET rung = 5 WHERE id = $1",
    "whistle_state.lead": "UPDATE whistle_state SET lead = 'CG' WHERE id = $1",
    "whistle_state.last_at": "UPDATE whistle_state SET last_at = last_at - interval '1 us' WHERE id = $1",
    "whistle.category": "UPDATE whistle SET category = '101' WHERE id = $1",
    "whistle.sealed": "UPDATE whistle SET sealed = NOT sealed WHERE id = $1",
    "assignment.status": "UPDATE assignment SET status = 'done' WHERE whistle = $1 AND role = 'lead'",
    "assignment.due_at": "UPDATE assignment SET due_at = due_at + interval '1 s' WHERE whistle = $1 AND role = 'lead'",
    "assignment": "DELETE FROM assignment WHERE whistle = $1 AND role = 'lead'",
    "whistle_clock.due_at": "UPDATE whistle_clock SET due_at = due_at + interval '1 min' WHERE whistle = $1",
    "whistle_clock.fires_at": "UPDATE whistle_clock SET fires_at = NULL WHERE whistle = $1",
    "whistle_clock.rung": "UPDATE whistle_clock SET rung = 2 WHERE whistle = $1 AND rung = 3",
    "whistle_clock.used": "UPDATE whistle_clock SET used = used + interval '1 h' WHERE whistle = $1",
    "whistle_clock.policy": "UPDATE whistle_clock SET policy = replace(policy, '1wd', '2wd') WHERE whistle = $1",
    "whistle_clock": "DELETE FROM whistle_clock WHERE whistle = $1 AND stage = 'handling'",
    "request": "INSERT INTO request SELECT gen_random_uuid(), $1, 1, 'take-over', NULL, 'pending', 'x',"
    " clock_timestamp(), NULL, NULL, '{\"rung\": 5}'",
    "escalation": "DELETE FROM escalation WHERE ctid = (SELECT min(ctid) FROM escalation WHERE whistle = $1)",
    "escalation.due_at": "UPDATE escalation SET due_at = due_at - interval '1 s' WHERE whistle = $1",
    "escalation.at": "UPDATE escalation SET at = at + interval '1 s' WHERE whistle = $1",
    "whistle_event.seq": "DELETE FROM whistle_event WHERE whistle = $1 AND type = 'reported-in'",
    "whistle_event.accountable": "UPDATE whistle_event SET data = data || '{\"accountable\": 4}' WHERE whistle = $1"
    " AND data ->> 'accountable' = '3'",
    "whistle_event.at": "UPDATE whistle_event SET at = at - interval '2 h' WHERE whistle = $1"
    " AND type = 'clock.climbed' AND data ->> 'rung' = '1'",
    "whistle_text": "DELETE FROM whistle_text WHERE whistle = $1",
}


def place(difference: Difference) -> str:
    """Table and column, without which row it is."""
    column = difference.field.rsplit("]", 1)[-1].rsplit(".", 1)[-1]
    return f"{difference.table}.{column}" if column else difference.table


#: none that is already as a planting would make it
VICTIM = """SELECT s.id FROM whistle_state s JOIN whistle w ON w.id = s.id
            WHERE s.rung = 3 AND s.status = 'handling' AND s.lead <> 'CG' AND w.category <> '101'
            AND EXISTS (SELECT FROM whistle_text t WHERE t.whistle = s.id)
            AND EXISTS (SELECT FROM whistle_event e WHERE e.whistle = s.id AND type = 'reported-in') LIMIT 1"""


async def test_each_planted_defect_is_named(lived_url: str) -> None:
    """In one that was signed for, has a note, and is late in handling; each planting is rolled back."""
    database, editions = await Database.connect(lived_url, size=1), Editions()
    missed = {}
    async with database.acquire() as connection:
        victim = await connection.fetchval(VICTIM)
        for where, plant in PLANTED.items():
            planting = connection.transaction()
            await planting.start()
            await connection.execute(TAMPERING)
            done = await connection.execute(plant, victim)
            assert not done.endswith(" 0"), f"{where}: nothing was planted"
            (standing,) = await store.read(connection, [victim])
            await editions.ready(connection, [standing])
            found = {place(one) for one in compare(standing, editions.of(DISTRICT))}
            if where not in found:
                missed[where] = found
            await planting.rollback()
        assert list(compare((await store.read(connection, [victim]))[0], editions.of(DISTRICT))) == []
    await database.close()
    assert missed == {}


async def test_since_and_limit_choose_the_whistles(lived_url: str) -> None:
    heard: list[int] = []
    await differences(lived_url, limit=7, heard=heard)
    assert heard[-1] == 7
    await differences(lived_url, since=datetime.now(UTC) + timedelta(days=1), heard=heard)
    assert heard[-1] == 0


def test_the_command_prints_each_difference_and_leaves_with_one(
    lived_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", lived_url)
    clean = CliRunner().invoke(app, ["audit"])
    assert (clean.exit_code, "与日志一致" in clean.stdout) == (0, True)

    async def spoil() -> int:
        connection = await asyncpg.connect(lived_url)
        number = await connection.fetchval(
            """UPDATE whistle_state s SET outcome = 'self' FROM whistle w
               WHERE w.id = s.id
                 AND s.id = (SELECT min(id::text)::uuid FROM whistle_state WHERE outcome = 'dispatch')
               RETURNING number"""
        )
        await connection.close()
        return int(number)

    number = asyncio.run(spoil())
    broken = CliRunner().invoke(app, ["audit"])
    assert broken.exit_code == 1
    assert f"{number} whistle_state.outcome: stored self, rebuilt dispatch" in broken.stdout


def test_what_the_triggers_did_not_see_is_named_and_counted_anew(
    lived_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", lived_url)

    async def tally() -> None:
        connection = await asyncpg.connect(lived_url)
        await connection.execute("INSERT INTO tally_change VALUES ('queue', 'nobody', '', 7)")
        await connection.close()

    asyncio.run(tally())
    said = CliRunner().invoke(app, ["audit"])
    assert said.exit_code == 1
    assert "queue nobody: kept 7, counted 0" in said.stdout
    assert "计数 1 处不对，重数 dispatch recount" in said.stdout
    assert CliRunner().invoke(app, ["audit", "--limit", "1"]).exit_code == 0, "of some whistles nothing is counted"
    done = [CliRunner().invoke(app, ["recount"]) for _ in range(2)]
    assert [one.exit_code for one in done] == [0, 0]
    assert "queue nobody: kept 7, counted 0" in done[0].stdout
    assert "改正 1 处" in done[0].stdout
    assert "本来就对" in done[1].stdout
    assert CliRunner().invoke(app, ["audit"]).exit_code == 0


def test_every_published_fact_can_be_rebuilt() -> None:
    """A new fact of the rules must be taught to `rebuild`, or the audit stops at it."""
    #: published for a later rule
    reserved = {"accountable.changed", "supervision.ordered"}
    assert lifecycle.FACTS.keys() - reserved == rebuild_acts.ACTS.keys() | FIRED | ALONE


def test_several_processes_find_the_same_at_one_moment(lived_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", lived_url)
    monkeypatch.setattr(audit_command, "SHARE", 120)

    async def spoil() -> None:
        connection = await asyncpg.connect(lived_url)
        await connection.execute("UPDATE whistle_state SET rework = 3 WHERE status = 'closed'")
        await connection.close()

    asyncio.run(spoil())
    said = [CliRunner().invoke(app, ["audit", "--processes", n]) for n in ("1", "2")]
    assert [one.exit_code for one in said] == [1, 1]
    lines = [one.stdout.splitlines() for one in said]
    assert len(lines[0]) > 10
    assert lines[0] == lines[1]
