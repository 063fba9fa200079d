"""The street's pages without JavaScript: form, check page, receipt once, errors that keep what was typed."""

from __future__ import annotations

import io
import re
from uuid import UUID

from PIL import Image

from dispatch.steps import route
from dispatch.web.examples import EXAMPLES
from dispatch.web.render import render
from tests.factories import (
    AUDITOR,
    BUILDING,
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    FIRE_DOOR,
    SECRETARY,
    XF,
    ZJ,
    World,
)
from tests.web.browsing import Page, Person, somebody

SEEPAGE = "天沟渗水，三户漏水"


def photo() -> tuple[str, bytes, str]:
    """A small JPEG as an upload."""
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "JPEG")
    return "scene.jpg", out.getvalue(), "image/jpeg"


async def routed(world: World, number: str) -> None:
    """Route what was just raised, as the handler would."""
    async with world.database.transaction() as uow:
        found = await uow.connection.fetchval("SELECT id FROM whistle WHERE number = $1", int(number))
        await route.route(world.service, uow, [UUID(str(found))], {})


def number_on(page: Page) -> str:
    found = re.search(r"/w/(\d{10})/receipt", str(page.answer.url))
    assert found, page.text[:300]
    return found[1]


async def blow(clerk: Person, text: str = FIRE_DOOR, **more: str) -> str:
    """Through the form and the check page; the number."""
    page = await clerk.get("/whistle")
    check = await clerk.send(page.form("/whistle"), body=text, step="check", **({"danger": "no"} | more))
    assert "再看一眼，就吹哨" in check.text, check.text[:500]
    return number_on(await clerk.send(check.form("/whistle"), step="send"))


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


async def test_a_photo_of_what_is_not_done_stands_with_the_rejection_and_not_under_after(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    for action, fields in (("report-in", {}), ("resolve", {"reply": "修好了", "reason": "不用来"})):
        assert (await world.act(number, action, seat=ZJ, **fields)).status_code == 200
    clerk = await somebody(world, CLERK)
    page = await clerk.act(number, "verify-no", {"photo": photo()}, reason="not-done")
    assert "退回重办（第 1 次）" in page.text
    course = page.html.index("timeline-card")
    assert "/api/v1/photos/" in page.html[course:]
    assert "/api/v1/photos/" not in page.html[:course]


async def test_an_act_names_everything_that_is_missing_at_once(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    assert (await world.act(number, "arrive", seat=XF, latitude=36.6, longitude=114.5)).status_code == 200
    fire, clerk = await somebody(world, XF), await somebody(world, CLERK)
    resolved = await fire.act(number, "resolve")
    assert "办得怎么样：这一项要填" in resolved.text
    assert "协办没到，为什么也能报结：这一项要填" in resolved.text
    half = await fire.act(number, "resolve", reply="门已打开")
    assert "办得怎么样：这一项要填" not in half.text
    await fire.act(number, "resolve", reply="门已打开，物业换锁", reason="协办不必到")
    bare = await clerk.act(number, "verify-no")
    assert "哪一条理由" in bare.text
    assert "退回要选一条理由" in bare.text
    assert "退回要有凭据：附现场照片，或写明现场情况" in bare.text
    shown = await clerk.act(number, "verify-no", {"photo": photo()})
    assert "退回要选一条理由" in shown.text
    assert "退回要有凭据" not in shown.text


async def test_the_same_form_twice_is_the_same_receipt(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    first = await clerk.send(form, body=FIRE_DOOR, step="send", danger="no")
    second = await clerk.send(form, body=FIRE_DOOR, step="send", danger="no")
    assert number_on(first) == number_on(second)
    assert await world.count("whistle") == 1 + await _minute(world)


async def test_a_double_tap_with_a_photo_is_one_whistle(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    file = photo()
    first = await clerk.send(form, {"photo": file}, body=FIRE_DOOR, step="send", danger="no")
    second = await clerk.send(form, {"photo": file}, body=FIRE_DOOR, step="send", danger="no")
    assert number_on(first) == number_on(second)


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


async def _minute(world: World) -> int:
    """The landing page of the demo has blown its own."""
    async with world.database.acquire() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM whistle WHERE category LIKE '9%'"))


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


async def test_every_role_sees_the_same_whistle_its_own_way(world: World) -> None:
    clerk = await somebody(world, CLERK)
    number = await blow(clerk)
    await routed(world, number)
    buttons: dict[str, set[str]] = {}
    for seat in (CLERK, XF, DESK, COMMUNITY_HEAD, SECRETARY, BUILDING_HEAD, AUDITOR):
        who = await somebody(world, seat)
        page = await who.get(f"/w/{number}")
        assert page.status == 200, (seat, page.text[:200])
        acts = [*page.links(f"/w/{number}/do/"), *(form.action for form in page.forms if "/do/" in form.action)]
        buttons[seat] = {act.rsplit("/", 1)[1].split("?")[0] for act in acts}
        for act in acts:
            assert (await who.get(act)).status == 200, (seat, act)
        for path in ("receipt", "strip", "who", "slip"):
            assert (await who.get(f"/w/{number}/{path}")).status == 200
    assert {"arrive", "report-in", "hand-back"} <= buttons[XF]
    assert "call" in buttons[CLERK]
    assert "report-in" not in buttons[CLERK]
    assert not buttons[AUDITOR]
    assert "instruct" in buttons[SECRETARY]


async def test_stale_says_what_happened_and_keeps_the_words(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    number = await blow(clerk)
    await routed(world, number)
    page = await clerk.get(f"/w/{number}/do/call")
    await fire.act(number, "arrive", {"photo": photo()})
    late = await clerk.send(page.form(f"/w/{number}/do/call"), unit="GA", role="inform")
    assert late.status == 409
    assert "别人刚办了一步" in late.text
    assert "到场报到" in late.text
    form = late.form(f"/w/{number}/do/call")
    assert form.value("unit") == "GA"
    done = await clerk.send(form)
    assert "公安分局" in done.text


async def test_what_is_not_possible_any_more_is_said_and_gives_the_words_back(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    number = await blow(clerk)
    await routed(world, number)
    cancel, call = [
        (await clerk.get(f"/w/{number}/do/{act}")).form(f"/w/{number}/do/{act}") for act in ("cancel", "call")
    ]
    assert (await clerk.send(call, unit="GA", role="inform")).status == 200
    again = await clerk.send(call, unit="HB", role="inform")
    assert "您刚才已经办了一步" in again.text, "two tabs of one person: nobody else did anything"
    assert "您写的字还在" not in again.text, "nothing was written"
    await fire.act(number, "arrive", {"photo": photo()})
    late = await clerk.send(cancel, reason="报错了楼号")
    assert late.status == 409
    assert "现在不能再「撤哨」了" in late.text
    assert "您写的字还在" not in late.text
    assert "从这里复制：「报错了楼号」" in late.text


async def test_an_act_without_its_fields_names_them(world: World) -> None:
    clerk, fire = await somebody(world, CLERK), await somebody(world, XF)
    number = await blow(clerk)
    await routed(world, number)
    nothing = await fire.act(number, "arrive", note="到了")
    assert nothing.status == 422
    assert 'href="#f-photo"' in nothing.html
    assert nothing.form(f"/w/{number}/do/arrive").value("note") == "到了"
    back = await fire.act(number, "hand-back")
    assert back.status == 422
    assert 'href="#f-reason"' in back.html


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


async def test_landing_switch_display_language_and_files(world: World) -> None:
    person = Person(world, world.client())
    landing = await person.get("/")
    assert "你是哪一位" in landing.text
    for role in ("街道经办", "部门联络员", "社区书记", "区调度台"):
        assert role in landing.text
    assert "每级 15 秒" in landing.text
    await _minute_opens(world, person, landing)
    fragment = await person.client.get("/demo/ladder")
    assert 'class="ladder' in fragment.text
    assert "没人来签收" in fragment.text
    await _minute_ends(world, person, landing)
    english = await person.get("/language?to=en&next=/")
    assert 'lang="en"' in english.html
    assert "Who are you" in english.text or "Which" in english.text
    settings = await person.get("/display?next=/")
    shown = await person.send(settings.form("/display"), theme="dark", contrast="more", text="larger")
    assert 'data-theme="dark" data-contrast="more" data-text="larger"' in shown.html
    file = next(href for href in re.findall(r'href="(/static/[^"]+)"', landing.html) if "tokens" in href)
    assert "immutable" in (await person.client.get(file)).headers["cache-control"]
    assert "immutable" not in (await person.client.get(file.split("?")[0])).headers["cache-control"]
    assert (await person.client.get("/static/../app.py")).status_code == 404
    assert (await person.get("/design")).status == 200
    assert (await person.get("/design/whistle")).status == 200


async def _minute_ends(world: World, stranger: Person, landing: Page) -> None:
    """Once somebody has done something about it, an open page says what, and no longer that nobody came."""
    number = re.search(r"打开这条哨 (\d{10})", landing.text)
    assert number
    clerk = await somebody(world, CLERK)
    await clerk.act(number[1], "cancel", reason="看完了")
    fragment = await stranger.client.get("/demo/ladder")
    assert "已撤哨" in fragment.text
    assert "没人来签收" not in fragment.text


async def _minute_opens(world: World, stranger: Person, landing: Page) -> None:
    """The whistle that climbs is there for the cards that lead to it; who may not see it is told who may."""
    number = re.search(r"打开这条哨 (\d{10})", landing.text)
    assert number
    url = f"/w/{number[1]}"
    assert f'href="/?next={url}"' in landing.html
    assert "先选街道经办" in landing.text
    onward = await stranger.get(f"/?next={url}")
    cards = onward.html.split('<ul class="cards">')[1].split("</ul>")[0]
    assert re.findall(r'name="next" value="([^"]+)"', cards) == [url, "/queue", url, url]
    for seat in (CLERK, COMMUNITY_HEAD, BUILDING_HEAD, DESK):
        one = await somebody(world, seat)
        assert (await one.get(url)).status == 200
        assert f'href="{url}"' in (await one.get("/")).html
    fire = await somebody(world, XF)
    assert (await fire.get(url)).status == 404
    assert f'href="/?next={url}"' in (await fire.get("/")).html


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
    assert await _minute(world) == 1
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
    assert await world.count("whistle") == 1 + await _minute(world)
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


async def test_too_many_photos_are_said_and_the_first_kept(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    before = await world.count("whistle")
    files = [("photo", photo()) for _ in range(11)]
    page = await clerk.send(form, files, body=FIRE_DOOR, danger="no", step="check")
    assert (page.status, "照片最多 9 张" in page.text) == (422, True)
    assert len(page.form("/whistle").choices["kept"]) == 9
    assert await world.count("whistle") == before
    assert (await clerk.send(page.form("/whistle"), step="send")).path.endswith("/receipt")


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


async def test_a_photo_is_kept_while_the_form_is_written(world: World) -> None:
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    kept = await clerk.client.post("/whistle/photo", data={"csrf": form.value("csrf")}, files={"photo": photo()})
    assert kept.status_code == 201
    shown = await clerk.send(form, body=FIRE_DOOR, kept=kept.json()["id"], danger="no", step="check")
    assert "1 张" in shown.text
    back = await clerk.send(shown.form("/whistle"), step="edit")
    assert kept.json()["id"] in back.html


async def test_only_photos_of_ones_own_go_with_a_form(world: World) -> None:
    """Whoever whistles with a photo may look at it for ever: it must be theirs."""
    other = await somebody(world, COMMUNITY_HEAD)
    page = await other.get("/chain/raise")
    data = {"csrf": page.form("/chain/raise").value("csrf")}
    theirs = (await other.client.post("/whistle/photo", data=data, files={"photo": photo()})).json()["id"]
    clerk = await somebody(world, CLERK)
    form = (await clerk.get("/whistle")).form("/whistle")
    page = await clerk.send(form, body=FIRE_DOOR, kept=theirs, danger="no", step="send")
    assert (page.status, "没有您上传的这张照片" in page.text) == (422, True)
    # below the street likewise; and there one's own goes with it
    form = (await other.get("/chain/raise")).form("/chain/raise")
    page = await other.send(form, body=FIRE_DOOR, danger="0", first="here", kept="no-id")
    assert (page.status, "没有您上传的这张照片" in page.text) == (422, True)
    page = await other.send(form, body=FIRE_DOOR, danger="0", first="here", kept=theirs)
    assert page.path.startswith("/w/"), page.text
    assert theirs in page.html


async def test_pages_ask_for_photos_that_are_taken_and_leave_the_choice_of_camera_or_album(world: World) -> None:
    clerk, head = await somebody(world, CLERK), await somebody(world, COMMUNITY_HEAD)
    pages = [(await clerk.get("/whistle")).html, (await head.get("/chain/raise")).html]
    for html in (*pages, render(*EXAMPLES["building"], "zh")):
        assert 'accept="image/jpeg,image/png,image/webp"' in html
        assert "capture=" not in html


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


async def test_the_form_leads_back_to_the_next_place_of_whoever_begins_the_day_with_it(world: World) -> None:
    for seat, back in ((CLERK, "/street"), (DESK, "/desk"), (SECRETARY, "/chain")):
        page = await (await somebody(world, seat)).get("/whistle")
        assert f'<div class="phone-title"><a href="{back}"' in page.answer.text, seat
