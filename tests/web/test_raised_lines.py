"""Every way in leaves one line in the log, and is counted under its own name."""

import structlog

from dispatch.observe.metrics import VIAS
from dispatch.steps import letters
from tests.factories import BUILDING_HEAD, CLERK, DESK, FIRE_DOOR, World
from tests.steps.test_letters import put_aside
from tests.web.browsing import somebody


async def test_every_way_in_is_told_once(world: World) -> None:
    head, clerk, desk = await somebody(world, BUILDING_HEAD), await somebody(world, CLERK), await world.actor(DESK)
    letter = await put_aside(world)
    with structlog.testing.capture_logs() as logs:
        form = (await head.get("/chain/raise")).form("/chain/raise")
        for _ in range(2):
            await head.send(form, body="楼道灯不亮", danger="0", first="here")
        text = f"{FIRE_DOOR}。广泰小区路灯不亮三天了"
        form = (await clerk.get("/whistle")).form("/whistle")
        for _ in range(2):
            await clerk.send(form, body=text, danger="no", split="1", step="send")
        for _ in range(2):
            await letters.raise_one(world.service, desk, letter.id, "来源发错了")
    vias = [line["via"] for line in logs if line["event"] == "whistle.raised"]
    assert vias == ["below", "child", "form", "inbound"]
    assert {"below", "child"} <= VIAS
