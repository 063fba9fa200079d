"""What the pages ask for and say of acts, where the rules alone do not tell: hand-backs, absences, answers, ratings."""

from datetime import datetime, timedelta

from dispatch.domain.turn import ZONE
from dispatch.steps.audit import audit
from tests.factories import CLERK, DESK, SECRETARY, XF, ZJ, World
from tests.web.browsing import Page, somebody

FIRE_DOOR, SEEPAGE = "楼道消防门被锁", "天沟渗水，三户漏水"
HERE = {"latitude": 36.6, "longitude": 114.5}


async def ok(world: World, number: object, action: str, seat: str, **fields: object) -> None:
    answer = await world.act(number, action, seat=seat, **fields)
    assert answer.status_code == 200, answer.text


async def test_whoever_hands_back_says_whose_it_is_or_that_they_do_not_know(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    unit = await somebody(world, ZJ)
    url = f"/w/{number}/do/hand-back"
    form = (await unit.get(url)).form(url)
    assert {"", "?"} <= {*form.choices["clause"]} & {*form.choices["to"]}
    refused = await unit.send(form, reason="不归我们", clause="?")
    assert refused.status == 422
    assert "应由谁办：这一项要填" in refused.text
    kept = refused.form(url)
    assert (kept.value("reason"), kept.value("clause"), kept.value("to")) == ("不归我们", "?", "")
    told = await unit.send(kept, to="?")
    assert told.path == f"/w/{number}"
    assert "没有写应由谁办" in told.text
    asked = (await world.get(number))["timeline"][-1]
    assert asked["type"] == "hand-back.asked"
    assert not {"clause", "to"} & {key for key, value in asked["data"].items() if value}


async def test_the_page_asks_why_it_may_be_resolved_over_a_unit_that_signed_and_never_came(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    assisting = [part["unit"] for part in (await world.get(number))["assignments"] if part["role"] == "assist"]
    for unit in assisting:
        await ok(world, number, "report-in", f"unit:{unit}:liaison")
    await ok(world, number, "arrive", XF, **HERE)
    page = await (await somebody(world, XF)).get(f"/w/{number}/do/resolve")
    assert "协办没到，为什么也能报结" in page.text


async def test_a_form_that_is_not_possible_yet_says_what_is_missing_first(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    early = await (await somebody(world, XF)).get(f"/w/{number}/do/resolve")
    assert early.status == 409
    assert "现在不能「报结」 这类要先到场，再报结。下面是现在能办的。" in early.text
    soon = await (await somebody(world, CLERK)).get(f"/w/{number}/do/close")
    assert "已经派给单位，还没开始办理；答复来源人以后才能办结。下面是现在能办的。" in soon.text
    for page in (early, soon):
        assert "状态已经变了" not in page.text


async def test_a_rating_that_an_objection_made_void_is_marked_so(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    rating = {"responded": True, "solved": False, "satisfied": "not"}
    for action, seat, fields in (
        ("report-in", ZJ, {}),
        ("resolve", ZJ, {"reply": "修好了", "reason": "不用来"}),
        ("verify", CLERK, {"accepted": True}),
        ("evaluate", CLERK, rating),
        ("object", ZJ, {"text": "当天修好"}),
        ("evaluate", CLERK, {**rating, "solved": True}),
        ("decide-objection", DESK, {"granted": True}),
    ):
        await ok(world, number, action, seat, **fields)
    log = (await world.get(number))["timeline"]
    assert [one["data"].get("struck") for one in log if one["type"] == "evaluated"] == [True, None]
    assert log[-1]["data"]["struck"] is True
    page = await (await somebody(world, ZJ)).get(f"/w/{number}")
    assert page.text.count("（异议成立，已作废）") == 1


async def test_an_answer_to_what_was_passed_on_says_where_to(world: World) -> None:
    relayed = (await world.whistle("断头路何时拉通", category="223"))["number"]
    lead = (await world.get(relayed))["assignments"][0]["unit"]
    await ok(world, relayed, "resolve", f"unit:{lead}:liaison", reply="已转市交通局")
    legal = (await world.whistle("楼下车位人防产权纠纷", category="208"))["number"]
    for number, to, words in ((relayed, lead, "由转办转给【市级哪个单位】办理"), (legal, "208", "这件要走法定途径")):
        assert (await world.get(number))["status"] == "verified"
        url = f"/w/{number}/do/feedback"
        street = await somebody(world, CLERK)
        begun = (await street.get(f"{url}?start=passed-on")).form(url)
        assert words in begun.value("reply")
        await ok(world, number, "feedback", CLERK, reply="已说明转到哪里")
        said = (await world.get(number))["timeline"][-1]["data"]
        assert (said["outcome"], said["to"]) == ("relay" if number == relayed else "statutory", to)


async def test_the_button_signs_the_instruction_that_is_shown_and_no_other(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    for text in ("今天到场", "明天报结果"):
        await ok(world, number, "instruct", SECRETARY, text=text)
    unit = await somebody(world, ZJ)
    url = f"/w/{number}/do/sign-instruction"
    form = (await unit.get(f"/w/{number}")).form(url)
    await unit.send(form)
    again = await unit.send(form)
    assert again.status == 409
    waiting = [one for one in (await world.get(number))["requests"] if one["kind"] == "instruction"]
    assert [one["status"] for one in waiting] == ["granted", "pending"]


async def test_whoever_signs_reads_what_is_asked_for_and_why(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    await ok(world, number, "report-in", ZJ)
    leader = await somebody(world, SECRETARY)
    due = datetime.fromisoformat((await world.get(number, seat=ZJ))["clocks"][0]["due_at"])
    until = (due + timedelta(days=30)).astimezone(ZONE)
    for asked, fields, sought in (
        ("extension", {"until": until.isoformat(), "reason": "等配件"}, f"延到 {until:%-m/%-d}"),
        ("hold", {"review_on": until.date().isoformat(), "reason": "等产权单位批复"}, f"复查日 {until:%-m/%-d}"),
    ):
        await ok(world, number, f"request-{asked}", ZJ, **fields)
        for answer in ("yes", "no"):
            page = await leader.get(f"/w/{number}/do/decide-{asked}-{answer}")
            assert sought in page.text
            assert f"「{fields['reason']}」" in page.text
        await ok(world, number, f"decide-{asked}", SECRETARY, granted=False)


async def test_of_two_who_ask_the_page_shows_the_one_that_is_decided(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    first, second = [part["unit"] for part in (await world.get(number))["assignments"] if part["role"] != "inform"][:2]
    for unit, why in ((first, "在门外"), (second, "不归我们")):
        await ok(world, number, "hand-back", f"unit:{unit}:liaison", reason=why)
    desk = await somebody(world, DESK)
    page = await desk.get(f"/w/{number}/do/rule-no")
    assert "「在门外」" in page.text
    assert "「不归我们」" not in page.text
    await desk.send(page.form(f"/w/{number}/do/rule-no"))
    asked = {one["unit"]: one["status"] for one in (await world.get(number))["requests"]}
    assert asked[first] != "pending"
    assert asked[second] == "pending"


async def test_each_of_two_who_ask_can_be_ruled_on_first(world: World) -> None:
    number = (await world.whistle(FIRE_DOOR))["number"]
    first, second = [part["unit"] for part in (await world.get(number))["assignments"] if part["role"] != "inform"][:2]
    for unit, why in ((first, "在门外"), (second, "不归我们")):
        await ok(world, number, "hand-back", f"unit:{unit}:liaison", reason=why)
    desk = await somebody(world, DESK)
    links = (await desk.get("/desk/hand-backs")).links(f"/w/{number}/do/rule-no")
    pages = {link: await desk.get(link) for link in links}
    link, page = next((link, page) for link, page in pages.items() if "「不归我们」" in page.text)
    assert "「在门外」" not in page.text
    await desk.send(page.form(f"/w/{number}/do/rule-no"))
    asked = {one["unit"]: one["status"] for one in (await world.get(number))["requests"]}
    assert (asked[first], asked[second]) == ("pending", "refused")
    for late in (await desk.get(link), await desk.send(page.form(f"/w/{number}/do/rule-no"))):
        assert late.status == 409
        assert "不用再答复" in late.text or "您刚才已经办了一步" in late.text
    assert asked == {one["unit"]: one["status"] for one in (await world.get(number))["requests"]}


async def test_of_a_unit_and_the_street_that_ask_for_a_hold_the_named_one_is_decided(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    await ok(world, number, "report-in", ZJ)
    day = (datetime.now(ZONE) + timedelta(days=30)).date().isoformat()
    for seat, why in ((ZJ, "等配件"), (CLERK, "等产权单位批复")):
        await ok(world, number, "request-hold", seat, review_on=day, reason=why)
    street = next(one for one in (await world.get(number))["requests"] if not one["unit"])
    leader = await somebody(world, SECRETARY)
    links = (await leader.get("/chain")).links("decide-hold-no")
    link = next(link for link in links if street["id"] in link)
    page = await leader.get(link)
    assert "「等产权单位批复」" in page.text
    await leader.send(page.form(f"/w/{number}/do/decide-hold-no"))
    assert [one["status"] for one in (await world.get(number))["requests"]] == ["pending", "refused"]
    again = await world.act(number, "decide-hold", seat=SECRETARY, granted=True, request=street["id"])
    assert again.status_code == 409
    assert not [one async for one in audit(world.database)]


def _expected(page: Page) -> str:
    """现在要你做的, with its buttons."""
    return page.html.split("card expectation")[1].split("</section>")[0]


async def test_the_ladder_of_what_was_asked_begins_with_who_decides_it(world: World) -> None:
    day = (datetime.now(ZONE) + timedelta(days=30)).date().isoformat()
    for action, fields, seat, who in (
        ("request-hold", {"review_on": day}, SECRETARY, "东柳街道党工委书记"),
        ("hand-back", {}, DESK, "丛台区调度员"),
    ):
        number = (await world.whistle(SEEPAGE))["number"]
        await ok(world, number, "report-in", ZJ)
        await ok(world, number, action, ZJ, reason="等配件", **fields)
        assert f"等{who}定，没有逾期" in (await (await somebody(world, seat)).get(f"/w/{number}")).text


async def test_what_is_asked_stands_beside_the_buttons_that_grant_it(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    await ok(world, number, "report-in", ZJ)
    day = (datetime.now(ZONE) + timedelta(days=30)).date()
    leader = await somebody(world, SECRETARY)
    await ok(world, number, "request-hold", ZJ, review_on=day.isoformat(), reason="等配件")
    told = _expected(await leader.get(f"/w/{number}"))
    assert "「等配件」" in told
    assert f"复查日 {day:%-m/%-d}" in told
    await ok(world, number, "request-hold", CLERK, review_on=day.isoformat(), reason="等产权单位批复")
    page = await leader.get(f"/w/{number}")
    first, second = _expected(page).split('class="inset"')[1:]
    for part, why, other in ((first, "等配件", "等产权单位批复"), (second, "等产权单位批复", "等配件")):
        assert f"「{why}」" in part
        assert other not in part
        assert part.count("/do/decide-hold-") == 2
    assert _expected(page).count("btn-primary") == 1
    grants = [form for form in page.forms if form.action.endswith("decide-hold-yes")]
    done = await leader.send(grants[1])
    assert done.status == 200
    assert [one["status"] for one in (await world.get(number))["requests"]] == ["lapsed", "granted"]


async def test_an_attachment_that_is_no_photo_is_all_that_is_said_of_the_evidence(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    await ok(world, number, "report-in", ZJ)
    await ok(world, number, "resolve", ZJ, reply="修好了", reason="不用来")
    street, url = await somebody(world, CLERK), f"/w/{number}/do/verify-no"
    form = (await street.get(url)).form(url)
    pdf = [("photo", ("a.pdf", b"%PDF-1.4", "application/pdf"))]
    refused = await street.send(form, pdf, reason=form.choices["reason"][0])
    assert (refused.status, "只收 JPEG、PNG、WebP 照片" in refused.text) == (422, True), refused.text
    assert "退回要有凭据：" not in refused.text
    without = await street.send(form, reason=form.choices["reason"][0])
    assert (without.status, "退回要有凭据：" in without.text) == (422, True)


async def test_a_review_date_is_a_day_and_has_no_time(world: World) -> None:
    number = (await world.whistle(SEEPAGE))["number"]
    await ok(world, number, "report-in", ZJ)
    day = (datetime.now(ZONE) + timedelta(days=30)).date()
    leader = await somebody(world, SECRETARY)
    await ok(world, number, "request-hold", ZJ, review_on=day.isoformat(), reason="等配件")
    asked = (await leader.get(f"/w/{number}")).text
    await ok(world, number, "decide-hold", SECRETARY, granted=True)
    unit = await somebody(world, ZJ)
    pages = [page for who in (leader, unit) for page in (await who.get(f"/w/{number}"), await who.get("/holds"))]
    for text in (asked, *(page.text for page in pages)):
        assert f"{day:%-m/%-d}" in text
        assert f"{day:%-m/%-d} 00:00" not in text
