"""层级督办: a community's page, a building head's one question; nothing in it blames a volunteer."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from dispatch.clock import VirtualClock
from dispatch.steps import pictures
from dispatch.steps.escalate import sweep
from dispatch.web.chain.page import asked_at
from tests.factories import (
    BUILDING_HEAD,
    CLERK,
    COMMUNITY_HEAD,
    DESK,
    FIRE_DOOR,
    SECRETARY,
    SLOW,
    XF,
    ZJ,
    World,
    monday,
    open_world,
)
from tests.web.browsing import somebody
from tests.web.calling import picture
from tests.web.listening import browse

BANNED = ("节点", "升级", "问责")


@pytest.fixture
async def slow(demo_url: str) -> AsyncIterator[tuple[World, VirtualClock]]:
    """A service whose time we turn."""
    clock = VirtualClock(monday(9))
    made = await open_world(demo_url, virtual=clock.now)
    yield made, clock
    await made.close()


async def neglected(world: World, clock: VirtualClock, hours: float) -> str:
    """A whistle nobody has signed for, after so many hours on the clock, with the sweep at work."""
    receipt = await world.whistle(SLOW)
    end = clock.now() + timedelta(hours=hours)
    while clock.now() < end:
        clock.advance_to(min(clock.now() + timedelta(minutes=30), end))
        await sweep(world.service)
    return str(receipt["number"])


async def test_one_sees_what_one_answers_for_and_which_instruction_nobody_signed_for(
    slow: tuple[World, VirtualClock],
) -> None:
    world, clock = slow
    await world.token(SECRETARY, lasts=timedelta(days=9))
    head = await browse(world, COMMUNITY_HEAD)
    assert "我这里在办的" not in await head.get("/chain")
    number = (await world.whistle(SLOW))["number"]
    way = re.search(r'<a href="(/all[^"]+)">我这里在办的 1 件</a>', await head.get("/chain"))
    assert way, "before anything climbed"
    assert f"/w/{number}" in await head.get(way.group(1).replace("&amp;", "&"))
    reached = await neglected(world, clock, 7.5)
    assert (await world.act(reached, "instruct", seat=SECRETARY, text="今天办好")).status_code == 200
    while (await world.get(reached, seat=SECRETARY))["accountable"]["rung"] < 3:
        clock.advance_to(clock.now() + timedelta(hours=1))
        await sweep(world.service)
    page = await (await browse(world, COMMUNITY_HEAD)).get("/chain")
    assert re.search(r"<b>批示还没签收（住建，.+下达）。</b>", page)


async def test_who_was_only_informed_reads_it_on_their_page_and_is_asked_for_nothing(
    slow: tuple[World, VirtualClock],
) -> None:
    world, clock = slow
    number = (await world.whistle(FIRE_DOOR))["number"]
    building, community = await browse(world, BUILDING_HEAD), await browse(world, COMMUNITY_HEAD)
    page = await building.get("/chain")
    shown = re.search(r"<section[^>]*><h2>已知会您，不用您处理 .*?</section>", page, re.S)
    assert shown
    assert f'href="/w/{number}"' in shown.group()
    assert "今天 09:00 知会・消防・待签收" in shown.group()
    assert not re.search(r"<form|<button|lamp-|逾期", shown.group())
    assert "没有要您看的" in page
    assert "已知会您" not in await community.get("/chain"), "its rung is the first that is asked"
    told = (await (await world.as_(BUILDING_HEAD)).get("/api/v1/chain")).json()
    assert ([one["item"]["number"] for one in told["informed"]], told["reached"]) == ([number], [])
    await neglected(world, clock, 1)  # the community is asked now: those below were told, once more, and that is all
    assert (await building.get("/chain")).count(f'href="/w/{number}"') == 1
    assert "1 件报到您这里" in await community.get("/chain")
    assert (await world.act(number, "cancel", seat=CLERK, reason="报错了")).status_code == 200
    assert "已知会您" not in await building.get("/chain"), "what is over is not news"


async def test_a_street_reads_what_went_past_it_to_the_district(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = (await world.whistle("想给社区的老井立块牌子"))["number"]
    street = await browse(world, SECRETARY)
    assert "已知会您" not in await street.get("/chain")
    clock.advance_to(clock.now() + timedelta(hours=8))
    await sweep(world.service)
    page = await street.get("/chain")
    assert re.search(rf'<h2>已知会您，不用您处理 .*?href="/w/{number}"', page, re.S)
    assert "没有事报到您这里" in page


async def test_a_building_head_reads_in_one_line_what_may_come_today(slow: tuple[World, VirtualClock]) -> None:
    world, _clock = slow
    assert "今天还有" not in await (await browse(world, BUILDING_HEAD)).get("/chain")
    await world.whistle(SLOW)
    page = await (await browse(world, BUILDING_HEAD)).get("/chain")
    said = re.search(r"今天 \d\d:\d\d 要是还没人来，会请您去看一眼、拍张照：广泰小区物业不管[^<]*", page)
    assert said
    assert not any(word in said.group() for word in (*BANNED, "逾期", "没办"))


async def test_the_building_head_is_asked_one_question(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    browser = await browse(world, BUILDING_HEAD)
    assert "没有要您看的" in await browser.get("/chain")
    number = await neglected(world, clock, 7.5)
    page = await browser.get("/chain")
    assert "请您去看一眼" in page
    assert "有人来过吗？" in page
    assert re.findall(r'name="answer" value="(\w+)"', page) == ["working", "nobody", "done"]
    assert f'action="/chain/{number}/answer"' in page
    assert "不打分" in page
    assert f"/w/{number}/do/send-up" in page
    for word in (*BANNED, "逾期", "红"):
        assert word not in re.sub(r"data-[a-z]+=\"[^\"]*\"", "", page), word


async def test_an_answer_is_noted_once_and_the_question_goes_away(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    browser = await browse(world, BUILDING_HEAD)
    page = await browser.get("/chain")
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    for _ in range(2):
        answer = await browser.post(f"/chain/{number}/answer", {"answer": "nobody", "key": key[1]})
        assert answer.headers["location"] == "/chain?thanks=1"
    after = await browser.get("/chain?thanks=1")
    assert "记下了，谢谢您" in after
    assert "没有要您看的" in after
    noted = [one for one in (await world.get(number))["timeline"] if one["type"] == "noted"]
    assert [one["data"]["text"] for one in noted] == ["还没人来"]
    assert (await world.get(number))["accountable"]["rung"] == 1  # an answer stops no clock


async def test_a_photo_is_kept_re_encoded_and_seen_above(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    browser = await browse(world, BUILDING_HEAD)
    await browser.get("/chain")
    files = [("photo", ("a.jpg", picture(), "image/jpeg")), ("photo", ("b.jpg", picture(), "image/jpeg"))]
    await browser.post(f"/chain/{number}/answer", {"answer": "working"}, files=files)
    seen = [one for one in (await world.get(number))["timeline"] if one["type"] == "arrived"]
    assert len(seen) == 2
    assert seen[0]["data"]["note"] == "有人在办"
    while (await world.get(number))["accountable"]["rung"] < 3:
        clock.advance_to(clock.now() + timedelta(hours=1))
        await sweep(world.service)
    page = await (await browse(world, COMMUNITY_HEAD)).get("/chain")
    assert page.count(f"?whistle={number}") >= 2
    assert "拍照 2 张" in page


@pytest.mark.parametrize("said", ["", "升级"])
async def test_another_answer_is_refused(slow: tuple[World, VirtualClock], said: str) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    browser = await browse(world, BUILDING_HEAD)
    await browser.get("/chain")
    page = (await browser.post(f"/chain/{number}/answer", {"answer": said}, 422)).text
    assert "请选一个回答" in page
    assert "有人来过吗？" in page


async def test_a_photo_that_is_none_is_refused_in_words(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    browser = await browse(world, BUILDING_HEAD)
    await browser.get("/chain")
    files = [("photo", ("a.jpg", b"<svg onload=x>", "image/jpeg"))]
    page = (await browser.post(f"/chain/{number}/answer", {"answer": "done"}, 422, files=files)).text
    assert "照片「a.jpg」：只收 JPEG、PNG、WebP 照片，请换一张。刚才按的是「已经办好了」" in page


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("b.txt", b"no photo at all", "照片「b.txt」：只收 JPEG、PNG、WebP 照片，请换一张"),
        ("b.jpg", b"\xff" * (pictures.LARGEST + 1), "照片「b.jpg」：照片太大，最多 10 MB，请缩小再传"),
    ],
    ids=["wrong type", "too large"],
)
async def test_photos_before_the_one_that_is_refused_stay(
    slow: tuple[World, VirtualClock], name: str, content: bytes, said: str
) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    head = await somebody(world, BUILDING_HEAD)
    files = [("photo", ("a.jpg", picture(), "image/jpeg")), ("photo", (name, content, "image/jpeg"))]
    back = await head.send((await head.get("/chain")).form(f"/chain/{number}/answer"), files, answer="working")
    assert (back.status, said in back.text) == (422, True), back.text
    form = back.form(f"/chain/{number}/answer")
    assert len(form.choices["kept"]) == 1
    assert "记下了，谢谢您" in (await head.send(form, answer="working")).text
    seen = [one for one in (await world.get(number))["timeline"] if one["type"] == "arrived"]
    assert [one["data"]["note"] for one in seen] == ["有人在办"]


async def test_of_too_many_photos_the_first_stay(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    head = await somebody(world, BUILDING_HEAD)
    files = [("photo", ("a.jpg", picture(), "image/jpeg"))] * 8
    back = await head.send((await head.get("/chain")).form(f"/chain/{number}/answer"), files, answer="done")
    assert (back.status, "照片最多 6 张，这次有 8 张，前 6 张留下了；请看过再交" in back.text) == (422, True)
    form = back.form(f"/chain/{number}/answer")
    assert len(form.choices["kept"]) == 6
    assert "记下了，谢谢您" in (await head.send(form, answer="done")).text


async def test_others_cannot_answer_for_them(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    browser = await browse(world, ZJ)
    await browser.post(f"/chain/{number}/answer", {"answer": "done"}, 403)
    street = await browse(world, SECRETARY)
    await street.post(f"/chain/{number}/answer", {"answer": "done"}, 403)
    elsewhere = await browse(world, "node:130403010-D01:head")
    await elsewhere.post(f"/chain/{number}/answer", {"answer": "done"}, 404)


async def test_a_community_sees_ladder_question_and_answers(slow: tuple[World, VirtualClock]) -> None:
    world, clock = slow
    number = await neglected(world, clock, 7.5)
    browser = await browse(world, COMMUNITY_HEAD)
    assert "没有事报到您这里" in await browser.get("/chain")
    while (await world.get(number))["accountable"]["rung"] < 3:
        clock.advance_to(clock.now() + timedelta(hours=1))
        await sweep(world.service)
    page = await browser.get("/chain")
    assert "广泰社区：1 件报到您这里" in page
    assert 'aria-current="step"' in page
    assert "社区的成员单位能不能先办？" in page
    assert f'<h2 lang="zh"><a class="dotted" href="/w/{number}">' in page, "the title is seen to be a link"
    assert f'href="/w/{number}/do/note?next=/chain"' in page
    assert f'action="/w/{number}/do/urge"' in page
    assert "单位那边已请科室负责人。" in page
    assert "下面两级" in page
    for word in BANNED:
        assert word not in page
    urged = re.search(r'action="/w/\d+/do/urge".*?</form>', page, re.S)
    assert urged
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', urged[0]))
    answer = await browser.post(f"/w/{number}/do/urge", fields)
    assert answer.headers["location"] == "/chain?done=urge"
    assert "办好了：催办" in await browser.get("/chain?done=urge")
    assert [one["type"] for one in (await world.get(number))["timeline"]].count("urged") == 1


async def test_a_street_decides_on_its_page_what_is_asked_of_it(world: World) -> None:
    number = (await world.whistle(SLOW))["number"]
    await world.act(number, "report-in", seat=ZJ)
    until = datetime.fromisoformat((await world.get(number, seat=ZJ))["clocks"][0]["due_at"]) + timedelta(days=30)
    asked = await world.act(number, "request-extension", seat=ZJ, until=until.isoformat(), reason="等配件")
    assert asked.status_code == 200, asked.text
    assert "等您定" not in await (await browse(world, COMMUNITY_HEAD)).get("/chain"), "it is not theirs to decide"
    browser = await browse(world, SECRETARY)
    page = await browser.get("/chain")
    assert "等您定" in page
    assert "住房和城乡建设局 申请延期" in page
    assert "理由：等配件。" in page
    assert [f"/w/{number}/do/decide-extension-{said}?next=/chain" in page for said in ("yes", "no")] == [True, True]
    await world.act(number, "decide-extension", seat=SECRETARY, granted=False, reason="先按时限办")
    assert "等您定" not in await browser.get("/chain")
    asked = await world.act(
        number, "request-hold", seat=ZJ, reason="等产权单位批复", review_on=until.date().isoformat()
    )
    assert asked.status_code == 200, asked.text
    page = await browser.get("/chain")
    assert [f"/w/{number}/do/decide-hold-{said}?next=/chain" in page for said in ("yes", "no")] == [True, True]


@pytest.mark.parametrize(
    ("status", "stage", "rung", "question", "first"),
    [
        ("handling", "handling", 3, "社区的成员单位能不能先办？", "note"),
        ("handling", "handling", 4, "要不要把几家单位叫到一起？", "consult"),
        ("resolved", "verification", 4, "谁去现场核查？", "instruct"),
        ("at-desk", "dispatch", 5, "派给哪家，定了吗？", "instruct"),
        ("local", "dispatch", 2, "能在这里解决吗？", "keep"),
    ],
)
def test_each_rung_is_asked_what_it_can_answer(status: str, stage: str, rung: int, question: str, first: str) -> None:
    said, answers = asked_at(status, stage, rung)
    assert (said, answers[0][0]) == (question, first)


async def test_the_chain_is_for_people_in_charge(world: World) -> None:
    for seat in (XF, DESK):
        await (await browse(world, seat)).get("/chain", 403)
