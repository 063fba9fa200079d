"""The street's first two minutes in Chromium: typing finds the place, danger is asked, the receipt fills itself in.

Screenshots (1280, 390 and 360 wide) stay under `.build/screens/` as build output.
"""

from __future__ import annotations

import io
import re
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from tests.browser.running import Running, keep, page
from tests.factories import CLERK, FIRE_DOOR, XF, World


def _blow(shown: Any, service: Running, text: str = FIRE_DOOR) -> str:
    shown.goto(f"{service.address}/whistle")
    shown.fill("#f-body", text)
    shown.locator("#into-preview b", has_text="主办").or_(shown.locator("#into-preview .role")).first.wait_for()
    return _send(shown)


def _send(shown: Any) -> str:
    shown.check("input[name=danger][value=no]")
    shown.locator(".task-bar button[name=step]").click()
    shown.wait_for_url("**/receipt**")
    return str(shown.url).split("/w/")[1][:10]


def test_typing_finds_place_units_and_deadline(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区")
        shown.locator("#into-place b", has_text="广泰小区").wait_for()
        shown.fill("#f-body", FIRE_DOOR)
        shown.locator("#into-place b", has_text="3号楼").wait_for()
        shown.locator("#into-preview .unit-name", has_text="消防救援大队").wait_for()
        assert shown.locator("#into-preview mark").all_inner_texts() == ["消防门", "锁"]
        assert "2" in shown.locator("#into-preview .headline").inner_text()
        shown.check("input[name=danger][value=yes]")
        shown.locator("#into-preview .unit-name", has_text="应急").or_(shown.locator("#into-preview")).first.wait_for()


def test_the_answers_about_danger_stay_where_they_are_while_the_form_learns_more(
    browser: Any, service: Running
) -> None:
    several = "广泰小区3号楼楼道消防门被锁。广泰小区3号楼路灯不亮三天了"
    service.do(lambda world: world.whistle("广泰小区3号楼路灯不亮三天了"))
    service.do(lambda world: world.whistle("广泰小区3号楼下水道堵了"))
    with page(browser, service, CLERK, 390) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区3号楼")
        shown.locator("#into-place b", has_text="3号楼").wait_for()
        answer = shown.locator(".answer", has_text="没有危险")
        before = answer.bounding_box()
        shown.fill("#f-body", several)
        for part in ("several", "similar", "nearby"):
            shown.locator(f"#into-{part}", has_text=re.compile(".")).wait_for()
        assert answer.bounding_box() == before, "what is offered stands below"
        shown.fill("#f-body", f"来电人：张某\n诉求内容：{several}，有人被困")
        shown.locator("#into-apart", has_text="拆开").wait_for()
        shown.locator("#into-danger", has_text="被困").wait_for()
        assert answer.bounding_box() == before


def test_danger_is_asked_until_it_is_answered(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK, 360) as shown:
        posts: list[str] = []
        shown.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区3号楼冒烟，有人被困")
        words, asks = shown.locator("#into-danger"), shown.locator("#f-danger .asks")
        asks.wait_for()
        shown.locator(".task-bar button[name=step]").click()
        wrong = shown.locator("#f-danger .error-text")
        wrong.wait_for()
        assert not [one for one in posts if one.endswith("/whistle")], "nothing was sent"
        bar = shown.locator(".task-bar").bounding_box()
        for answer in shown.locator("#f-danger .answer").all():
            seen = answer.bounding_box()
            assert seen["y"] > 0
            assert seen["y"] + seen["height"] <= bar["y"], "clear of the bar"
        waiting: list[Any] = []
        shown.route("**/whistle/preview", lambda asked: waiting.append(asked))
        answers = shown.locator(".answer", has_text="没有危险")
        answers.click()
        before = words.bounding_box(), answers.bounding_box()
        # at once, before the server has said anything
        asks.wait_for(state="hidden")
        wrong.wait_for(state="hidden")
        shown.unroute("**/whistle/preview")
        shown.check("input[name=danger][value=yes]")
        asks.wait_for(state="detached")
        assert "被困" in words.inner_text()
        assert (words.bounding_box(), answers.bounding_box()) == before, "nothing moved under the finger"


@pytest.mark.parametrize("width", [360, 1280])
def test_what_to_do_first_stands_apart_from_the_time(browser: Any, service: Running, width: int) -> None:
    with page(browser, service, CLERK, width) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区3号楼漏气")
        notice = shown.locator("#into-preview .notice")
        notice.wait_for()
        keep(shown, f"form-notice-{width}", full_page=True)
        above = shown.locator("#into-preview .headline + .second").bounding_box()
        below = notice.bounding_box()
        assert above
        assert below
        assert below["y"] - above["y"] - above["height"] >= 8


def test_the_place_does_not_change_above_answers_that_somebody_is_about_to_press(
    browser: Any, service: Running
) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        answer = shown.locator(".answer", has_text="没有危险")
        answer.hover()
        before = answer.bounding_box()
        shown.fill("#f-body", FIRE_DOOR)
        shown.locator("#into-preview .unit-name", has_text="消防救援大队").wait_for()
        assert answer.bounding_box() == before
        assert not shown.locator("#into-place b").count()
        shown.hover("#f-body")
        shown.locator("#into-place b", has_text="3号楼").wait_for()


def test_type_ahead_chooses_another_place(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-place", "gtxq")
        shown.locator("[role=option]", has_text="广泰小区").first.wait_for()
        shown.keyboard.press("ArrowDown")
        shown.keyboard.press("Enter")
        assert shown.locator("#into-place input[name=place]").get_attribute("value") == "130403011-D01-X1"


def test_the_receipt_fills_itself_in(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        number = _blow(shown, service)
        assert shown.locator(".strip .waiting").count() == 2
        assert "正在按清单派单" in shown.locator(".halves").inner_text()
        service.route(number)
        shown.locator(".halves .unit-name", has_text="消防救援大队").wait_for()
        shown.locator(".strip [data-done]").or_(shown.locator(".strip ol[data-done]")).first.wait_for()
        assert shown.locator(".number").inner_text().replace("\n", "").replace(" ", "") == number
        assert shown.evaluate("Object.keys(localStorage).filter(key => key.startsWith('draft:'))") == []


def test_a_double_tap_is_one_whistle(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区5号楼路灯不亮")
        button = shown.locator(".task-bar button[name=step]")
        before = service.do(lambda world: world.count("whistle"))
        button.dblclick()
        shown.wait_for_url("**/receipt**")
        assert service.do(lambda world: world.count("whistle")) == before + 1


def test_photos_are_sent_while_one_writes_and_can_be_taken_away(browser: Any, service: Running) -> None:
    out = io.BytesIO()
    Image.effect_noise((3000, 2000), 90).convert("RGB").save(out, "JPEG")
    file = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    Image.new("RGB", (320, 200), "grey").save(small := io.BytesIO(), "JPEG")
    with page(browser, service, CLERK, 390) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区5号楼路灯不亮")
        shown.set_input_files("input[name=photo]", [file, file])
        shown.locator("[data-tiles] input[name=kept]").nth(1).wait_for(state="attached")
        first = shown.locator("[data-tiles] li").first
        lying = first.locator("[name=kept]").get_attribute("value")
        first.locator("button", has_text="转一下").click()
        shown.locator(f"[data-tiles] li:first-child [name=kept]:not([value='{lying}'])").wait_for(state="attached")
        assert first.locator("[name=kept]").count() == 1
        assert first.locator("img").evaluate("one => one.naturalHeight") == 1600, "it stands up now"
        standing = first.locator("[name=kept]").get_attribute("value")
        drafted = "id => Object.keys(localStorage).some(key => /^draft:/.test(key) && localStorage[key].includes(id))"
        shown.wait_for_function(drafted, arg=standing)
        shown.reload()
        shown.locator("[data-tiles] input[name=kept]").nth(1).wait_for(state="attached")
        shown.locator("[data-tiles] button", has_text="移除").first.click()
        # one that came back with the draft can be taken away too
        shown.locator("[data-tiles] li").nth(1).wait_for(state="detached")
        assert shown.locator("[data-tiles] li").count() == 1
        shown.set_input_files(
            "input[name=photo]", [{**file, "name": f"{n}.jpg", "buffer": small.getvalue()} for n in range(9)]
        )
        shown.locator("[data-photo-said]", has_text="最多 9 张").wait_for()
        for _ in range(8):
            shown.locator("[data-tiles] button", has_text="移除").last.click()
        keep(shown, "form-photo-390", full_page=True)
        number = _send(shown)
    kept = service.do(lambda world: _row(world, number))
    assert len(kept["photos"]) == 1
    side = service.do(lambda world: _side(world, kept["photos"][0]))
    assert side == 1600, "shrunk before it was sent"


def test_a_telephone_finds_the_nearest_place(browser: Any, service: Running) -> None:
    here = {"latitude": 36.6221, "longitude": 114.5071}
    with page(browser, service, CLERK, 390, geolocation=here, permissions=["geolocation"]) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.locator("[data-near]").click()
        near = shown.locator("#into-place label", has_text="米").first
        near.click()
        assert shown.locator("#into-place input[name=place]:checked").get_attribute("value") == "130403011-D01-X1"


def test_a_draft_survives_a_closed_tab(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        key = shown.locator("input[name=idempotency_key]").get_attribute("value")
        shown.fill("#f-body", "广泰小区7号楼路灯不亮")
        shown.check("input[name=danger][value=no]")
        again = shown.context.new_page()
        shown.close()
        again.goto(f"{service.address}/whistle")
        assert again.locator("#f-body").input_value() == "广泰小区7号楼路灯不亮"
        assert again.locator("input[name=danger][value=no]").is_checked()
        assert again.locator("input[name=idempotency_key]").get_attribute("value") == key
        again.goto(f"{service.address}/whistle?place=130403011-D01-X1-B2")
        again.locator("#f-body:not(:placeholder-shown)").wait_for()
        again.locator("#into-preview .unit-name").first.wait_for()
        place = again.locator("#into-place input[name=place]").get_attribute("value")
        assert place == "130403011-D01-X1-B2", "a door's code is where one stands now"


def test_several_problems_sent_at_once_keep_each_its_own_place(browser: Any, service: Running) -> None:
    with page(browser, service, CLERK) as shown:
        shown.goto(f"{service.address}/whistle")
        shown.fill("#f-body", "广泰小区3号楼楼道消防门被锁。广泰小区2号楼路灯不亮三天了")
        shown.locator("[name=split]").check()
        number = _send(shown)
    places = service.do(lambda world: _places(world, number))
    assert places == ["130403011-D01-X1-B3", "130403011-D01-X1-B2"]


async def _places(world: World, number: str) -> list[str]:
    """Of a whistle and of its child."""
    async with world.database.acquire() as connection:
        rows = await connection.fetch(
            "SELECT c.place FROM whistle w JOIN whistle c ON c.id = w.id OR c.parent = w.id WHERE w.number = $1"
            " ORDER BY c.id",
            int(number),
        )
    return [row["place"] for row in rows]


async def _row(world: World, number: str) -> Any:
    async with world.database.acquire() as connection:
        return await connection.fetchrow("SELECT photos FROM whistle WHERE number = $1", int(number))


async def _side(world: World, photo: UUID) -> int:
    async with world.database.acquire() as connection:
        return int(await connection.fetchval("SELECT greatest(width, height) FROM photo WHERE id = $1", photo))


@pytest.mark.parametrize("width", [1280, 390, 360])
def test_pages_fit_every_width(browser: Any, service: Running, width: int) -> None:
    with page(browser, service, CLERK, width) as shown:
        shown.goto(f"{service.address}/")
        keep(shown, f"live-landing-{width}", full_page=True)
        number = _blow(shown, service)
        service.route(number)
        for path in ("", "/receipt", "/do/call", "/do/cancel", "/slip"):
            shown.goto(f"{service.address}/w/{number}{path}")
            name = path.strip("/").replace("/", "-") or "whistle"
            paper = path == "/slip" and width < 700  # it keeps its width
            keep(shown, f"live-{name}-{width}", fits=not paper, full_page=True)
    with page(browser, service, XF, width) as shown:
        shown.goto(f"{service.address}/w/{number}")
        assert shown.locator(".btn-primary", has_text="到场报到").is_visible()
        if width < 700:
            box = shown.locator(".btn-primary").bounding_box()
            assert box
            assert box["height"] >= 44
        keep(shown, f"live-unit-{width}")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_telephones_stay_within_the_form(browser: Any, service: Running, lang: str) -> None:
    with page(browser, service, CLERK, 360) as shown:
        shown.goto(f"{service.address}/language?to={lang}&next=/whistle")
        edge = """() => { const right = one => one.getBoundingClientRect().right;
            return Math.max(...[...document.querySelectorAll(".phones .btn")].map(right))
                 - right(document.querySelector(".phones")) }"""
        assert shown.evaluate(edge) <= 0.5
