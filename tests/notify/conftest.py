"""The same whole service as the web's tests have, a webhook, and a delivery that tells it."""

from collections.abc import AsyncIterator

import pytest

from dispatch.notify.robot import Robot
from tests.factories import World
from tests.notify.hook import Hook
from tests.notify.rig import Rig
from tests.web.conftest import demo_database, demo_url, world

__all__ = ["demo_database", "demo_url", "hook", "rig", "world"]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with Hook() as made:
        yield made


@pytest.fixture
async def rig(world: World, hook: Hook) -> AsyncIterator[Rig]:
    robot = Robot(hook.url, most=1000)
    yield Rig(world, robot)
    await robot.close()
