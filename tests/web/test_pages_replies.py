"""Replies begun from a template, copied for the hotline; what changed since the last look; stages and kinds."""

import re
from datetime import timedelta

from dispatch.web.liaison import looked
from tests.factories import CLERK, SLOW, TAMPERING, XF, ZJ, World
from tests.web.browsing import somebody
from tests.web.listening import rows


async def test_a_reply_begins_with_what_is_known_and_goes_out_without_gaps(world: World) -> None:
    number = (await world.whistle(SLOW, source={"channel": "12345", "number": "DH-77"}))["number"]
    unit = await somebody(world, ZJ)
    await unit.act(number, "report-in")
    await unit.act(number, "note", text="换了三个灯泡。")
    page = await unit.get(f"/w/{number}/do/resolve")
    assert len(re.findall(r"data-start=", page.html)) == 4
    begun = (await unit.get(f"/w/{number}/do/resolve?start=done")).form(f"/w/{number}/do/resolve")
    reply = begun.value("reply")
    assert "换了三个灯泡，现已办好" in reply
    assert re.search(r"我们于\d+月\d+日\d\d:\d\d收到", reply)
    refused = await unit.send(begun)
    assert refused.status == 422
    assert "还有一处没填：【谁】" in refused.text
    assert "换了三个灯泡" in refused.form(f"/w/{number}/do/resolve").value("reply"), "what was typed stays"
    told = await unit.send(
        refused.form(f"/w/{number}/do/resolve"), reply=reply.replace("【谁】", "您本人"), reason="不用来"
    )
    assert told.path == f"/w/{number}"
    copied = re.search(r'data-copy="([^"]+)"', told.html)
    assert copied
    assert "贴到 12345 系统" in told.text
    for part in ("工单编号：DH-77", "承办单位：", "办理结果：您好，您反映的"):
        assert part in copied[1]
    street = await somebody(world, CLERK)
    await street.act(number, "verify-yes")
    begun = (await street.get(f"/w/{number}/do/feedback?start=under-way")).form(f"/w/{number}/do/feedback")
    assert "换了三个灯泡" in begun.value("reply"), "the street begins with what the unit said"


async def test_only_what_came_from_the_hotline_is_copied_for_it(world: World) -> None:
    number = (await world.whistle(SLOW, source={"channel": "网格巡查"}))["number"]
    assert (await world.act(number, "report-in", seat=ZJ)).status_code == 200
    assert (await world.act(number, "resolve", seat=ZJ, reply="修好了", reason="不用来")).status_code == 200
    page = await (await somebody(world, CLERK)).get(f"/w/{number}")
    assert "reply-card" in page.html
    assert "data-copy=" not in page.html
    assert "贴到 12345 系统" not in page.text


async def test_what_others_changed_since_the_last_look_is_said_and_shown(world: World) -> None:
    quiet, moved = (await world.whistle(SLOW))["number"], (await world.whistle(SLOW))["number"]
    unit = await somebody(world, ZJ)
    page = await unit.get("/queue")
    assert 'class="since"' not in page.html, "the first look"
    kept = unit.client.cookies[looked.COOKIE]
    who, _before, last = kept.split(".")
    earlier = int(last) - int(timedelta(hours=1).total_seconds())
    unit.client.cookies.set(looked.COOKIE, f"{who}..{earlier}", domain="test.local")
    async with world.database.transaction() as uow:
        await uow.connection.execute(TAMPERING)
        await uow.connection.execute("UPDATE whistle_event SET at = at - interval '2 hours'")
        await uow.connection.execute("UPDATE whistle_state SET last_at = last_at - interval '2 hours'")
    await world.act(quiet, "report-in", seat=ZJ)  # one's own act is no news
    await world.act(moved, "note", seat=CLERK, text="来访人又打电话")
    page = await unit.get("/queue")
    (link,) = page.links("changed=")
    assert "1 件有变化" in page.text
    assert [str(moved) in row for row in rows((await unit.get(link)).html)] == [True]
    assert unit.client.cookies[looked.COOKIE].split(".")[1] == str(earlier), "still the same look"
    other = await somebody(world, XF)
    other.client.cookies.set(looked.COOKIE, kept, domain="test.local")
    assert 'class="since"' not in (await other.get("/queue")).html, "somebody else's looks"
    assert (await unit.get("/queue?changed=yesterday")).status == 422


async def test_a_queue_is_filtered_by_stage_and_kind(world: World) -> None:
    waiting, begun = (await world.whistle(SLOW))["number"], (await world.whistle(SLOW))["number"]
    await world.act(begun, "report-in", seat=ZJ)
    unit = await somebody(world, ZJ)
    for query, number in (("stage=reported", waiting), ("stage=handling", begun)):
        (row,) = rows((await unit.get(f"/queue?{query}")).html)
        assert str(number) in row, query
    assert rows((await unit.get("/queue?kind=emergency")).html) == []
    assert len(rows((await unit.get("/queue?kind=appeal")).html)) == 2
    assert (await unit.get("/queue?kind=joke")).status == 422


async def test_what_a_call_back_still_lacks_is_said_in_words(world: World) -> None:
    number = (await world.whistle(SLOW))["number"]
    assert (await world.act(number, "report-in", seat=ZJ)).status_code == 200
    assert (await world.act(number, "resolve", seat=ZJ, reply="修好了", reason="不用来")).status_code == 200
    street = await somebody(world, CLERK)
    await street.act(number, "verify-yes")
    await street.act(number, "feedback", reply="修好了")
    said = {"reached": "1", "responded": "1", "solved": "1", "satisfied": "not"}
    for lacking, words in (
        ("responded", "请选响应了没有"),
        ("solved", "请选解决了没有"),
        ("satisfied", "请选满意、基本满意还是不满意"),
    ):
        page = await street.act(number, "callback", **{k: v for k, v in said.items() if k != lacking})
        assert words in page.text, page.text
        assert f"「{lacking}」" not in page.text
