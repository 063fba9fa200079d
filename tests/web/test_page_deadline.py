"""「为什么是这个时限」 on the page: who signed for a rest stands beside the days that are left out for it."""

from datetime import timedelta

from tests.factories import CLERK, SECRETARY, monday, open_world
from tests.web.browsing import somebody

CG = "unit:CG:liaison"


async def test_a_hold_names_who_signed_for_it(demo_url: str) -> None:
    now = monday(9)
    world = await open_world(demo_url, virtual=lambda: now)
    try:
        number = (await world.whistle("树枝枯死，绿化带没人管", category="109"))["number"]
        await world.act(number, "report-in", seat=CG)
        review = (now + timedelta(days=20)).isoformat()
        asked = await world.act(number, "request-hold", seat=CG, reason="等配件", review_on=review)
        assert asked.status_code == 200, asked.text
        decided = await world.act(number, "decide-hold", seat=SECRETARY, granted=True)
        assert decided.status_code == 200, decided.text
        now = monday(9) + timedelta(days=2)
        assert (await world.act(number, "resume", seat=CLERK)).status_code == 200
        why = (await (await world.as_(CLERK)).get(f"/api/v1/whistles/{number}/deadline")).json()
        assert {one["by"] for one in why["stretches"] if one["reason"] == "paused:hold"} == {SECRETARY}
        assert why["counted"] == why["limit_seconds"]
        page = await (await somebody(world, CLERK)).get(f"/w/{number}")
        assert "街道党工委书记批准挂账，钟停" in page.text
    finally:
        await world.close()
