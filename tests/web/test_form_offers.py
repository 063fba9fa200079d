"""What the form offers while one writes: places, categories, an open one like it, parting, an order taken apart."""

from __future__ import annotations

from tests.factories import (
    BUILDING,
    CLERK,
    FIRE_DOOR,
    World,
)
from tests.web.browsing import somebody
from tests.web.whistling import blow, minute, number_on


async def test_a_door_opens_the_form_with_its_place(world: World) -> None:
    clerk = await somebody(world, CLERK)
    page = await clerk.get(f"/whistle?place={BUILDING}")
    assert page.form("/whistle").value("place") == BUILDING
    other = await clerk.get("/whistle?place=130403001-D01-X1")
    assert other.form("/whistle").value("place") == "", "a door of another street"
    drawn = await clerk.client.get(f"/places/{BUILDING}/door.svg")
    assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")
    assert (await clerk.client.get("/places/nowhere/door.svg")).status_code == 404


async def test_the_telephone_is_offered_the_nearest_places_of_the_street(world: World) -> None:
    clerk = await somebody(world, CLERK)
    near = await clerk.client.get("/places/near?latitude=36.6221&longitude=114.5072")
    items = near.json()["items"]
    assert items[0]["name"] == "广泰小区"
    assert "米" in items[0]["path"]
    assert (await clerk.client.get("/places/near?latitude=39.9&longitude=116.4")).json() == {"items": []}
    assert (await clerk.client.get("/places/near?latitude=x&longitude=1")).status_code == 422


async def test_places_used_lately_are_offered(world: World) -> None:
    clerk = await somebody(world, CLERK)
    assert "最近用过的" not in (await clerk.get("/whistle")).text
    await blow(clerk)
    page = await clerk.get("/whistle")
    assert "最近用过的" in page.text
    assert page.form("/whistle").choices["place"] == [BUILDING]


async def test_the_demonstration_is_never_offered_as_the_same_matter(world: World) -> None:
    clerk = await somebody(world, CLERK)
    assert await minute(world) == 1
    form = (await clerk.get("/whistle")).form("/whistle")
    page = await clerk.send(form, body="广泰小区3号楼演示·一分钟：看它怎样一级一级往上走", step="edit")
    assert "已有一件在办" not in page.text
    assert "附近有相似的" not in page.text


async def test_an_open_one_like_it_is_offered_and_can_be_added_to_once(world: World) -> None:
    clerk, other = await somebody(world, CLERK), await somebody(world, CLERK)
    number = await blow(clerk)
    form = (await other.get("/whistle")).form("/whistle")
    page = await other.send(form, body="广泰小区3号楼的楼道消防门又被锁住了，电话13800138000", step="edit")
    assert "这里已有一件在办，是同一件就不用再吹" in page.text
    assert "附近有相似的" not in page.text
    assert page.html.count(f'href="/w/{number}"') == 1, "it is listed once"
    filled = page.form("/whistle")
    assert ("add_to", number, "补充到这条") in filled.buttons
    for _twice in range(2):
        added = await other.send(filled, add_to=number)
        assert added.path == f"/w/{number}"
    assert added.text.count("又被锁住了，电话138****8000") == 1
    assert await world.count("whistle") == 1 + await minute(world)
    far = await other.send(form, body="广泰小区8号楼门口积水", step="edit")
    assert "附近有相似的" not in far.text
    beside = await other.send(form, body="广泰小区2号楼的楼道消防门被锁", step="edit")
    assert "附近有相似的，是同一件才并进去" in beside.text
    assert "不用再吹" not in beside.text


async def test_several_problems_become_children_once(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    text = "广泰小区3号楼楼道消防门被锁。广泰小区路灯不亮三天了"
    page = await clerk.send(form, body=text, danger="no", step="edit")
    assert "这里像是 2 件事" in page.text
    bare = await clerk.send(form, body=text, danger="no", step="check")
    assert bare.form("/whistle").choices["split"] == ["1"], "without JavaScript it is the check page that offers it"
    check = await clerk.send(bare.form("/whistle"), split="1", step="check")
    assert "2 条，各有编号" in check.text
    assert ("split", "1") in check.form("/whistle").fields
    filled = check.form("/whistle")
    receipt = await clerk.send(filled, step="send")
    again = await clerk.send(filled, step="send")
    assert number_on(receipt) == number_on(again)
    assert "另外的事各成一条" in receipt.text
    async with world.database.acquire() as connection:
        rows = await connection.fetch("SELECT body, place, parent FROM whistle WHERE category IS NULL ORDER BY id")
    assert [(row["body"], row["place"], row["parent"] is None) for row in rows] == [
        ("广泰小区3号楼楼道消防门被锁", BUILDING, True),
        ("广泰小区路灯不亮三天了", BUILDING.rpartition("-")[0], False),
    ]


async def test_of_what_will_be_parted_the_first_is_foretold(world: World) -> None:
    clerk = await somebody(world, CLERK)
    typed = dict((await clerk.get("/whistle")).form("/whistle").fields)
    typed["body"] = "广泰小区3号楼楼道消防门被锁。广泰小区2号楼路灯不亮三天了，厨房漏气"
    for split, said in (("", False), ("1", True)):
        shown = (await clerk.client.post("/whistle/preview", data=typed | {"split": split})).text
        short = shown.split('data-into="short"')[1].split("</div>")[0]
        assert ("消防救援大队 主办" in short, "这里说的是第 1 条" in shown) == (said, said)
        assert "您写到了「漏气」" in shown, "of whichever part the danger is"


async def test_without_javascript_the_check_page_makes_the_offers_of_the_form(
    world: World,
) -> None:
    there = await world.whistle(FIRE_DOOR)
    await world.whistle("广泰小区3号楼路灯不亮三天了")
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    check = await clerk.send(form, body=FIRE_DOOR, danger="no", step="check")
    assert ("add_to", str(there["number"]), "补充到这条") in check.form("/whistle").buttons
    assert "这里 30 天内另有" in check.text
    assert check.html.count(f'href="/w/{there["number"]}"') == 1
    added = await clerk.send(check.form("/whistle"), add_to=str(there["number"]))
    assert added.path == f"/w/{there['number']}"
    pasted = await clerk.send(form, body="地址：广泰小区3号楼\n诉求内容：楼道消防门被锁", danger="no", step="check")
    apart = await clerk.send(pasted.form("/whistle"), step="apart")
    assert apart.form("/whistle").value("body") == "楼道消防门被锁"


async def test_one_goes_down_the_tree_step_by_step(world: World) -> None:
    clerk = await somebody(world, CLERK)
    page = await clerk.send((await clerk.get("/whistle")).form("/whistle"), body="说不清", step="place")
    for code in (BUILDING[:13], BUILDING.rpartition("-")[0]):
        assert ("below", code) in {(name, value) for name, value, _ in page.form("/whistle").buttons}
        page = await clerk.send(page.form("/whistle"), below=code)
        assert page.form("/whistle").value("place") == code
        assert page.form("/whistle").value("body") == "说不清"
    assert BUILDING in page.form("/whistle").choices["place"]
    assert not [one for one in page.form("/whistle").buttons if one[0] == "below"], "nothing is below a building"


async def test_a_pasted_order_is_taken_apart(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    order = "工单编号：HD20260618001\n来电人：张某\n地址：广泰小区3号楼\n诉求内容：楼道消防门被锁"
    page = await clerk.send(form, body=order, step="edit")
    assert "拆开填进各栏" in page.text
    apart = (await clerk.send(page.form("/whistle"), step="apart")).form("/whistle")
    assert apart.value("body") == "楼道消防门被锁"
    assert (apart.value("source_number"), apart.value("reporter_name")) == ("HD20260618001", "张某")
    assert apart.value("place") == BUILDING
    page = await clerk.send(form, body="来电人：张某\n诉求内容：楼道消防门被锁", step="apart")
    assert '<details class="fold" open' in page.html, "one sees where the name went"
    # what has been filled in stays, and what is pasted is not lost for it
    page = await clerk.send(form, body=order + "\n来源：12345热线", reporter_name="李某", step="apart")
    apart = page.form("/whistle")
    assert (apart.value("reporter_name"), apart.value("source_channel")) == ("李某", "12345")
    assert apart.value("body") == "楼道消防门被锁\n张某\n12345热线"


async def test_a_category_is_taken_by_name_and_by_suggestion(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    named = await clerk.send(form, body="楼道里有东西", category="302 电动车入楼", step="edit")
    assert named.form("/whistle").value("category") == "302 电动车入楼"
    assert "清单 302" in named.text
    wrong = await clerk.send(form, body="楼道里有东西", category="外星人", step="send", danger="no")
    assert (wrong.status, "没有「外星人」这个类别" in wrong.text) == (422, True)
    close = await clerk.send(form, body="广泰小区物业不管，路灯不亮", step="edit")
    picks = [value for name, value, _words in close.form("/whistle").buttons if name == "pick"]
    assert picks
    picked = await clerk.send(close.form("/whistle"), pick=picks[0])
    assert picked.form("/whistle").value("category").startswith(picks[0])


async def test_a_category_is_typed_in_letters_and_offered_with_who_would_come(world: World) -> None:
    clerk = await somebody(world, CLERK)
    found = (await clerk.client.get("/categories?q=xftd")).json()["items"]
    assert found[0] == {"code": "301", "name": "301 消防通道锁堵", "path": "消防"}
    assert [one["code"] for one in (await clerk.client.get("/api/v1/duties?q=xftd")).json()["items"]] == ["301"]
    page = await clerk.get("/whistle")
    typed = {"body": "楼道堵了", "danger": "no", "place": BUILDING, "step": "check"}
    assert "消防通道锁堵" in (await clerk.send(page.form("/whistle"), **typed, category="xftd")).text
    refused = await clerk.send(page.form("/whistle"), **typed, category="垃圾")
    assert "「垃圾」可以是：102 暴露垃圾、111 公厕垃圾站" in refused.text
    many = (await clerk.send(page.form("/whistle"), **typed, category="停")).text
    assert "「停」可以是好几类：" in many
    assert "……；请写全一些" in many
    assert "没有「外星人」这个类别" in (await clerk.send(page.form("/whistle"), **typed, category="外星人")).text
