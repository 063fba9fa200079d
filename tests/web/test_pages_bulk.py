"""Acts on many rows of a queue: each has its own result."""

import re
from typing import Any

import pytest

from tests.factories import (
    SLOW,
    XF,
    ZJ,
    World,
)
from tests.web.browsing import somebody
from tests.web.listening import Browser, browse


async def refs(browser: Browser, path: str = "/queue") -> list[str]:
    return re.findall(r'name="ref" value="([^"]+)"', await browser.get(path))


async def bulk(browser: Browser, refs: list[str], action: str, **more: Any) -> str:
    answer = await browser.post("/bulk", {"ref": refs, "action": action, "next": "/queue", **more}, 200)
    return answer.text


async def test_each_of_many_has_its_own_result(world: World) -> None:
    first, second = await world.whistle(SLOW), await world.whistle(SLOW)
    browser = await browse(world, ZJ)
    chosen = await refs(browser)
    assert len(chosen) == 2
    assert (await world.act(first["number"], "report-in", seat=ZJ)).status_code == 200
    gone = "01a20a90-f4a3-7345-bc93-897178c452ed:1"
    page = await bulk(browser, [*chosen, gone], "report-in")
    assert "办了 3 件：2 件成，1 件没成" in page
    assert "其中 1 件早已办过，这次没有动。" in page
    results = re.search(r'<section class="card results".*?</section>', page, re.S)
    assert results
    assert results[0].count('class="ok"') == 2
    assert "没有这件，或不归您看" in results[0]
    assert "已经办过了" in results[0]
    for number in (first["number"], second["number"]):
        assert (await world.get(number))["assignments"][0]["status"] == "reported-in"


async def test_a_note_on_many_asks_once_and_is_noted_once(world: World) -> None:
    receipt = await world.whistle(SLOW)
    browser = await browse(world, ZJ)
    chosen = await refs(browser)
    asked = (await browser.post("/bulk", {"ref": chosen, "action": "note", "next": "/queue?part=assigned"}, 200)).text
    assert 'name="text"' in asked
    assert re.findall(r'<\w+[^>]* name="(\w+)"[^>]* autofocus', asked) == ["text"]
    assert '<a class="btn" href="/queue?part=assigned">不办了，回去</a>' in asked
    key = re.search(r'name="key" value="([^"]+)"', asked)
    onward = re.search(r'name="next" value="([^"]+)"', asked.partition('action="/bulk"')[2])
    assert key
    assert onward
    assert onward[1] == "/queue?part=assigned"
    empty = await browser.post("/bulk", {"ref": chosen, "action": "note", "key": key[1], "text": " "}, 422)
    assert "写一句进展再记" in empty.text
    assert "autofocus" not in empty.text, "there the errors are read first"
    for _ in range(2):
        page = await bulk(browser, chosen, "note", key=key[1], text="师傅明天上门")
        assert "1 件成" in page
    events = [one for one in (await world.get(receipt["number"]))["timeline"] if one["type"] == "noted"]
    assert len(events) == 1


async def test_many_are_resolved_with_one_reply_in_which_each_has_its_own_values(world: World) -> None:
    told, silent = await world.whistle(SLOW), await world.whistle(SLOW)
    unit = await somebody(world, ZJ)
    for one in (told, silent):
        await unit.act(one["number"], "report-in")
    await unit.act(told["number"], "note", text="换了三个灯泡。")
    chosen = re.findall(r'name="ref" value="([^"]+)"', (await unit.get("/queue")).html)
    picked = (await unit.get("/queue")).form("/bulk")
    asked = await unit.send(picked, ref=chosen, action="resolve")
    assert str(told["number"]) in asked.text, "what was picked is listed"
    begun = await unit.send(asked.form("/bulk"), start="done")
    reply = begun.form("/bulk").value("reply")
    assert reply.startswith(
        "您好，您反映的「〔事项〕」，我们于〔收到时间〕收到，已与【谁】联系。〔办理情况〕，现已办好。"
    )
    gap = await unit.send(begun.form("/bulk"), reason="不用来")
    assert gap.status == 422
    assert "还有一处没填：【谁】" in gap.text
    done = await unit.send(gap.form("/bulk"), reply=reply.replace("【谁】", "物业"), reason="不用来")
    assert "办了 2 件：1 件成，1 件没成" in done.text
    assert "这一件填不出〔办理情况〕；请打开它单独报结" in done.text
    (event,) = [one for one in (await world.get(told["number"]))["timeline"] if one["type"] == "resolved"]
    assert "〔" not in event["data"]["reply"]
    assert "已与物业联系。换了三个灯泡，现已办好" in event["data"]["reply"]
    assert (await world.get(silent["number"]))["status"] == "handling"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"action": "arrive", "ref": ["01a20a90-f4a3-7345-bc93-897178c452ed:1"]}, 422),
        ({"action": "report-in", "ref": []}, 422),
        ({"action": "report-in", "ref": ["x"]}, 422),
        ({"action": "report-in", "ref": [f"01a20a90-f4a3-7345-bc93-{n:012x}:1" for n in range(101)]}, 422),
    ],
)
async def test_bulk_refuses_what_it_cannot_read(world: World, data: dict[str, Any], status: int) -> None:
    browser = await browse(world, ZJ)
    await browser.get("/queue")
    refused = (await browser.post("/bulk", data, status)).text
    if data["action"] == "arrive":
        assert "不能一次对许多件做「到场报到」" in refused


async def test_enter_on_a_box_does_nothing_and_says_what_to_do(world: World) -> None:
    """Of itself a browser presses the first button of the form that the box belongs to."""
    number = (await world.whistle(SLOW))["number"]
    unit = await somebody(world, ZJ)
    page = await unit.get("/queue")
    (ticked,) = re.findall(r'name="ref" value="([^"]+)"', page.html)
    form = page.form("/bulk")
    name, value, _words = form.buttons[0]
    told = await unit.send(form, ref=[ticked], **{name: value})
    assert (told.status, "还什么都没有办" in told.text) == (422, True), told.text
    assert re.search(f'name="ref" value="{ticked}"[^>]* checked', told.html), "what was ticked still is"
    assert (await world.get(number))["assignments"][0]["status"] == "assigned"
    again = await unit.send(told.form("/bulk"), ref=[ticked], action="report-in")
    assert "办了 1 件：1 件成" in again.text


async def test_bulk_wants_the_token_of_the_page(world: World) -> None:
    browser = await browse(world, ZJ)
    browser.token = "somebody else's"
    await browser.post("/bulk", {"action": "report-in", "ref": ["x"]}, 403)


async def test_others_can_do_nothing_in_bulk(world: World) -> None:
    """A bulk act asks the same table: a unit that is not on it learns nothing."""
    await world.whistle()
    chosen = await refs(await browse(world, XF))
    browser = await browse(world, "unit:RS:liaison")
    await browser.get("/queue")
    page = await bulk(browser, chosen, "report-in")
    assert "没有这件，或不归您看" in page
    assert "消防门" not in page
