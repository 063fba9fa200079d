"""Whatever the database's clock does, the town takes the steps of one whose clock is right."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from dispatch.steps.audit import audit
from dispatch.store import clock_watch
from tests.chaos import checker, evidence
from tests.servers import TestPostgres
from tests.steps.shifted import Step, Town, founded
from tests.web.conftest import copied

T = TypeVar("T")
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
#: as promised: clocks may part by so much between two looks; one that has not jumped again for so long is believed
ALLOWED, STEADY = MINUTE, 10 * MINUTE
#: beyond what clocks may part by: a little, hours, days
FAR = st.builds(
    lambda seconds, sign: seconds * sign * SECOND,
    st.one_of(st.integers(61, 150), st.integers(300, 20_000), st.integers(20_000, 700_000)),
    st.sampled_from([1, -1]),
)
#: what a clock may be wrong by without anybody noticing, however it came to it
NEAR = 30
SCHEDULERS = st.sampled_from(range(3))


class Host:
    """A scheduler: how long its machine has been up (seconds), and how wrong its wall clock is."""

    def __init__(self, town: Town, up: float, wall: timedelta = timedelta()) -> None:
        self.town, self.wall = town, wall
        self.guard = town.another(up)
        self.service = replace(town.service, new_id=lambda: town.id_made(self.wall))

    async def sweep(self) -> int:
        return await self.town.sweep(self.guard, self.service)


class Pair:
    """A town whose database's clock jumps, and one whose clock is right, driven from outside any loop."""

    def __init__(self, postgres: TestPostgres, demo_database: str) -> None:
        self.runner = asyncio.Runner()
        self._open = self._opened(postgres, demo_database)
        self.town, self.right = self.run(anext(self._open))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @staticmethod
    async def _opened(postgres: TestPostgres, demo_database: str) -> AsyncIterator[tuple[Town, Town]]:
        async with (
            copied(postgres, demo_database) as url, founded(url) as town,
            copied(postgres, demo_database) as other_url, founded(other_url) as right,
        ):  # fmt: skip
            yield town, right

    def close(self) -> None:
        self.run(self._open.aclose())  # type: ignore[attr-defined]
        self.runner.close()


class Schedule(RuleBasedStateMachine):
    """Time passes, the clock jumps, three schedulers sweep, start anew and have wall clocks of their own.

    Each looks at the clock as soon as anything has happened to it, as it does every second, one before the other. As
    long as nobody believes a wrong clock, the town takes its steps as the one beside it does, and none before it.
    """

    pair: ClassVar[Pair]

    @initialize(careful=st.booleans())
    def begin(self, careful: bool) -> None:
        """`careful`: whoever confirms has looked, and a wrong clock is put right before it is believed for its age."""
        self.careful = careful
        self.town, self.right = self.pair.town, self.pair.right
        for each in (self.town, self.right):
            self.pair.run(each.begin())
        self.hosts = [Host(self.town, up) for up in (0.0, 1e7, 5.0)]
        self.jumped: datetime | None = None
        self.confirmed = self.misled = False
        self.taken = set[Step]()
        self.looked(range(3))

    @property
    def wrong(self) -> bool:
        return abs(self.town.off) > NEAR * SECOND

    @property
    def held(self) -> bool:
        """Whether the last jump is neither confirmed nor old enough."""
        return self.jumped is not None and not self.confirmed and self.town.shows - self.jumped < STEADY

    def looked(self, order: Any) -> None:
        """Every scheduler looks at the clock, and all of them say the same."""
        for one in order:
            assert self.pair.run(self.hosts[one].guard.steady()) is not self.held
            assert (self.town.told[-1] != 0) is self.held
        self.misled = self.misled or (self.wrong and not self.held)

    def moved(self, by: timedelta, order: list[int]) -> None:
        """The database's clock jumps: it is noted once, by whoever looks first; a small step is not."""
        self.pair.run(self.town.shift(by))
        shows, noted = self.town.shows, len(self.town.noted)
        far = abs(by) > ALLOWED or (self.jumped is not None and shows < self.jumped - ALLOWED)
        if far:
            self.jumped, self.confirmed = shows, False
        self.looked(order)
        assert [jump.at for jump in self.town.noted[noted:]] == [shows] * far
        assert not far or (self.town.noted[-1].by > timedelta()) is (by > timedelta())

    def stepped(self, steps: int) -> None:
        """What a sweep took, the punctual town has taken by now; give or take what clocks may part by."""
        fired = self.pair.run(self.town.fired())
        assert len(fired - self.taken) == steps
        assert not steps or not self.held
        self.taken = fired
        if not self.misled:
            self.pair.run(self.right.punctual(self.town.passed + ALLOWED))
            assert fired <= self.pair.run(self.right.fired())

    @precondition(lambda self: self.town.passed < 5 * 60 * MINUTE and not (self.careful and self.wrong))
    @rule(minutes=st.integers(1, 40), order=st.permutations(range(3)))
    def time_passes(self, minutes: int, order: list[int]) -> None:
        self.pair.run(self.town.shift(minutes * MINUTE, passing=True))
        self.looked(order)

    @precondition(lambda self: self.wrong and self.held and self.town.shows + 4 * MINUTE - self.jumped < STEADY)
    @rule(minutes=st.integers(1, 4), order=st.permutations(range(3)))
    def time_passes_by_a_wrong_clock(self, minutes: int, order: list[int]) -> None:
        self.pair.run(self.town.shift(minutes * MINUTE, passing=True))
        self.looked(order)

    @rule(by=FAR, order=st.permutations(range(3)))
    def jumps(self, by: timedelta, order: list[int]) -> None:
        self.moved(by, order)

    @rule(by=FAR, order=st.permutations(range(3)), one=SCHEDULERS, up=st.floats(0, 1e7))
    def jumps_while_a_scheduler_is_down(self, by: timedelta, order: list[int], one: int, up: float) -> None:
        """It has nothing to hold the clock against; but one that went back to before the jump noted last shows."""
        self.hosts[one] = Host(self.town, up, self.hosts[one].wall)
        back = self.jumped is not None and self.town.shows + by < self.jumped - ALLOWED
        self.moved(by, order if back else sorted(order, key=lambda each: each == one))

    @precondition(lambda self: self.wrong)
    @rule(off=st.integers(-NEAR, NEAR), order=st.permutations(range(3)))
    def is_put_right(self, off: int, order: list[int]) -> None:
        self.moved(off * SECOND - self.town.off, order)

    @precondition(lambda self: not self.wrong)
    @rule(off=st.integers(-NEAR, NEAR), order=st.permutations(range(3)))
    def moves_a_little(self, off: int, order: list[int]) -> None:
        self.moved(off * SECOND - self.town.off, order)

    @precondition(lambda self: not (self.careful and self.wrong))
    @rule()
    def somebody_confirms(self) -> None:
        self.pair.run(self.confirm())
        self.confirmed = True
        self.looked(range(3))

    @precondition(lambda self: len(self.town.noted) > 1)
    @rule()
    def somebody_confirms_an_earlier_jump(self) -> None:
        earlier, last = self.town.noted[-2:]
        if earlier.at != last.at:
            assert not self.pair.run(self.confirm(earlier.at))

    async def confirm(self, at: datetime | None = None) -> bool:
        async with self.town.service.database.acquire() as connection:
            return await clock_watch.confirm(connection, at)

    @rule(one=SCHEDULERS)
    def sweeps(self, one: int) -> None:
        self.stepped(self.pair.run(self.hosts[one].sweep()))

    @rule(one=SCHEDULERS)
    def sweeps_again(self, one: int) -> None:
        self.sweeps(one)

    @rule(one=SCHEDULERS, up=st.floats(0, 1e7))
    def starts_anew(self, one: int, up: float) -> None:
        self.hosts[one] = Host(self.town, up, self.hosts[one].wall)
        self.sweeps(one)

    @rule(one=SCHEDULERS, days=st.integers(-400, 400))
    def has_a_wrong_wall_clock(self, one: int, days: int) -> None:
        self.hosts[one].wall = timedelta(days=days)

    def teardown(self) -> None:
        if not hasattr(self, "jumped"):
            return
        self.moved(-self.town.off, [0, 1, 2])
        for minutes in [11, 31, 31, 31, 31]:
            self.pair.run(self.town.shift(minutes * MINUTE, passing=True))
            self.sweeps(0)
        self.pair.run(self.end())

    async def end(self) -> None:
        """At night, when nothing is due, both have taken the same steps; so they have the night after."""
        for day in range(1 if self.misled else 3):
            night = timedelta(days=day, hours=14)
            await self.town.punctual(night)
            if not self.misled:
                await self.right.punctual(night)
                fired = await self.town.fired()
                assert fired == await self.right.fired()
                assert {(step.key, step.rung) for step in fired} >= {(f"jump-{n}", 5) for n in range(4)}
        assert [difference async for difference in audit(self.town.service.database)] == []
        assert checker.check(await evidence.read(self.town.url)) == []


@pytest.fixture
def pair(postgres: TestPostgres, demo_database: str) -> Iterator[Pair]:
    made = Pair(postgres, demo_database)
    yield made
    made.close()


def test_whatever_the_clock_does_the_steps_are_those_of_a_town_whose_clock_is_right(pair: Pair) -> None:
    Schedule.pair = pair
    run_state_machine_as_test(
        Schedule, settings=settings(max_examples=12, stateful_step_count=40, phases=(Phase.explicit, Phase.generate))
    )
