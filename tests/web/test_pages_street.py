"""The street's form without JavaScript: check page, receipt once, errors that keep what was typed."""

from __future__ import annotations

import re

from tests.factories import (
    CLERK,
    DESK,
    FIRE_DOOR,
    SECRETARY,
    XF,
    World,
)
from tests.web.browsing import Person, somebody
from tests.web.whistling import blow, minute, number_on, photo, routed


async def test_the_first_five_minutes(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    page = await clerk.get("/whistle")
    check = await clerk.send(page.form("/whistle"), body=FIRE_DOOR, step="check", danger="no")
    for said in ("消防救援大队", "主办", "清单 301", "广泰小区", "3号楼", "2 小时"):
        assert said in check.text
    assert "<mark>消防门</mark>" in check.html
    receipt = await clerk.send(check.form("/whistle"), step="send")
    number = number_on(receipt)
    assert re.search(rf"{number[:2]} *{number[2:6]} *{number[6:]}", receipt.text)
    assert "等待中" in receipt.text
    await routed(world, number)

    seen = await fire.get(f"/w/{number}")
    assert "现在要你做的" in seen.text
    assert "到场报到" in seen.text
    arrived = await fire.act(number, "arrive", {"photo": photo()}, note="锁已撬开")
    assert arrived.path == f"/w/{number}"
    assert "办好了" in arrived.text
    assert "锁已撬开" in arrived.text
    assert "/api/v1/photos/" in arrived.html
    resolved = await fire.act(number, "resolve", reply="门已打开，物业换锁", reason="协办不必到")
    assert "等东柳街道核查" in resolved.text

    assert "reply-card" in resolved.html
    bare = await clerk.act(number, "verify-no", reason="not-done")
    assert "退回要有凭据：附现场照片，或写明现场情况" in bare.text
    back = await clerk.act(number, "verify-no", reason="not-done", note="又锁上了")
    assert "reply-card" not in back.html, "what was sent back is not the answer"
    assert "门已打开，物业换锁" in back.text, "it stays in the course of things"
    assert "退回重办（第 1 次）" in back.text
    assert "问题没有解决" in back.text
    again = await fire.get(f"/w/{number}")
    assert "街道再退一次，就转区里复核" in again.text
    assert "街道退回：问题没有解决，「又锁上了」。请重新处理并" in again.text
    assert "reply-card" not in again.html
    assert re.search(r"东柳街道核查 (\d+/\d+ )?\d\d:\d\d–(\d+/\d+ )?\d\d:\d\d，钟停", again.text)
    assert "合计" in again.text


async def test_the_same_form_twice_is_the_same_receipt(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    first = await clerk.send(form, body=FIRE_DOOR, step="send", danger="no")
    second = await clerk.send(form, body=FIRE_DOOR, step="send", danger="no")
    assert number_on(first) == number_on(second)
    assert await world.count("whistle") == 1 + await minute(world)


async def test_a_used_form_with_another_text_says_so_and_keeps_it(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    first = number_on(await clerk.send(form, body=FIRE_DOOR, step="send", danger="no"))
    other = await clerk.send(form, body="广泰小区2号楼电梯年检过期", step="send")
    assert other.status == 409
    assert first in other.text
    again = other.form("/whistle")
    assert again.value("body") == "广泰小区2号楼电梯年检过期"
    assert number_on(await clerk.send(again, step="send")) != first


async def test_danger_words_must_be_answered_and_yes_makes_an_emergency(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    text = "广泰小区2号楼一楼厨房漏气，味道很大"
    asked = await clerk.send(form, body=text, step="send")
    assert asked.status == 422
    assert 'href="#f-danger"' in asked.html
    assert "漏气" in asked.text
    assert asked.form("/whistle").value("body") == text
    assert "请答一下" in asked.text
    again = await clerk.send(asked.form("/whistle"), step="edit", danger="no")
    assert "您写到了「漏气」" in again.text
    assert "请答一下" not in again.text, "it has been answered"
    number = number_on(await clerk.send(asked.form("/whistle"), step="send", danger="yes"))
    async with world.database.acquire() as connection:
        kind = await connection.fetchval("SELECT kind FROM whistle WHERE number = $1", int(number))
    assert kind == "emergency"


async def test_an_emergency_without_a_rule_says_who_is_told_and_when(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    text = "广泰小区3号楼有个怪东西悬在半空"
    check = await clerk.send(form, body=text, step="check", danger="yes", called=["119"], called_at="10:52")
    assert "马上转应急值班（应急管理局）；马上通知 东柳街道值班员" in check.text
    assert "马上转应急值班" not in (await clerk.send(form, body=text, step="check", danger="no")).text
    number = number_on(await clerk.send(check.form("/whistle"), step="send"))
    await routed(world, number)
    at = (await clerk.get(f"/w/{number}/receipt")).text
    assert re.search(r"\d\d:\d\d\s+已转应急值班（应急管理局）；已通知 东柳街道值班员", at)
    assert "现在有危险吗：有危险" in at
    assert "10:52 已先打电话：119" in at
    log = (await clerk.get(f"/w/{number}")).text
    assert "现在有危险吗：有危险" in log
    assert "已通知 东柳街道值班员" in log


async def test_the_answer_about_danger_stands_on_the_receipt_and_what_it_changes_on_the_form(world: World) -> None:
    clerk = await somebody(world, CLERK)
    for answer, said in (("no", "没有危险"), ("", "没有回答"), ("yes", "有危险")):
        text = f"广泰小区3号楼旁的路灯不亮，{answer}"
        form = (await clerk.get("/whistle")).form("/whistle")
        check = await clerk.send(form, body=text, step="check", danger=answer)
        assert ("答了「有危险」：按紧急件办" in check.text) == (answer == "yes")
        receipt = await clerk.send(check.form("/whistle"), step="send")
        assert f"现在有危险吗：{said}" in receipt.text


async def test_what_is_missing_is_linked_and_what_was_typed_stays(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    wrong = await clerk.send(form, body="", place_text="没有这个地方", step="check", reporter_name="王某")
    assert wrong.status == 422
    assert 'href="#f-body"' in wrong.html
    assert 'href="#f-place"' in wrong.html
    assert wrong.form("/whistle").value("place_text") == "没有这个地方"
    assert wrong.form("/whistle").value("reporter_name") == "王某"
    named = await clerk.send(form, body=FIRE_DOOR, lead="ZJ", step="send", danger="no")
    assert 'href="#f-override_reason"' in named.html


async def test_the_place_is_found_changed_and_found_again(world: World) -> None:
    clerk = await somebody(world, CLERK)
    page = await clerk.get("/whistle")
    found = await clerk.send(page.form("/whistle"), body="广泰小区3号楼路灯不亮", step="edit")
    assert "东柳街道 › 广泰社区 › 广泰小区 › 3号楼" in found.text
    changing = await clerk.send(found.form("/whistle"), step="place")
    assert 'id="f-place"' in changing.html
    assert "广泰社区" in changing.text
    named = await clerk.send(changing.form("/whistle"), place_text="广泰小区2号楼", step="check")
    assert "广泰小区 › 2号楼" in named.text
    answer = await clerk.client.get("/places", params={"q": "gtxq"})
    items = answer.json()["items"]
    assert items[0]["name"] == "广泰小区"
    assert set(items[0]) == {"code", "name", "path"}


async def test_the_preview_answers_while_one_types(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    typed = dict(form.fields) | {"body": "广泰小区3号楼楼道消防门被锁"}
    answer = await clerk.client.post("/whistle/preview", data=typed)
    assert answer.status_code == 200
    for part in ("preview", "short", "place", "nearby", "danger"):
        assert f'data-into="{part}"' in answer.text
    assert "消防救援大队" in answer.text
    assert "楼栋长、网格长马上知会" in answer.text
    less = await clerk.client.post("/whistle/preview", data=typed | {"body": "天气不错"})
    assert "转区调度台" in less.text


async def test_forms_need_their_token_and_strangers_find_nothing(world: World) -> None:
    clerk = await somebody(world, CLERK)
    number = await blow(clerk)
    forged = await clerk.client.post(f"/w/{number}/do/note", data={"text": "x"}, headers={"accept": "text/html"})
    assert forged.status_code == 403
    stranger = Person(world, world.client())
    landing = await stranger.get(f"/w/{number}")
    assert landing.path == "/"
    assert f"/w/{number}" in landing.html
    other = await somebody(world, "node:130403010:clerk")
    assert (await other.get(f"/w/{number}")).status == 404
    assert (await clerk.get("/w/2600000000")).status == 404


async def test_whom_one_phoned_and_when_stands_in_the_whistle(world: World) -> None:
    clerk = await somebody(world, CLERK)
    number = await blow(clerk, called=["119", "抢修"], called_at="10:52")
    assert "（10:52 已先打电话：119、抢修）" in (await clerk.get(f"/w/{number}")).text


async def test_each_utility_has_its_own_number_for_repairs(world: World) -> None:
    page = await (await somebody(world, CLERK)).get("/whistle")
    assert page.links("tel:") == [
        "tel:110", "tel:119", "tel:120", *(f"tel:0310-000000{n}" for n in (1, 2, 3, 4))
    ]  # fmt: skip
    assert "燃气 0310-0000003" in page.text


async def test_the_form_leads_back_to_the_next_place_of_whoever_begins_the_day_with_it(world: World) -> None:
    for seat, back in ((CLERK, "/street"), (DESK, "/desk"), (SECRETARY, "/chain")):
        page = await (await somebody(world, seat)).get("/whistle")
        assert f'<div class="phone-title"><a href="{back}"' in page.answer.text, seat
