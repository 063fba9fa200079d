"""On a real database: rests in any order, another policy, another calendar; what was used stays used to the second."""

import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.domain import clocks
from dispatch.steps import load, recompute
from dispatch.steps.why import Why, explain
from dispatch.store import cases, timeline
from tests.domain.cases import DESK, clerk, head, liaison
from tests.factories import DEMO, DISTRICT
from tests.servers import TestPostgres
from tests.steps.test_sweep import Town, town

LEADS = {0: "ZJ", 1: "XF", 2: "JD-130403011", 4: "ZJ"}
SECRETARY = head("130403011")


async def anything(made: Town, dice: random.Random) -> None:
    """Somebody does something to one of the whistles, possible or not."""
    nth = dice.randrange(len(made.ids))
    lead, now = liaison(LEADS.get(nth % 5, "ZJ")), made.clock.now()
    match dice.randrange(7):
        case 0:
            await made.act(nth, lead, "report-in")
        case 1:
            until = now + timedelta(days=dice.randint(1, 12), seconds=dice.randint(0, 59))
            await made.act(nth, lead, "request-hold", reason="等", review_on=until)
            await made.act(nth, SECRETARY, "decide-hold", granted=True)
        case 2:
            await made.act(nth, clerk(), "resume")
        case 3:
            await made.act(nth, lead, "arrive", latitude=36.6, longitude=114.5)
            await made.act(nth, lead, "resolve", reply="好了", reason="不用来")
        case 4:
            await made.act(nth, clerk(), "verify", accepted=False, reason="partly", note="还在漏")
        case 5:
            await made.act(nth, DESK, "merge", into=str((await made.numbers())[(nth + 1) % len(made.ids)]))
        case 6:
            await made.act(nth, DESK, "unmerge")


class Files:
    """The district's files, changed and loaded again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for file in DEMO.glob("*.yaml"):
            shutil.copy(file, folder / file.name)

    async def change(self, made: Town, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")
        service = made.services[0]
        await load.load(service.database, self.folder, "test")
        await service.rules.refresh()
        if name == "calendars.yaml":
            await recompute.apply_calendars(service, DISTRICT)
        else:
            await recompute.apply_policies(service, DISTRICT)


async def explained(made: Town) -> list[tuple[Why, float]]:
    """Every open clock with a limit, and the limit."""
    service, found = made.services[0], []
    async with service.database.acquire() as connection:
        for case in await cases.many(connection, made.ids):
            log = await timeline.events(connection, case.id, case.facts.received_at)
            turn = service.turn(case.facts.district, made.clock.now())
            for clock in case.open_clocks():
                limit = clocks.StagePolicy.of(clock).limit
                late = clock.rung > 0 or (
                    clock.due_at is not None and not clock.running
                )  # a new calendar moves nothing of it
                if limit is None or case.ended or late:
                    continue
                length = clocks.parse(limit).length(turn.calendar(clock.calendar).day).total_seconds()
                found.append((explain(case, clock, log, turn), length))
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_lost_or_given(seed: int, postgres: TestPostgres, demo_database: str, tmp_path: Path) -> None:
    dice, files = random.Random(seed), Files(tmp_path)
    async with town(postgres, demo_database, 2) as made:
        await made.blow(10)
        rested = 0
        for round_ in range(14):
            for _ in range(dice.randint(2, 6)):
                made.clock.advance(timedelta(minutes=dice.randint(1, 90), seconds=dice.randint(0, 59)))
                await anything(made, dice)
            await made.sweep()
            if round_ == 4:
                await files.change(made, "policies.yaml", "limit: 4wh, emergency: 30m", "limit: 7wh, emergency: 50m")
            if round_ == 8:
                off = 'exceptions:\n  - {date: 2026-06-17, day: "off", reason: 停办}\n'
                await files.change(made, "calendars.yaml", "exceptions:\n", off)
            made.clock.advance(timedelta(seconds=1))  # events of one moment are a microsecond apart
            for why, limit in await explained(made):
                rested += any(one.by for one in why.stretches)
                if why.due_at is not None:
                    assert why.before + why.counted == limit, (why.stage, why.unit, why.run)
                elif why.remaining is not None:
                    assert why.before + why.used + why.remaining == pytest.approx(limit, abs=1e-6)
        assert rested > 10
        await made.sound(one_calendar=False)
