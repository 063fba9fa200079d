"""疑似重复, from the file to one whistle: imported, proposed, looked at by the desk, merged or parted."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

from dispatch.steps.casework import act
from dispatch.steps.duplicates import propose
from dispatch.steps.import_files import rows
from dispatch.steps.import_mapping import read_mapping
from dispatch.steps.import_rows import import_rows, route_here
from dispatch.steps.intake import Intake
from dispatch.steps.prune import prune
from dispatch.steps.readable import SEALED
from dispatch.store import repeats
from tests.factories import CLERK, DESK, DISTRICT, SECRETARY, STREET, World
from tests.web.browsing import somebody
from tests.web.listening import browse, pane

MAPPING = """
title: 测试
district: "130403"
format: csv
key: 编号
columns: {body: 内容, occurred-at: 时间}
dates: {format: "%Y-%m-%d %H:%M"}
channel: 网格巡查
place: {nodes: [小区]}
repeats: {days: 30, least: 0.4}
"""
LEAKING = "广泰小区三号楼二单元屋顶漏水，物业一直没有来修"
LINES = [
    ("1", LEAKING, "2026-05-04 08:00", "广泰小区"),
    ("2", LEAKING + "，请问什么时候能好", "2026-05-06 08:00", "广泰小区"),
    ("3", LEAKING + "，第三次来说了", "2026-05-09 08:00", "广泰小区"),
    ("4", "门口占道摆摊，晚上走不过去", "2026-05-09 09:00", "广泰小区"),
]


async def imported(world: World, tmp_path: Path) -> list[int]:
    """The numbers of the four, as the file has them; three are proposed as one."""
    (tmp_path / "test.yaml").write_text(MAPPING, encoding="utf-8")
    mapping = read_mapping(tmp_path / "test.yaml")
    with (tmp_path / "a.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([("编号", "内容", "时间", "小区"), *LINES])
    await import_rows(world.service, Intake(world.service), mapping, rows(tmp_path / "a.csv", mapping))
    await route_here(world.service, mapping)
    assert mapping.repeats is not None
    window = timedelta(days=mapping.repeats.days)
    assert await propose(world.database, mapping.principal, [STREET], window, mapping.repeats.least) == (2, 2)
    async with world.database.acquire() as connection:
        found = await connection.fetch("SELECT number FROM whistle WHERE via = 'import' ORDER BY idempotency_key")
    return [row["number"] for row in found]


async def settled(world: World) -> dict[str, int]:
    async with world.database.acquire() as connection:
        found = await connection.fetch("SELECT status, count(*) AS n FROM merge_proposal GROUP BY 1")
    return {row["status"]: row["n"] for row in found}


async def desk_of(world: World) -> Any:
    return (await (await world.as_(DESK)).get("/api/v1/desk")).json()


async def test_from_the_file_to_one_whistle(world: World, tmp_path: Path) -> None:
    first, second, third, _other = await imported(world, tmp_path)
    seen = await desk_of(world)
    assert seen["pending"]["repeat"] == 2
    assert {(one["item"]["number"], one["into"]["number"]) for one in seen["repeats"]} == {
        (second, first),
        (third, first),
    }
    one = next(one for one in seen["repeats"] if one["item"]["number"] == second)
    assert one["alike"] == ["广泰小区三号楼二单元屋顶漏水物业一直没有"]
    assert (one["into_at"], one["at"]) == ("2026-05-04T00:00:00+00:00", "2026-05-06T00:00:00+00:00")
    person = await somebody(world, DESK)
    shown = (await person.get("/desk")).text
    assert f"可能与 {first} 「{LEAKING}」重复（东柳街道广泰社区广泰小区・5/4 08:00）。" in shown
    assert "像在：「广泰小区三号楼二单元屋顶漏水物业一直没有」" in shown
    assert f"可能与 {first} 重复" in (await person.get(f"/w/{second}")).text
    assert f'value="{first}"' in (await person.get(f"/w/{second}/do/merge")).html, "the earlier is filled in"

    take, refuse = [
        next(
            form
            for form in (await person.get("/desk")).forms
            if (form.value("pick"), form.value("action")) == (f"{number}:{first}", action)
        )
        for number, action in ((second, "take"), (third, "refuse"))
    ]
    assert "并单：1 对" in (await person.send(take)).text
    merged = await world.get(second, seat=DESK)
    assert (merged["status"], merged["merged_into"]["number"]) == ("merged", first)
    assert "不是一回事：1 对" in (await person.send(refuse)).text
    assert await settled(world) == {"taken": 1, "refused": 1}
    assert 'id="repeats"' not in (await person.get("/desk")).html
    assert "重复" not in (await person.get(f"/w/{third}")).text
    again = await person.send(take)
    assert (again.status, "这一对已经有人处理过了" in again.text) == (409, True)


async def test_several_at_once_the_older_is_the_main(world: World, tmp_path: Path) -> None:
    first, second, third, _other = await imported(world, tmp_path)
    async with world.database.transaction() as uow:  # as if the third were most like the second
        await uow.connection.execute(
            """UPDATE merge_proposal SET into_whistle = (SELECT id FROM whistle WHERE number = $1)
               WHERE whistle = (SELECT id FROM whistle WHERE number = $2)""",
            second,
            third,
        )
    browser = await browse(world, DESK)
    page = pane(await browser.get("/desk/repeats"), "repeats")
    assert page.count('name="pick" value=') == 2 * 3, "a box and two buttons each"
    assert "先勾上要处理的" in (await browser.post("/desk/repeats", {"action": "take"}, 422)).text
    picked = {"pick": [f"{second}:{first}", f"{third}:{second}"], "action": "take"}
    assert "并单：2 对" in (await browser.post("/desk/repeats", picked, 200)).text
    for number in (second, third):
        assert (await world.get(number, seat=DESK))["merged_into"]["number"] == first
    assert await settled(world) == {"taken": 2}


async def test_the_api_takes_and_refuses(world: World, tmp_path: Path) -> None:
    first, second, third, other = await imported(world, tmp_path)
    desk = await world.as_(DESK)
    pairs = [{"whistle": str(second), "into": str(first)}, {"whistle": str(other), "into": str(first)}]
    done = await desk.post("/api/v1/desk/repeats", json={"decision": "take", "pairs": pairs})
    assert [one["ok"] for one in done.json()] == [True, False]
    assert done.json()[1]["problem"]["detail"] == "这一对已经有人处理过了"
    pairs = [{"whistle": str(third), "into": str(first)}]
    done = await desk.post("/api/v1/desk/repeats", json={"decision": "refuse", "pairs": pairs})
    assert done.json() == [{"whistle": str(third), "into": str(first), "ok": True}]
    assert (await desk_of(world))["repeats"] == []
    assert (await (await world.as_(CLERK)).post("/api/v1/desk/repeats", json={})).status_code == 403


async def test_what_ended_meanwhile_drops_out_by_itself(world: World, tmp_path: Path) -> None:
    first, second, third, _other = await imported(world, tmp_path)
    desk = await world.actor(DESK)
    async with world.database.acquire() as connection:
        ids = {row["number"]: row["id"] for row in await connection.fetch("SELECT id, number FROM whistle")}
    await act(world.service, desk, ids[third], "cancel", {"reason": "误报"})
    assert [one["item"]["number"] for one in (await desk_of(world))["repeats"]] == [second]
    assert (await world.get(third, seat=DESK))["repeats"] == []
    assert [one["number"] for one in (await world.get(first, seat=DESK))["repeats"]] == [second]
    await act(world.service, desk, ids[first], "cancel", {"reason": "误报"})
    seen = await desk_of(world)
    assert (seen["repeats"], seen["pending"]["repeat"]) == ([], 0)
    assert "merge-proposals" not in await prune(world.database)
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle_state SET last_at = last_at - interval '31 days'")
    assert (await prune(world.database))["merge-proposals"] == 2


async def test_who_may_not_read_the_other_is_not_told_of_it(world: World, tmp_path: Path) -> None:
    first, second, *_ = await imported(world, tmp_path)
    async with world.database.transaction() as uow:
        await uow.connection.execute("UPDATE whistle SET sealed = true WHERE number = $1", first)
    desk = await desk_of(world)
    assert all(one["alike"] == [] for one in desk["repeats"]), "of a sealed one nothing of the text"
    assert [one["title"] for one in (await world.get(second, seat=CLERK))["repeats"]] == [SEALED]
    assert (await world.get(second, seat=SECRETARY))["repeats"] == []


async def test_the_pane_is_read_along_its_index(world: World) -> None:
    async with world.database.transaction() as uow:
        await uow.connection.execute(
            """INSERT INTO merge_proposal (whistle, into_whistle, score, status, at, district)
               SELECT gen_random_uuid(), gen_random_uuid(), 0.5,
                      CASE WHEN i % 50 = 0 THEN 'proposed' ELSE 'refused' END, now() - i * interval '1 second', '130403'
               FROM generate_series(1, 10000) AS i"""
        )
        await uow.connection.execute("ANALYZE merge_proposal")
        sql = "EXPLAIN " + repeats._WAITING.format(what="p.whistle")
        plan = "\n".join(row[0] for row in await uow.connection.fetch(sql, DISTRICT, 100))
    assert "merge_proposal_waiting" in plan, plan
    assert "Seq Scan on merge_proposal" not in plan, plan
