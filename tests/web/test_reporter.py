"""Whom to call back: masked for those who need it, whole for a reason that is kept, for others not at all."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from dispatch.observe.metrics import Metrics
from tests.factories import AUDITOR, CLERK, DESK, OTHER_CLERK, SECRETARY, XF, ZJ, World, open_world
from tests.web.browsing import somebody

NAME, PHONE = "示例居民", "13800138000"
REPORTER = {"name": NAME, "phone": PHONE}
MASKED = {"name": "示**", "phone": "138****8000"}


async def written(world: World) -> list[dict[str, Any]]:
    """The log of administration on reporters."""
    async with world.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT person, seat, subject, data FROM administration_log WHERE action = 'reporter-shown' ORDER BY at"
        )
    return [{**dict(row), "data": orjson.loads(row["data"])} for row in rows]


@pytest.mark.parametrize("seat", [CLERK, DESK, XF])
async def test_those_who_need_it_see_it_for_a_reason_that_is_kept(world: World, seat: str) -> None:
    number = (await world.whistle(reporter=REPORTER))["number"]
    seen = await world.get(number, seat=seat)
    assert seen["reporter"] == MASKED
    client, url = await world.as_(seat), f"/api/v1/whistles/{number}/reporter"
    assert (await client.post(url, json={})).status_code == 422
    assert (await client.post(url, json={"reason": "other"})).status_code == 422
    assert await written(world) == []
    shown = await client.post(url, json={"reason": "callback"})
    assert (shown.status_code, shown.json()) == (200, REPORTER)
    (kept,) = await written(world)
    assert (kept["seat"], kept["subject"], kept["data"]["reason"]) == (seat, str(number), "callback")
    assert kept["person"]
    assert NAME not in orjson.dumps(kept).decode()


async def test_others_neither_see_it_nor_leave_a_trace(world: World) -> None:
    number = (await world.whistle(reporter=REPORTER))["number"]
    for seat, status in ((ZJ, 403), (SECRETARY, 403), (AUDITOR, 403), (OTHER_CLERK, 404)):
        client = await world.as_(seat)
        asked = await client.post(f"/api/v1/whistles/{number}/reporter", json={"reason": "callback"})
        assert asked.status_code == status, seat
        assert (await client.get(f"/w/{number}/reporter")).status_code == status
        if status == 403:
            assert (await world.get(number, seat=seat))["reporter"] is None
            page = (await client.get(f"/w/{number}")).text
            assert PHONE not in page
            assert MASKED["phone"] not in page
    assert await written(world) == []


async def test_on_the_page_it_takes_two_taps(world: World) -> None:
    number = (await world.whistle(reporter=REPORTER))["number"]
    clerk = await somebody(world, CLERK)
    page = await clerk.get(f"/w/{number}")
    assert "来访人 示** 138****8000" in page.text
    assert PHONE not in page.html
    asking = await clerk.get(page.links("/reporter")[0])
    form = asking.form(f"/w/{number}/reporter")
    bare = await clerk.send(form)
    assert bare.status == 422
    assert "请选为什么要看" in bare.text
    assert PHONE not in bare.html
    shown = await clerk.send(form, reason="other", note="居民催问")
    assert shown.status == 200
    assert NAME in shown.text
    assert f'href="tel:{PHONE}"' in shown.html
    assert shown.answer.headers["cache-control"] == "no-store"
    assert PHONE not in (await clerk.get(f"/w/{number}")).html
    (kept,) = await written(world)
    assert kept["data"]["note"] == "居民催问"
    log = (await (await somebody(world, AUDITOR)).get("/admin/log")).text
    assert "看了来访人的姓名和电话：别的事，写一句，居民催问" in log
    assert str(number) in log
    assert PHONE not in log


async def test_where_nobody_is_named_there_is_nothing_to_show(world: World) -> None:
    number = (await world.whistle())["number"]
    client = await world.as_(CLERK)
    asked = await client.post(f"/api/v1/whistles/{number}/reporter", json={"reason": "visit"})
    assert (asked.status_code, asked.json()["code"]) == (409, "not-now")
    assert "/reporter" not in (await client.get(f"/w/{number}")).text
    assert await written(world) == []


async def test_a_sealed_whistle_is_no_title_in_lists_and_each_opening_is_kept(world: World) -> None:
    receipt = await world.whistle("物业经理收了钱不办事，门禁一直坏着")
    parent = await world.whistle()
    number = receipt["number"]
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle SET sealed = true WHERE number = $1", number)
        await uow.connection.execute("UPDATE whistle SET parent = $2 WHERE number = $1", number, UUID(parent["id"]))
    desk = await world.as_(DESK)
    for path in ("/api/v1/whistles", "/all", "/all/export?as=csv", f"/api/v1/whistles/{parent['number']}", "/desk"):
        listed = await desk.get(path)
        assert listed.status_code == 200, path
        assert "物业经理" not in listed.text, path
        assert path == "/desk" or str(number) in listed.text, path

    async def openings() -> list[tuple[str, str]]:
        async with world.database.acquire() as connection:
            rows = await connection.fetch("SELECT seat, subject FROM administration_log WHERE action = 'sealed-opened'")
        return sorted((row["seat"], row["subject"]) for row in rows)

    assert await openings() == []
    for path in (f"/api/v1/whistles/{number}", f"/w/{number}", f"/w/{number}/slip"):
        assert "物业经理" in (await desk.get(path)).text
    assert await openings() == [(DESK, str(number))]
    assert (await (await world.as_(CLERK)).get(f"/w/{number}")).status_code == 200
    assert (await (await world.as_(AUDITOR)).get(f"/w/{number}")).status_code == 404
    assert await openings() == sorted([(DESK, str(number)), (CLERK, str(number))])


async def test_what_is_unusual_in_numbers_is_counted_by_role(demo_url: str) -> None:
    metrics = Metrics("web")
    world = await open_world(demo_url, metrics=metrics)
    number = (await world.whistle(reporter=REPORTER))["number"]
    clerk, auditor = await world.as_(CLERK), await world.as_(AUDITOR)
    path = f"/api/v1/whistles/{number}/reporter"
    assert (await clerk.post(path, json={"reason": "callback"})).status_code == 200
    assert (await clerk.post(path, json={"reason": "curious"})).status_code == 422
    assert (await clerk.get("/street/export?as=csv")).status_code == 200
    assert (await auditor.post("/api/v1/photos", files={"file": ("a.jpg", b"x")})).status_code == 403
    assert (await world.client().get("/api/v1/me")).status_code == 401, "nobody we know is no role"
    shown = [one for family in metrics.registry.collect() if family.name == "dispatch_sensitive_uses"
             for one in family.samples if one.name.endswith("_total")]  # fmt: skip
    assert {(one.labels["use"], one.labels["role"]): one.value for one in shown} == {
        ("unmasking", "street-clerk"): 1,
        ("export", "street-clerk"): 1,
        ("refusal", "auditor"): 1,
    }
    await world.close()
