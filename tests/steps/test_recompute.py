"""A policy applied to open whistles, a calendar loaded: on a real database, told in the log, rebuilt by the audit."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from dispatch.clock import VirtualClock, new_id
from dispatch.domain.case import Clock
from dispatch.domain.stage_policy import StagePolicy
from dispatch.domain.turn import ZONE
from dispatch.steps import casework, escalate, load, recompute, route
from dispatch.steps.audit import audit
from dispatch.steps.intake import Intake
from dispatch.steps.prepare import NewWhistle
from dispatch.steps.rules import Rules
from dispatch.steps.service import Service
from dispatch.store import cases
from dispatch.store.database import Database
from dispatch.store.numbers import Numbers
from tests.domain.calendars import at
from tests.domain.cases import BUILDING, DESK, FIRE_DOOR, RUBBISH, SEEPAGE, STREET, clerk, head, liaison
from tests.factories import DEMO, DISTRICT

START = at("2026-12-28 09:00")


class Town:
    def __init__(self, service: Service, clock: VirtualClock, files: Path, ids: list[UUID]) -> None:
        self.service, self.clock, self.files, self.ids = service, clock, files, ids

    async def change(self, name: str, old: str, new: str) -> None:
        """Another version of one of the district's files."""
        file = self.files / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        await load.load(self.service.database, self.files, "test")
        assert await self.service.rules.refresh()

    async def facts(self) -> list[tuple[str, str]]:
        """Stage and cause of everything computed anew, each with its outbox row."""
        async with self.service.database.acquire() as connection:
            rows = await connection.fetch(
                """SELECT data ->> 'stage' AS stage, data ->> 'cause' AS cause FROM whistle_event
                   WHERE type = 'clock.recomputed'"""
            )
            sent = await connection.fetchval(
                "SELECT count(*) FROM outbox WHERE headers ->> 'ce_type' = 'whistle.clock.recomputed.v1'"
            )
        assert sent == len(rows)
        return [tuple(row.values()) for row in rows]

    async def differences(self) -> list[object]:
        return [one async for one in audit(self.service.database)]


@pytest.fixture
async def town(demo_url: str, tmp_path: Path) -> AsyncIterator[Town]:
    files = tmp_path / "district"
    files.mkdir()
    for file in DEMO.glob("*.yaml"):
        shutil.copy(file, files / file.name)
    clock = VirtualClock(START)
    database = await Database.connect(demo_url, size=4, virtual=clock.now)
    service = Service(database, Rules(database), Numbers(database, "whistle", 10), new_id)
    await service.rules.refresh()
    intake, ids = Intake(service), []
    for text in (SEEPAGE, FIRE_DOOR, RUBBISH, "没有这种事的规则"):
        new = NewWhistle(STREET, text, text, hashlib.sha256(text.encode()).digest(), place=BUILDING)
        ids.append((await intake.raise_(clerk(), new)).id)
    async with database.transaction() as uow:
        await route.route(service, uow, ids, {})
    clock.advance(timedelta(hours=1))
    await casework.act(service, liaison("ZJ"), ids[0], "report-in", {})
    await escalate.sweep(service)
    yield Town(service, clock, files, ids)
    await database.close()


async def test_a_policy_is_applied_to_open_whistles_only_when_asked_and_once(town: Town) -> None:
    await town.change("policies.yaml", "reported: {owner: unit, limit: 4wh", "reported: {owner: unit, limit: 8wh")
    await escalate.sweep(town.service)
    assert await town.facts() == []
    changed = await recompute.apply_policies(town.service, DISTRICT)
    facts = await town.facts()
    assert changed == len(facts) > 0
    assert set(facts) == {("reported", "policy")}
    assert await recompute.apply_policies(town.service, DISTRICT) == 0
    town.clock.advance(timedelta(days=12))
    assert await escalate.sweep(town.service)
    assert await town.differences() == []


async def merged(town: Town) -> UUID:
    """One whistle that was merged into another."""
    whistle, main = town.ids[0], town.ids[2]
    async with town.service.database.acquire() as connection:
        [into] = await cases.many(connection, [main])
    await casework.act(town.service, DESK, whistle, "merge", {"into": str(into.facts.number)})
    return whistle


async def due_of(town: Town, whistle: UUID, stage: str) -> datetime | None:
    async with town.service.database.acquire() as connection:
        [case] = await cases.many(connection, [whistle])
    clock = case.clock(stage)
    assert clock is not None
    return clock.due_at


async def test_what_is_merged_follows_another_policy_too(town: Town) -> None:
    """Its total goes on, the rest of it is at rest and counts on with the new limits once it is set free."""
    whistle = await merged(town)
    before = await due_of(town, whistle, "total")
    assert before is not None
    await town.change("policies.yaml", "total: {owner: none, limit: 20wd", "total: {owner: none, limit: 30wd")
    await town.change("policies.yaml", "reported: {owner: unit, limit: 4wh", "reported: {owner: unit, limit: 8wh")
    assert await recompute.apply_policies(town.service, DISTRICT)
    after = await due_of(town, whistle, "total")
    assert after is not None
    assert after - before >= timedelta(days=10)
    async with town.service.database.acquire() as connection:
        rows = await connection.fetch(
            """SELECT data ->> 'stage', data ->> 'unit', (data ->> 'remaining')::bigint FROM whistle_event
               WHERE type = 'clock.recomputed' AND whistle = $1""",
            whistle,
        )
    seven = 7 * 3600 * 1_000_000
    assert {tuple(row) for row in rows} >= {("total", None, None), ("reported", "SQ-130403011-D01", seven)}
    assert await recompute.apply_policies(town.service, DISTRICT) == 0
    assert await town.differences() == []
    town.clock.advance(timedelta(hours=2))
    await casework.act(town.service, DESK, whistle, "unmerge", {})
    async with town.service.database.acquire() as connection:
        [case] = await cases.many(connection, [whistle])
    clock = case.clock("reported", "SQ-130403011-D01")
    assert clock is not None
    assert clock.due_at is not None
    assert clock.due_at.replace(microsecond=0) == at("2026-12-29 12:00")
    assert await town.differences() == []


async def test_what_is_merged_is_timed_by_a_calendar_that_is_loaded(town: Town) -> None:
    whistle = await merged(town)
    before = await due_of(town, whistle, "total")
    await town.change(
        "calendars.yaml", "exceptions:\n", 'exceptions:\n  - { date: 2026-12-29, day: "off", reason: 停电 }\n'
    )
    assert await recompute.apply_calendars(town.service, DISTRICT)
    after = await due_of(town, whistle, "total")
    assert before is not None
    assert after is not None
    assert after > before
    assert await town.differences() == []


async def test_the_walk_ends_while_whistles_keep_coming_in(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    intake, batch, walked = Intake(town.service), recompute._batch, list[UUID]()

    async def one_more_meanwhile(service: Service, ids: Sequence[UUID], *rest: Any) -> int:
        walked.extend(ids)
        assert len(walked) < 50, "it runs after what comes in"
        town.clock.advance(timedelta(seconds=20))
        key = f"meanwhile-{len(walked)}"
        await intake.raise_(clerk(), NewWhistle(STREET, FIRE_DOOR, key, key.encode(), place=BUILDING))
        return await batch(service, ids, *rest)

    monkeypatch.setattr(recompute, "BATCH", 1)
    monkeypatch.setattr(recompute, "_batch", one_more_meanwhile)
    await recompute.apply_policies(town.service, DISTRICT)
    assert set(town.ids) < set(walked)


async def test_a_year_that_is_published_moves_provisional_deadlines(town: Town) -> None:
    assert await recompute.apply_calendars(town.service, DISTRICT) == 0
    new_year = "exceptions:\n  - {date: 2027-01-01, day: holiday, reason: 元旦}\n"
    await town.change("calendars.yaml", "exceptions:\n", new_year)
    await town.change("calendars.yaml", "published: []", "published: [2027]")
    changed = await recompute.apply_calendars(town.service, DISTRICT)
    facts = await town.facts()
    assert changed == len(facts) > 0
    assert {cause for _, cause in facts} == {"calendar"}
    assert {"total", "handling"} & {stage for stage, _ in facts}
    assert await recompute.apply_calendars(town.service, DISTRICT) == 0
    assert await town.differences() == []
    for _ in range(10):
        town.clock.advance(timedelta(days=2))
        await escalate.sweep(town.service)
    assert await town.differences() == []


async def test_a_day_off_that_is_told_too_late_takes_nothing_back(town: Town) -> None:
    """The day is over and was counted: what is used stays used, in a fresh run."""
    town.clock.advance(timedelta(days=1))
    await escalate.sweep(town.service)
    off = 'exceptions:\n  - { date: 2026-12-28, day: "off", reason: 停水 }\n'
    await town.change("calendars.yaml", "exceptions:\n", off)
    assert await recompute.apply_calendars(town.service, DISTRICT)
    async with town.service.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT data FROM whistle_event WHERE type = 'clock.recomputed' AND (data ->> 'carried')::boolean"
        )
        runs = await connection.fetchval("SELECT max(run) FROM whistle_clock")
    assert rows
    assert runs == 2
    assert await town.differences() == []


async def test_what_rests_before_its_turn_to_be_computed_anew_keeps_what_was_left(town: Town) -> None:
    """The day is declared off at ten, and before deadlines are computed anew a whistle of four hours is suspended."""
    whistle, unit = town.ids[2], "JD-130403011"
    off = 'exceptions:\n  - { date: 2026-12-28, day: "off", reason: 停水 }\n'
    await town.change("calendars.yaml", "exceptions:\n", off)
    review = town.clock.now() + timedelta(days=20)
    await casework.act(town.service, liaison(unit), whistle, "request-hold", {"reason": "等料", "review_on": review})
    done = await casework.act(town.service, head(STREET), whistle, "decide-hold", {"granted": True})
    handling = done.case.clock("handling")
    assert handling is not None
    assert handling.remaining == timedelta(hours=3)
    town.clock.advance(timedelta(hours=1))
    await recompute.apply_calendars(town.service, DISTRICT)
    done = await casework.act(town.service, clerk(), whistle, "resume", {})
    handling = done.case.clock("handling")
    assert handling is not None
    assert handling.due_at == at("2026-12-29 11:30")
    assert await town.differences() == []


async def climbed(town: Town, whistle: UUID, unit: str) -> Clock:
    """The unit's clock for reporting in, once it waits for its next climb or reminder in working time."""
    for _ in range(40):
        async with town.service.database.acquire() as connection:
            [case] = await cases.many(connection, [whistle])
        clock = case.clock("reported", unit)
        assert clock is not None
        if clock.rung and (clock.mark == "remind" or "w" in StagePolicy.of(clock).waits[clock.rung]):
            return clock
        assert clock.fires_at is not None
        town.clock.advance(max(clock.fires_at - town.clock.now(), timedelta()))
        await escalate.sweep(town.service)
    raise AssertionError("it never climbed")


@pytest.mark.parametrize("days", [0, 5])
async def test_a_wait_counts_on_the_districts_calendar_anew_where_the_unit_works_round_the_clock(
    town: Town, days: int
) -> None:
    """Only the district's calendar changes: the unit's deadline stays, the way to the next rung is as long as before.

    After five days the total has run out, and the other units came: no clock that could change counts on the district's
    calendar itself.
    """
    for unit in ("ZJ", "JD-130403011") if days else ():
        await casework.act(town.service, liaison(unit), town.ids[1], "arrive", {"latitude": 36.6, "longitude": 114.5})
    for _ in range(days):
        town.clock.advance(timedelta(days=1))
        await escalate.sweep(town.service)
    whistle, old = town.ids[1], town.service.rules.of(DISTRICT).calendars["district"]
    before = await climbed(town, whistle, "XF")
    assert before.calendar.startswith("always@")
    assert before.fires_at is not None
    wait, day = old.worked(town.clock.now(), before.fires_at), before.fires_at.astimezone(ZONE).date()
    assert wait
    off = f'exceptions:\n  - {{ date: {day}, day: "off", reason: 停电 }}\n'
    await town.change("calendars.yaml", "exceptions:\n", off)
    new = town.service.rules.of(DISTRICT).calendars["district"]
    assert await recompute.apply_calendars(town.service, DISTRICT)
    after = await climbed(town, whistle, "XF")
    assert (after.rung, after.mark, after.due_at, after.calendar) == (
        before.rung,
        before.mark,
        before.due_at,
        before.calendar,
    )
    assert after.fires_at is not None
    assert after.fires_at.astimezone(ZONE).date() > day
    assert new.worked(town.clock.now(), after.fires_at) == wait
    assert ("reported", "calendar") in await town.facts()
    assert await recompute.apply_calendars(town.service, DISTRICT) == 0
    assert await town.differences() == []
    town.clock.advance(after.fires_at - town.clock.now())
    await escalate.sweep(town.service)
    assert await recompute.apply_calendars(town.service, DISTRICT) == 0
    assert await town.differences() == []


async def test_a_denied_arrival_counts_on_the_calendar_in_force_after_a_restart_too(town: Town) -> None:
    """Signed at ten with three hours left; the afternoon is declared off; nobody came after all.

    Whatever elapses day and night would keep the calendar before in use: the emergency is called off, the handling
    rests.
    """
    await casework.act(town.service, DESK, town.ids[1], "cancel", {"reason": "误报"})
    afternoon = 'exceptions:\n  - { date: 2026-12-28, hours: ["08:30-12:00"], reason: 停电 }\n'
    await town.change("calendars.yaml", "exceptions:\n", afternoon)
    assert await recompute.apply_calendars(town.service, DISTRICT)
    database, act = town.service.database, casework.act
    review = town.clock.now() + timedelta(days=9)
    await act(town.service, liaison("ZJ"), town.ids[0], "request-hold", {"reason": "等料", "review_on": review})
    await act(town.service, head(STREET), town.ids[0], "decide-hold", {"granted": True})
    again = Service(database, Rules(database), Numbers(database, "whistle", 10), new_id)
    await again.rules.refresh()
    await act(again, clerk(), town.ids[0], "resume", {})
    await act(again, liaison("ZJ"), town.ids[0], "arrive", {"note": "到了"})
    done = await act(again, clerk(), town.ids[0], "deny-arrival", {"unit": "ZJ"})
    clock = done.case.clock("reported", "ZJ")
    assert clock is not None
    assert clock.due_at is not None
    assert clock.due_at.replace(microsecond=0) == at("2026-12-29 09:30")
    assert await recompute.apply_calendars(again, DISTRICT) == 0
    assert await town.differences() == []


@pytest.mark.parametrize("both", [False, True], ids=["the district's alone", "the unit's too"])
async def test_a_wait_that_rests_before_its_turn_keeps_what_was_left(town: Town, both: bool) -> None:
    """The unit works round the clock, the wait counts on the district's calendar, which was replaced a moment ago."""
    whistle, old = town.ids[1], town.service.rules.of(DISTRICT).calendars["district"]
    before = await climbed(town, whistle, "XF")
    assert before.fires_at is not None
    wait, day = old.worked(town.clock.now(), before.fires_at), before.fires_at.astimezone(ZONE).date()
    off = f'exceptions:\n  - {{ date: {day}, day: "off", reason: 停电 }}\n'
    if both:
        await town.change("calendars.yaml", "zone: Asia/Shanghai", "zone: Asia/Chongqing")
    await town.change("calendars.yaml", "exceptions:\n", off)
    review = town.clock.now() + timedelta(days=20)
    await casework.act(town.service, liaison("XF"), whistle, "request-hold", {"reason": "等料", "review_on": review})
    done = await casework.act(town.service, head(STREET), whistle, "decide-hold", {"granted": True})
    resting = done.case.clock("reported", "XF")
    assert resting is not None
    assert resting.fires_in is not None
    assert abs(resting.fires_in - wait) < timedelta(seconds=1)  # the moments between these acts
    assert resting.waits_on is None
    await recompute.apply_calendars(town.service, DISTRICT)
    done = await casework.act(town.service, clerk(), whistle, "resume", {})
    going, new = done.case.clock("reported", "XF"), town.service.rules.of(DISTRICT).calendars["district"]
    assert going is not None
    assert going.fires_at is not None
    assert going.waits_on == new.name != old.name
    assert abs(new.worked(town.clock.now(), going.fires_at) - wait) < timedelta(seconds=1)
    assert await town.differences() == []


async def test_a_wait_from_before_its_calendar_was_kept_counts_on_the_one_in_force(town: Town) -> None:
    before = await climbed(town, town.ids[1], "XF")
    async with town.service.database.acquire() as connection:  # as the migration left it
        await connection.execute("UPDATE whistle_clock SET waits_on = '' WHERE id = $1", before.id)
    assert await town.differences() == []
    await recompute.apply_calendars(town.service, DISTRICT)
    assert await town.differences() == []
    await casework.act(town.service, liaison("XF"), town.ids[1], "arrive", {"latitude": 36.6, "longitude": 114.5})
    assert await town.differences() == []
